"""An exam page went away and came back: a fact, journaled with its seconds. Too long, or for good, it is a case.

F5, a crashed browser, a computer that went out: nobody left anything, and after a second everything is as before. Who
closes the page to look something up is away for longer than `station.reload_most`. A computer that was gone itself, or
an exam that stood still meanwhile, is told elsewhere and is no case.
"""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, func, select

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.missing_captures import stood_still
from appliance.flow.note_case import note_case
from appliance.records.cases import ExamCase, PageReload
from appliance.records.journal import append
from appliance.records.site import Station
from appliance.records.theory import Attempt, Lease
from appliance.wire.station import Left

MOST = 200
"""Reloads of one attempt that are kept: a page gone mad must not fill the journal."""


def page_reloaded(session: Session, box: Box, lease: Lease, attempt: Attempt, sent: Left) -> ExamCase | None:
    """Keep that the page went away, or came back; the same told again changes nothing. The case, if it is one."""
    now = box.now()
    begun = attempt.started_at or now
    known = session.get(PageReload, sent.id)
    if known is None:
        kept = select(func.count()).select_from(PageReload).where(PageReload.attempt == attempt.id)
        if session.exec(kept).one() >= MOST:
            return None
        gone = max(min(sent.at.astimezone(UTC), now), begun)
        known = PageReload(id=sent.id, attempt=attempt.id, lease=lease.number, gone_at=gone)
        session.add(known)
    elif known.attempt != attempt.id:
        raise Refused("bad_case", N_("This case belongs to another attempt."))
    if sent.until is None or known.back_at is not None:
        session.flush()
        return session.get(ExamCase, known.id)
    known.back_at = max(min(sent.until.astimezone(UTC), now), known.gone_at)
    session.add(known)
    session.flush()
    return _came_back(session, box, lease.seat, attempt, known, known.back_at, sent.proven)


def _came_back(
    session: Session, box: Box, seat: str, attempt: Attempt, known: PageReload, back: datetime, proven: bool
) -> ExamCase | None:
    away = (back - known.gone_at).total_seconds()
    marks = {} if proven else {"proven": False}
    body = {"attempt": attempt.id, "reload": known.id, "seat": seat, "seconds": round(away, 1), **marks}
    append(session, "page.reloaded", attempt.candidate, f"seat:{seat}", body, at=box.now())
    case = session.get(ExamCase, known.id)
    long = away > box.settings.station.reload_most
    if case is None and (not long or stood_still(session, attempt, seat, known.gone_at)):
        return None
    if case and not long:
        case.kind = "page_reloaded"  # told late: it was not left
        session.add(case)
    return note_case(
        session,
        box,
        attempt,
        case.kind if case else "page_reloaded",
        known.gone_at,
        f"seat:{seat}",
        case_id=known.id,
        until=back,
        seat=seat,
        detail=marks,
    )


def away_for_long(session: Session, box: Box, since: datetime) -> list[tuple[PageReload, str]]:
    """Pages of running exams that went away and have not come back in time, with their seats; no case of it yet.

    `since`: when the box began to listen; before that no page could tell that it is back. A computer that gives no
    sign of life is gone itself.
    """
    before = box.now() - timedelta(seconds=box.settings.station.reload_most)
    if since > before:
        return []
    heard = box.now() - timedelta(seconds=box.settings.station.lost_after)
    rows = session.exec(
        select(PageReload, Lease.seat)
        .join(Attempt, col(Attempt.id) == col(PageReload.attempt))
        .join(Lease, (col(Lease.attempt) == col(Attempt.id)) & (col(Lease.number) == col(Attempt.lease)))
        .join(Station, col(Station.seat) == col(Lease.seat))
        .outerjoin(ExamCase, col(ExamCase.id) == col(PageReload.id))
        .where(
            col(PageReload.back_at).is_(None),
            col(PageReload.gone_at) < before,
            col(Station.heartbeat_at) > heard,
            PageReload.lease == Attempt.lease,
            Attempt.state == "running",
            col(Attempt.paused_at).is_(None),
            col(ExamCase.id).is_(None),
        )
    )
    return [(one, seat) for one, seat in rows]


def note_away(session: Session, box: Box, since: datetime) -> int:
    """Open the case of each page that went away for good, or for long; its coming back ends the case. How many."""
    found = away_for_long(session, box, since)
    for one, seat in found:
        attempt = session.get_one(Attempt, one.attempt)
        note_case(session, box, attempt, "page_left", one.gone_at, "process:web", case_id=one.id, seat=seat)
    return len(found)
