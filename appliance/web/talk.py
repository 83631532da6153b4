"""Two-way audio between the invigilation page and a seat: what both pages ask. The sound: web/talks.py."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.talk import attempt_of_seat
from appliance.web.sessions import needs
from appliance.web.station import OPEN, checked_token, token_of
from appliance.web.station_refusals import noting
from appliance.web.talks import PIECE, Live, State, Talks

Asked = Request[Who, Any, Any]
SOUND = "audio/webm"


class Opened(msgspec.Struct):
    """The reply to the invigilator who begins."""

    talk: str


class Heard(msgspec.Struct):
    """Everything up to piece `n` is kept."""

    n: int


async def _piece(request: Request[Any, Any, Any]) -> bytes:
    found = b""
    async for part in request.stream():
        found += part
        if len(found) > PIECE:
            raise Refused("too_large", N_("The file is too large."))
    return found


def _stream(pieces: AsyncIterator[bytes]) -> Stream:
    return Stream(pieces, media_type=SOUND, headers={"x-accel-buffering": "no"})


# --- the invigilator -------------------------------------------------------------------------------------------


def _own(request: Asked, talks: Talks, talk: str) -> Live:
    """The conversation, for whoever began it alone."""
    live = talks.find(talk)
    if live.actor != request.user.actor:
        raise Refused("not_your_talk", N_("Another invigilator holds this conversation."))
    return live


@post("/attempt/{attempt:str}/talk", status_code=200)
async def room_talk(request: Asked, talks: NamedDependency[Talks], attempt: FromPath[str]) -> Opened:
    """Begin to speak with a candidate."""
    return Opened(await talks.open(attempt, request.user))


@get("/talk/{talk:str}", opt={"passive": True})
async def room_talk_sound(request: Asked, talks: NamedDependency[Talks], talk: FromPath[str]) -> Stream:
    """What the candidate says, for as long as the conversation lasts."""
    live = _own(request, talks, talk)
    return _stream(await talks.listen(live, "seat"))


@get("/talk/{talk:str}/state", opt={"passive": True})
async def room_talk_state(request: Asked, talks: NamedDependency[Talks], talk: FromPath[str]) -> State:
    """Whether the seat has answered, and whether it has a microphone."""
    try:
        live = _own(request, talks, talk)
    except Refused:
        return State(over=True)
    return State(over=False, answered=bool(live.seat_token), microphone=live.microphone)


@post("/talk/{talk:str}/close", status_code=200)
async def room_talk_close(request: Asked, talks: NamedDependency[Talks], talk: FromPath[str]) -> State:
    """Hang up."""
    await talks.close(_own(request, talks, talk), request.user.actor)
    return State(over=True)


@post("/talk/{talk:str}/{n:int}", status_code=200)
async def room_talk_piece(
    request: Asked, talks: NamedDependency[Talks], talk: FromPath[str], n: FromPath[int]
) -> Heard:
    """A piece of what the invigilator says."""
    live = _own(request, talks, talk)
    talks.take(live, "room", n, await _piece(request))
    return Heard(live.sides["room"].n)


# --- the seat --------------------------------------------------------------------------------------------------


def _answered(live: Live, token: str) -> None:
    """Only the page that answered goes on."""
    if live.seat_token != token:
        raise Refused("not_your_talk", N_("This conversation is held at another seat."))


@get("/talk/{talk:str}", opt=OPEN)
async def seat_talk_sound(
    request: Request[Any, Any, Any],
    box: NamedDependency[Box],
    talks: NamedDependency[Talks],
    talk: FromPath[str],
) -> Stream:
    """What the invigilator says. Asking for it answers the call, once, from the candidate's newest seat."""
    live, token = talks.find(talk), token_of(request)

    async def answer() -> Stream:
        if await box.db.read(attempt_of_seat, token) != live.attempt:
            raise Refused("not_your_talk", N_("This conversation is held at another seat."))
        pieces = await talks.listen(live, "room")
        live.seat_token = token
        return _stream(pieces)

    return await noting(request, box, answer)


@post("/talk/{talk:str}/no-microphone", opt=OPEN, status_code=200)
async def seat_talk_deaf(
    request: Request[Any, Any, Any],
    box: NamedDependency[Box],
    talks: NamedDependency[Talks],
    talk: FromPath[str],
) -> Response[None]:
    """This computer has no microphone: the candidate can only listen."""
    live = talks.find(talk)

    async def note() -> Response[None]:
        _answered(live, checked_token(request, box))
        live.microphone = False
        return Response(None)

    return await noting(request, box, note)


@post("/talk/{talk:str}/{n:int}", opt=OPEN, status_code=200)
async def seat_talk_piece(
    request: Request[Any, Any, Any],
    box: NamedDependency[Box],
    talks: NamedDependency[Talks],
    talk: FromPath[str],
    n: FromPath[int],
) -> Heard:
    """A piece of what the candidate says."""
    live = talks.find(talk)

    async def take() -> Heard:
        _answered(live, checked_token(request, box))
        talks.take(live, "seat", n, await _piece(request))
        return Heard(live.sides["seat"].n)

    return await noting(request, box, take)


SEAT_PATHS = [seat_talk_sound, seat_talk_deaf, seat_talk_piece]

HANDLERS = [
    Router(
        path="/room",
        guards=[needs("invigilator", "chief")],
        route_handlers=[room_talk, room_talk_sound, room_talk_state, room_talk_close, room_talk_piece],
    )
]
