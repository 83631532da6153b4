"""A message over one candidate's paper, and its acknowledgement."""

from sqlmodel import Session

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.attempt_view import Standing, lease_of, standing
from appliance.flow.box import Box
from appliance.records.journal import append
from appliance.records.theory import Attempt

LONGEST = 200


def warn(session: Session, box: Box, attempt_id: str, text: str, actor: str) -> Attempt:
    """Show `text` over the paper until the candidate acknowledges it."""
    if not 0 < len(text.strip()) <= LONGEST:
        raise Refused(
            "bad_message", N_("A message has 1 to {count} characters."), N_("Shorten it."), count=LONGEST
        )
    attempt = session.get_one(Attempt, attempt_id)
    attempt.message, attempt.message_id = text.strip(), new_id()
    session.add(attempt)
    session.flush()
    body = {"attempt": attempt.id, "message": attempt.message_id, "text": attempt.message}
    append(session, "warning.shown", attempt.candidate, actor, body, at=box.now())
    return attempt


def acknowledge(session: Session, box: Box, token_hash: str, message_id: str) -> Standing:
    """The candidate has read it; a replay changes nothing."""
    lease = lease_of(session, token_hash)
    attempt = session.get_one(Attempt, lease.attempt)
    if attempt.message_id == message_id and message_id:
        attempt.message, attempt.message_id = "", ""
        session.add(attempt)
        session.flush()
        body = {"attempt": attempt.id, "message": message_id}
        append(session, "warning.acknowledged", attempt.candidate, f"seat:{lease.seat}", body, at=box.now())
    return standing(session, box, token_hash)
