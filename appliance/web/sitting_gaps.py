"""The gaps in the recordings of a sitting's room, and what was wrong with its cameras, for its record on paper and the
office's page.
"""

from datetime import timedelta
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template
from msgspec.structs import replace
from sqlmodel import Session

from appliance.base.errors import ExamError
from appliance.base.sockets import ask
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.camera_views import looking
from appliance.flow.cameras import names_of
from appliance.flow.start_sitting import sitting_of
from appliance.records.sitting import Sitting
from appliance.web.camera_alarms import ALARMS
from appliance.web.pages import page
from appliance.wire.recorder import FindClips, Found
from appliance.wire.sheets import RoomAlarm, RoomGap, RoomRecord, RoomRecordings

TIMEOUT = 10.0
LEAST = timedelta(seconds=0.5)
"""Shorter ones lie between two files of one recording."""


def _sitting(session: Session, sitting: str) -> Sitting:
    return sitting_of(session, sitting).model_copy()


async def recordings_of(box: Box, sitting_id: str) -> RoomRecordings:
    """What is missing of a sitting, from its start to its end or to now."""
    sitting = await box.db.read(_sitting, sitting_id)
    start, known = sitting.started_at or box.now(), names_of(box.settings)
    codes = await box.db.read(looking, box, {sitting.room}, start, sitting.ended_at)
    names = {code: known[code] for code in codes}
    told = RoomRecordings(cameras=list(names.values()))
    if not names or sitting.started_at is None:
        return told
    told = replace(told, begun=True)
    wanted = FindClips(cameras=list(names), start=sitting.started_at, end=sitting.ended_at or box.now())
    if wanted.end <= wanted.start:
        return told
    try:
        found = await ask(box.settings.socket("clips"), wanted, Found, TIMEOUT)
    except ExamError as error:
        return replace(told, unknown=error.code)
    gaps = [
        RoomGap(camera=names[one.camera], start=one.start, end=one.end, cause=one.cause, origin=one.origin)
        for one in sorted(found.gaps, key=lambda one: (one.start, one.camera))
        if one.end - one.start >= LEAST
    ]
    alarms = [
        RoomAlarm(camera=names[one.camera], start=one.start, end=one.end, what=ALARMS[one.kind])
        for one in sorted(found.alarms, key=lambda one: (one.start, one.camera))
    ]
    return replace(told, gaps=gaps, alarms=alarms)


async def with_recordings(box: Box, sitting_id: str, record: RoomRecord) -> RoomRecord:
    """The exam-room record with the gaps of its cameras."""
    return replace(record, recordings=await recordings_of(box, sitting_id))


@get("/gaps/{sitting:str}", opt={"passive": True})
async def sitting_gaps(
    request: Request[Who, Any, Any], box: NamedDependency[Box], sitting: FromPath[str]
) -> Template:
    """The gaps of one sitting, for the office's page."""
    return page(request, "sitting_gaps.html", found=await recordings_of(box, sitting))
