"""Invigilation: who needs me? The room as it stands, one seat beside it, the sitting's clock above."""

from typing import Any

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Template
from sqlmodel import Session, select

from appliance.base.i18n import _
from appliance.flow.accounts import Who
from appliance.flow.board import Board, SeatTile, board
from appliance.flow.box import Box
from appliance.flow.cameras import cameras_of
from appliance.flow.confirm_second import confirm_second
from appliance.flow.coverage import Seen, seen_place
from appliance.flow.extend import extend, extend_room
from appliance.flow.hand_in import force_hand_in
from appliance.flow.move_seat import move_seat, repair_seat
from appliance.flow.paper_proof import withdraw_altered
from appliance.flow.raise_hand import answer_hand
from appliance.flow.seat_panel import seat_panel
from appliance.flow.start_sitting import end_sitting, start_sitting
from appliance.flow.today import today
from appliance.flow.warn import warn
from appliance.records.theory import Attempt
from appliance.web.camera_alarms import camera_alarms
from appliance.web.ops import sources_of
from appliance.web.pages import done, page
from appliance.web.room_view import RoomViews
from appliance.web.room_watch import watched
from appliance.web.sessions import needs

Asked = Request[Who, Any, Any]


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """An order with a reason."""

    reason: str


class Message(msgspec.Struct, forbid_unknown_fields=True):
    """Words over the paper."""

    text: str


class Move(msgspec.Struct, forbid_unknown_fields=True):
    """To another seat; `to_seat` empty = the nearest spare."""

    command: str
    reason: str
    to_seat: str = ""
    broken: str = ""


class More(msgspec.Struct, forbid_unknown_fields=True):
    """More time, for one or for all who write."""

    minutes: int
    reason: str
    second_login: str
    second_password: str
    command: str
    """Given by the page: sent twice, the time is given once."""


def attention(tile: SeatTile) -> tuple[int, int]:
    """Order of "needs attention first": flags, then those who lag, then by number."""
    weight = {
        "hand": 0,
        "lost": 1,
        "sign_in_locked": 1,
        "case": 2,
        "warned": 2,
        "not_begun": 3,
        "broken": 4,
    }
    urgent = min((weight.get(flag, 5) for flag in tile.flags), default=9)
    if urgent == 9 and tile.state in ("bound", "signed_in"):
        urgent = 6
    if urgent == 9 and tile.state == "free":
        urgent = 20
    return urgent, tile.number


def rows_of(seats: list[SeatTile]) -> tuple[int, list[SeatTile | None]]:
    """The room as a grid: number of columns, then every place row by row; None where nothing stands."""
    if any(one.row < 1 or one.column < 1 for one in seats):
        return 8, list(seats)
    columns = max((one.column for one in seats), default=1)
    last = max((one.row for one in seats), default=0)
    places = {(one.row, one.column): one for one in seats}
    return columns, [places.get((r, c)) for r in range(1, last + 1) for c in range(1, columns + 1)]


async def _board(
    request: Asked, box: Box, name: str, sitting: str, sort: str, seat: str = "", have: str = "", **more: Any
) -> Template:
    views: RoomViews = request.app.state.rooms
    sources = sources_of(request, box)
    await sources.refresh()
    found: Board = await box.db.read(board, box, sitting)
    columns, plan = rows_of(found.seats)
    if sort == "attention":
        plan = [*sorted(found.seats, key=attention)]
    view = views.of(found.sitting.id)
    view.look(found, sort, plan)
    here = [one for one in box.settings.cameras if one.room == found.sitting.room]
    status = {one.camera: one for one in sources.status.cameras} if sources.status else {}
    known = [(one, status.get(one.code)) for one in here]
    planned = found.sitting.state == "planned"
    seen: Seen | None = await box.db.read(seen_place, box, found.sitting.room) if planned else None
    return page(
        request,
        name,
        board=found,
        s=found.sitting,
        sitting=sitting,
        plan=plan,
        changed=view.changed(have, sort, plan) if have else None,
        oob=bool(have),
        token=view.token,
        columns=columns,
        sort=sort,
        seat=seat,
        cameras=[(one, now, camera_alarms([now]) if now else []) for one, now in known],
        unseen=seen.unseen if seen else [],
        recorder_silent=sources.recorder.silent_since if here else None,
        needy=sum(1 for one in found.seats if one.flags and one.state != "free"),
        hands=sum("hand" in one.flags for one in found.seats),
        late=[one.seat for one in found.seats if "not_begun" in one.flags],
        **more,
    )


