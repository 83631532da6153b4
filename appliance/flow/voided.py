"""Which sittings of a candidate count no more, after what was decided on violations. No writes."""

from datetime import datetime

from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.records.violations import Violation, ViolationDecision
from appliance.rules.violations import Decided, Sat, voided


def _sat(box: Box, sitting: Sitting) -> Sat:
    return Sat(sitting.id, sitting.subject, sitting.trade, box.local(sitting.starts_at).date())


def voided_sittings(session: Session, box: Box, candidate: str) -> dict[str, Sat]:
    """Id -> the sitting, for every sitting whose result counts no more for this candidate."""
    rows = session.exec(
        select(Violation.decision, Sitting)
        .join(Sitting, col(Sitting.id) == col(Violation.sitting))
        .where(Violation.candidate == candidate, col(Violation.decision).like("void%"))
    ).all()
    if not rows:
        return {}
    decided = [Decided(_sat(box, sitting), decision) for decision, sitting in rows]
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
    rows = session.exec(
        select(Attempt.id, Attempt.candidate)
        .join(Violation, col(Violation.candidate) == col(Attempt.candidate))
        .where(Attempt.sitting == sitting, col(Violation.decision).like("void%"))
        .distinct()
    ).all()
    return {attempt for attempt, who in rows if sitting in voided_sittings(session, box, who)}


def in_question(session: Session, box: Box, attempt: Attempt) -> bool:
    """Is there a violation in this sitting that is not decided yet, or did one, in this or another, take the result
    away?
    """
    found = session.exec(
        select(Violation.id).where(
            Violation.sitting == attempt.sitting,
            Violation.candidate == attempt.candidate,
            Violation.decision == "",
        )
    ).first()
    return found is not None or attempt.sitting in voided_sittings(session, box, attempt.candidate)


def decided_last(session: Session, candidate: str) -> datetime | None:
    """When something about this candidate's violations was decided last."""
    return session.exec(
        select(ViolationDecision.decided_at)
        .join(Violation, col(Violation.id) == col(ViolationDecision.violation))
        .where(Violation.candidate == candidate)
        .order_by(col(ViolationDecision.decided_at).desc())
    ).first()
