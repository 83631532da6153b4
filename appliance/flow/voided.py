"""Which sittings of a candidate count no more after what was decided on violations, or may yet. No writes."""

from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from appliance.flow.box import Box
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.records.violations import Violation, ViolationDecision
from appliance.rules.violations import MEASURES, Decided, Sat, voided


def _sat(box: Box, sitting: Sitting) -> Sat:
    return Sat(sitting.id, sitting.subject, sitting.trade, box.local(sitting.starts_at).date())


def voided_sittings(session: Session, box: Box, candidate: str) -> dict[str, Sat]:
    """Id -> the sitting, for every sitting whose result counts no more for this candidate."""
    rows = session.exec(
        select(Sitting, Violation.decision)
        .join(Violation, col(Sitting.id) == col(Violation.sitting))
        .where(Violation.candidate == candidate, col(Violation.decision).like("void%"))
    ).all()
    return _taken(session, box, candidate, [(sitting, decision) for sitting, decision in rows])


def at_stake(session: Session, box: Box, candidate: str) -> dict[str, Sat]:
    """Id -> the sitting, for every sitting a violation that is not decided yet may take away: the hardest decision
    is reckoned with.
    """
    rows = session.exec(
        select(Sitting)
        .join(Violation, col(Sitting.id) == col(Violation.sitting))
        .where(Violation.candidate == candidate, Violation.decision == "")
    ).all()
    return _taken(session, box, candidate, [(sitting, MEASURES[-1]) for sitting in rows])


def _taken(
    session: Session, box: Box, candidate: str, decisions: list[tuple[Sitting, str]]
) -> dict[str, Sat]:
    if not decisions:
        return {}
    decided = [Decided(_sat(box, sitting), decision) for sitting, decision in decisions]
    attended = session.exec(
        select(Sitting)
        .join(Attempt, col(Attempt.sitting) == col(Sitting.id))
        .where(Attempt.candidate == candidate)
    ).all()
    known = {one.id: one for one in (_sat(box, sitting) for sitting in attended)}
    known |= {one.sitting.id: one.sitting for one in decided}
    return {name: known[name] for name in voided(decided, known.values())}


def voided_attempts(session: Session, box: Box, sitting: str) -> set[str]:
    """Attempts of one sitting that count no more."""
    rows = session.exec(_accused(sitting, col(Violation.decision).like("void%"))).all()
    return {attempt for attempt, who in rows if sitting in voided_sittings(session, box, who)}


def undecided(session: Session, box: Box, attempt: Attempt) -> bool:
    """May a violation nobody has decided on take this result away?"""
    return attempt.sitting in at_stake(session, box, attempt.candidate)


def undecided_attempts(session: Session, box: Box, sitting: str) -> set[str]:
    """Attempts of one sitting that a violation nobody has decided on may take away."""
    rows = session.exec(_accused(sitting, col(Violation.decision) == "")).all()
    return {attempt for attempt, who in rows if sitting in at_stake(session, box, who)}


def _accused(sitting: str, decided: ColumnElement[bool]) -> Select[str, str]:
    """Attempt and candidate of one sitting, of those who have violations of that kind in this or another sitting."""
    return (
        select(Attempt.id, Attempt.candidate)
        .join(Violation, col(Violation.candidate) == col(Attempt.candidate))
        .where(Attempt.sitting == sitting, decided)
        .distinct()
    )


def in_question(session: Session, box: Box, attempt: Attempt) -> bool:
    """Did a violation, in this sitting or another, take the result away, or may one that is not decided yet?"""
    gone = voided_sittings(session, box, attempt.candidate)
    return attempt.sitting in gone or undecided(session, box, attempt)


def decided_last(session: Session, candidate: str) -> datetime | None:
    """When something about this candidate's violations was decided last."""
    return session.exec(
        select(ViolationDecision.decided_at)
        .join(Violation, col(Violation.id) == col(ViolationDecision.violation))
        .where(Violation.candidate == candidate)
        .order_by(col(ViolationDecision.decided_at).desc())
    ).first()
