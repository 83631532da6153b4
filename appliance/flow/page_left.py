"""The exam page was left, or something lay over it: a case. The page gives the id: a repeat is the same case.

A page that was loaded anew: flow/page_reloaded.py.
"""

from datetime import UTC

from sqlmodel import Session, func, select

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.flow.attempt_view import lease_of
from appliance.flow.box import Box
from appliance.flow.note_case import note_case
from appliance.flow.page_reloaded import page_reloaded
from appliance.records.cases import ExamCase
from appliance.records.theory import Attempt
from appliance.wire.station import Left

MOST = 200
"""Cases of one attempt a page may make: a page gone mad must not fill the journal."""


def page_left(session: Session, box: Box, token_hash: str, sent: Left) -> ExamCase | None:
    """Keep the case, or until when it lasted. None: there are too many of this attempt already."""
    lease = lease_of(session, token_hash)
    attempt = session.get_one(Attempt, lease.attempt)
    if attempt.started_at is None:
        raise Refused("not_running", N_("This exam is not running."), N_("Wait for the start."))
    if sent.kind == "page_reloaded":
        return page_reloaded(session, box, lease, attempt, sent)
    known = session.get(ExamCase, sent.id)
    count = session.exec(
        select(func.count()).select_from(ExamCase).where(ExamCase.attempt == attempt.id)
    ).one()
    if known is None and count >= MOST:
        return None
    now = box.now()
    return note_case(
        session,
        box,
        attempt,
        sent.kind,
        max(min(sent.at.astimezone(UTC), now), attempt.started_at),
        f"seat:{lease.seat}",
        case_id=sent.id,
        until=min(sent.until.astimezone(UTC), now) if sent.until else None,
        seat=lease.seat,
        detail={} if sent.proven else {"proven": False},
    )
