"""The waiting room: who waits, who was called, where to."""

from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.records.roster import Candidate
from appliance.records.waiting import Call, Ticket
from appliance.rules.names import mask as mask_name


class TicketLine(msgspec.Struct, kw_only=True):
    """One ticket in the queue."""

    id: str
    number: str
    candidate: str
    state: str
    issued_at: datetime
    seat: str = ""
    called_at: datetime | None = None


class CallLine(msgspec.Struct, kw_only=True):
    """One call as the display shows it: number, masked name, place."""

    call: str
    number: str
    candidate: str
    seat: str
    seat_number: int
    room: str
    room_name: str
    room_kind: str
    called_at: datetime
    sound: str


class Queue(msgspec.Struct, kw_only=True):
    """A sitting's queue: `waiting` in order of the number, then those held or skipped, then the called."""

    sitting: str
    waiting: list[TicketLine]
    aside: list[TicketLine]
    called: list[TicketLine]


def queue(session: Session, box: Box, sitting_id: str) -> Queue:
    """The tickets of one sitting."""
    calls = {
        call.ticket: call
        for call in session.exec(
            select(Call)
            .join(Ticket, col(Ticket.id) == col(Call.ticket))
            .where(Ticket.sitting == sitting_id)
            .order_by(col(Call.called_at))
        )
    }
    answer = Queue(sitting=sitting_id, waiting=[], aside=[], called=[])
    rows = session.exec(
        select(Ticket, Candidate)
        .join(Candidate, col(Candidate.id) == col(Ticket.candidate))
        .where(Ticket.sitting == sitting_id)
        .order_by(col(Ticket.number))
    )
    for ticket, candidate in rows:
        found = calls.get(ticket.id)
        shown = TicketLine(
            id=ticket.id,
            number=ticket.number,
            candidate=mask_name(candidate.name),
            state=ticket.state,
            issued_at=ticket.issued_at,
            seat=found.seat if found else "",
            called_at=found.called_at if found else None,
        )
        if ticket.state == "waiting":
            answer.waiting.append(shown)
        elif ticket.state in ("held", "skipped"):
            answer.aside.append(shown)
        else:
            answer.called.append(shown)
    return answer
