"""What the cameras see, for `examsite cameras check`, which is found by the entry point group `examsite.coverage`."""

from appliance.base.errors import ExamError
from appliance.base.settings import Settings
from appliance.flow.box import Box
from appliance.flow.coverage import coverage, said
from appliance.wire.cameras import HoleLine, RoomCoverage


def report(settings: Settings) -> list[RoomCoverage]:
    """Every room and entrance; none where this machine is no box, or its database does not answer."""
    try:
        box = Box.open(settings)
    except ExamError:
        return []
    try:
        found = box.db.read_now(coverage, box)
    except ExamError:
        return []
    finally:
        box.db.stop()
    return [
        RoomCoverage(
            room=one.code,
            name=one.name,
            ok=None if one.ok and one.holes else one.ok,
            holes=[HoleLine(kind=hole.kind, detail=said(hole, one.kind)) for hole in one.holes],
        )
        for one in found
    ]
