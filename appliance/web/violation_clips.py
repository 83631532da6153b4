"""Beside a violation under review: what the room's cameras recorded around it, played by a click."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Stream, Template

from appliance.base.errors import ExamError, NotFound
from appliance.base.i18n import N_
from appliance.base.sockets import ask
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.camera_views import looking
from appliance.flow.cameras import names_of
from appliance.flow.violations import ViolationFile, moments, violation_case
from appliance.rules.violations import stretches
from appliance.web.media import give_clip
from appliance.web.pages import page
from appliance.web.sessions import needs
from appliance.wire.recorder import Clip, FindClips, Found, Gap, GetClip

Asked = Request[Who, Any, Any]


class Stretch(msgspec.Struct):
    """What one camera has of one stretch of time. `number`: which stretch of the violation it is."""

    number: int
    start: datetime
    end: datetime
    camera: str
    name: str
    clips: list[Clip]
    gaps: list[Gap]


async def _cameras(box: Box, found: ViolationFile) -> dict[str, str]:
    """Code -> name of the cameras that covered the seat it happened at."""
    room, _dash, number = found.line.seat.rpartition("-")
    names = names_of(box.settings)
    seat = int(number) if number.isdigit() else 0
    spans = _stretches(found) or [(found.line.at, found.line.at)]
    start, end = min(one[0] for one in spans), max(one[1] for one in spans)
    codes = await box.db.read(looking, box, {room}, start, end, seat)
    return {code: names[code] for code in codes}


def _stretches(found: ViolationFile) -> list[tuple[datetime, datetime]]:
    return stretches(moments(found.line.at, found.evidence, found.cases))


async def recorded(box: Box, found: ViolationFile) -> list[Stretch]:
    """What there is around a violation, stretch by stretch; Unavailable when exam-clips is silent."""
    cameras = await _cameras(box, found)
    rows: list[Stretch] = []
    for number, (start, end) in enumerate(_stretches(found) if cameras else []):
        asked = FindClips(cameras=list(cameras), start=start, end=min(end, box.now()))
        seen = await ask(box.settings.socket("clips"), asked, Found)
        for code, name in cameras.items():
            clips = [one for one in seen.clips if one.camera == code]
            gaps = [one for one in seen.gaps if one.camera == code]
            rows.append(Stretch(number, start, end, code, name, clips, gaps))
    return rows


@get("/{violation:str}/recordings")
async def violation_recordings(
    request: Asked, box: NamedDependency[Box], violation: FromPath[str]
) -> Template:
    """Which recordings there are around it; what is missing is said with its cause."""
    found = await box.db.read(violation_case, box, violation)
    rows: list[Stretch] = []
    problem: ExamError | None = None
    try:
        rows = await recorded(box, found)
    except ExamError as error:
        problem = error
    return page(
        request,
        "violation_recordings.html",
        v=found,
        rows=rows,
        covered=bool(await _cameras(box, found)),
        problem=problem,
    )


async def _chosen(
    box: Box, violation: str, camera: str, number: int, part: int
) -> tuple[ViolationFile, GetClip]:
    """What somebody wants to see: of this violation, and of a camera that covers its seat. `part`: which of the
    unbroken recordings of this stretch.
    """
    found = await box.db.read(violation_case, box, violation)
    row = next(
        (one for one in await recorded(box, found) if (one.camera, one.number) == (camera, number)), None
    )
    if row is None or not 0 <= part < len(row.clips):
        raise NotFound("no_recording", N_("There is no such recording."), N_("Reload the page."))
    clip = row.clips[part]
    return found, GetClip(camera=camera, start=clip.start, end=clip.end, run=clip.run)


@get("/{violation:str}/player")
async def violation_player(
    request: Asked,
    box: NamedDependency[Box],
    violation: FromPath[str],
    camera: FromQuery[str],
    number: FromQuery[int],
    part: FromQuery[int] = 0,
) -> Template:
    """The player for one recording of a stretch; watching is journaled when the recording itself is fetched."""
    found, asked = await _chosen(box, violation, camera, number, part)
    return page(
        request,
        "violation_player.html",
        v=found,
        camera=camera,
        name=(await _cameras(box, found))[camera],
        number=number,
        part=part,
        start=asked.start,
        end=asked.end,
    )


@get("/{violation:str}/clip.mp4")
async def violation_clip(
    request: Asked,
    box: NamedDependency[Box],
    violation: FromPath[str],
    camera: FromQuery[str],
    number: FromQuery[int],
    part: FromQuery[int] = 0,
) -> Response[bytes] | Stream:
    """The recording. Who watched it is journaled for the candidate, with the violation."""
    found, asked = await _chosen(box, violation, camera, number, part)
    return await give_clip(request, box, asked, found.candidate, {"violation": found.line.id})


HANDLERS = [
    Router(
        path="/violations",
        guards=[needs("office", "chief")],
        route_handlers=[violation_recordings, violation_player, violation_clip],
    )
]
