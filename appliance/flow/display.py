"""The waiting-room display: who is called and on the way, who is next. Names are masked. No writes."""

from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.flow.queue import CallLine
from appliance.flow.today import line, sittings_of_day
from appliance.records.roster import Candidate
from appliance.records.site import Room, Seat
from appliance.records.waiting import Call, Ticket
from appliance.rules.names import mask
from appliance.wire.ops import SittingLine

NEXT = 5


class NextLine(msgspec.Struct, kw_only=True):
    """Somebody who will be called soon."""

    number: str
    candidate: str
    subject: str


class Notice(msgspec.Struct, kw_only=True):
    """A sitting that people in the waiting room wait for."""

    number: int
    subject: str
    trade_name: str
    starts_at: datetime
    state: str
    waiting: int


class Display(msgspec.Struct, kw_only=True):
    """`called`: on their way, newest call first, each ticket once. `waiting`: how many wait in all."""

    called: list[CallLine]
    next: list[NextLine]
    waiting: int
    notices: list[Notice]


def display(session: Session, box: Box) -> Display:
    """What the display shows now."""
    sittings = [one for one in sittings_of_day(session, box) if one.state in ("planned", "running")]
    ids = [one.id for one in sittings]
    lines: list[SittingLine] = [line(session, box, one) for one in sittings]
    waiting = session.exec(
        select(Ticket, Candidate)
        .join(Candidate, col(Candidate.id) == col(Ticket.candidate))
        .where(col(Ticket.sitting).in_(ids), Ticket.state == "waiting")
        .order_by(col(Ticket.number))
    ).all()
    subjects = {one.id: one.subject for one in sittings}
    return Display(
        called=_called(session, ids),
        next=[
            NextLine(number=ticket.number, candidate=mask(candidate.name), subject=subjects[ticket.sitting])
            for ticket, candidate in waiting[:NEXT]
        ],
        waiting=len(waiting),
        notices=[
            Notice(
                number=one.number,
                subject=one.subject,
                trade_name=one.trade_name,
                starts_at=one.starts_at,
                state=one.state,
                waiting=one.waiting,
            )
            for one in lines
        ],
    )


def _called(session: Session, sittings: list[str]) -> list[CallLine]:
    rooms = {room.code: room for room in session.exec(select(Room))}
    rows = session.exec(
        select(Call, Ticket, Candidate, Seat)
        .join(Ticket, col(Ticket.id) == col(Call.ticket))
        .join(Candidate, col(Candidate.id) == col(Ticket.candidate))
        .join(Seat, col(Seat.id) == col(Call.seat))
        .where(col(Ticket.sitting).in_(sittings), Ticket.state == "called")
        .order_by(col(Call.called_at).desc(), col(Call.id).desc())
    )
    called: dict[str, CallLine] = {}
    for call, ticket, candidate, seat in rows:
        room = rooms[seat.room]
        if ticket.id not in called:
            called[ticket.id] = CallLine(
                call=call.id,
                number=ticket.number,
                candidate=mask(candidate.name),
                seat=seat.id,
                seat_number=seat.number,
                room=room.code,
                room_name=room.name,
                room_kind=room.kind,
                called_at=call.called_at,
                sound=call.sound,
            )
    return list(called.values())
