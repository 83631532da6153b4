"""Cameras set up: find, sign in, look, check, name, keep; and what each of them sees.

The page asks exam-recorder, which looks at cameras in jobs; no camera is touched from here.
"""

import re
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template

from appliance.base.camera_settings import CameraSettings, Mark, refreshed
from appliance.base.errors import Corrupt, ExamError, NotFound
from appliance.base.i18n import N_, _, language
from appliance.base.sockets import ask, ask_stream
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.cameras import free_of_sitting
from appliance.flow.coverage import Seen, coverage, said, seen_place
from appliance.flow.name_doors import name_doors
from appliance.web.camera_alarms import alarms_of, ill
from appliance.web.camera_card import camera_card, camera_card_state
from appliance.web.camera_marks import of_picture, told
from appliance.web.media import kind_of
from appliance.web.ops import sources_of
from appliance.web.pages import DONE, page
from appliance.web.sessions import needs
from appliance.wire.cameras import (
    GetJob,
    GetJobStill,
    JobKind,
    JobState,
    RemoveCamera,
    SaveCamera,
    Saved,
    SaveMarks,
    StartJob,
    Still,
)
from appliance.wire.recorder import GetStill, StillHead

Asked = Request[Who, Any, Any]
ROLES = ("admin", "chief")
WIDTH = 1280
"""Of the still somebody marks on."""
STEPS = {
    "begin": N_("Beginning"),
    "search": N_("Asking every network for cameras"),
    "clock": N_("Asking for its time"),
    "device": N_("Asking what it is"),
    "profiles": N_("Asking for its streams"),
    "stream": N_("Watching and measuring its picture"),
    "picture": N_("Taking a picture"),
    "password": N_("Checking its password"),
    "done": N_("Done"),
}
"""What a job is at, in words."""


class JobForm(msgspec.Struct, forbid_unknown_fields=True):
    """Look at cameras. `job`: an earlier look, whose password is used again. `addresses`: parted by spaces, commas
    or lines.
    """

    kind: JobKind
    address: str = ""
    user: str = ""
    password: str = ""
    camera: str = ""
    job: str = ""
    addresses: str = ""


class CameraForm(msgspec.Struct, forbid_unknown_fields=True):
    """Keep a camera. An empty password: the one of the look `job`, or the one it has.

    What a form does not ask for (None) stays as it is.
    """

    code: str
    name: str
    address: str
    user: str = "admin"
    room: str | None = None
    seats: str | None = None
    place: Literal["", "front", "back"] | None = None
    profile: str | None = None
    second: str | None = None
    screen: str | None = None
    record: Literal["always", "sittings", "open"] | None = None
    before_min: Annotated[int, msgspec.Meta(ge=0, le=240)] | None = None
    after_min: Annotated[int, msgspec.Meta(ge=0, le=240)] | None = None
    job: str = ""
    password: str = ""
    new: bool = False


class MarksForm(msgspec.Struct, forbid_unknown_fields=True):
    """What a camera sees. `marks`: JSON; `room`: whose seats the page showed; `exchanged`: of its picture."""

    marks: str
    place: Literal["", "front", "back"] = ""
    room: str | None = None
    exchanged: float | None = None


@get("/")
async def cameras_page(request: Asked, box: NamedDependency[Box]) -> Template:
    """Rooms, their cameras and their holes; how to find another one."""
    return page(request, "cameras.html", **await _shown(request, box))


@get("/list")
async def cameras_list(request: Asked, box: NamedDependency[Box]) -> Template:
    """The rooms alone."""
    return page(request, "cameras_list.html", **await _shown(request, box))


async def _shown(request: Asked, box: Box) -> dict[str, Any]:
    refreshed(box.settings.cameras)
    sources = sources_of(request, box)
    await sources.refresh()
    places: list[Seen] = await box.db.read(coverage, box)
    known = {one.code for one in places}
    status = {one.camera: one for one in sources.status.cameras} if sources.status else {}
    return {
        "places": places,
        "elsewhere": [one for one in box.settings.cameras if one.room not in known],
        "status": status,
        "silent": sources.recorder.silent_since,
        "alarms_of": alarms_of,
        "ill": ill(places, status),
        "said": said,
    }


@post("/jobs", status_code=200)
async def job_start(request: Asked, box: NamedDependency[Box], data: URLEncodedBody[JobForm]) -> Template:
    """Begin to look."""
    asked = StartJob(
        kind=data.kind,
        address=data.address.strip(),
        user=data.user.strip(),
        password=data.password,
        camera=data.camera,
        job=data.job,
        addresses=re.findall(r"[^\s,;，；、]+", data.addresses),
        by=request.user.actor,
        language=language(),
    )
    return await _job(request, box, await ask(box.settings.socket("recorder"), asked, JobState))


