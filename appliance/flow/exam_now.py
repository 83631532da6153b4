"""What the exam page must know beside the paper: from when it may hand in, the raised hand, the approved help."""

from sqlmodel import Session, select

from appliance.flow.rules_of import rules_of
from appliance.records.roster import RosterRow
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.rules.exam_rules import hand_in_from
from appliance.wire.station import ExamNow


def help_of(session: Session, attempt: Attempt) -> str:
    """The approved help of whoever sits this attempt, as the roster's row keeps it; empty = none."""
    row = select(RosterRow.help).where(
        RosterRow.sitting == attempt.sitting, RosterRow.candidate == attempt.candidate
    )
    return session.exec(row).first() or ""


def exam_now(session: Session, attempt: Attempt, sitting: Sitting) -> ExamNow:
    """As the page gets it with every answer about the attempt."""
    deadline = attempt.deadline or sitting.ends_at or sitting.starts_at
    rules = rules_of(sitting)
    return ExamNow(
        hand_in_from=hand_in_from(rules, sitting.started_at or sitting.starts_at, deadline),
        early_hand_in=rules.early_hand_in,
        hand_at=attempt.hand_at,
        help=help_of(session, attempt).split(),
        paused=attempt.paused_at is not None,
    )