@get("/")
async def room_list(request: Asked, box: NamedDependency[Box]) -> Template | Redirect:
    """Choose a sitting; straight to the only one that is on."""
    found = await box.db.read(today, box)
    return page(request, "rooms.html", today=found)


@get("/{sitting:str}")
async def room_page(
    request: Asked,
    box: NamedDependency[Box],
    sitting: FromPath[str],
    sort: FromQuery[str] = "plan",
    seat: FromQuery[str] = "",
    minutes: FromQuery[int] = 0,
    given: FromQuery[int] = 0,
) -> Template:
    """The page of one sitting. `minutes`, `given`: more time just given on the page before, and to how many."""
    panel = await _panel(box, sitting, seat) if seat else {"panel": None}
    note = _("{minutes} minutes more for {count}.").format(minutes=minutes, count=given) if given > 0 else ""
    return await _board(request, box, "room.html", sitting, sort, seat, note=note, **panel)


@get("/{sitting:str}/board")
async def room_board(
    request: Asked,
    box: NamedDependency[Box],
    sitting: FromPath[str],
    sort: FromQuery[str] = "plan",
    seat: FromQuery[str] = "",
    have: FromQuery[str] = "-",
) -> Template:
    """The part that changes: clock, connections, and the seats that changed since the page's token `have`."""
    return await _board(request, box, "room_board.html", sitting, sort, seat, have)


async def _panel(box: Box, sitting: str, seat: str) -> dict[str, Any]:
    panel = await box.db.read(seat_panel, box, sitting, seat)
    room = seat.rpartition("-")[0]
    found: dict[str, Any] = {
        "panel": panel,
        "stills": cameras_of(box.settings, room, panel.tile.number),
        "w": None,
    }
    if panel.tile.attempt and not panel.practical:
        found |= await watched(box, panel.tile.attempt)
    return found


@get("/{sitting:str}/seat/{seat:str}")
async def room_seat(
    request: Asked, box: NamedDependency[Box], sitting: FromPath[str], seat: FromPath[str]
) -> Template:
    """One seat beside the plan."""
    return page(request, "room_seat.html", sitting=sitting, **await _panel(box, sitting, seat))


@post("/{sitting:str}/start", status_code=200)
async def room_start(request: Asked, box: NamedDependency[Box], sitting: FromPath[str]) -> Template:
    """Open the papers."""
    await box.db.write(withdraw_altered, box, sitting, request.user.actor)
    started = await box.db.write(start_sitting, box, sitting, request.user.actor)
    ends = box.local(started.ends_at).strftime("%H:%M:%S") if started.ends_at else ""
    return done(request, _("The exam has started."), _("It ends at {time}.").format(time=ends))


def _running(session: Session, sitting: str) -> list[str]:
    rows = select(Attempt.id).where(Attempt.sitting == sitting, Attempt.state == "running")
    return list(session.exec(rows).all())


@post("/{sitting:str}/hand-in-all", status_code=200)
async def room_hand_in_all(
    request: Asked, box: NamedDependency[Box], sitting: FromPath[str], data: URLEncodedBody[Reason]
) -> Template:
    """Hand in for everybody who still writes, with a reason."""
    running = await box.db.read(_running, sitting)
    for attempt in running:
        await box.db.write(force_hand_in, box, attempt, data.reason, request.user.actor)
    return done(request, _("Handed in for {count} candidates.").format(count=len(running)))


@post("/{sitting:str}/end", status_code=200)
async def room_end(request: Asked, box: NamedDependency[Box], sitting: FromPath[str]) -> Template:
    """End a sitting nobody writes in any more."""
    await box.db.write(end_sitting, box, sitting, request.user.actor)
    return done(request, _("The sitting has ended, its seats are free."))