@get("/jobs/{job:str}", opt={"passive": True})
async def job_state(
    request: Asked, box: NamedDependency[Box], job: FromPath[str], again: FromQuery[bool] = False
) -> Template | Response[None]:
    """How far it is. `again`: what it found stands on the page, and stays when nobody knows it any more."""
    try:
        found = await ask(box.settings.socket("recorder"), GetJob(id=job), JobState)
    except NotFound:
        if not again:
            raise
        return Response(None, status_code=204)
    return await _job(request, box, found)


async def _job(request: Asked, box: Box, job: JobState) -> Template:
    cameras = box.settings.cameras
    taken = {one.code for one in cameras}
    shown = page(
        request,
        "camera_job.html",
        job=job,
        step=_(STEPS[job.step]),
        known={one.address: one for one in cameras},
        code=next(code for code in (f"C{number}" for number in range(1, 10_000)) if code not in taken),
        places=await box.db.read(coverage, box) if job.kind == "probe" and job.state == "done" else [],
    )
    if job.kind == "check" and job.state == "done":
        shown.headers = {"hx-trigger": "changed"}  # the report on the page is read again
    if job.kind == "reference" and job.state == "done":
        shown.headers = {"hx-trigger": "still"}  # the picture to mark on is loaded
    return shown


@get("/jobs/{job:str}/still.jpg")
async def job_still(box: NamedDependency[Box], job: FromPath[str]) -> Response[bytes]:
    """What the camera showed when it was looked at."""
    found = await ask(box.settings.socket("recorder"), GetJobStill(id=job), Still)
    return Response(found.jpeg, media_type=kind_of(found.jpeg))


@post("/save", status_code=200)
async def camera_save(
    request: Asked, box: NamedDependency[Box], data: URLEncodedBody[CameraForm]
) -> Template:
    """Keep it; the recording follows."""
    refreshed(box.settings.cameras)
    code = data.code.strip()
    known = next((one for one in box.settings.cameras if one.code == code), None)
    before = known or CameraSettings(code=code, name="", address="")
    camera = msgspec.structs.replace(
        before,
        name=data.name.strip(),
        address=data.address.strip(),
        user=data.user.strip(),
        room=before.room if data.room is None else data.room,
        seats=before.seats if data.seats is None else data.seats.strip(),
        place=before.place if data.place is None else data.place,
        profile=before.profile if data.profile is None else data.profile.strip(),
        second=before.second if data.second is None else data.second.strip(),
        screen=before.screen if data.screen is None else data.screen.strip(),
        record=data.record or before.record,
        before_min=before.before_min if data.before_min is None else data.before_min,
        after_min=before.after_min if data.after_min is None else data.after_min,
    )
    if known and known.room != camera.room:
        await box.db.read(free_of_sitting, known)
    order = SaveCamera(
        camera=camera, job=data.job, password=data.password or None, by=request.user.actor, new=data.new
    )
    await ask(box.settings.socket("recorder"), order, Saved)
    refreshed(box.settings.cameras)
    camera = _camera(box, code)  # exam-recorder brings an address into one form
    shown = page(
        request,
        "camera_saved.html",
        camera=camera,
        plan=camera.plan(),
        new=known is None or data.new,
        exchanged=known is not None and known.exchanged != camera.exchanged,
        here=await box.db.read(seen_place, box, camera.room),
        again=known is not None
        and not data.job
        and (data.password != "" or (known.address, known.user) != (camera.address, camera.user)),
    )
    # Of another room nothing on the camera's page holds any more: seats, doors, marks.
    elsewhere = {"hx-redirect": f"/cameras/one/{code}?moved=true"}
    shown.headers = elsewhere if known and known.room != camera.room else {"hx-trigger": "changed, still"}
    return shown


@get("/one/{code:str}")
async def camera_page(
    request: Asked, box: NamedDependency[Box], code: FromPath[str], moved: FromQuery[bool] = False
) -> Template:
    """One camera: its still with what it sees, its settings, what can be done with it. `moved`: to another room."""
    refreshed(box.settings.cameras)
    camera = _camera(box, code)
    places: list[Seen] = await box.db.read(coverage, box)
    here = next((one for one in places if one.code == camera.room), None)
    others: dict[str, list[str]] = {}
    for other in here.cameras if here else []:
        for mark in other.marks:
            if other.code != code:
                others.setdefault(f"{mark.kind}:{mark.name}", []).append(other.code)
    return page(
        request,
        "camera.html",
        camera=camera,
        moved=moved and here is not None and not camera.marks,
        here=here,
        places=places,
        others=others,
        doors=_doors(camera, here) or [_("Door")],  # one to begin with
        unnamed=not _doors(camera, here),
        **await _now(request, box, code),
        marks=msgspec.json.encode(camera.marks).decode(),
        said=said,
    )


