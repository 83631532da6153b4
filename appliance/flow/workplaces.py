"""The examiner's view of the practical exam: who is at a workplace, their tasks and sheets. No writes."""

from datetime import datetime
from decimal import Decimal

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.draw_tasks import attempt_of, drawn_tasks
from appliance.flow.score import newest_sheets, sheet_of
from appliance.flow.today import line, sittings_of_day
from appliance.flow.voided import undecided
from appliance.intake.practical_tasks import practical_tasks
from appliance.records.accounts import Account
from appliance.records.entry import FaceCheck, Tap
from appliance.records.practical import ScoreSheet
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Mark
from appliance.records.waiting import Ticket
from appliance.rules.practical import SUBJECTS, Task, score_sheet
from appliance.wire.ops import SittingLine


class Examinee(msgspec.Struct, kw_only=True):
    """A candidate called to a workplace. `signed`: how many of the sheets are there."""

    attempt: str
    sitting: str
    ticket: str
    name: str
    number: str
    """Masked."""
    workplace: int
    state: str
    started_at: datetime | None
    signed: int
    points: Decimal | None = None
    passed: bool | None = None
    """None: not scored, or a violation waits for its decision."""


class Workplaces(msgspec.Struct, kw_only=True):
    """The practical sittings of today and who is at their workplaces or done."""

    sittings: list[SittingLine]
    people: list[Examinee]
    waiting: int


class TaskLine(msgspec.Struct, kw_only=True):
    """One subject: the task drawn, its weight, and the signed sheet if there is one."""

    subject: str
    weight: Decimal
    task: Task
    sheet: str = ""
    raw: Decimal | None = None
    zeroed: bool = False
    examiner: str = ""
    signed_at: datetime | None = None
    filled: str = "{}"
    """What the signed sheet holds, as JSON for the page: losses (item, deduction, points, count) and vetoes."""


class Examination(msgspec.Struct, kw_only=True):
    """One practical attempt. `photo`: id of the entrance's face check, whose live picture shows the person."""

    person: Examinee
    trade_name: str
    minutes: int
    pass_mark: Decimal
    tasks: list[TaskLine]
    photo: str = ""


def workplaces(session: Session, box: Box) -> Workplaces:
    """Who is at the workplaces of today's practical sittings."""
    sittings = [one for one in sittings_of_day(session, box) if one.subject == "practical"]
    people: list[Examinee] = []
    for sitting in sittings:
        rows = session.exec(select(Attempt).where(Attempt.sitting == sitting.id)).all()
        people += [_examinee(session, box, attempt) for attempt in rows]
    order = {"running": 0, "seated": 1, "ready": 1}
    people.sort(key=lambda one: (order.get(one.state, 2), one.workplace, one.ticket))
    lines = [line(session, box, one) for one in sittings]
    return Workplaces(sittings=lines, people=people, waiting=sum(one.waiting for one in lines))


def examination(session: Session, box: Box, attempt_id: str) -> Examination:
    """One attempt with its tasks."""
    attempt = attempt_of(session, attempt_id)
    sitting = session.get_one(Sitting, attempt.sitting)
    if sitting.subject != "practical":
        raise NotFound("no_attempt", N_("There is no such attempt."), N_("Reload the page."))
    file = practical_tasks(sitting.trade)
    sheets = newest_sheets(session, attempt.id)
    tasks = []
    for drawn in drawn_tasks(session, attempt.id):
        shown = TaskLine(
            subject=drawn.subject, weight=file.weights[drawn.subject], task=file.task(drawn.task)
        )
        if sheet := sheets.get(drawn.subject):
            _signed(session, shown, sheet)
        tasks.append(shown)
    check = session.exec(
        select(FaceCheck.id)
        .join(Tap, col(Tap.id) == col(FaceCheck.tap))
        .where(Tap.sitting == sitting.id, Tap.candidate == attempt.candidate, FaceCheck.live_photo != "")
        .order_by(col(FaceCheck.happened_at).desc())
    ).first()
    return Examination(
        person=_examinee(session, box, attempt),
        trade_name=line(session, box, sitting).trade_name,
        minutes=file.minutes,
        pass_mark=file.pass_mark,
        tasks=tasks,
        photo=check or "",
    )


def _signed(session: Session, shown: TaskLine, sheet: ScoreSheet) -> None:
    filled = sheet_of(sheet)
    examiner = session.get(Account, sheet.examiner)
    shown.sheet, shown.raw, shown.signed_at = sheet.id, sheet.raw, sheet.signed_at
    shown.zeroed = score_sheet(shown.task, filled).zeroed
    shown.examiner = examiner.name if examiner else ""
    losses = [
        {"key": f"{one.item}.{one.deduction}", "points": f"{one.points.normalize():f}", "count": one.count}
        for one in filled.losses
    ]
    shown.filled = msgspec.json.encode({"losses": losses, "vetoes": filled.vetoes}).decode()


def _examinee(session: Session, box: Box, attempt: Attempt) -> Examinee:
    candidate = session.get_one(Candidate, attempt.candidate)
    ticket = session.exec(
        select(Ticket.number).where(Ticket.sitting == attempt.sitting, Ticket.candidate == attempt.candidate)
    ).first()
    place = session.exec(
        select(Seat.number)
        .join(SeatTaking, col(SeatTaking.seat) == col(Seat.id))
        .where(SeatTaking.sitting == attempt.sitting, SeatTaking.candidate == attempt.candidate)
        .order_by(col(SeatTaking.taken_at).desc())
    ).first()
    mark = session.exec(
        select(Mark).where(Mark.attempt == attempt.id).order_by(col(Mark.marked_at).desc())
    ).first()
    return Examinee(
        attempt=attempt.id,
        sitting=attempt.sitting,
        ticket=ticket or "",
        name=candidate.name,
        number=candidate.number_masked,
        workplace=place or 0,
        state=attempt.state,
        started_at=attempt.started_at,
        signed=len(set(newest_sheets(session, attempt.id)) & set(SUBJECTS)),
        points=mark.points if mark else None,
        passed=None if mark is None or undecided(session, box, attempt) else mark.passed,
    )
