"""What the journal knows of the recordings, for `examsite recordings verify`."""

from sqlmodel import Session

from appliance.base.database import Database
from appliance.base.settings import Settings
from appliance.base.site import FILE
from appliance.flow.keep_recordings import all_deletions
from appliance.flow.note_seals import all_heads
from appliance.wire.seals import Remembered


def remembered(settings: Settings) -> Remembered | None:
    """Every seal and every deletion in it; None where this machine is no box. Needs none of the box's keys. Raises
    Unavailable where it is one and its database does not answer: then nothing is proven.
    """
    if not (settings.state / FILE).exists():
        return None
    db = Database(settings.database_url)
    try:
        return db.read_now(_read)
    finally:
        db.stop()


def _read(session: Session) -> Remembered:
    return Remembered(heads=all_heads(session), deletions=all_deletions(session))
