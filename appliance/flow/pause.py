"""The exam stands still, for one or for the whole room, and goes on: all deadlines move by it when the rules say so.

The state lives in the tables alone: after a crash or a restart a paused exam is still paused.
"""

from datetime import datetime

from sqlmodel import Session, col, select

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.box import Box
from appliance.flow.exam_end import Ends, ends_of
from appliance.flow.pauses import pause_of_one, pause_of_room, paused_alone
from appliance.flow.rules_of import rules_of
from appliance.flow.start_sitting import sitting_of
from appliance.records.journal import append
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.records.violations import Pause
from appliance.rules.timing import resumed_end


def pause_sitting(
    session: Session, box: Box, sitting_id: str, reason: str, actor: str, gone: int = 0
) -> Pause:
    """Everybody's exam stands still. `gone`: stations without a connection then. Twice changes nothing."""
    sitting = sitting_of(session, sitting_id)
    if known := pause_of_room(session, sitting.id):
        return known
    if sitting.state != "running" or sitting.subject != "theory":
        raise Refused("not_running", N_("This exam is not running."), N_("Reload the page."))
    pause = _begin(session, box, sitting.id, None, reason, actor)
    for attempt in _running(session, sitting.id):
        if attempt.paused_at is None:
            attempt.paused_at = pause.began_at
            session.add(attempt)
    session.flush()
    body = {"pause": pause.id, "reason": pause.reason, "stations_gone": gone}
    append(session, "sitting.paused", sitting.id, actor, body, at=pause.began_at)
    return pause


def resume_sitting(session: Session, box: Box, sitting_id: str, actor: str) -> Sitting:
    """Everybody's exam goes on, except where one is paused by itself. Twice changes nothing."""
    sitting = sitting_of(session, sitting_id)
    pause = pause_of_room(session, sitting.id)
    if pause is None:
        return sitting
    now, back = box.now(), rules_of(sitting).time_lost == "given_back"
    _end(session, pause, actor, now)
    if sitting.ends_at:
        sitting.ends_at = resumed_end(sitting.ends_at, pause.began_at, now, back)
        session.add(sitting)
    alone = paused_alone(session, sitting.id)
    going = [one for one in _running(session, sitting.id) if one.id not in alone]
    _go_on(session, sitting, going, pause, now, ends_of(session, sitting) if back else None)
    session.flush()
    body = {
        "pause": pause.id,
        "seconds": round((now - pause.began_at).total_seconds()),
        "given_back": back,
        "ends_at": sitting.ends_at.isoformat() if sitting.ends_at else "",
    }
    append(session, "sitting.resumed", sitting.id, actor, body, at=now)
    return sitting


def pause_attempt(session: Session, box: Box, attempt_id: str, reason: str, actor: str) -> Pause:
    """One candidate's exam stands still. Twice changes nothing."""
    attempt = session.get_one(Attempt, attempt_id)
    if known := pause_of_one(session, attempt.id):
        return known
    sitting = session.get_one(Sitting, attempt.sitting)
    if attempt.state != "running" or sitting.subject != "theory":
        raise Refused("not_running", N_("This exam is not running."), N_("Reload the page."))
    pause = _begin(session, box, attempt.sitting, attempt.id, reason, actor)
    attempt.paused_at = attempt.paused_at or pause.began_at
    session.add(attempt)
    session.flush()
    body = {"attempt": attempt.id, "pause": pause.id, "reason": pause.reason}
    append(session, "attempt.paused", attempt.candidate, actor, body, at=pause.began_at)
    return pause


def resume_attempt(session: Session, box: Box, attempt_id: str, actor: str) -> Attempt:
    """One candidate's exam goes on, unless the whole room is paused. Twice changes nothing."""
    attempt = session.get_one(Attempt, attempt_id)
    pause = pause_of_one(session, attempt.id)
    if pause is None:
        return attempt
    sitting, now = session.get_one(Sitting, attempt.sitting), box.now()
    back = rules_of(sitting).time_lost == "given_back"
    _end(session, pause, actor, now)
    if pause_of_room(session, sitting.id) is None:
        _go_on(session, sitting, [attempt], pause, now, None)
    session.flush()
    body = {
        "attempt": attempt.id,
        "pause": pause.id,
        "seconds": round((now - pause.began_at).total_seconds()),
        "given_back": back,
        "deadline": attempt.deadline.isoformat() if attempt.deadline else "",
    }
    append(session, "attempt.resumed", attempt.candidate, actor, body, at=now)
    return attempt


def _running(session: Session, sitting: str) -> list[Attempt]:
    rows = select(Attempt).where(Attempt.sitting == sitting, Attempt.state == "running")
    return list(session.exec(rows.order_by(col(Attempt.id))))


def _begin(session: Session, box: Box, sitting: str, attempt: str | None, reason: str, actor: str) -> Pause:
    if not reason.strip():
        raise Refused("reason_missing", N_("Please give a reason."), N_("Write a few words and try again."))
    pause = Pause(
        id=new_id(),
        sitting=sitting,
        attempt=attempt,
        began_at=box.now(),
        began_by=actor,
        reason=reason.strip(),
    )
    session.add(pause)
    session.flush()
    return pause


def _end(session: Session, pause: Pause, actor: str, now: datetime) -> None:
    pause.ended_at, pause.ended_by = now, actor
    session.add(pause)
    session.flush()


def _go_on(
    session: Session,
    sitting: Sitting,
    attempts: list[Attempt],
    pause: Pause,
    now: datetime,
    ends: Ends | None,
) -> None:
    """The time it stood still comes on top, when it is given back.

    Who began in a pause of the room (`ends`) begins now: the end moves as far as that moves it, and keeps what was
    given as more time meanwhile. `sitting.ends_at` has moved already.
    """
    back = rules_of(sitting).time_lost == "given_back"
    for attempt in attempts:
        if attempt.paused_at is None:
            continue
        began, end = attempt.started_at, attempt.deadline
        if end and ends and sitting.ends_at and began and began >= pause.began_at:
            before = ends.end(attempt.candidate, began, sitting.ends_at - (now - pause.began_at))
            attempt.deadline = end + (ends.end(attempt.candidate, now, sitting.ends_at) - before)
        elif end:
            attempt.deadline = resumed_end(end, attempt.paused_at, now, back)
        attempt.paused_at = None
        session.add(attempt)
