"""Everybody inside, for a fire: by sitting and room, in order of seat and ticket, and who was seen outside."""

from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.flow.absence import open_absence
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.today import line, sittings_of_day
from appliance.records.entry import Admission, RollTick
from appliance.records.journal import append
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.records.theory import Attempt
from appliance.records.waiting import Ticket
from appliance.wire.ops import SittingLine


class RollLine(msgspec.Struct, kw_only=True):
    """One person who was let in. `state`: inside, away (left for a moment) or handed_in (may have gone)."""

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
    """Everybody let in to a sitting of today that is not over."""
    found = []
    for sitting in sittings_of_day(session, box):
        if sitting.state not in ("planned", "running"):
            continue
        seats = dict(
            session.exec(
                select(SeatTaking.candidate, Seat.number)
                .join(Seat, col(Seat.id) == col(SeatTaking.seat))
                .where(SeatTaking.sitting == sitting.id, col(SeatTaking.released_at).is_(None))
            ).all()
        )
        done = set(
            session.exec(
                select(Attempt.candidate).where(
                    Attempt.sitting == sitting.id, col(Attempt.state).in_(("handed_in", "marked"))
                )
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
                if open_absence(session, sitting.id, person.id)
                else "handed_in"
                if person.id in done
                else "inside",
            )
            for admission, person, ticket in rows
        ]
        people.sort(key=lambda one: (one.seat is None, one.seat or 0, one.ticket))
        if people:
            found.append(RollOfSitting(sitting=line(session, sitting), people=people))
    return found


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
