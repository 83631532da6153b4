"""Everybody inside, for a fire: by sitting and room, in order of seat and ticket, and who was seen outside."""

from datetime import datetime, timedelta

import msgspec
from sqlmodel import Session, and_, col, or_, select

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.today import day_bounds, line
from appliance.records.entry import Absence, Admission, RollTick
from appliance.records.journal import append
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.records.waiting import Ticket
from appliance.wire.ops import SittingLine

STAYS = timedelta(minutes=60)
"""How long after the end of their sitting people stay on the roll: an exam that ends in a fire leaves them on the
stairs, and whoever calls the roll must not find them gone from it.
"""


class RollLine(msgspec.Struct, kw_only=True):
    """One person who was let in. `state`: inside; may have gone: away (left for a moment), handed_in, over (the
    sitting has ended).
    """

    admission: str
    name: str
    ticket: str = ""
    seat: int | None = None
    state: str = "inside"


class RollOfSitting(msgspec.Struct, kw_only=True):
    """The people of one sitting: those at a seat first, then those who wait."""

    sitting: SittingLine
    people: list[RollLine]


class Tick(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Somebody was seen outside, or the tick was taken back. `id` is given by the page: a replay is harmless."""

    id: str
    roll: str
    """One calling of the roll, by one person."""
    admission: str
    seen: bool
    happened_at: datetime


def roll_call(session: Session, box: Box) -> list[RollOfSitting]:
    """Everybody let in to a sitting that is to come today, runs, or ended less than `STAYS` ago."""
    lists = [_of_sitting(session, box, one) for one in _sittings(session, box)]
    return [one for one in lists if one.people]


def _sittings(session: Session, box: Box) -> list[Sitting]:
    start, end = day_bounds(box)
    to_come = and_(Sitting.state == "planned", col(Sitting.starts_at) >= start, col(Sitting.starts_at) < end)
    lately = col(Sitting.ended_at) > box.now() - STAYS
    wanted = select(Sitting).where(or_(to_come, Sitting.state == "running", lately))
    return list(session.exec(wanted.order_by(col(Sitting.starts_at), col(Sitting.number))))


def _of_sitting(session: Session, box: Box, sitting: Sitting) -> RollOfSitting:
    held = (
        select(SeatTaking.candidate, Seat.number)
        .join(Seat, col(Seat.id) == col(SeatTaking.seat))
        .where(SeatTaking.sitting == sitting.id)
        .order_by(col(SeatTaking.taken_at))
    )
    over = sitting.state in ("ended", "released")
    if not over:  # the end frees every seat: afterwards the last one held says where somebody sat
        held = held.where(col(SeatTaking.released_at).is_(None))
    seats = dict(session.exec(held).all())
    finished = col(Attempt.state).in_(("handed_in", "marked"))
    done = set(session.exec(select(Attempt.candidate).where(Attempt.sitting == sitting.id, finished)).all())
    away = set(
        session.exec(
            select(Absence.admission)
            .join(Admission, col(Admission.id) == col(Absence.admission))
            .where(Admission.sitting == sitting.id, col(Absence.returned_at).is_(None))
        ).all()
    )
    rows = session.exec(
        select(Admission, Candidate, Ticket.number)
        .join(Candidate, col(Candidate.id) == col(Admission.candidate))
        .join(Ticket, col(Ticket.admission) == col(Admission.id), isouter=True)
        .where(Admission.sitting == sitting.id)
    ).all()
    people = [
        RollLine(
            admission=admission.id,
            name=person.name,
            ticket=ticket or "",
            seat=seats.get(person.id),
            state="away"
            if admission.id in away
            else "handed_in"
            if person.id in done
            else "over"
            if over
            else "inside",
        )
        for admission, person, ticket in rows
    ]
    people.sort(key=lambda one: (one.seat is None, one.seat or 0, one.ticket))
    return RollOfSitting(sitting=line(session, box, sitting), people=people)


def tick(session: Session, box: Box, ticks: list[Tick], who: Who) -> int:
    """Keep ticks, also those made while the box was gone; returns how many were new."""
    new = 0
    for one in ticks:
        if session.get(RollTick, one.id):
            continue
        admission = session.get(Admission, one.admission)
        if admission is None:
            raise NotFound("not_inside", N_("This person has not been let in."), N_("Search again."))
        row = RollTick(
            id=one.id,
            roll=one.roll,
            admission=one.admission,
            seen=one.seen,
            noted_by=who.account,
            happened_at=one.happened_at,
            recorded_at=box.now(),
        )
        session.add(row)
        session.flush()
        body = {
            "tick": one.id,
            "roll": one.roll,
            "admission": one.admission,
            "seen": one.seen,
            "happened_at": one.happened_at.isoformat(),
        }
        append(session, "roll_call.ticked", admission.candidate, who.actor, body, at=box.now())
        new += 1
    return new
