"""Calling people from the waiting room to a seat or workplace."""

from sqlmodel import Session, col, select

from appliance.base.errors import Conflict, NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.box import Box
from appliance.flow.start_sitting import sitting_of
from appliance.records.journal import append
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.records.waiting import Call, Ticket
from appliance.rules import queueing, seating
from appliance.rules.states import may


def places(session: Session, sitting: Sitting) -> list[seating.Place]:
    """The seats of the sitting's room as the rule sees them."""
    seats = session.exec(select(Seat).where(Seat.room == sitting.room)).all()
    return [
        seating.Place(seat.id, seat.number, seat.spare, seat.state == "ready", seat.row, seat.column)
        for seat in seats
    ]


def taken(session: Session, room: str) -> list[str]:
    """Seats of a room that somebody holds now, whatever the sitting."""
    return list(
        session.exec(
            select(SeatTaking.seat)
            .join(Seat, col(Seat.id) == col(SeatTaking.seat))
            .where(Seat.room == room, col(SeatTaking.released_at).is_(None))
        ).all()
    )


def take_seat(
    session: Session, box: Box, ticket: Ticket, seat: str, command: str, actor: str, reason: str = ""
) -> SeatTaking:
    """Bind a candidate to a seat. The unique index refuses a second one."""
    taking = SeatTaking(
        id=new_id(),
        command=command,
        sitting=ticket.sitting,
        seat=seat,
        candidate=ticket.candidate,
        admission=ticket.admission,
        taken_at=box.now(),
    )
    session.add(taking)
    session.flush()
    body = {"seat": seat, "sitting": ticket.sitting, "ticket": ticket.id, "reason": reason}
    append(session, "seat.taken", ticket.candidate, actor, body, at=box.now())
    return taking


def call_next(session: Session, box: Box, sitting_id: str, actor: str, command: str) -> Call:
    """Call the next ticket to a random free seat. `command` makes a replay return the same call."""
    if known := session.exec(select(SeatTaking).where(SeatTaking.command == command)).first():
        return _call_of(session, known)
    sitting = sitting_of(session, sitting_id)
    if sitting.state not in ("planned", "running"):
        raise Refused("sitting_over", N_("This sitting is already over."), N_("Choose another sitting."))
    tickets = session.exec(select(Ticket).where(Ticket.sitting == sitting.id)).all()
    following = queueing.next_to_call(
        queueing.Waiting(ticket.id, ticket.number, ticket.state)  # type: ignore[arg-type]
        for ticket in tickets
    )
    if following is None:
        raise Refused(
            "queue_empty", N_("Nobody is waiting for this sitting."), N_("Wait for the next admission.")
        )
    ticket = next(one for one in tickets if one.id == following.ticket)
    place = seating.pick(
        box.seed_of(sitting.seed_sealed),
        ticket.candidate,
        places(session, sitting),
        taken(session, sitting.room),
    )
    if place is None:
        raise Refused(
            "no_free_seat", N_("No seat is free in this room."), N_("Wait until a seat becomes free.")
        )
    return _call(session, box, ticket, place.seat, command, actor)


def _call(session: Session, box: Box, ticket: Ticket, seat: str, command: str, actor: str) -> Call:
    now = box.now()
    ticket.state = "called"
    call = Call(id=new_id(), ticket=ticket.id, seat=seat, called_at=now, called_by=actor)
    session.add(ticket)
    session.add(call)
    session.flush()
    body = {"ticket": ticket.id, "number": ticket.number, "seat": seat, "call": call.id}
    append(session, "ticket.called", ticket.candidate, actor, body, at=now)
    take_seat(session, box, ticket, seat, command, actor)
    open_attempt(session, box, ticket, actor)
    return call


def open_attempt(session: Session, box: Box, ticket: Ticket, actor: str) -> Attempt:
    """The one attempt of an admitted candidate, made when it is new."""
    known = session.exec(
        select(Attempt).where(Attempt.sitting == ticket.sitting, Attempt.candidate == ticket.candidate)
    ).first()
    if known is not None:
        return known
    attempt = Attempt(id=new_id(), sitting=ticket.sitting, candidate=ticket.candidate)
    session.add(attempt)
    session.flush()
    body = {"attempt": attempt.id, "sitting": ticket.sitting}
    append(session, "attempt.opened", ticket.candidate, actor, body, at=box.now())
    return attempt


def _call_of(session: Session, taking: SeatTaking) -> Call:
    """The call a seat was taken by."""
    return session.exec(
        select(Call)
        .join(Ticket, col(Ticket.id) == col(Call.ticket))
        .where(Ticket.candidate == taking.candidate, Call.seat == taking.seat)
        .order_by(col(Call.called_at).desc())
        .limit(1)
    ).one()


def recall(session: Session, box: Box, ticket_id: str, actor: str, command: str) -> Call:
    """Call a called ticket once more to the same place: display and loudspeaker repeat it."""
    if known := session.get(Call, command):
        return known
    ticket = _ticket(session, ticket_id)
    before = session.exec(
        select(Call).where(Call.ticket == ticket.id).order_by(col(Call.called_at).desc())
    ).first()
    if ticket.state != "called" or before is None:
        raise Conflict("not_called", N_("This ticket has not been called."), N_("Reload the page."))
    call = Call(id=command, ticket=ticket.id, seat=before.seat, called_at=box.now(), called_by=actor)
    session.add(call)
    session.flush()
    body = {"ticket": ticket.id, "number": ticket.number, "seat": before.seat, "call": call.id}
    append(session, "ticket.recalled", ticket.candidate, actor, body, at=box.now())
    return call


def set_aside(session: Session, box: Box, ticket_id: str, state: str, actor: str, reason: str = "") -> Ticket:
    """Skip or hold a ticket, or put it back to waiting; a seat it held becomes free."""
    ticket = _ticket(session, ticket_id)
    if ticket.state == state:
        return ticket
    if state not in ("skipped", "held", "waiting") or not may("ticket", ticket.state, state):
        raise Conflict("ticket_moved_on", N_("This ticket has already moved on."), N_("Reload the page."))
    now = box.now()
    ticket.state = state
    session.add(ticket)
    taking = open_taking(session, ticket.sitting, ticket.candidate)
    if taking:
        taking.released_at, taking.reason, taking.by = now, state, actor
        session.add(taking)
    session.flush()
    kind = {"skipped": "ticket.skipped", "held": "ticket.held", "waiting": "ticket.requeued"}[state]
    append(session, kind, ticket.candidate, actor, {"ticket": ticket.id, "reason": reason}, at=now)
    return ticket


def arrived_at_seat(session: Session, box: Box, sitting: str, candidate: str, actor: str) -> None:
    """The called person is there: the display drops the call."""
    ticket = session.exec(
        select(Ticket).where(Ticket.sitting == sitting, Ticket.candidate == candidate)
    ).first()
    if ticket and ticket.state == "called":
        ticket.state = "seated"
        session.add(ticket)
        session.flush()
        append(session, "ticket.seated", candidate, actor, {"ticket": ticket.id}, at=box.now())


def open_taking(session: Session, sitting: str, candidate: str) -> SeatTaking | None:
    """Where a candidate sits now; None when nowhere."""
    return session.exec(
        select(SeatTaking).where(
            SeatTaking.sitting == sitting,
            SeatTaking.candidate == candidate,
            col(SeatTaking.released_at).is_(None),
        )
    ).first()


def _ticket(session: Session, ticket_id: str) -> Ticket:
    ticket = session.get(Ticket, ticket_id)
    if ticket is None:
        raise NotFound("no_ticket", N_("There is no such ticket."), N_("Reload the page."))
    return ticket
