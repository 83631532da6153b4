"""What the journal knows of the recorder's seals, for `examsite recordings verify`."""

from appliance.base.errors import ExamError
from appliance.base.settings import Settings
from appliance.flow.box import Box
from appliance.flow.note_seals import all_heads
from appliance.wire.seals import SealedHead


def journaled(settings: Settings) -> list[SealedHead] | None:
    """Every seal in it; None where this machine is no box, or its database does not answer."""
    try:
        box = Box.open(settings)
    except ExamError:
        return None
    try:
        return box.db.read_now(all_heads)
    except ExamError:
        return None
    finally:
        box.db.stop()
