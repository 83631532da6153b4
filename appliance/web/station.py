"""The station API (messages in appliance/wire/station.py): what an exam page and a station agent may ask.

A seat is known by its fixed address, a candidate by the seat's cookie, an agent by the station's bearer key.
State-changing requests of a page carry `x-csrf-token`, an HMAC of the cookie.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import JSONBody
from sqlmodel import Session, select

from appliance.base.errors import ExamError, NotFound, Refused
from appliance.base.i18n import LANGUAGES, N_, _, in_language
from appliance.flow import hand_in as handing_in
from appliance.flow import station_report
from appliance.flow.accept_rules import accept_rules
from appliance.flow.accounts import hash_token
from appliance.flow.attempt_view import PHASES, Standing, lease_of, standing
from appliance.flow.box import Box
from appliance.flow.delivery import page_of_seat
from appliance.flow.look import entrance_photo
from appliance.flow.save_answers import save_answers
from appliance.flow.seat_sign_in import seat_at, sign_in_at_seat, taking_at
from appliance.flow.sign_in_by_code import by_code, sign_in_by_code
from appliance.flow.warn import acknowledge
from appliance.intake.catalogue import trade_name
from appliance.records.roster import Candidate
from appliance.records.site import Room
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.rules.names import mask as mask_name
from appliance.web.media import kind_of
from appliance.web.station_refusals import noting
from appliance.web.talks import Talks
from appliance.wire import station as wire

COOKIE = "seat"
LIFE = 12 * 3600
OPEN = {"public": True}

Asked = Request[Any, Any, Any]


def address_of(request: Asked) -> str:
    """The station's fixed address."""
    return request.client.host if request.client else ""


def token_of(request: Asked) -> str:
    """Hash of the seat's cookie; refuses a request without one."""
    secret = request.cookies.get(COOKIE, "")
    if not secret:
        raise _sign_in_again()
    return _hashed(secret)


def checked_token(request: Asked, box: Box) -> str:
    """`token_of` for requests that change something: the page must prove that it read the cookie's token."""
    secret = request.cookies.get(COOKIE, "")
    if not secret:
        raise _sign_in_again()
    if not hmac.compare_digest(request.headers.get("x-csrf-token", ""), csrf(box, secret)):
        raise Refused("csrf", N_("This request was refused. Reload the page and try again."))
    return _hashed(secret)


@lru_cache(maxsize=4096)
def _hashed(secret: str) -> str:
    return hash_token(secret)


def csrf(box: Box, secret: str) -> str:
    """The token that belongs to a seat's cookie."""
    return box.key.index(f"seat:{secret}").hex()[:32]


class SeatSessionMissing(Refused):
    """The page has to sign in (again)."""

    http_status = 401


def _sign_in_again() -> SeatSessionMissing:
    return SeatSessionMissing(
        "seat_sign_in_first", N_("Please sign in at this seat."), N_("Type the last four characters.")
    )


def _by_language(name: Callable[[], str]) -> dict[str, str]:
    """A name in every language the page may be switched to."""
    names = {}
    for chosen in LANGUAGES:
        with in_language(chosen):
            names[chosen] = name()
    return names


def _exam_name(found: Standing) -> str:
    """The exam as the page names it; that books may be used stands beside it."""
    name = trade_name(found.trade)
    return _("{exam} (open book)").format(exam=name) if found.around.open_book else name


def shown(box: Box, found: Standing, token: str = "") -> wire.Attempt:
    """A standing as the page gets it."""
    return wire.Attempt(
        attempt=found.attempt,
        lease=found.lease,
        phase=PHASES[found.state],
        seat=found.seat,
        room=found.room,
        name=found.name,
        masked_number=found.masked_number,
        exam=_exam_name(found),
        exam_in=_by_language(lambda: _exam_name(found)),
        questions=found.questions,
        starts_at=found.starts_at,
        deadline=found.deadline,
        now=box.now(),
        saved_n=found.saved_n,
        answered=found.answered,
        message=found.message,
        message_id=found.message_id,
        handed_in=found.handed_in,
        result=found.points,
        moved=found.newest_lease > found.lease or bool(found.goes_on_at),
        goes_on_at=found.goes_on_at,
        key=found.key,
        around=found.around,
        captures=box.settings.captures.every,
        capture_due=found.capture_due,
        face_check=found.face_check,
        csrf=token,
        demo=box.site.demo,
    )


def _seat(session: Session, box: Box, address: str) -> wire.Seat:
    seat = seat_at(session, address)
    room = session.get_one(Room, seat.room)
    taking = taking_at(session, seat)
    answer = wire.Seat(seat=seat.id, room=room.name, now=box.now(), demo=box.site.demo)
    if taking is None:
        answer.by_code = bool(by_code(session, box, seat))
    else:
        sitting = session.get_one(Sitting, taking.sitting)
        answer.sitting = trade_name(sitting.trade)
        answer.sitting_in = _by_language(lambda: trade_name(sitting.trade))
        answer.candidate = mask_name(session.get_one(Candidate, taking.candidate).name)
        answer.phase = "sign_in"
        bound = select(Attempt.id).where(
            Attempt.sitting == taking.sitting, Attempt.candidate == taking.candidate
        )
        answer.attempt = session.exec(bound).first() or ""
    return answer


@get("/seat", opt=OPEN)
async def get_seat(request: Asked, box: NamedDependency[Box]) -> wire.Seat:
    """Which seat this is and for whom."""
    return await box.db.read(_seat, box, address_of(request))


