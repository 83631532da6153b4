"""Starting and ending a sitting."""

from sqlmodel import Session, col, func, select

from appliance.base.errors import NotFound, Refused
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.exam_end import ends_of
from appliance.flow.paper_state import have_papers, require_papers
from appliance.flow.pauses import end_pauses, pause_of_room
from appliance.flow.rules_of import rules_of
from appliance.records.journal import append
from appliance.records.seating import SeatTaking
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Paper
from appliance.rules.exam_rules import sitting_end


def sitting_of(session: Session, sitting_id: str) -> Sitting:
    """The sitting, or a clear error."""
    sitting = session.get(Sitting, sitting_id)
    if sitting is None:
        raise NotFound("no_sitting", N_("There is no such sitting."), N_("Reload the page."))
    return sitting


def start_sitting(session: Session, box: Box, sitting_id: str, actor: str) -> Sitting:
    """Open the papers of everybody who accepted the rules. Starting twice changes nothing."""
    sitting = sitting_of(session, sitting_id)
    if sitting.state == "running":
        return sitting
    if sitting.state != "planned":
        raise Refused("sitting_over", N_("This sitting is already over."), N_("Choose another sitting."))
    if sitting.subject == "theory":
        require_papers(session, sitting)
    now = box.now()
    sitting.state, sitting.started_at = "running", now
    sitting.ends_at = sitting_end(rules_of(sitting), now, sitting.duration_s)
    session.add(sitting)
    session.flush()
    append(session, "sitting.started", sitting.id, actor, {"ends_at": sitting.ends_at.isoformat()}, at=now)
    begin_ready(session, box, sitting, actor)
    return sitting


def begin_ready(session: Session, box: Box, sitting: Sitting, actor: str) -> None:
    """Open the papers of everybody who accepted the rules of a running sitting.

    Whom the province sent no paper for goes on waiting, and begins by itself once it has come and is open.
    """
    ready = session.exec(select(Attempt).where(Attempt.sitting == sitting.id, Attempt.state == "ready")).all()
    able = have_papers(session, sitting) if sitting.sealed else None
    _begin(session, box, sitting, [one for one in ready if able is None or one.candidate in able], actor)


def require_paper(session: Session, sitting: Sitting, attempt: Attempt) -> None:
    """Who was put on the roster after the start gets a paper in a moment; nobody begins without one."""
    found = session.exec(
        select(Paper.id).where(
            Paper.sitting == sitting.id,
            Paper.candidate == attempt.candidate,
            func.length(Paper.opens) > 0,
        )
    ).first()
    if sitting.subject == "theory" and sitting.delivery == "own" and found is None:
        raise Refused(
            "paper_missing",
            N_("Your paper is not ready yet."),
            N_("Try again in a few seconds; if it stays, raise your hand."),
        )


def begin_attempt(session: Session, box: Box, sitting: Sitting, attempt: Attempt, actor: str) -> None:
    """Open one paper, until the end the sitting's rules and approved help give it."""
    _begin(session, box, sitting, [attempt], actor)


def _begin(session: Session, box: Box, sitting: Sitting, attempts: list[Attempt], actor: str) -> None:
    """Open papers. What all of them need is read once: hundreds begin in one transaction while others wait."""
    now = box.now()
    ends = ends_of(session, sitting, attempts[0].candidate if len(attempts) == 1 else "")
    paused = pause_of_room(session, sitting.id) is not None
    for attempt in attempts:
        attempt.paper = ends.papers[attempt.candidate][0] if attempt.candidate in ends.papers else None
        attempt.state, attempt.started_at = "running", now
        attempt.paused_at = now if paused else None
        if sitting.ends_at:
            attempt.deadline = ends.end(attempt.candidate, now, sitting.ends_at)
        session.add(attempt)
    session.flush()
    for attempt in attempts:
        body = {"attempt": attempt.id, "paper": attempt.paper}
        append(session, "attempt.started", attempt.candidate, actor, body, at=now)


def end_sitting(session: Session, box: Box, sitting_id: str, actor: str) -> Sitting:
    """End a sitting nobody writes in any more, or one nobody came to, and free its seats."""
    sitting = sitting_of(session, sitting_id)
    if sitting.state in ("ended", "released"):
        return sitting
    if sitting.state == "planned":
        _require_nobody_called(session, box, sitting)
    open_attempts = session.exec(
        select(Attempt).where(Attempt.sitting == sitting.id, Attempt.state == "running")
    ).first()
    if open_attempts is not None:
        raise Refused(
            "still_running",
            N_("Somebody is still writing."),
            N_("Wait until everybody has handed in, or hand in for them."),
        )
    now = box.now()
    sitting.state, sitting.ended_at = "ended", now
    session.add(sitting)
    end_pauses(session, sitting.id, None, actor, now)
    for taking in session.exec(
        select(SeatTaking).where(SeatTaking.sitting == sitting.id, col(SeatTaking.released_at).is_(None))
    ):
        taking.released_at, taking.reason, taking.by = now, "ended", actor
        session.add(taking)
    session.flush()
    append(session, "sitting.ended", sitting.id, actor, {}, at=now)
    return sitting


def _require_nobody_called(session: Session, box: Box, sitting: Sitting) -> None:
    """A sitting that never started ends only once its start has passed and nobody holds a place in it."""
    if box.now() < sitting.starts_at:
        raise Refused(
            "before_its_start",
            N_("The planned start of this sitting has not come yet."),
            N_("Wait until then; a sitting nobody came to can be ended afterwards."),
        )
    called = session.exec(
        select(SeatTaking.id).where(SeatTaking.sitting == sitting.id, col(SeatTaking.released_at).is_(None))
    ).first()
    if called is not None:
        raise Refused(
            "somebody_called",
            N_("Somebody was called for this sitting already."),
            N_("Start the exam, or have the waiting room note who did not come."),
        )


def end_if_over(session: Session, box: Box) -> list[str]:
    """End running theory sittings whose time is over and in which nobody writes; returns their ids."""
    running = session.exec(
        select(Sitting).where(Sitting.state == "running", Sitting.subject == "theory")
    ).all()
    ended = []
    for sitting in running:
        newest = session.exec(
            select(func.max(Attempt.deadline)).where(
                Attempt.sitting == sitting.id, Attempt.state == "running"
            )
        ).one()
        if newest is None and sitting.ends_at is not None and box.now() >= sitting.ends_at:
            end_sitting(session, box, sitting.id, "process:web")
            ended.append(sitting.id)
    return ended
