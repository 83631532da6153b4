"""The ops API (messages in appliance/wire/ops.py): the technician's terminal, bearer token only, no cookie.

Roles: admin and chief. Nothing here shows an answer, a face or an ID number.
"""

import gzip
from collections.abc import AsyncIterator
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from appliance.base.camera_settings import fault_of
from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import LONGEST, Who, sign_in, sign_out
from appliance.flow.board import board
from appliance.flow.box import Box
from appliance.flow.confirm_second import confirm_second
from appliance.flow.move_seat import move_seat
from appliance.flow.order_gate import open_lane
from appliance.flow.oversight import CLOSED, backlog, heads, journal_page, people
from appliance.flow.today import today
from appliance.live import Tail, resumed
from appliance.web.ops_alarms import alarms
from appliance.web.ops_sources import Sources
from appliance.web.sessions import change_password_first, needs
from appliance.wire import ops as wire
from appliance.wire.archive import Storage
from appliance.wire.ops import SittingLine

ROLES = ("admin", "chief")
SMALL = 1400
"""Bytes up to which compressing is not worth it: one packet either way."""

Asked = Request[Who, Any, Any]


def sources_of(request: Asked, box: Box) -> Sources:
    """One set of sources per application."""
    state = request.app.state
    if "ops_sources" not in state:
        state.ops_sources = Sources(box, state.screens.states)
    found: Sources = state.ops_sources
    return found


def program_version() -> str:
    """The installed distribution's version."""
    try:
        return version("exam-site-appliance")
    except PackageNotFoundError:
        return "0"


def compressed(request: Asked, document: Any) -> Response[bytes]:
    """JSON, gzipped for slow lines when the client takes it."""
    body = msgspec.json.encode(document)
    headers = {"vary": "accept-encoding"}
    if len(body) > SMALL and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 5)
        headers["content-encoding"] = "gzip"
    return Response(body, media_type="application/json", headers=headers)


@post("/sign-in", opt={"public": True}, status_code=200, guards=[])
async def post_sign_in(
    request: Request[Any, Any, Any], box: NamedDependency[Box], data: JSONBody[wire.SignIn]
) -> wire.SignedIn:
    """Open a session for a terminal; only for the roles that may see this API."""
    address = request.client.host if request.client else ""
    who, secret = await sign_in(box, data.login.strip(), data.password, address)
    if who.must_change:
        await box.db.write(sign_out, box, who)
        raise change_password_first()
    if who.role not in ROLES:
        await box.db.write(sign_out, box, who)
        raise Refused(
            "not_your_role",
            N_("Your account is not allowed to do this."),
            N_("Ask the head of the site which account may."),
        )
    return wire.SignedIn(
        token=secret, login=who.login, name=who.name, role=who.role, expires_at=box.now() + LONGEST
    )


@post("/sign-out", status_code=200)
async def post_sign_out(request: Asked, box: NamedDependency[Box]) -> dict[str, bool]:
    """End the session."""
    await box.db.write(sign_out, box, request.user)
    return {"ok": True}


def slim(found: Storage | None) -> Storage | None:
    """For a slow line: every fourth day of the forecast, the ten newest findings."""
    if found is None:
        return None
    ahead = msgspec.structs.replace(found.forecast, ahead=found.forecast.ahead[::4])
    return msgspec.structs.replace(found, forecast=ahead, findings=found.findings[:10])


def shown_sitting(sittings: list[SittingLine], wanted: str) -> str:
    """The sitting whose board is shown: the one asked for, else what runs, else the next, else the last."""
    if any(sitting.id == wanted for sitting in sittings):
        return wanted
    for state in ("running", "planned"):
        for sitting in sittings:
            if sitting.state == state:
                return sitting.id
    return sittings[-1].id if sittings else ""


