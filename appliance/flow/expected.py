"""What the box knows of somebody before the entrance decides: rows of rosters, places left, theory passed."""

from datetime import datetime

from sqlmodel import Session, col, func, select

from appliance.flow.absence import open_absence
from appliance.flow.box import Box
from appliance.flow.look_alike import has_look_alike
from appliance.flow.verdict import has_passed
from appliance.flow.voided import voided_sittings
from appliance.records.entry import Admission
from appliance.records.roster import Candidate, Elsewhere, Roster, RosterRow
from appliance.records.site import Seat
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Mark
from appliance.rules import admission as rule


def expected(session: Session, box: Box, candidate: Candidate) -> list[rule.Expected]:
    """Every row of a roster, of any day, and how this person stands to it."""
    rows = session.exec(
        select(Roster, RosterRow, Sitting)
        .join(RosterRow, col(RosterRow.roster) == col(Roster.id))
        .join(Sitting, col(Sitting.id) == col(RosterRow.sitting))
        .where(RosterRow.candidate == candidate.id, Roster.state != "rejected")
    ).all()
    inside = set(session.exec(select(Admission.sitting).where(Admission.candidate == candidate.id)).all())
    done = set(
        session.exec(
            select(Attempt.sitting).where(
                Attempt.candidate == candidate.id, col(Attempt.state).in_(("handed_in", "marked"))
            )
        ).all()
    )
    return [
        rule.Expected(
            sitting=sitting.id,
            subject=sitting.subject,  # type: ignore[arg-type]
            day=box.local(sitting.starts_at).date(),
            starts_at=sitting.starts_at,
            opens_at=sitting.opens_at,
            closes_at=sitting.closes_at,
            name=candidate.name,
            roster_active=roster.state == "active",
            inside=sitting.id in inside,
            absent=sitting.id in inside and open_absence(session, sitting.id, candidate.id) is not None,
            theory_passed=sitting.subject == "theory"
            or theory_passed(session, box, candidate.id, sitting.trade),
            passed=has_passed(session, box, candidate.id, sitting.trade, sitting.subject),
            over=sitting.state in ("ended", "released"),
            handed_in=sitting.id in done,
            eligibility=row.eligibility,  # type: ignore[arg-type]
            places_left=places_left(session, sitting),
            look_alike=has_look_alike(session, box, candidate, sitting),
        )
        for roster, row, sitting in rows
    ]


def places_left(session: Session, sitting: Sitting) -> int | None:
    """Seats of a theory room, spares included, that nobody was admitted to yet; None where nothing is counted.

    A practical room's workplaces are used one after the other: nobody is turned away there for want of one.
    """
    if sitting.subject != "theory":
        return None
    in_order = select(func.count()).select_from(Seat).where(Seat.room == sitting.room, Seat.state == "ready")
    seats = session.exec(in_order).one()
    taken = session.exec(
        select(func.count()).select_from(Admission).where(Admission.sitting == sitting.id)
    ).one()
    return seats - taken if seats else None


def theory_passed(session: Session, box: Box, candidate: str, trade: str) -> bool:
    """Has this person passed the theory exam of this trade on this box, in a sitting that was not voided?

    An open violation closes nobody out of the practical: no decision is no finding, and the verdict waits for it.
    """
    found = session.exec(
        select(Attempt.sitting)
        .select_from(Mark)
        .join(Attempt, col(Attempt.id) == col(Mark.attempt))
        .join(Sitting, col(Sitting.id) == col(Attempt.sitting))
        .where(
            Attempt.candidate == candidate,
            Sitting.trade == trade,
            Sitting.subject == "theory",
            col(Mark.passed),
        )
    ).all()
    return bool(found) and not set(found) <= set(voided_sittings(session, box, candidate))


def is_elsewhere(session: Session, box: Box, number: str, at: datetime) -> bool:
    """Does a roster in force expect this number at another site today, or on a day it does not name?"""
    today = box.local(at).date().isoformat()
    found = session.exec(
        select(Elsewhere.id)
        .join(Roster, col(Roster.id) == col(Elsewhere.roster))
        .where(
            Elsewhere.number_index == box.key.index(number),
            col(Elsewhere.day).in_((today, "")),
            Roster.state == "active",
        )
        .limit(1)
    ).first()
    return found is not None
