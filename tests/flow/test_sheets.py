"""Facts of the paper sheets: what happened in a sitting is what the sheets will say."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from sqlmodel import Session, col, select

from appliance import reports
from appliance.base.clock import FakeClock
from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import in_language
from appliance.base.ids import new_id
from appliance.flow import sheets
from appliance.flow.accounts import Who, add_account
from appliance.flow.box import Box
from appliance.flow.call import call_next, set_aside
from appliance.flow.draw_tasks import draw_tasks
from appliance.flow.extend import extend
from appliance.flow.hand_in import force_hand_in
from appliance.flow.move_seat import move_seat
from appliance.flow.order_gate import open_lane, settle_order
from appliance.flow.paper_proof import proof_of
from appliance.flow.score import LossForm, Presses, SheetForm, sign_sheet
from appliance.flow.start_sitting import end_sitting, start_sitting
from appliance.flow.warn import warn
from appliance.intake.practical_tasks import practical_tasks
from appliance.records.base import instant
from appliance.records.entry import Admission, Case
from appliance.records.journal import Journal, JournalHead, append
from appliance.records.roster import Candidate, Roster, RosterRow
from appliance.records.seating import SeatTaking
from appliance.records.site import Room, Seat
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Paper
from appliance.records.waiting import Ticket
from appliance.reports import sheets as report_sheets
from appliance.reports.render import html
from appliance.wire.sheets import RoomRecord
from tests.flow.test_answers import Page
from tests.world import World, seed


@pytest.fixture
def people(box: Box) -> dict[str, Who]:
    def add(session: Session) -> dict[str, Who]:
        found = {}
        for login, name, role in (
            ("inv", "王监考", "invigilator"),
            ("chief", "刘站长", "chief"),
            ("ex", "孙考评", "examiner"),
        ):
            row = add_account(session, box, login, name, role, "x", "process:test")
            found[login] = Who(account=row.id, login=login, name=name, role=role)
        return found

    return box.db.write_now(add)


@pytest.fixture
def world(box: Box) -> World:
    """Four seated candidates, one more who never came, a spare seat."""

    def more(session: Session) -> World:
        found = seed(session, box, 4)
        for index, one in enumerate(found.candidates):
            admission = session.exec(select(Admission).where(Admission.candidate == one)).one()
            ticket = Ticket(
                id=new_id(), admission=admission.id, sitting=found.sitting, candidate=one, number=f"A{index}"
            )
            ticket.state, ticket.issued_at = "seated", box.now()
            session.add(ticket)
        session.add(Seat(id="T1-61", room="T1", number=61, spare=True, row=7, column=1))
        gone = Candidate(
            id=new_id(),
            name="缺某某",
            number_sealed=b"",
            number_index=b"g",
            number_masked="9999**",
            last_four="0000",
            birth_index=b"g",
        )
        session.add(gone)
        session.flush()
        row = RosterRow(
            id=new_id(), roster="r1", row=9, candidate=gone.id, sitting=found.sitting, ticket_number="Z9"
        )
        session.add(row)
        paper = session.exec(select(Paper).where(Paper.sitting == found.sitting)).first()
        assert paper
        other = Paper(**{**paper.model_dump(), "id": new_id(), "candidate": gone.id})
        other.proof = proof_of(box, other)
        session.add(other)
        return found

    return box.db.write_now(more)


def test_the_record_of_an_eventful_sitting(
    box: Box, world: World, people: dict[str, Who], clock: FakeClock
) -> None:
    write = box.db.write_now
    pages = [Page(box, world, index) for index in range(4)]
    for page in pages:
        page.rules()
    before = box.db.read_now(sheets.room_record_facts, box, world.sitting)
    assert (before.expected, before.present, before.absent) == (5, 4, []), (
        "nobody is absent before entry closes"
    )
    write(start_sitting, box, world.sitting, people["inv"].actor)
    clock.advance(60)
    write(move_seat, box, world.sitting, "T1-02", "", "键盘失灵", True, people["inv"].actor, new_id())
    clock.advance(60)
    write(extend, box, [world.attempts[1]], 300, "换机耽误", people["inv"], "chief", "pressed")
    write(extend, box, [world.attempts[1]], 300, "换机耽误", people["inv"], "chief", "pressed")
    write(warn, box, world.attempts[2], "请勿左顾右盼", people["inv"].actor)
    clock.advance(60)
    write(force_hand_in, box, world.attempts[2], "扰乱秩序", people["inv"].actor)
    order = write(open_lane, box, "L1", "轮椅通行", people["inv"], "chief", new_id())
    write(settle_order, box, order.id, "done")
    write(_case, box, world, people["chief"])
    for index in (0, 1, 3):
        write(force_hand_in, box, world.attempts[index], "到时", people["inv"].actor)
    clock.advance(1200)
    write(end_sitting, box, world.sitting, people["inv"].actor)

    record = box.db.read_now(sheets.room_record_facts, box, world.sitting, "考务")
    assert (record.expected, record.present) == (5, 4)
    assert [(one.name, one.ticket_number) for one in record.absent] == [("缺某某", "Z9")]
    assert record.hand_ins.forced == 4 and record.hand_ins.open == 0
    move = record.moves[0]
    assert len(record.moves) == 1 and (move.name, move.from_seat, move.to_seat) == ("考生1", "T1-02", "T1-61")
    assert (move.reason, move.by) == ("键盘失灵", "王监考")
    extension = record.extensions[0]
    assert (extension.seconds, extension.by, extension.second) == (300, "王监考", "刘站长")
    kinds = [one.kind for one in record.incidents]
    assert kinds.count("attempt.handed_in") == 4
    assert {"seat.broken", "warning.shown", "gate.ordered", "case.decided"} <= set(kinds)
    assert [one.at for one in record.incidents] == sorted(one.at for one in record.incidents)
    gate = next(one for one in record.incidents if one.kind == "gate.ordered")
    assert (gate.text, gate.result) == ("轮椅通行", "done")
    assert (gate.by, gate.second) == ("王监考", "刘站长")
    head = box.db.read_now(lambda s: s.get_one(JournalHead, 1))
    assert (record.journal.seq, record.journal.hash) == (head.seq, head.hash)
    assert record.heading.demo and record.heading.trade == "低压电工" and record.heading.made_by == "考务"
    with in_language("zh_CN"):
        assert reports.room_record(record).startswith(b"%PDF")

    signing = box.db.read_now(sheets.sign_in_sheet_facts, box, world.sitting)
    assert signing.closed and sum(row.admitted_at is None for row in signing.rows) == 1
    assert next(row.seat for row in signing.rows if row.name == "考生1") == "T1-61"
    plan = box.db.read_now(sheets.seat_plan_facts, box, world.sitting)
    seats = {seat.seat: seat for seat in plan.seats}
    assert seats["T1-02"].broken and not seats["T1-02"].name
    assert seats["T1-61"].spare and seats["T1-61"].name == "考生1"


def _case(session: Session, box: Box, world: World, chief: Who, second: Who | None = None) -> None:
    case = new_id()
    body = {"case": case, "decision": "admit", "second": second.account if second else ""}
    append(session, "case.decided", world.candidates[0], chief.actor, body, at=box.now())
    session.add(
        Case(
            id=case,
            kind="face_review",
            state="decided",
            candidate=world.candidates[0],
            sitting=world.sitting,
            opened_at=box.now(),
            decision="admit",
            decided_by=chief.account,
            reason="本人",
            decided_at=box.now(),
        )
    )


def test_who_did_not_come_when_called_has_not_moved(
    box: Box, world: World, people: dict[str, Who], clock: FakeClock
) -> None:
    """Called, noted as not there, back in the queue and called again, to the same seat even: no change of seat."""

    def ticket(session: Session) -> str:
        row = session.exec(select(Ticket).where(Ticket.candidate == world.candidates[1])).one()
        row.state = "called"
        session.add(row)
        return row.id

    write, one = box.db.write_now, box.db.write_now(ticket)
    clock.advance(60)
    write(set_aside, box, one, "skipped", people["inv"].actor, "没有应答")
    clock.advance(60)
    write(set_aside, box, one, "waiting", people["inv"].actor)
    write(call_next, box, world.sitting, people["inv"].actor, "again")
    record = box.db.read_now(sheets.room_record_facts, box, world.sitting)
    assert record.moves == []
    missed = [one for one in record.incidents if one.kind == "ticket.skipped"]
    assert [(one.name, one.seat, one.text, one.by) for one in missed] == [
        ("考生1", "T1-02", "没有应答", "王监考")
    ]
    with in_language("zh_CN"):
        page = printed("room_record.html", record)
    assert "未到" in page and "skipped" not in page


def test_a_decision_of_two_people_names_both(box: Box, world: World, people: dict[str, Who]) -> None:
    box.db.write_now(_case, box, world, people["chief"], people["inv"])
    found = box.db.read_now(sheets.room_record_facts, box, world.sitting).incidents
    assert [(one.by, one.second) for one in found] == [("刘站长", "王监考")]
    with in_language("zh_CN"):
        page = printed("room_record.html", box.db.read_now(sheets.room_record_facts, box, world.sitting))
    assert "经办人 / 确认人" in page and "刘站长 / 王监考" in page


def printed(name: str, record: RoomRecord) -> str:
    """The sheet as HTML."""
    more = {"code": "", "kind": report_sheets._kind, "result": report_sheets._result, "blank": 0}
    return html(name, record.heading, "Exam-room record", sheet=record, **more)


def test_another_sittings_events_stay_out(box: Box, world: World, people: dict[str, Who]) -> None:
    def other(session: Session) -> str:
        session.add(Room(code="T2", name="二号考场", kind="theory"))
        session.flush()
        first = session.get_one(Sitting, world.sitting)
        row = Sitting(
            id=new_id(),
            number=2,
            subject="theory",
            trade="low_voltage",
            room="T2",
            starts_at=first.starts_at,
            duration_s=7200,
            opens_at=first.opens_at,
            closes_at=first.closes_at,
        )
        session.add(row)
        return row.id

    second = box.db.write_now(other)
    box.db.write_now(warn, box, world.attempts[0], "请安静", people["inv"].actor)
    assert len(box.db.read_now(sheets.room_record_facts, box, world.sitting).incidents) == 1
    empty = box.db.read_now(sheets.room_record_facts, box, second)
    assert (empty.expected, empty.incidents) == (0, [])


def test_a_score_sheet_grows_with_every_signature(box: Box, people: dict[str, Who]) -> None:
    attempt = box.db.write_now(_practical, box)
    drawn = box.db.write_now(draw_tasks, box, attempt, people["ex"].actor)
    file = practical_tasks("low_voltage")
    assert box.db.read_now(sheets.score_sheet_facts, box, attempt).tasks == []
    for count, row in enumerate(drawn, start=1):
        task = file.task(row.task)
        item = next(one for one in task.items if one.deductions)
        losses = []
        if row.subject == "K1":
            cut = item.deductions[0]
            losses = [LossForm(item=item.id, deduction=cut.id, points=str(cut.points))]
        form = SheetForm(id=new_id(), attempt=attempt, subject=row.subject, task=row.task, losses=losses)
        box.db.write_now(sign_sheet, box, form, people["ex"])
        facts = box.db.read_now(sheets.score_sheet_facts, box, attempt)
        assert len(facts.tasks) == count and (facts.total is None) == (count < 4)
    first = facts.tasks[0]
    lost = sum((one.most - one.left for one in first.items), Decimal(0))
    assert lost > 0 and first.raw == sum((one.most for one in first.items), Decimal(0)) - lost
    assert facts.total == sum((task.points for task in facts.tasks), Decimal(0)) and facts.passed
    assert {task.examiner for task in facts.tasks} == {"孙考评"} and facts.workplace == "P1-01"
    assert [task.weight for task in facts.tasks] == [20, 40, 20, 20] and facts.pass_mark == 80
    with in_language("zh_CN"):
        assert reports.score_sheet(facts).startswith(b"%PDF")


def test_presses_of_different_points_are_kept_and_printed_each(box: Box, people: dict[str, Who]) -> None:
    attempt = box.db.write_now(_practical, box)
    drawn = box.db.write_now(draw_tasks, box, attempt, people["ex"].actor)
    row = next(one for one in drawn if one.subject == "K3")
    task = practical_tasks("low_voltage").task(row.task)
    item, cut = next((i, d) for i in task.items for d in i.deductions if d.most and d.per == "each")

    def form(*points: str) -> SheetForm:
        losses = [LossForm(item=item.id, deduction=cut.id, points=one) for one in points]
        return SheetForm(id=new_id(), attempt=attempt, subject="K3", task=row.task, losses=losses)

    with pytest.raises(Corrupt) as refused:
        box.db.write_now(sign_sheet, box, form("15", "25.5"), people["ex"])
    assert refused.value.code == "bad_points"
    signed = box.db.write_now(sign_sheet, box, form("15", "25", "15"), people["ex"])
    assert signed.raw == 45
    printed = box.db.read_now(sheets.score_sheet_facts, box, attempt).tasks[0].items
    losses = next(one.losses for one in printed if one.text == item.text)
    assert [(one.points, one.count) for one in losses] == [(30, 2), (25, 1)]
    first = box.db.read_now(_signed)
    assert "at" not in first["losses"][0], "a page that does not know when says nothing"
    correction = form("15", "25")
    correction.note, correction.presses = "twice", Presses(sent=90_000, losses=[60_000, 0])
    box.db.write_now(sign_sheet, box, correction, people["ex"])
    kept = box.db.read_now(_signed)["losses"]
    assert "at" not in kept[1] and kept[0]["at"] == instant(signed.signed_at), "not before the task was drawn"


def _signed(session: Session) -> dict[str, Any]:
    """What the journal has of the newest sheet."""
    wanted = select(Journal.body).where(col(Journal.kind).like("sheet.%")).order_by(col(Journal.seq).desc())
    body: dict[str, Any] = msgspec.json.decode(session.exec(wanted.limit(1)).one())
    return body


def test_a_theory_attempt_has_no_score_sheet(box: Box, world: World) -> None:
    with pytest.raises(NotFound, match="not_practical"):
        box.db.read_now(sheets.score_sheet_facts, box, world.attempts[0])
    with pytest.raises(NotFound, match="no_sitting"):
        box.db.read_now(sheets.room_record_facts, box, "nothing")


def _practical(session: Session, box: Box) -> str:
    now = box.now()
    session.add(Room(code="P1", name="实操考室", kind="practical"))
    session.flush()
    session.add(Seat(id="P1-01", room="P1", number=1))
    session.add(
        Roster(id="rp", source="manual", state="active", file_name="x", file_sha256="1" * 64, loaded_at=now)
    )
    sitting = Sitting(
        id=new_id(),
        number=2,
        subject="practical",
        trade="low_voltage",
        room="P1",
        starts_at=now,
        duration_s=3600,
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(minutes=15),
        state="running",
        started_at=now,
        seed_sealed=box.key.encrypt(b"0" * 32),
    )
    session.add(sitting)
    one = Candidate(
        id=new_id(),
        name="赵某某",
        number_sealed=b"",
        number_index=b"p",
        number_masked="9999**",
        last_four="1234",
        birth_index=b"p",
    )
    session.add(one)
    session.flush()
    session.add(
        RosterRow(id=new_id(), roster="rp", row=1, candidate=one.id, sitting=sitting.id, ticket_number="P7")
    )
    admission = Admission(
        id=new_id(),
        sitting=sitting.id,
        candidate=one.id,
        lane="P1",
        happened_at=now,
        recorded_at=now,
        how="machine",
    )
    attempt = Attempt(id=new_id(), sitting=sitting.id, candidate=one.id)
    session.add(admission)
    session.add(attempt)
    session.flush()
    taking = SeatTaking(
        id=new_id(),
        command=new_id(),
        sitting=sitting.id,
        seat="P1-01",
        candidate=one.id,
        admission=admission.id,
        taken_at=now,
    )
    session.add(taking)
    ticket = Ticket(
        id=new_id(),
        admission=admission.id,
        sitting=sitting.id,
        candidate=one.id,
        number="B001",
        issued_at=now,
        state="called",
    )
    session.add(ticket)
    return attempt.id