@post("/sign-in", opt=OPEN, status_code=200)
async def post_sign_in(
    request: Asked, box: NamedDependency[Box], data: JSONBody[wire.SignIn]
) -> Response[wire.Attempt]:
    """Grant a lease; the reply sets the seat's cookie."""
    secret = secrets.token_urlsafe(24)
    address = address_of(request)
    if data.number or data.pass_code:
        outcome = await box.db.write(sign_in_by_code, box, address, data.number, data.pass_code, secret)
    else:
        outcome = await box.db.write(sign_in_at_seat, box, address, data.last_four, secret)
    if isinstance(outcome, ExamError):
        raise outcome
    cookie = Cookie(
        key=COOKIE,
        value=secret,
        max_age=LIFE,
        secure=True,
        httponly=True,
        samesite="strict",
        path="/station",
    )
    return Response(shown(box, outcome, csrf(box, secret)), cookies=[cookie])


@get("/attempt", opt=OPEN)
async def get_attempt(
    request: Asked, box: NamedDependency[Box], talks: NamedDependency[Talks]
) -> wire.Attempt:
    """Where the candidate stands; asked every few seconds."""
    found = await box.db.read(standing, box, token_of(request))
    answer = shown(box, found, csrf(box, request.cookies[COOKIE]))
    answer.talk = "" if answer.moved else talks.of(found.attempt)
    return answer


@post("/rules", opt=OPEN, status_code=200)
async def post_rules(request: Asked, box: NamedDependency[Box]) -> wire.Attempt:
    """The candidate accepts the rules."""

    async def write() -> wire.Attempt:
        found = await box.db.write(accept_rules, box, checked_token(request, box))
        return shown(box, found, csrf(box, request.cookies[COOKIE]))

    return await noting(request, box, write)


def _portrait(session: Session, token: str) -> str:
    attempt = session.get_one(Attempt, lease_of(session, token).attempt)
    roster = session.get_one(Candidate, attempt.candidate).photo
    return roster or entrance_photo(session, attempt.sitting, attempt.candidate)


@get("/photo", opt=OPEN)
async def get_photo(request: Asked, box: NamedDependency[Box]) -> Response[bytes]:
    """The photograph of whoever signed in here, the roster's or the entrance's: is this me?"""
    name = await box.db.read(_portrait, token_of(request))
    if not name:
        raise NotFound("no_photo", N_("There is no photograph."))
    body = await asyncio.to_thread(box.files.get, name, True)
    return Response(body, media_type=kind_of(body))


@post("/answers", opt=OPEN, status_code=200)
async def post_answers(request: Asked, box: NamedDependency[Box], data: JSONBody[wire.Answers]) -> wire.Saved:
    """Keep changes; answered after the commit."""

    async def write() -> wire.Saved:
        return await box.db.write_fixed(save_answers, box, checked_token(request, box), data)

    return await noting(request, box, write)


@post("/echo", opt=OPEN, status_code=200)
async def post_echo(request: Asked, box: NamedDependency[Box], data: JSONBody[wire.Answers]) -> wire.Saved:
    """The same request without a database: the ceiling `make bench` compares answer saves with."""
    checked_token(request, box)
    now = box.now()
    return wire.Saved(n=data.answers[-1].n if data.answers else 0, now=now, deadline=now)


@post("/hand-in", opt=OPEN, status_code=200)
async def post_hand_in(
    request: Asked, box: NamedDependency[Box], data: JSONBody[wire.HandIn]
) -> wire.Attempt:
    """Hand in, or say after an automatic hand-in that nothing is kept unsent."""

    async def write() -> wire.Attempt:
        found = await box.db.write(handing_in.hand_in, box, checked_token(request, box), data)
        return shown(box, found, csrf(box, request.cookies[COOKIE]))

    return await noting(request, box, write)


@post("/acknowledge", opt=OPEN, status_code=200)
async def post_acknowledge(
    request: Asked, box: NamedDependency[Box], data: JSONBody[wire.Acknowledge]
) -> wire.Attempt:
    """The candidate has read a warning."""

    async def write() -> wire.Attempt:
        found = await box.db.write(acknowledge, box, checked_token(request, box), data.message_id)
        return shown(box, found, csrf(box, request.cookies[COOKIE]))

    return await noting(request, box, write)


def _key_of(request: Asked) -> str:
    return hash_token(request.headers.get("authorization", "").removeprefix("Bearer "))


@post("/agent/inventory", opt=OPEN, status_code=200)
async def post_inventory(
    request: Asked, box: NamedDependency[Box], data: JSONBody[wire.Inventory]
) -> wire.Orders:
    """What the machine is; asked at its start."""
    seat = await box.db.write(station_report.take_inventory, box, _key_of(request), address_of(request), data)
    return wire.Orders(seat=seat, now=box.now(), page=await box.db.read(page_of_seat, seat))


@post("/agent/heartbeat", opt=OPEN, status_code=200)
async def post_heartbeat(
    request: Asked, box: NamedDependency[Box], data: JSONBody[wire.Heartbeat]
) -> wire.Orders:
    """A sign of life."""
    seat = await box.db.write(station_report.take_heartbeat, box, _key_of(request), address_of(request), data)
    return wire.Orders(seat=seat, now=box.now(), page=await box.db.read(page_of_seat, seat))


PATHS = [
    get_seat,
    post_sign_in,
    get_attempt,
    post_rules,
    get_photo,
    post_answers,
    post_echo,
    post_hand_in,
    post_acknowledge,
    post_inventory,
    post_heartbeat,
]
