"""Facts of the paper sheets, read from the records. Nothing is written; printing is reports' work.

Sentences are message ids: a reader thread knows no language, the sheet is translated where it is printed.
"""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

from sqlmodel import Session, col, select

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.draw_tasks import attempt_of, drawn_tasks
from appliance.flow.score import newest_sheets, sheet_of
from appliance.flow.sitting_events import Told, takings
from appliance.flow.start_sitting import sitting_of
from appliance.flow.voided import undecided
from appliance.intake.catalogue import trade_name
from appliance.intake.practical_tasks import TaskFile, practical_tasks
from appliance.records.accounts import Account
from appliance.records.entry import Admission
from appliance.records.journal import JournalHead
from appliance.records.practical import ScoreSheet
from appliance.records.roster import Candidate, Roster, RosterRow
from appliance.records.site import Room, Seat
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.rules import practical
from appliance.wire import sheets as wire


def heading(session: Session, box: Box, sitting: Sitting, by: str = "") -> wire.Heading:
    """What every sheet says at its top."""
    return wire.Heading(
        site_code=box.site.code,
        site_name=box.site_name,
        demo=box.site.demo,
        timezone=box.settings.site.timezone,
        made_at=box.now(),
        made_by=by,
        sitting=sitting.id,
        number=sitting.number,
        subject=sitting.subject,  # type: ignore[arg-type]
        trade=trade_name(sitting.trade),
        room=session.get_one(Room, sitting.room).name,
        starts_at=sitting.starts_at,
        ends_at=sitting.starts_at + timedelta(seconds=sitting.duration_s),
    )


def expected(session: Session, sitting: str) -> list[tuple[RosterRow, Candidate]]:
    """Rows of confirmed rosters in order of admission ticket, then of the roster."""
    rows = session.exec(
        select(RosterRow, Candidate)
        .join(Candidate, col(Candidate.id) == col(RosterRow.candidate))
        .join(Roster, col(Roster.id) == col(RosterRow.roster))
        .where(RosterRow.sitting == sitting, Roster.state == "active")
        .order_by(col(RosterRow.ticket_number), col(RosterRow.row))
    )
    return list(rows)


def admitted(session: Session, sitting: str) -> dict[str, Admission]:
    """Admissions by candidate."""
    found = session.exec(select(Admission).where(Admission.sitting == sitting))
    return {row.candidate: row for row in found}


def last_seats(session: Session, sitting: str) -> dict[str, str]:
    """The last seat of every candidate."""
    return {row.candidate: row.seat for row in takings(session, sitting)}


def entry_over(box: Box, sitting: Sitting) -> bool:
    """Is whoever is missing now absent?"""
    return box.now() > sitting.closes_at or sitting.state in ("ended", "released")


def sign_in_sheet_facts(session: Session, box: Box, sitting_id: str, by: str = "") -> wire.SignInSheet:
    """签到表"""
    sitting = sitting_of(session, sitting_id)
    present, seats = admitted(session, sitting.id), last_seats(session, sitting.id)
    rows = []
    for row, candidate in expected(session, sitting.id):
        admission = present.get(candidate.id)
        rows.append(
            wire.SignInRow(
                name=candidate.name,
                number=candidate.number_masked,
                ticket_number=row.ticket_number,
                employer=row.employer,
                seat=seats.get(candidate.id, ""),
                admitted_at=admission.happened_at if admission else None,
                how=admission.how if admission else "",
            )
        )
    return wire.SignInSheet(
        heading=heading(session, box, sitting, by), rows=rows, closed=entry_over(box, sitting)
    )


def seat_plan_facts(session: Session, box: Box, sitting_id: str, by: str = "") -> wire.SeatPlan:
    """座次表"""
    sitting = sitting_of(session, sitting_id)
    people = {candidate.id: (row, candidate) for row, candidate in expected(session, sitting.id)}
    sits = {seat: candidate for candidate, seat in last_seats(session, sitting.id).items()}
    seats = []
    for seat in session.exec(select(Seat).where(Seat.room == sitting.room).order_by(col(Seat.number))):
        found = people.get(sits.get(seat.id, ""))
        seats.append(
            wire.PlanSeat(
                seat=seat.id,
                number=seat.number,
                row=seat.row,
                column=seat.column,
                spare=seat.spare,
                broken=seat.state == "broken",
                name=found[1].name if found else "",
                ticket_number=found[0].ticket_number if found else "",
            )
        )
    return wire.SeatPlan(heading=heading(session, box, sitting, by), seats=seats)