@get("/state")
async def get_state(
    request: Asked, box: NamedDependency[Box], sitting: FromQuery[str] = ""
) -> Response[bytes]:
    """Everything at one look; a silent process costs at most its own timeout."""
    sources = sources_of(request, box)
    await sources.refresh()
    day = await box.db.read(today, box)
    chosen = shown_sitting(day.sittings, sitting)
    found = await box.db.read(board, box, chosen) if chosen else None
    status = sources.status
    seq = await box.db.read(heads)
    behind = await box.db.read(backlog, box)
    behind.troubles = sources.troubles
    state = wire.State(
        now=box.now(),
        site=wire.SiteLine(
            code=box.site.code,
            name=box.site.name,
            name_en=box.settings.site.name_en,
            demo=box.site.demo,
            timezone=box.settings.site.timezone,
        ),
        who=request.user.name,
        role=request.user.role,
        day=day.day,
        sittings=day.sittings,
        cases_open=day.cases_open,
        board=wire.Board(
            sitting=chosen,
            room=found.sitting.room_name,
            seats=[msgspec.convert(seat, wire.SeatTile, from_attributes=True) for seat in found.seats],
        )
        if found
        else None,
        lanes=sources.lanes,
        cameras=status.cameras if status else [],
        disks=sources.disks(),
        backlog=behind,
        processes=sources.processes,
        machine=sources.machine(program_version(), seq),
        alarms=[],
        storage=slim(sources.archive.answer),
    )
    if fault := fault_of(box.settings.cameras):
        state.cameras_fault = fault.text()
    state.alarms = alarms(state)
    return compressed(request, state)


@post("/move-seat", status_code=200)
async def post_move_seat(
    request: Asked, box: NamedDependency[Box], data: JSONBody[wire.MoveSeat]
) -> wire.Moved:
    """A candidate moves to another seat, with everything answered so far."""
    taking = await box.db.write(
        move_seat,
        box,
        data.sitting,
        data.from_seat,
        data.to_seat,
        data.reason,
        data.broken,
        request.user.actor,
        data.command,
    )
    return wire.Moved(from_seat=data.from_seat, to_seat=taking.seat)


@post("/open-lane", status_code=200)
async def post_open_lane(
    request: Asked, box: NamedDependency[Box], data: JSONBody[wire.OpenLane]
) -> wire.Opened:
    """Open a gate once. The second person signs with their own password."""
    second = data.second_login.strip()
    await confirm_second(box, second, data.second_password)
    order = await box.db.write(open_lane, box, data.lane, data.reason, request.user, second, data.command)
    return wire.Opened(order=order.id, expires_at=order.expires_at)


@get("/journal")
async def get_journal(
    request: Asked,
    box: NamedDependency[Box],
    after: FromQuery[int | None] = None,
    before: FromQuery[int | None] = None,
    text: Annotated[str, QueryParameter(name="filter", max_length=200)] = "",
    limit: FromQuery[int] = 200,
) -> Response[bytes]:
    """A page of the journal."""
    return compressed(request, await box.db.read(journal_page, after, before, text, limit))


@get("/people")
async def get_people(request: Asked, box: NamedDependency[Box]) -> Response[bytes]:
    """The accounts, without any secret."""
    return compressed(request, wire.People(people=await box.db.read(people, box.now())))


@get("/live")
async def get_live(request: Asked, tail: NamedDependency[Tail]) -> ServerSentEvent:
    """The journal as it grows: `id: seq`, resumed by Last-Event-ID."""
    tail.check()
    since = resumed(request.headers.get("last-event-id", ""))

    async def events() -> AsyncIterator[ServerSentEventMessage]:
        yield ServerSentEventMessage(data=None, comment="live")
        async for event in tail.listen(since):
            if event is None:
                yield ServerSentEventMessage(data=None, comment="quiet")
                continue
            if event.kind.startswith(CLOSED):
                continue  # sixty candidates write several answers a second: nothing for a slow line
            line = wire.JournalLine(
                seq=event.seq,
                at=event.at,
                kind=event.kind,
                subject=event.subject,
                actor=event.actor,
                body=bytes(event.body).decode(),
            )
            yield ServerSentEventMessage(
                data=msgspec.json.encode(line).decode(), event="journal", id=str(event.seq)
            )

    return ServerSentEvent(events())


HANDLERS = [
    Router(path="/ops", route_handlers=[post_sign_in], opt={"bearer": True}),
    Router(
        path="/ops",
        route_handlers=[
            post_sign_out,
            get_state,
            post_move_seat,
            post_open_lane,
            get_journal,
            get_people,
            get_live,
        ],
        guards=[needs(*ROLES)],
        opt={"bearer": True},
    ),
]
