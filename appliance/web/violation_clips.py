"""Beside a violation under review: what the room's cameras recorded around it, played by a click."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
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
From = Annotated[datetime, QueryParameter(name="from")]
To = Annotated[datetime, QueryParameter(name="to")]


class Stretch(msgspec.Struct):
    """What one camera has of one stretch of time."""

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
    for start, end in _stretches(found) if cameras else []:
        asked = FindClips(cameras=list(cameras), start=start, end=min(end, box.now()))
        seen = await ask(box.settings.socket("clips"), asked, Found)
        for code, name in cameras.items():
            clips = [one for one in seen.clips if one.camera == code]
            gaps = [one for one in seen.gaps if one.camera == code]
            rows.append(Stretch(start, end, code, name, clips, gaps))
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
    box: Box, violation: str, camera: str, start: datetime, end: datetime, run: str
) -> tuple[ViolationFile, GetClip, str]:
    """What somebody wants to see, with the camera's name: of this violation, and of a camera that covers its seat. Its
    ends stay as the page had them: while a recording goes on, each part of it is to be of the same film.
    """
    found = await box.db.read(violation_case, box, violation)
    cameras = await _cameras(box, found)
    aware = start.tzinfo and end.tzinfo and start < end
    if camera not in cameras or not aware or not _within(found, start, end):
        raise NotFound("no_recording", N_("There is no such recording."), N_("Reload the page."))
    return found, GetClip(camera=camera, start=start, end=end, run=run), cameras[camera]


def _within(found: ViolationFile, start: datetime, end: datetime) -> bool:
    return any(first <= start and end <= last for first, last in _stretches(found))


@get("/{violation:str}/player")
async def violation_player(
    request: Asked,
    box: NamedDependency[Box],
    violation: FromPath[str],
    camera: FromQuery[str],
    start: From,
    end: To,
    run: FromQuery[str] = "",
) -> Template:
    """The player for one recording of a stretch; watching is journaled when the recording itself is fetched."""
    found, asked, name = await _chosen(box, violation, camera, start, end, run)
    return page(request, "violation_player.html", v=found, clip=asked, name=name)


@get("/{violation:str}/clip.mp4")
async def violation_clip(
    request: Asked,
    box: NamedDependency[Box],
    violation: FromPath[str],
    camera: FromQuery[str],
    start: From,
    end: To,
    run: FromQuery[str] = "",
) -> Response[bytes] | Stream:
    """The recording. Who watched it is journaled for the candidate, with the violation."""
    found, asked, _name = await _chosen(box, violation, camera, start, end, run)
    return await give_clip(request, box, asked, found.candidate, {"violation": found.line.id})


HANDLERS = [
    Router(
        path="/violations",
        guards=[needs("office", "chief")],
        route_handlers=[violation_recordings, violation_player, violation_clip],
    )
]
