"""What the exam page must know beside the paper: when it may hand in, the raised hand, approved help, books allowed."""

from sqlmodel import Session, select

from appliance.flow.blueprints import blueprint_of, plans_of
from appliance.flow.rules_of import rules_of
from appliance.records.roster import RosterRow
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Paper
from appliance.rules.exam_rules import hand_in_from
from appliance.wire.station import ExamNow


def help_of(session: Session, attempt: Attempt) -> str:
    """The approved help of whoever sits this attempt, as the roster's row keeps it; empty = none."""
    row = select(RosterRow.help).where(
        RosterRow.sitting == attempt.sitting, RosterRow.candidate == attempt.candidate
    )
    return session.exec(row).first() or ""


def _open_book(session: Session, sitting: Sitting, candidate: str) -> bool:
    """Whether this candidate may look things up; asked of the papers only where somebody of the sitting may."""
    if not any(one.open_book for one in plans_of(sitting).values()):
        return False
    exam = session.exec(
        select(Paper.exam).where(Paper.sitting == sitting.id, Paper.candidate == candidate)
    ).first()
    return blueprint_of(sitting, exam or "").open_book


def exam_now(session: Session, attempt: Attempt, sitting: Sitting) -> ExamNow:
    """As the page gets it with every answer about the attempt."""
    deadline = attempt.deadline or sitting.ends_at or sitting.starts_at
    rules = rules_of(sitting)
    return ExamNow(
        hand_in_from=hand_in_from(rules, sitting.started_at or sitting.starts_at, deadline),
        early_hand_in=rules.early_hand_in,
        hand_at=attempt.hand_at,
        help=help_of(session, attempt).split(),
        open_book=_open_book(session, sitting, attempt.candidate),
        paused=attempt.paused_at is not None,
    )
