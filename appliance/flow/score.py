"""Score sheets of the practical exam, signed by an examiner; with the last one the mark and the verdict follow."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import Any

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import Conflict, Corrupt, Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.call import open_taking
from appliance.flow.draw_tasks import attempt_of, drawn_tasks
from appliance.flow.verdict import decide_verdict
from appliance.intake.practical_tasks import TaskFile, practical_tasks
from appliance.records.base import instant
from appliance.records.journal import append
from appliance.records.practical import ScoreSheet
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Mark
from appliance.rules import practical


class LossForm(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A deduction as the page sends it, one per press; `points` of that press, a decimal as text.

    The rule holds every press to the deduction's range, and a deduction that counts once to one press.
    """

    item: str
    deduction: str
    points: str
    count: int = 1


class Presses(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """When the page's clock (milliseconds since 1970; 0 = not known) showed each loss and veto marked, in their order,
    and the sheet signed.
    """

    sent: int = 0
    losses: list[int] = []
    vetoes: list[int] = []


class SheetForm(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A filled sheet as the page sends it. `id` is made by the page: sent twice, kept once."""

    id: str
    attempt: str
    subject: str
    task: str
    losses: list[LossForm] = []
    vetoes: list[str] = []
    note: str = ""
    presses: Presses = Presses()


def _losses(form: SheetForm) -> tuple[practical.Loss, ...]:
    try:
        losses = tuple(
            practical.Loss(
                item=one.item, deduction=one.deduction, points=Decimal(one.points), count=one.count
            )
            for one in form.losses
        )
    except InvalidOperation:
        raise _bad("bad_points") from None
    if not all(one.points.is_finite() for one in losses):
        raise _bad("bad_points")
    return losses


def _bad(code: str) -> Corrupt:
    return Corrupt(
        code, N_("The score sheet does not fit its task."), N_("Reload the page and fill it again.")
    )


def newest_sheets(session: Session, attempt: str) -> dict[str, ScoreSheet]:
    """The sheet that counts per subject: the newest signed one."""
    rows = session.exec(
        select(ScoreSheet).where(ScoreSheet.attempt == attempt).order_by(col(ScoreSheet.signed_at))
    )
    return {row.subject: row for row in rows}


def sign_sheet(session: Session, box: Box, form: SheetForm, who: Who) -> ScoreSheet:
    """Keep a signed sheet. A second sheet of a subject is a correction with a note; both stay on record."""
    if known := session.get(ScoreSheet, form.id):
        return _same(known, form, who)
    attempt = attempt_of(session, form.attempt)
    sitting = session.get_one(Sitting, attempt.sitting)
    drawn = next((row for row in drawn_tasks(session, attempt.id) if row.subject == form.subject), None)
    if drawn is None or drawn.task != form.task:
        raise Refused("other_task", N_("This task was not drawn for this candidate."), N_("Reload the page."))
    if sitting.state == "released":
        raise Refused(
            "released", N_("These results have been released."), N_("A correction goes through the office.")
        )
    before = newest_sheets(session, attempt.id).get(form.subject)
    if before and not form.note.strip():
        raise Conflict(
            "sheet_signed",
            N_("This sheet has been signed already."),
            N_("Write why it is corrected and sign again."),
        )
    file = practical_tasks(sitting.trade)
    filled = practical.Sheet(subject=form.subject, losses=_losses(form), vetoes=tuple(form.vetoes))
    try:
        scored = practical.score_sheet(file.task(form.task), filled)
    except practical.BadSheet as error:
        raise _bad(error.code) from error
    sheet = ScoreSheet(
        id=form.id,
        attempt=attempt.id,
        subject=form.subject,
        task=form.task,
        losses=msgspec.json.encode(form.losses).decode(),
        vetoes=msgspec.json.encode(form.vetoes).decode(),
        note=form.note.strip(),
        raw=scored.raw,
        examiner=who.account,
        signed_at=box.now(),
        amends=before.id if before else None,
    )
    session.add(sheet)
    session.flush()
    body = {
        "sheet": sheet.id,
        "attempt": attempt.id,
        "subject": sheet.subject,
        "task": sheet.task,
        "raw": str(scored.raw),
        **_marked(form, drawn.drawn_at, sheet.signed_at),
        "amends": sheet.amends or "",
        "note": sheet.note,
    }
    kind = "sheet.amended" if before else "sheet.signed"
    append(session, kind, attempt.candidate, who.actor, body, at=box.now())
    sheets = newest_sheets(session, attempt.id)
    if len(sheets) == len(practical.SUBJECTS):
        _mark(session, box, attempt, sitting, file, sheets, who)
    return sheet


def _marked(form: SheetForm, drawn: datetime, signed: datetime) -> dict[str, list[Any]]:
    """Losses and vetoes for the journal, each with when it was marked where the page knows it."""
    sent = form.presses.sent

    def timed(one: dict[str, Any], at: int) -> dict[str, Any]:
        found = practical.marked_at(at, sent, drawn, signed)
        return one if found is None else {**one, "at": instant(found)}

    pairs = zip_longest(form.losses, form.presses.losses[: len(form.losses)], fillvalue=0)
    vetoes = zip_longest(form.vetoes, form.presses.vetoes[: len(form.vetoes)], fillvalue=0)
    return {
        "losses": [timed(msgspec.to_builtins(one), at) for one, at in pairs],
        "vetoes": [timed({"veto": one}, at) for one, at in vetoes],
    }


def _same(known: ScoreSheet, form: SheetForm, who: Who) -> ScoreSheet:
    """The kept sheet when the very same one came again; Conflict for another content under its id."""
    kept = (known.attempt, known.subject, known.task, known.losses, known.vetoes, known.note, known.examiner)
    losses, vetoes = (msgspec.json.encode(part).decode() for part in (form.losses, form.vetoes))
    sent = (form.attempt, form.subject, form.task, losses, vetoes, form.note.strip(), who.account)
    if kept != sent:
        raise Conflict(
            "other_sheet",
            N_("Another score sheet is on record under this one's number; this one was not kept."),
            N_("Reload the page and look at what was signed."),
        )
    return known


def sheet_of(row: ScoreSheet) -> practical.Sheet:
    """A kept sheet as the rule takes it."""
    losses = msgspec.json.decode(row.losses, type=list[LossForm])
    return practical.Sheet(
        subject=row.subject,
        losses=tuple(
            practical.Loss(
                item=one.item, deduction=one.deduction, points=Decimal(one.points), count=one.count
            )
            for one in losses
        ),
        vetoes=tuple(msgspec.json.decode(row.vetoes, type=list[str])),
    )


def _mark(
    session: Session,
    box: Box,
    attempt: Attempt,
    sitting: Sitting,
    file: TaskFile,
    sheets: dict[str, ScoreSheet],
    who: Who,
) -> None:
    tasks = {subject: file.task(row.task) for subject, row in sheets.items()}
    scored = practical.score(tasks, [sheet_of(row) for row in sheets.values()], file.weights, file.pass_mark)
    earlier = session.exec(select(Mark).where(Mark.attempt == attempt.id)).all()
    detail = {
        "raw": {k: str(v) for k, v in scored.raw.items()},
        "weighted": {k: str(v) for k, v in scored.weighted.items()},
        "vetoed": list(scored.vetoed),
    }
    now = box.now()
    session.add(
        Mark(
            id=new_id(),
            attempt=attempt.id,
            version=f"{practical.VERSION}.{len(earlier) + 1}",
            points=scored.total,
            passed=scored.passed,
            detail=msgspec.json.encode(detail).decode(),
            marked_at=now,
        )
    )
    attempt.state, attempt.handed_in, attempt.handed_in_at = "marked", "examiner", now
    session.add(attempt)
    taking = open_taking(session, sitting.id, attempt.candidate)
    if taking:
        taking.released_at, taking.reason, taking.by = now, "ended", who.actor
        session.add(taking)
    session.flush()
    body = {"attempt": attempt.id, "points": str(scored.total), "passed": scored.passed, **detail}
    append(session, "practical.marked", attempt.candidate, who.actor, body, at=now)
    decide_verdict(session, box, attempt.candidate, sitting.trade, who.actor)
