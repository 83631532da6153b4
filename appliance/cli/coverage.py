"""What the cameras see, for `examsite cameras check`, which is found by the entry point group `examsite.coverage`."""

from appliance.base.errors import ExamError, NotFound
from appliance.base.i18n import _
from appliance.base.settings import Settings
from appliance.flow.box import Box
from appliance.flow.coverage import coverage, said
from appliance.wire.cameras import HoleLine, RoomCoverage


def report(settings: Settings) -> list[RoomCoverage]:
    """Every room and entrance; none where this machine is no box. What keeps it from answering is told as unknown."""
    try:
        box = Box.open(settings)
    except NotFound:
        return []
    except ExamError as error:
        return [_unknown(error)]
    try:
        found = box.db.read_now(coverage, box)
    except ExamError as error:
        return [_unknown(error)]
    finally:
        box.db.stop()
    return [
        RoomCoverage(
            room=one.code,
            name=one.name,
            ok=None if one.ok and one.holes else one.ok,
            holes=[HoleLine(kind=hole.kind, detail=said(hole, one.kind)) for hole in one.holes],
            whole=one.whole,
        )
        for one in found
    ]


def _unknown(error: ExamError) -> RoomCoverage:
    """Nobody can say what is seen."""
    told = HoleLine(kind="unknown", detail=error.text())
    return RoomCoverage(room="", name=_("all rooms"), ok=None, holes=[told])
