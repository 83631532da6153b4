"""What the journal knows of the recorder's seals, for `examsite recordings verify`."""

from appliance.base.database import Database
from appliance.base.errors import ExamError
from appliance.base.settings import Settings
from appliance.base.site import read_site
from appliance.flow.note_seals import all_heads
from appliance.wire.seals import SealedHead


def journaled(settings: Settings) -> list[SealedHead] | None:
    """Every seal in it; None where this machine is no box. No key is needed. Raises Unavailable: a box whose journal
    does not answer cannot tell whether anything was cut off.
    """
    try:
        read_site(settings.state)
    except ExamError:
        return None
    db = Database(settings.database_url, settings.database.batch)
    try:
        return db.read_now(all_heads)
    finally:
        db.stop()
