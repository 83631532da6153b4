"""Signing in at a seat nobody was called to: ID number or ticket number, and the sitting's pass code.

Only where the rules of the exam say `sign_in = "code"`. The candidate was let in before, and takes the free seat.
"""

import secrets
from datetime import datetime

from sqlmodel import Session, col, select

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.attempt_view import Standing
from appliance.flow.box import Box
from appliance.flow.call import arrived_at_seat, open_attempt, open_taking, take_seat
from appliance.flow.rules_of import rules_of
from appliance.flow.seat_sign_in import grant_lease, locked, seat_at, taking_at, wait_after
from appliance.flow.today import sittings_of_day
from appliance.records.entry import Admission
from appliance.records.journal import append
from appliance.records.roster import Candidate, RosterRow
from appliance.records.seating import SeatTries
from appliance.records.site import Seat
from appliance.records.sitting import Sitting
from appliance.records.waiting import Ticket

REHEARSAL = "9"
"""What the codes of rehearsals begin with; those of exams never do."""


def draw_code(rehearsal: bool) -> str:
    """Six digits, easy on a number pad; a rehearsal's is never an exam's."""
    first = REHEARSAL if rehearsal else secrets.choice("12345678")
    return first + "".join(secrets.choice("0123456789") for _ in range(5))


def by_code(session: Session, box: Box, seat: Seat) -> list[Sitting]:
    """The sittings of this room one may sign in to with a pass code now."""
    now = box.now()
    return [
        one
        for one in sittings_of_day(session, box)
        if one.room == seat.room
        and one.subject == "theory"
        and one.state in ("planned", "running")
        and one.opens_at <= now
        and one.pass_code
        and rules_of(one).sign_in == "code"
    ]


def sign_in_by_code(
    session: Session, box: Box, address: str, number: str, code: str, secret: str
) -> Standing | Refused:
    """Take the seat and grant a lease to whoever was let in and knows number and code.

    A wrong entry is returned, not raised, so that its journal entry and its count stay.
    """
    seat = seat_at(session, address)
    taking = taking_at(session, seat)
    if seat.state != "ready":
        raise _seat_taken()
    tries = session.get(SeatTries, seat.id) or SeatTries(seat=seat.id)
    now = box.now()
    if tries.locked_until and tries.locked_until > now:
        return locked(tries.locked_until - now)
    found = _whom(session, box, seat, number.strip().upper(), code.strip())
    actor = f"seat:{seat.id}"
    if found is None:
        return _wrong(session, tries, seat, now)
    sitting, candidate = found
    if taking is not None and (taking.sitting, taking.candidate) != (sitting.id, candidate.id):
        raise _seat_taken()
    ticket = _let_in(session, sitting, candidate, seat.id)
    tries.wrong_tries, tries.locked_until = 0, None
    session.add(tries)
    if taking is not None:  # the same person once more: the reply was lost
        return grant_lease(session, box, open_attempt(session, box, ticket, actor), seat, secret)
    ticket.state = "called"
    session.add(ticket)
    take_seat(session, box, ticket, seat.id, new_id(), actor, "pass code")
    attempt = open_attempt(session, box, ticket, actor)
    arrived_at_seat(session, box, sitting.id, candidate.id, actor)
    return grant_lease(session, box, attempt, seat, secret)


def _seat_taken() -> Refused:
    return Refused(
        "seat_taken",
        N_("Somebody else was called to this seat."),
        N_("Take another free seat, or raise your hand."),
    )


def _whom(session: Session, box: Box, seat: Seat, number: str, code: str) -> tuple[Sitting, Candidate] | None:
    """Every sitting and the number are looked at whatever the code is: the time says nothing."""
    found = None
    for sitting in by_code(session, box, seat):
        right = secrets.compare_digest(sitting.pass_code.encode(), code.encode())
        candidate = session.exec(
            select(Candidate)
            .join(RosterRow, col(RosterRow.candidate) == col(Candidate.id))
            .where(
                RosterRow.sitting == sitting.id,
                (col(RosterRow.ticket_number) == number)
                | (col(Candidate.number_index) == box.key.index(number)),
            )
        ).first()
        if right and candidate and number:
            found = sitting, candidate
    return found


def _let_in(session: Session, sitting: Sitting, candidate: Candidate, here: str = "") -> Ticket:
    """Nobody sits who was not let in, and nobody at two seats. `here`: the seat they hold already."""
    ticket = session.exec(
        select(Ticket)
        .join(Admission, col(Admission.id) == col(Ticket.admission))
        .where(Ticket.sitting == sitting.id, Ticket.candidate == candidate.id)
    ).first()
    if ticket is None:
        raise Refused(
            "not_admitted",
            N_("You have not been checked in at the entrance."),
            N_("Raise your hand: the staff bring you to the entrance."),
        )
    other = open_taking(session, sitting.id, candidate.id)
    if other is not None and other.seat != here:
        raise Refused(
            "your_seat_is",
            N_("Your seat is {seat}."),
            N_("Sign in there, or raise your hand."),
            seat=other.seat,
        )
    return ticket


def _wrong(session: Session, tries: SeatTries, seat: Seat, now: datetime) -> Refused:
    tries.wrong_tries += 1
    body = {"tries": tries.wrong_tries, "code": "wrong_pass_code"}
    append(session, "seat_sign_in.refused", seat.id, f"seat:{seat.id}", body, at=now)
    wait = wait_after(tries.wrong_tries)
    tries.locked_until = now + wait if wait else None
    session.add(tries)
    if wait:
        return locked(wait)
    return Refused(
        "wrong_pass_code",
        N_("The number or the pass code is not right."),
        N_("Look at your ID card and at the code on the board, or raise your hand."),
    )
