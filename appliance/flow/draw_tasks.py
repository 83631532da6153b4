"""The practical tasks of one candidate: drawn by the system from the sitting's seed, one per subject."""

from sqlmodel import Session, col, select

from appliance.base.errors import NotFound, Refused
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.call import arrived_at_seat, open_taking
from appliance.flow.start_sitting import start_sitting
from appliance.intake.practical_tasks import practical_tasks
from appliance.records.journal import append
from appliance.records.practical import TaskDraw
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.rules import practical


def attempt_of(session: Session, attempt_id: str) -> Attempt:
    """The attempt, or a clear error."""
    attempt = session.get(Attempt, attempt_id)
    if attempt is None:
        raise NotFound("no_attempt", N_("There is no such attempt."), N_("Reload the page."))
    return attempt


def drawn_tasks(session: Session, attempt_id: str) -> list[TaskDraw]:
    """The tasks drawn for an attempt, in order of the subjects."""
    return list(
        session.exec(
            select(TaskDraw).where(TaskDraw.attempt == attempt_id).order_by(col(TaskDraw.subject))
        ).all()
    )


def draw_tasks(session: Session, box: Box, attempt_id: str, actor: str) -> list[TaskDraw]:
    """Draw once; drawing again returns the same tasks. Starts the attempt, and with the first one the sitting."""
    if known := drawn_tasks(session, attempt_id):
        return known
    attempt = attempt_of(session, attempt_id)
    sitting = session.get_one(Sitting, attempt.sitting)
    if sitting.subject != "practical" or attempt.state not in ("seated", "ready"):
        raise Refused("not_practical", N_("No tasks can be drawn for this attempt."), N_("Reload the page."))
    if open_taking(session, sitting.id, attempt.candidate) is None:
        raise Refused(
            "not_at_workplace",
            N_("This candidate has not been called to a workplace."),
            N_("Have the waiting room call the candidate first."),
        )
    start_sitting(session, box, sitting.id, actor)
    file = practical_tasks(sitting.trade)
    seed = box.seed_of(sitting.seed_sealed) + attempt.candidate.encode()
    drawn = practical.draw(file.tasks, seed)
    now = box.now()
    rows = [
        TaskDraw(attempt=attempt.id, subject=k, task=task.code, drawn_at=now) for k, task in drawn.items()
    ]
    for row in rows:
        session.add(row)
    attempt.state, attempt.started_at = "running", now
    session.add(attempt)
    session.flush()
    arrived_at_seat(session, box, sitting.id, attempt.candidate, actor)
    body = {"attempt": attempt.id, "tasks": {k: task.code for k, task in drawn.items()}}
    append(session, "tasks.drawn", attempt.candidate, actor, body, at=now)
    return rows
