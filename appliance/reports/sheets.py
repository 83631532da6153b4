"""The four sheets of an exam day."""

from decimal import Decimal

from appliance.base.evidence_words import gap_cause
from appliance.base.i18n import N_, _
from appliance.intake.violations import DECISIONS
from appliance.reports.render import pdf
from appliance.reports.square_code import square_code
from appliance.wire import sheets as facts

BLANK_LINES = 2
"""Empty rows of the record's tables, for what is written by hand."""

KINDS = {
    "case.decided": N_("Case decided"),
    "case.opened": N_("Case open"),
    "warning.shown": N_("Warning"),
    "attempt.handed_in": N_("Forced hand-in"),
    "gate.ordered": N_("Lane opened by hand"),
    "seat.broken": N_("Station broken"),
    "ticket.skipped": N_("Called, did not come"),
    "violation.recorded": N_("Violation"),
    "sitting.paused": N_("Pause of the room"),
    "attempt.paused": N_("Pause of one exam"),
}
"""Incident kinds (the journal's) as printed."""

RESULTS = {
    "admit": N_("admitted after review"),
    "refuse": N_("sent away after review"),
    "superseded": N_("the card was put down again"),
    "done": N_("gate opened"),
    "not_done": N_("gate did not open"),
    "unknown": N_("not known whether the gate opened"),
    "to_be_decided": N_("To be decided"),
    **DECISIONS,
}
"""What was decided, as printed."""


def sign_in_sheet(sheet: facts.SignInSheet) -> bytes:
    """签到表. Candidates in the order given."""
    present = sum(1 for row in sheet.rows if row.admitted_at)
    return pdf("sign_in_sheet.html", sheet.heading, N_("Sign-in sheet"), sheet=sheet, present=present)


def seat_plan(sheet: facts.SeatPlan) -> bytes:
    """座次表. Seats without a place in the room (row 0) are set in lines of ten."""
    seats = sheet.seats
    if not all(seat.row and seat.column for seat in seats):
        ordered = sorted(seats, key=lambda seat: seat.number)
        cells = {(i // 10 + 1, i % 10 + 1): seat for i, seat in enumerate(ordered)}
    else:
        cells = {(seat.row, seat.column): seat for seat in seats}
    rows = max((row for row, _column in cells), default=0)
    columns = max((column for _row, column in cells), default=0)
    grid = [[cells.get((row, column)) for column in range(1, columns + 1)] for row in range(1, rows + 1)]
    return pdf(
        "seat_plan.html",
        sheet.heading,
        N_("Seat plan"),
        grid=grid,
        columns=columns,
        taken=sum(1 for seat in seats if seat.name),
        spares=sum(1 for seat in seats if seat.spare),
        broken=sum(1 for seat in seats if seat.broken),
    )


def room_record(sheet: facts.RoomRecord) -> bytes:
    """考场记录表, with the journal's head as a square code and in words."""
    code = square_code(sheet.journal.text)
    return pdf(
        "room_record.html",
        sheet.heading,
        N_("Exam-room record"),
        sheet=sheet,
        code=code,
        kind=_kind,
        result=_result,
        cause=gap_cause,
        origin=origin,
        blank=BLANK_LINES,
    )


def correction_form(sheet: facts.CorrectionForm) -> bytes:
    """更正登记表: what stands on the card and on the roster, to be signed by candidate, entrance and office."""
    return pdf("correction_form.html", sheet.heading, N_("Correction of a name"), sheet=sheet)


def ticket_slip(sheet: facts.TicketSlip) -> bytes:
    """候考号, 80 mm wide: for the desk's own printer where the lane has none."""
    return pdf("ticket_slip.html", sheet.heading, N_("Queue ticket"), sheet=sheet)


ORIGINS = {
    "card": N_("filled later from the camera's own card"),
    "copy": N_("filled later from elsewhere"),
}
"""Where pictures come from that were put into a gap later, as printed."""


def origin(name: str) -> str:
    """Where what was put into a gap later comes from."""
    return _(ORIGINS[name]) if name in ORIGINS else ""


def _result(name: str) -> str:
    return _(RESULTS[name]) if name in RESULTS else name


def _kind(name: str) -> str:
    return _(KINDS[name]) if name in KINDS else name


def score_sheet(sheet: facts.ScoreSheet) -> bytes:
    """实操评分表: one table per subject, then the total and the signatures."""
    most = {task.subject: sum((item.most for item in task.items), Decimal(0)) for task in sheet.tasks}
    return pdf("score_sheet.html", sheet.heading, N_("Practical score sheet"), sheet=sheet, most=most)
