"""Stage: the practical exam. Called one by one, four tasks drawn, four sheets signed by an examiner."""

import json
import time
from collections.abc import Callable
from decimal import Decimal

import msgspec
from sqlmodel import Session, col, select

from appliance.base.i18n import _
from appliance.cli.demo.day import Day
from appliance.flow.draw_tasks import drawn_tasks
from appliance.intake.practical_tasks import practical_tasks
from appliance.records.seating import SeatTaking
from appliance.records.theory import Attempt, Mark
from appliance.rules.practical import Task

PATIENCE = 25
"""Looks in vain, after the last admission, before the stage gives up."""
VETOED = 3
"""Every so many candidates one fails by a veto."""


class Planned(msgspec.Struct):
    """What the examiner will mark on one sheet."""

    losses: list[dict[str, object]]
    vetoes: list[str]


def plan_sheet(task: Task, place: int) -> Planned:
    """A plausible sheet: mostly small losses, now and then a veto that fails the whole practical exam."""
    failing = [veto.id for veto in task.vetoes if veto.effect == "practical_fail"]
    if place % 10 == VETOED and task.subject == "K2" and failing:
        return Planned([], failing[:1])
    item = task.items[place % len(task.items)]
    deduction = item.deductions[0]
    points = deduction.points if deduction.points <= Decimal(10) else Decimal(0)
    if not points:
        return Planned([], [])
    return Planned([{"item": item.id, "deduction": deduction.id, "points": str(points), "count": 1}], [])


def _standing(session: Session, sitting: str) -> list[tuple[str, str]]:
    """Attempts of people who have a workplace now: (attempt, state)."""
    rows = session.exec(
        select(Attempt.id, Attempt.state)
        .join(
            SeatTaking,
            (col(SeatTaking.candidate) == col(Attempt.candidate))
            & (col(SeatTaking.sitting) == col(Attempt.sitting)),
        )
        .where(Attempt.sitting == sitting, col(SeatTaking.released_at).is_(None))
    )
    return [(attempt, state) for attempt, state in rows]


def score_everybody(day: Day, expected: int, entered: Callable[[], object]) -> None:
    """Call, draw and score until everybody has been scored; people still come in meanwhile."""
    sitting = day.sitting("practical")
    waiting, examiner = day.who("waiting"), day.who("examiner")
    invigilator = day.who("invigilator")
    invigilator.post(f"/room/{sitting.id}/start")
    file = practical_tasks(sitting.trade)
    done: set[str] = set()
    idle = 0
    while len(done) < expected:
        before = len(done)
        while True:
            answer = waiting.try_post(f"/waiting/{sitting.id}/call", {"command": waiting.command()})
            if answer.is_error:
                break
        for attempt, _state in day.box.db.read_now(_standing, sitting.id):
            examiner.post(f"/examiner/{attempt}/draw")
            for row in day.box.db.read_now(drawn_tasks, attempt):
                sheet = plan_sheet(file.task(row.task), len(done))
                form = {
                    "form": examiner.command(),
                    "task": row.task,
                    "losses": json.dumps(sheet.losses),
                    "vetoes": json.dumps(sheet.vetoes),
                    "note": "",
                }
                examiner.post(f"/examiner/{attempt}/{row.subject}", form)
            done.add(attempt)
        if len(done) == before:
            idle = idle + 1 if entered() else 0
            if idle > PATIENCE:
                break
            time.sleep(0.2)
    marks = day.box.db.read_now(
        lambda s: s.exec(
            select(Mark)
            .join(Attempt, col(Attempt.id) == col(Mark.attempt))
            .where(Attempt.sitting == sitting.id)
        ).all()
    )
    day.report.equal(_("Practical exams scored"), len(marks), expected)
    passed = sum(mark.passed for mark in marks)
    day.report.check(_("Practical passed"), f"{passed} / {len(marks)}", 0 < passed < len(marks))
    invigilator.post(f"/room/{sitting.id}/end")