@get("/one/{code:str}/now", opt={"passive": True})
async def camera_now(request: Asked, box: NamedDependency[Box], code: FromPath[str]) -> Template:
    """Whether it records, and what is wrong with it."""
    return page(request, "camera_now.html", camera=_camera(box, code), **await _now(request, box, code))


async def _now(request: Asked, box: Box, code: str) -> dict[str, Any]:
    sources = sources_of(request, box)
    await sources.refresh()
    status = {one.camera: one for one in sources.status.cameras} if sources.status else {}
    return {
        "now_": status.get(code),
        "silent": sources.recorder.silent_since,
        "alarms_of": alarms_of,
    }


@get("/one/{code:str}/still.jpg", opt={"passive": True})
async def camera_still(box: NamedDependency[Box], code: FromPath[str]) -> Response[bytes]:
    """What it sees, to be marked on: its newest picture, or its reference still where nothing was recorded lately."""
    _head, body = await _still(box, code)
    return Response(body, media_type=kind_of(body))


@get("/one/{code:str}/still", opt={"passive": True})
async def camera_still_said(request: Asked, box: NamedDependency[Box], code: FromPath[str]) -> Template:
    """Which picture that is and of when, or why there is none."""
    head, problem = None, None
    camera = next((one for one in box.settings.cameras if one.code == code), None)
    try:
        head, _body = await _still(box, code)
    except ExamError as error:
        problem = error
    return page(request, "camera_still.html", head=head, problem=problem, camera=camera)


async def _still(box: Box, code: str) -> tuple[StillHead, bytes]:
    camera = _camera(box, code)
    wanted = GetStill(camera=code, width=WIDTH, or_reference=True, since=camera.exchanged)
    head, chunks = await ask_stream(box.settings.socket("clips"), wanted, StillHead, timeout=4.0)
    return head, b"".join([chunk async for chunk in chunks])


@post("/one/{code:str}/marks", status_code=200)
async def camera_marks(
    request: Asked, box: NamedDependency[Box], code: FromPath[str], data: URLEncodedBody[MarksForm]
) -> Template:
    """Keep what it sees, and say what no camera of the room sees now."""
    try:
        marks = msgspec.json.decode(data.marks, type=list[Mark])
    except msgspec.DecodeError as error:
        raise Corrupt("bad_marks", N_("The marks cannot be read."), N_("Load the page again.")) from error
    by, picture = request.user.actor, of_picture(data.exchanged)
    order = SaveMarks(camera=code, place=data.place, marks=marks, by=by, room=data.room, exchanged=picture)
    await ask(box.settings.socket("recorder"), order, Saved)
    refreshed(box.settings.cameras)
    here: Seen | None = await box.db.read(seen_place, box, _camera(box, code).room)
    new = [one.name for one in marks if one.kind == "door" and here and one.name not in here.doors]
    if here and here.is_room and new:
        await box.db.write(name_doors, box, here.code, [*here.doors, *new], by)
        here = await box.db.read(seen_place, box, here.code)
    kind, more = told(marks, here)
    shown = page(
        request,
        "camera_marked.html",
        kind=kind,
        text=_("Marks saved: {count}.").format(count=len(marks)),
        more=more,
        seats=any(one.kind == "seat" for one in marks),
        here=here,
        said=said,
    )
    shown.headers = DONE | {"hx-trigger": "changed, still"}  # what was said of marks of before is over
    return shown


@post("/one/{code:str}/remove", status_code=204)
async def camera_remove(request: Asked, box: NamedDependency[Box], code: FromPath[str]) -> Response[None]:
    """Record it no more."""
    refreshed(box.settings.cameras)
    await box.db.read(free_of_sitting, _camera(box, code))
    await ask(box.settings.socket("recorder"), RemoveCamera(camera=code, by=request.user.actor), Saved)
    refreshed(box.settings.cameras)
    return Response(None, status_code=204, headers={"hx-redirect": "/cameras"})


def _doors(camera: CameraSettings, here: Seen | None) -> list[str]:
    """Those of the room, and those marked."""
    named = [*(here.doors if here else []), *(one.name for one in camera.marks if one.kind == "door")]
    return list(dict.fromkeys(named))


def _camera(box: Box, code: str) -> CameraSettings:
    for one in box.settings.cameras:
        if one.code == code:
            return one
    raise NotFound("no_such_camera", N_("There is no camera {camera}."), camera=code)


HANDLERS = [
    Router(
        path="/cameras",
        guards=[needs(*ROLES)],
        route_handlers=[
            cameras_page,
            cameras_list,
            camera_card,
            camera_card_state,
            job_start,
            job_state,
            job_still,
            camera_save,
            camera_page,
            camera_still,
            camera_still_said,
            camera_now,
            camera_marks,
            camera_remove,
        ],
    )
]
