"""What happened at a seat, as marks on the time line of the recordings. Every mark is a journal entry: its proof."""

from datetime import datetime
from functools import partial
from typing import Any, Literal

import msgspec
from sqlmodel import Session, col, select

from appliance.intake.practical_tasks import practical_tasks
from appliance.records.base import instant, moment
from appliance.records.captures import Capture
from appliance.records.cases import ExamCase
from appliance.records.journal import Journal
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.records.violations import Violation
from appliance.rules.practical import Task

Class = Literal[
    "admission",
    "refusal",
    "seat",
    "answer",
    "deduction",
    "warning",
    "violation",
    "capture",
    "case",
    "sitting",
]

KINDS: dict[str, Class] = {
    "tap.decided": "admission",
    "case.opened": "case",
    "case.decided": "case",
    "admission.granted": "admission",
    "absence.noted": "admission",
    "absence.ended": "admission",
    "seat.taken": "seat",
    "seat.left": "seat",
    "lease.granted": "seat",
    "attempt.started": "seat",
    "attempt.handed_in": "seat",
    "attempt.paused": "seat",
    "attempt.resumed": "seat",
    "attempt.extended": "seat",
    "answer.saved": "answer",
    "answer.filled": "answer",
    "answer.refused": "answer",
    "sheet.signed": "deduction",
    "sheet.amended": "deduction",
    "warning.shown": "warning",
    "warning.acknowledged": "warning",
    "hand.raised": "warning",
    "talk.opened": "warning",
    "violation.recorded": "violation",
    "violation.decided": "violation",
    "violation.amended": "violation",
    "evidence.kept": "violation",
    "capture.taken": "capture",
    "exam_case.opened": "case",
    "exam_case.repeated": "case",
    "exam_case.dismissed": "case",
    "seat_check.handed_over": "case",
    "seat_check.decided": "case",
    "sitting.started": "sitting",
    "sitting.paused": "sitting",
    "sitting.resumed": "sitting",
    "sitting.extended": "sitting",
    "sitting.ended": "sitting",
}
"""Journal kinds that are marks. What is not here (looks, parcels, machines) is on the record's page."""


class Mark(msgspec.Struct, kw_only=True):
    """`at`: when it happened; `recorded`, `seq`: of its journal entry; `subject`: candidate, or sitting."""

    at: datetime
    recorded: datetime
    seq: int
    kind: str
    sort: Class
    subject: str
    until: datetime | None = None
    noticed: str = ""
    """Kind of an exam case."""
    position: int = 0
    """Number of the question."""
    lost: str = ""
    """Points left on a score sheet."""
    task: str = ""
    deductions: int = 0
    points: str = ""
    """Taken off with one press; `text` says for what."""
    veto: bool = False
    """A veto item; `text` says which."""
    text: str = ""
    """The message that was shown."""
    words: str = ""
    """Of a violation: what was seen, as it was written down."""
    seat: str = ""
    capture: str = ""
    case: str = ""
    evidence: str = ""
    found: list[str] = []
    """Kinds of cases that came of a capture."""
    body: dict[str, Any] = {}
    """Of the entry."""


class Known(msgspec.Struct, kw_only=True):
    """Rows of the tables that entries name, by id."""

    captures: dict[str, Capture] = {}
    cases: dict[str, ExamCase] = {}
    violations: dict[str, Violation] = {}
    tasks: dict[tuple[str, str], Task] = {}
    """By attempt and code: trades have tasks of the same code."""


def marks(entries: list[Journal], known: Known) -> list[Mark]:
    """Marks in order of when it happened: an entry is written when the box hears of it, its row knows better. Pure."""
    found = []
    for entry in entries:
        sort = KINDS.get(entry.kind)
        if sort is None:
            continue
        body: dict[str, Any] = msgspec.json.decode(entry.body)
        if entry.kind == "tap.decided" and body.get("result") == "refuse":
            sort = "refusal"
        mark = Mark(
            at=moment(entry.at),
            recorded=moment(entry.at),
            seq=entry.seq,
            kind=entry.kind,
            sort=sort,
            subject=entry.subject,
            position=_number(body.get("position")),
            lost=str(body.get("raw", "")) if sort == "deduction" else "",
            task=str(body.get("task", "")) if sort == "deduction" else "",
            deductions=sum(_number(one.get("count", 1)) for one in body.get("losses", []))
            if sort == "deduction"
            else 0,
            text=str(body.get("text", "")) if entry.kind == "warning.shown" else "",
            seat=str(body.get("seat", "")) or entry.actor.partition("seat:")[2],
            evidence=body["evidence"] if entry.kind == "evidence.kept" else "",
            body=body,
        )
        _better(mark, body, known)
        found.append(mark)
        if sort == "deduction":
            found += _presses(mark, body, known.tasks.get((body.get("attempt", ""), mark.task)))
    return sorted(found, key=lambda one: (one.at, one.seq))


