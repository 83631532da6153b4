"""The candidate accepts the rules; when the sitting already runs, the paper opens at once."""

from sqlmodel import Session

from appliance.flow.attempt_view import Standing, lease_of, standing
from appliance.flow.box import Box
from appliance.flow.seat_check import require_checked
from appliance.flow.start_sitting import begin_attempt, require_paper
from appliance.records.journal import append
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt


def accept_rules(session: Session, box: Box, token_hash: str) -> Standing:
    """Move a seated attempt on; a replay changes nothing."""
    lease = lease_of(session, token_hash)
    attempt = session.get_one(Attempt, lease.attempt)
    if attempt.state == "seated":
        require_checked(session, box, attempt, lease.number)
        attempt.state, attempt.rules_at = "ready", box.now()
        session.add(attempt)
        session.flush()
        append(
            session,
            "rules.accepted",
            attempt.candidate,
            f"seat:{lease.seat}",
            {"attempt": attempt.id},
            at=box.now(),
        )
        sitting = session.get_one(Sitting, attempt.sitting)
        if sitting.state == "running":
            require_paper(session, sitting, attempt)
            begin_attempt(session, box, sitting, attempt, f"seat:{lease.seat}")
    return standing(session, box, token_hash)