@post("/{sitting:str}/extend", status_code=200)
async def room_extend_all(
    request: Asked, box: NamedDependency[Box], sitting: FromPath[str], data: URLEncodedBody[More]
) -> Template:
    """More time for everybody who writes, and for who begins later."""
    second = data.second_login.strip()
    await confirm_second(box, second, data.second_password)
    moved, count = await box.db.write(
        extend_room, box, sitting, data.minutes * 60, data.reason, request.user, second, data.command
    )
    ends = box.local(moved.ends_at).strftime("%H:%M:%S") if moved.ends_at else ""
    return done(
        request,
        _("{minutes} minutes more for {count}.").format(minutes=data.minutes, count=count)
        if count
        else _("The whole room has this time already."),
        _("The sitting ends at {time} now, for who begins later, too.").format(time=ends),
    )


@post("/attempt/{attempt:str}/extend", status_code=200)
async def room_extend(
    request: Asked, box: NamedDependency[Box], attempt: FromPath[str], data: URLEncodedBody[More]
) -> Template:
    """More time for one."""
    second = data.second_login.strip()
    await confirm_second(box, second, data.second_password)
    await box.db.write(
        extend, box, [attempt], data.minutes * 60, data.reason, request.user, second, data.command
    )
    return done(request, _("{minutes} minutes more for {count}.").format(minutes=data.minutes, count=1))


@post("/attempt/{attempt:str}/warn", status_code=200)
async def room_warn(
    request: Asked, box: NamedDependency[Box], attempt: FromPath[str], data: URLEncodedBody[Message]
) -> Template:
    """A message over one paper."""
    await box.db.write(warn, box, attempt, data.text, request.user.actor)
    return done(request, _("The message is on the screen until it is read."))


@post("/attempt/{attempt:str}/hand", status_code=200)
async def room_hand(request: Asked, box: NamedDependency[Box], attempt: FromPath[str]) -> Template:
    """Somebody was at the seat: the raised hand is answered."""
    await box.db.write(answer_hand, box, attempt, request.user.actor)
    return done(request, _("The raised hand is answered."))


@post("/attempt/{attempt:str}/hand-in", status_code=200)
async def room_hand_in(
    request: Asked, box: NamedDependency[Box], attempt: FromPath[str], data: URLEncodedBody[Reason]
) -> Template:
    """Hand in for one candidate."""
    await box.db.write(force_hand_in, box, attempt, data.reason, request.user.actor)
    return done(request, _("Handed in."), kind="look")


@post("/{sitting:str}/seat/{seat:str}/move", status_code=200)
async def room_move(
    request: Asked,
    box: NamedDependency[Box],
    sitting: FromPath[str],
    seat: FromPath[str],
    data: URLEncodedBody[Move],
) -> Template:
    """To another seat, with every answer."""
    taking = await box.db.write(
        move_seat,
        box,
        sitting,
        seat,
        data.to_seat,
        data.reason,
        bool(data.broken),
        request.user.actor,
        data.command,
    )
    note = done(
        request,
        _("Now at seat {seat}.").format(seat=taking.seat),
        _("The candidate signs in there and goes on with all answers."),
    )
    # The page goes along to the new seat (ui/_talk.ts).
    note.headers["hx-trigger"] = msgspec.json.encode({"moved": {"seat": taking.seat}}).decode()
    return note


@post("/seat/{seat:str}/repair", status_code=200)
async def room_repair(request: Asked, box: NamedDependency[Box], seat: FromPath[str]) -> Template:
    """A broken seat is in order again."""
    await box.db.write(repair_seat, box, seat, request.user.actor)
    return done(request, _("Seat {seat} is in order again.").format(seat=seat))


HANDLERS = [
    Router(
        path="/room",
        guards=[needs("invigilator", "chief")],
        route_handlers=[
            room_list,
            room_page,
            room_board,
            room_seat,
            room_start,
            room_hand_in_all,
            room_end,
            room_extend_all,
            room_extend,
            room_warn,
            room_hand,
            room_hand_in,
            room_move,
            room_repair,
        ],
    )
]