def room_record_facts(session: Session, box: Box, sitting_id: str, by: str = "") -> wire.RoomRecord:
    """考场记录表"""
    sitting = sitting_of(session, sitting_id)
    people = expected(session, sitting.id)
    present = admitted(session, sitting.id)
    names = {candidate.id: candidate.name for _row, candidate in people}
    attempts = session.exec(select(Attempt).where(Attempt.sitting == sitting.id)).all()
    told = Told(session, box, sitting, names, {row.id for row in attempts})
    head = session.get_one(JournalHead, 1)
    missing = [] if not entry_over(box, sitting) else [pair for pair in people if pair[1].id not in present]
    how = [row.handed_in for row in attempts]
    return wire.RoomRecord(
        heading=heading(session, box, sitting, by),
        expected=len(people),
        present=len(present),
        absent=[
            wire.Absent(name=one.name, number=one.number_masked, ticket_number=row.ticket_number)
            for row, one in missing
        ],
        started_at=sitting.started_at,
        ended_at=sitting.ended_at,
        hand_ins=wire.HandIns(
            candidate=how.count("candidate") + how.count("examiner"),
            time=how.count("time"),
            forced=how.count("forced"),
            open=how.count(""),
        ),
        moves=told.moves(),
        extensions=told.extensions(),
        incidents=told.incidents(),
        journal=wire.JournalCode(seq=head.seq, hash=head.hash),
    )


def score_sheet_facts(session: Session, box: Box, attempt_id: str, by: str = "") -> wire.ScoreSheet:
    """实操评分表 of one attempt; without a total until all four subjects are signed."""
    attempt = attempt_of(session, attempt_id)
    sitting = session.get_one(Sitting, attempt.sitting)
    if sitting.subject != "practical":
        raise NotFound("not_practical", N_("This attempt has no score sheet."), N_("Open a practical one."))
    candidate = session.get_one(Candidate, attempt.candidate)
    row = session.exec(
        select(RosterRow).where(RosterRow.sitting == sitting.id, RosterRow.candidate == candidate.id)
    ).first()
    file = practical_tasks(sitting.trade)
    sheets = newest_sheets(session, attempt.id)
    accounts = {one.id: one.name for one in session.exec(select(Account))}
    tasks = [_task(file, sheet, accounts) for _subject, sheet in sorted(sheets.items())]
    scored = None
    if {one.subject for one in drawn_tasks(session, attempt.id)} == set(sheets) and sheets:
        drawn = {subject: file.task(sheet.task) for subject, sheet in sheets.items()}
        filled = [sheet_of(sheet) for sheet in sheets.values()]
        scored = practical.score(drawn, filled, file.weights, file.pass_mark)
    return wire.ScoreSheet(
        heading=heading(session, box, sitting, by),
        name=candidate.name,
        number=candidate.number_masked,
        ticket_number=row.ticket_number if row else "",
        workplace=last_seats(session, sitting.id).get(candidate.id, ""),
        resit=bool(row and row.kind == "resit"),
        tasks=tasks,
        total=scored.total if scored else None,
        passed=scored.passed if scored and not undecided(session, box, attempt) else None,
        pass_mark=file.pass_mark,
        attempt=attempt.id,
    )


def _task(file: TaskFile, sheet: ScoreSheet, accounts: dict[str, str]) -> wire.TaskScore:
    task, filled = file.task(sheet.task), sheet_of(sheet)
    items = []
    for item in task.items:
        words = {deduction.id: deduction.text for deduction in item.deductions}
        times: Counter[tuple[str, Decimal]] = Counter()
        for loss in filled.losses:
            if loss.item == item.id:
                times[loss.deduction, loss.points] += loss.count
        losses = [
            wire.ScoreLoss(text=words[deduction], points=points * count, count=count)
            for (deduction, points), count in times.items()
        ]
        lost = min(item.most, sum((loss.points for loss in losses), Decimal(0)))
        items.append(wire.ScoreItem(text=item.text, most=item.most, losses=losses, left=item.most - lost))
    weight = file.weights[sheet.subject]
    preweighted = task.scale == "preweighted"
    return wire.TaskScore(
        subject=sheet.subject,
        task=task.code,
        title=task.name,
        weight=weight,
        items=items,
        vetoes=[veto.text for veto in task.vetoes if veto.id in filled.vetoes],
        note=sheet.note,
        raw=sheet.raw,
        points=sheet.raw if preweighted else sheet.raw * weight / 100,
        preweighted=preweighted,
        examiner=accounts.get(sheet.examiner, ""),
        signed_at=sheet.signed_at,
    )
