"""The raised hand: the candidate calls the invigilator; taken back by the candidate or answered by staff."""

from sqlmodel import Session

from appliance.flow.attempt_view import Standing, lease_of, standing
from appliance.flow.box import Box
from appliance.records.journal import append
from appliance.records.theory import Attempt


def raise_hand(session: Session, box: Box, token_hash: str, up: bool) -> Standing:
    """The candidate raises the hand, or takes it back; said twice it changes nothing."""
    lease = lease_of(session, token_hash)
    attempt, actor = session.get_one(Attempt, lease.attempt), f"seat:{lease.seat}"
    if up and attempt.hand_at is None:
        attempt.hand_at = box.now()
        session.add(attempt)
        session.flush()
        body = {"attempt": attempt.id, "seat": lease.seat}
        append(session, "hand.raised", attempt.candidate, actor, body, at=box.now())
    elif not up:
        _lower(session, box, attempt, "hand.withdrawn", actor)
    return standing(session, box, token_hash)


def answer_hand(session: Session, box: Box, attempt_id: str, actor: str) -> Attempt:
    """Somebody of the staff was there: the hand is down."""
    attempt = session.get_one(Attempt, attempt_id)
    _lower(session, box, attempt, "hand.lowered", actor)
    return attempt


def _lower(session: Session, box: Box, attempt: Attempt, kind: str, actor: str) -> None:
    if attempt.hand_at is None:
        return
    waited = int((box.now() - attempt.hand_at).total_seconds())
    attempt.hand_at = None
    session.add(attempt)
    session.flush()
    body = {"attempt": attempt.id, "waited_s": waited}
    append(session, kind, attempt.candidate, actor, body, at=box.now())
