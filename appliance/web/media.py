"""Pictures, sounds and recordings: only for the roles that need them, and every look at a person is journaled."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream, Template
from sqlmodel import Session

from appliance.base.errors import Corrupt, NotFound, Unavailable
from appliance.base.i18n import N_
from appliance.base.sockets import Chunks, ask_stream
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.look import face_photo, note_look, paper_picture, reveal_number, roster_photo
from appliance.flow.note_altered import note_altered
from appliance.flow.talk import sound_of
from appliance.flow.workplaces import examination
from appliance.records.roster import Candidate
from appliance.records.waiting import Call
from appliance.web.clip_export import WAITED, export, patiently
from appliance.web.looks import looks_of
from appliance.web.pages import page
from appliance.web.sessions import needs
from appliance.wire.playback import GetCopy
from appliance.wire.recorder import ClipHead, GetClip, GetStill, StillHead

Asked = Request[Who, Any, Any]
CLIPS = ("inspector", "chief")
FACES = ("entry", "chief", "inspector")
NUMBERS = ("entry", "office", "chief", "inspector")
ROOMS = ("invigilator", "chief", "inspector")
SOUNDS = ("display", "waiting", "chief")
NOW = timedelta(seconds=15)
"""A picture on disk is a few seconds old: fragments of two seconds, and the way to the disk."""
LONGEST = timedelta(minutes=30)
"""The longest clip given out at once."""


def kind_of(body: bytes) -> str:
    """The media type of a picture by its first bytes; NotFound for anything that is none."""
    for start, kind in ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG", "image/png"), (b"BM", "image/bmp")):
        if body.startswith(start):
            return kind
    if body.startswith(b"RIFF") and body[8:12] == b"WEBP":
        return "image/webp"
    raise NotFound("no_picture", N_("This picture cannot be shown."), N_("Use the printed card."))


@get("/face/{check:str}/{which:str}", guards=[needs(*FACES)])
async def face(
    request: Asked, box: NamedDependency[Box], check: FromPath[str], which: FromPath[str]
) -> Response[bytes]:
    """A sealed face picture; `which`: live or reference. Journaled once per session and picture."""
    return await _face(request, box, check, which)


@get("/examinee/{attempt:str}", guards=[needs("examiner", "chief")])
async def examinee(request: Asked, box: NamedDependency[Box], attempt: FromPath[str]) -> Response[bytes]:
    """The picture taken at the entrance of the candidate an examiner has before them."""
    found = await box.db.read(examination, box, attempt)
    return await _face(request, box, found.photo, "live")


async def _face(request: Asked, box: Box, check: str, which: str) -> Response[bytes]:
    name, subject, held = await box.db.read(face_photo, check, which)
    detail = {"face_check": check, "which": which} | ({"reference": held} if held else {})
    return await sealed_picture(request, box, name, subject, detail)


@get("/paper/{tap:str}", guards=[needs(*FACES)])
async def paper(request: Asked, box: NamedDependency[Box], tap: FromPath[str]) -> Response[bytes]:
    """The picture of a paper that stood for a card, or of the printed card. Journaled as a face is."""
    name, subject = await box.db.read(paper_picture, tap)
    return await sealed_picture(request, box, name, subject, {"tap": tap, "which": "paper"})


@get("/roster/{tap:str}", guards=[needs(*FACES)])
async def roster(request: Asked, box: NamedDependency[Box], tap: FromPath[str]) -> Response[bytes]:
    """The roster photo of whoever put this card down. Journaled as a face is."""
    name, subject = await box.db.read(roster_photo, tap)
    return await sealed_picture(request, box, name, subject, {"tap": tap, "which": "roster"})


async def sealed_picture(
    request: Asked,
    box: Box,
    name: str,
    subject: str,
    detail: dict[str, Any],
    once: str = "",
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """A sealed picture of somebody; the look is journaled once per session and picture, or `once` for several.

    An altered file is journaled once per session too.
    """
    looks = looks_of(request)
    try:
        body = await asyncio.to_thread(box.files.get, name, True)
    except (Corrupt, NotFound) as error:
        if (request.user.token_hash, f"altered {name}") not in looks:
            await box.db.write(note_altered, box, name, error.code, request.user.actor, subject)
            looks.add((request.user.token_hash, f"altered {name}"))
        raise
    kind = kind_of(body)
    if (request.user.token_hash, once or name) not in looks:
        await box.db.write(note_look, box, "photo.viewed", subject, request.user, detail)
        looks.add((request.user.token_hash, once or name))
    return Response(body, media_type=kind, headers=headers)


@post("/number/{candidate:str}", guards=[needs(*NUMBERS)], status_code=200)
async def number(request: Asked, box: NamedDependency[Box], candidate: FromPath[str]) -> Template:
    """The whole ID number, journaled."""
    shown = await box.db.write(reveal_number, box, candidate, request.user)
    return page(request, "number.html", number=shown)


def _sound(session: Session, call: str) -> str:
    found = session.get(Call, call)
    if found is None or not found.sound:
        raise NotFound("no_sound", N_("This call has no announcement yet."), N_("It comes in a moment."))
    return found.sound


@get("/sound/{call:str}", guards=[needs(*SOUNDS)])
async def sound(box: NamedDependency[Box], call: FromPath[str]) -> Response[bytes]:
    """The announcement of a call (WAV)."""
    name = await box.db.read(_sound, call)
    return Response(await asyncio.to_thread(box.files.get, name), media_type="audio/wav")


@get("/talk/{talk:str}/{side:str}", guards=[needs(*CLIPS)])
async def talk_sound(
    request: Asked, box: NamedDependency[Box], talk: FromPath[str], side: FromPath[str]
) -> Response[bytes]:
    """What one side (room, seat) of a conversation said (WebM). Journaled once per session and recording."""
    name, candidate = await box.db.read(sound_of, talk, side)
    looks, seen = looks_of(request), (request.user.token_hash, f"talk {talk} {side}")
    body = await asyncio.to_thread(box.files.get, name, True)
    if seen not in looks:
        detail = {"talk": talk, "side": side}
        await box.db.write(note_look, box, "talk.heard", candidate, request.user, detail)
        looks.add(seen)
    return Response(body, media_type="audio/webm")


@get("/camera/{camera:str}/still.jpg", guards=[needs(*ROOMS)], opt={"passive": True})
async def still(
    box: NamedDependency[Box], camera: FromPath[str], width: FromQuery[int] = 640
) -> Response[bytes]:
    """The newest picture of a room camera."""
    _at, body = await still_of(box, camera, max(160, min(width, 1920)))
    return Response(body, media_type=kind_of(body))


async def still_of(box: Box, camera: str, width: int) -> tuple[datetime, bytes]:
    """What a room camera sees now, `width` pixels wide, and when that was: at most `NOW` ago. Unavailable, NotFound or
    DeviceFault when there is none: the newest picture of a camera that is gone shows another time.
    """
    wanted = GetStill(camera=camera, width=width)
    head, chunks = await ask_stream(box.settings.socket("clips"), wanted, StillHead, timeout=4.0)
    body = b"".join([chunk async for chunk in chunks])
    if abs(box.now() - head.at) > NOW:
        raise Unavailable(
            "no_picture_now",
            N_("Camera {camera} gives no picture now; its newest one is of {time}."),
            N_("Look at the camera and its line."),
            camera=camera,
            time=f"{box.local(head.at):%Y-%m-%d %H:%M:%S}",
        )
    return head.at, body


@get("/clip", guards=[needs("inspector", "chief")])
async def clip(
    request: Asked,
    box: NamedDependency[Box],
    camera: FromQuery[str],
    start: Annotated[datetime, QueryParameter(name="from")],
    end: Annotated[datetime, QueryParameter(name="to")],
    candidate: FromQuery[str] = "",
    download: FromQuery[bool] = False,
    copy: FromQuery[bool] = False,
    run: FromQuery[str] = "",
    again: FromQuery[int] = 0,
) -> Response[bytes] | Stream:
    """A recording as MP4. Journaled for the candidate it was watched for, or for the camera.

    Browsers ask for ranges to move about in it: those are cut from the same bytes. `download`: the whole clip with
    its signed proof at the end; `copy`: a copy with the time in the picture (clip_export). `again`: of these
    times it is the first, second ... film after the clock was set back: each gets a name of its own.
    """
    if start.tzinfo is None or end.tzinfo is None or not start < end <= start + LONGEST:
        raise Corrupt("bad_clip", N_("A clip is at most 30 minutes long."), N_("Choose a shorter one."))
    if candidate:
        await box.db.read(_known, candidate)
    if download:
        asked = GetClip(camera=camera, start=start, end=end, proof=True, run=run)
        return await export(request, box, asked, candidate, _clip_name(box, asked, again))
    if copy:
        shown = GetCopy(camera=camera, start=start, end=end, run=run)
        return await export(request, box, shown, candidate, f"copy-{_clip_name(box, shown, again)}")
    wanted = GetClip(camera=camera, start=start, end=end, run=run)
    return await give_clip(request, box, wanted, candidate, {})


def _clip_name(box: Box, asked: GetClip | GetCopy, again: int = 0) -> str:
    which = f"-again{again if again > 1 else ''}" if again else ""
    return f"{asked.camera}-{box.local(asked.start):%Y%m%d-%H%M%S}{which}.mp4"


async def give_clip(
    request: Asked, box: Box, wanted: GetClip, candidate: str, more: dict[str, str]
) -> Response[bytes] | Stream:
    """What the player asks for, a range of it or all; `more` is journaled beside camera and times."""
    camera, start, end, name = wanted.camera, wanted.start, wanted.end, _clip_name(box, wanted)
    asked_range = re.fullmatch(r"bytes=(\d{1,18})-(\d{0,18})", request.headers.get("range", ""))
    first = int(asked_range[1]) if asked_range else 0
    wanted = msgspec.structs.replace(wanted, offset=first)
    clips = box.settings.socket("clips")
    head, chunks = await patiently(lambda: ask_stream(clips, wanted, ClipHead, timeout=20.0), WAITED)
    looks, seen = (
        looks_of(request),
        (request.user.token_hash, f"{candidate} {camera} {start} {end} {wanted.run}"),
    )
    if seen not in looks:
        detail = {"camera": camera, "from": start.isoformat(), "to": end.isoformat(), **more}
        try:
            await box.db.write(note_look, box, "clip.viewed", candidate or camera, request.user, detail)
        except BaseException:
            await chunks.aclose()  # what cannot be journaled is not shown
            raise
        looks.add(seen)
    headers = {"accept-ranges": "bytes", "content-disposition": f'inline; filename="{name}"'}
    if asked_range is None:
        headers["content-length"] = str(head.bytes)
        return Stream(chunks, media_type="video/mp4", headers=headers)
    last = min(int(asked_range[2] or head.bytes - 1), head.bytes - 1)
    if first > last:
        await chunks.aclose()
        return Response(b"", status_code=416, headers={"content-range": f"bytes */{head.bytes}"})
    headers |= {
        "content-range": f"bytes {first}-{last}/{head.bytes}",
        "content-length": str(last - first + 1),
    }
    return Stream(_first(chunks, last - first + 1), status_code=206, media_type="video/mp4", headers=headers)


def _known(session: Session, candidate: str) -> None:
    if session.get(Candidate, candidate) is None:
        raise NotFound("no_candidate", N_("There is no such candidate."), N_("Search again."))


async def _first(chunks: Chunks, count: int) -> AsyncIterator[bytes]:
    """The first `count` bytes; exam-clips is not asked for more."""
    try:
        async for chunk in chunks:
            yield chunk[:count]
            count -= len(chunk)
            if count <= 0:
                return
    finally:
        await chunks.aclose()


PATHS = [face, paper, roster, examinee, number, sound, talk_sound, still, clip]
HANDLERS = [Router(path="/media", route_handlers=PATHS)]