def _presses(sheet: Mark, body: dict[str, Any], task: Task | None) -> list[Mark]:
    """Each loss and veto of a sheet that says when it was marked."""
    losses = {(item.id, one.id): one.text for item in (task.items if task else ()) for one in item.deductions}
    vetoes = {one.id: one.text for one in (task.vetoes if task else ())}
    mark = partial(msgspec.structs.replace, sheet, lost="", deductions=0)
    found = []
    for one in body.get("losses", []):
        if at := one.get("at"):
            named = one.get("item", ""), one.get("deduction", "")
            text = losses.get(named) or " ".join(named)
            found.append(mark(at=moment(at), points=str(one.get("points", "")), text=text))
    for one in body.get("vetoes", []):
        if isinstance(one, dict) and (at := one.get("at")):
            found.append(mark(at=moment(at), veto=True, text=vetoes.get(one["veto"]) or one["veto"]))
    return found


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int | float | str) and str(value).isdigit() else 0


def _better(mark: Mark, body: dict[str, Any], known: Known) -> None:
    """What the row of a table knows besides: above all when it truly happened."""
    if mark.sort == "answer" and isinstance(made := body.get("made_at"), str):
        mark.at = moment(made)
    elif mark.kind == "capture.taken" and (capture := known.captures.get(body.get("capture", ""))):
        mark.at, mark.found = capture.happened_at, capture.found.split()
        mark.capture = capture.id if capture.picture else ""
        mark.seat = capture.seat
    elif mark.kind.startswith("exam_case.") and (case := known.cases.get(body.get("case", ""))):
        mark.noticed, mark.case, mark.seat = case.kind, case.id if case.picture else "", case.seat or ""
        if mark.kind == "exam_case.opened":
            mark.at, mark.until = case.happened_at, case.until
    elif mark.kind == "violation.recorded" and (one := known.violations.get(body.get("violation", ""))):
        mark.at, mark.seat, mark.words = one.happened_at, one.seat, one.seen
    if mark.kind == "violation.recorded" and isinstance(told := body.get("happened_at"), str):
        mark.at = moment(told)  # in the chain; entries of before leave it to the table


def marks_of(
    session: Session, subjects: list[str], start: datetime, end: datetime, answers: bool = True
) -> list[Mark]:
    """Marks about these candidates and sittings that the journal got between two times."""
    kinds = [kind for kind, sort in KINDS.items() if answers or sort != "answer"]
    entries = session.exec(
        select(Journal)
        .where(
            col(Journal.subject).in_(subjects),
            col(Journal.kind).in_(kinds),
            Journal.at >= instant(start),
            Journal.at <= instant(end),
        )
        .order_by(col(Journal.seq))
    ).all()
    about: dict[str, set[str]] = {"capture": set(), "case": set(), "violation": set(), "attempt": set()}
    for entry in entries:
        if entry.kind == "capture.taken" or entry.kind.startswith(("exam_case.", "violation.", "sheet.")):
            body = msgspec.json.decode(entry.body)
            for name, ids in about.items():
                if isinstance(body.get(name), str):
                    ids.add(body[name])

    def rows(table: Any, ids: set[str]) -> dict[str, Any]:
        return {row.id: row for row in session.exec(select(table).where(col(table.id).in_(ids)))}

    known = Known(
        captures=rows(Capture, about["capture"]),
        cases=rows(ExamCase, about["case"]),
        violations=rows(Violation, about["violation"]),
        tasks=_tasks(session, about["attempt"]),
    )
    return marks(list(entries), known)


def _tasks(session: Session, attempts: set[str]) -> dict[tuple[str, str], Task]:
    rows = session.exec(
        select(Attempt.id, Sitting.trade)
        .join(Sitting, col(Sitting.id) == col(Attempt.sitting))
        .where(col(Attempt.id).in_(attempts))
    )
    return {(attempt, task.code): task for attempt, trade in rows for task in practical_tasks(trade).tasks}
