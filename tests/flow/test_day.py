"""From the roster to the release on both databases, with real rules, the real bank and a clock that is told."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlmodel import col, select

from appliance.base.clock import FakeClock
from appliance.base.errors import Conflict, NotFound, Refused
from appliance.base.ids import new_id
from appliance.flow import accounts
from appliance.flow.accounts import Who
from appliance.flow.admit import FaceTaken, TapFacts, admit
from appliance.flow.box import Box
from appliance.flow.call import call_next
from appliance.flow.draw_tasks import draw_tasks, drawn_tasks
from appliance.flow.inspect import verify_journal
from appliance.flow.load_roster import (
    DayPlan,
    SubjectPlan,
    confirm_roster,
    keep_lines,
    lines_of,
    load_province_roster,
    load_roster_file,
    plan_lines,
)
from appliance.flow.make_papers import draw_paper, keep_papers, without_paper
from appliance.flow.mark import due_for_marking, mark_theory
from appliance.flow.score import LossForm, SheetForm, sign_sheet
from appliance.flow.start_sitting import end_sitting, start_sitting
from appliance.flow.verdict import blockers, release_day
from appliance.intake.bank import question_bank
from appliance.intake.practical_tasks import practical_tasks
from appliance.intake.roster import read_roster
from appliance.intake.sample_roster import SamplePerson, make_people, write_xlsx
from appliance.records.roster import Candidate, Roster, RosterRow
from appliance.records.site import Room, Seat
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Mark, Paper
from appliance.records.verdict import Verdict
from appliance.rules.paper import THEORY
from tests.flow.test_answers import Page
from tests.world import World

PEOPLE = make_people(6, seed="flow test")


def person(box: Box, login: str, role: str) -> Who:
    hashed = accounts.hash_password("a good password")
    row = box.db.write_now(accounts.add_account, box, login, login, role, hashed, "process:test")
    return Who(account=row.id, login=login, name=login, role=role)


@pytest.fixture
def staff(box: Box) -> dict[str, Who]:
    roles = {"office": "office", "chief": "chief", "examiner": "examiner"}
    return {login: person(box, login, role) for login, role in roles.items()}


@pytest.fixture
def rooms(box: Box) -> None:
    def add(session) -> None:  # type: ignore[no-untyped-def]
        for code, kind in (("T1", "theory"), ("P1", "practical")):
            session.add(Room(code=code, name=code, kind=kind))
            session.flush()
            for number in range(1, 9):
                address = f"127.0.9.{number}" if kind == "theory" else None
                session.add(Seat(id=f"{code}-{number:02d}", room=code, number=number, address=address))

    box.db.write_now(add)


def load(box: Box, staff: dict[str, Who], subject: str, hours: float) -> str:
    """A workbook by hand, confirmed by the head; returns the sitting's id."""
    sample = write_xlsx(PEOPLE, subject=subject)
    file = read_roster(sample.content, "roster.xlsx")
    plan = SubjectPlan(
        room="T1" if subject == "理论" else "P1",
        starts_at=box.now() + timedelta(hours=hours),
        duration_s=7200,
    )
    lines = plan_lines(box, file, DayPlan(theory=plan, practical=plan))
    name = keep_lines(box, lines)
    roster = box.db.write_now(load_roster_file, box, file, "roster.xlsx", name, staff["office"])
    with pytest.raises(Refused):
        box.db.write_now(confirm_roster, box, roster.id, lines, staff["office"])
    loaded = box.db.write_now(confirm_roster, box, roster.id, lines_of(box, roster), staff["chief"])
    assert loaded.added == len(PEOPLE)
    with pytest.raises(Conflict):
        box.db.write_now(load_roster_file, box, file, "again.xlsx", name, staff["office"])
    kind = "theory" if subject == "理论" else "practical"
    return box.db.read_now(lambda s: s.exec(select(Sitting.id).where(Sitting.subject == kind)).one())


def enter(box: Box, one: SamplePerson, kind: str) -> str:
    face = FaceTaken(
        engine="dlib", version="20", reference="chip", band="admit", code="face_matches", distance=0.3
    )
    facts = TapFacts(
        tap=new_id(),
        lane="L1" if kind == "theory" else "P1",
        kind=kind,
        happened_at=box.now(),
        name=one.name,
        number=one.number,
        face=face,
    )
    return box.db.write_now(admit, box, facts).code


def sit_theory(box: Box, sitting: str, wrong: dict[int, int]) -> None:
    """Everybody is called, signs in, answers; `wrong`: index of the person -> wrong answers."""
    for index in range(len(PEOPLE)):
        box.db.write_now(call_next, box, sitting, "account:w", f"t{index}")
    pages = []
    for index, one in enumerate(PEOPLE):
        found = box.db.read_now(_seat_of, one.number, box)
        world = World(sitting, [], [found[0]], [], [], [one.number[-4:]])
        page = Page(box, world, 0)
        page.rules()
        pages.append((index, page, found[1]))
    box.db.write_now(start_sitting, box, sitting, "account:i")
    for index, page, candidate in pages:
        key = box.db.read_now(_key, candidate, box)
        for position, right in enumerate(key, start=1):
            given = right if position > wrong.get(index, 0) else ("B" if right == "A" else "A")
            page.send(page.change(position, given))


def _seat_of(session, number: str, box: Box) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    from appliance.records.seating import SeatTaking

    row = session.exec(
        select(Seat.address, Candidate.id)
        .join(SeatTaking, col(SeatTaking.seat) == col(Seat.id))
        .join(Candidate, col(Candidate.id) == col(SeatTaking.candidate))
        .where(Candidate.number_index == box.key.index(number), col(SeatTaking.released_at).is_(None))
    ).one()
    return row[0], row[1]


def _key(session, candidate: str, box: Box) -> list[str]:  # type: ignore[no-untyped-def]
    paper = session.exec(select(Paper).where(Paper.candidate == candidate)).one()
    return msgspec.json.decode(box.key.decrypt(paper.key_sealed), type=list[str])


def score(box: Box, attempt: str, examiner: Who, loses: str = "0") -> None:
    file = practical_tasks("low_voltage")
    for row in box.db.read_now(drawn_tasks, attempt):
        task = file.task(row.task)
        losses = []
        for item in task.items:
            cut = next((d for d in item.deductions if d.points >= Decimal(loses) > 0), None)
            if cut:
                losses.append(LossForm(item=item.id, deduction=cut.id, points=str(cut.points)))
        form = SheetForm(id=new_id(), attempt=attempt, subject=row.subject, task=row.task, losses=losses)
        first = box.db.write_now(sign_sheet, box, form, examiner)
        assert box.db.write_now(sign_sheet, box, form, examiner).id == first.id
        other = msgspec.structs.replace(form, note="something else")
        with pytest.raises(Conflict) as conflict:  # a page that made one id for two sheets
            box.db.write_now(sign_sheet, box, other, examiner)
        assert conflict.value.code == "other_sheet"


def test_a_whole_day(box: Box, staff: dict[str, Who], rooms: None, clock: FakeClock) -> None:
    theory, practical = load(box, staff, "理论", 1), load(box, staff, "实操", 4)
    bank = question_bank("low_voltage")
    items = {item.id: item for item in bank.items}
    sitting = box.db.read_now(lambda s: s.get(Sitting, theory))
    with pytest.raises(Refused) as refused:
        box.db.write_now(start_sitting, box, theory, "account:i")
    assert refused.value.code == "papers_missing"
    drawn = [draw_paper(box, sitting, one, items, THEORY) for one in box.db.read_now(without_paper, theory)]
    assert box.db.write_now(keep_papers, box, theory, bank.sha256, drawn) == len(PEOPLE)
    assert box.db.write_now(keep_papers, box, theory, bank.sha256, drawn) == 0
    assert len({one.body for one in drawn}) == len(PEOPLE)
    again = draw_paper(box, sitting, drawn[0].candidate, items, THEORY)
    assert again.body == drawn[0].body

    clock.advance(600)
    assert [enter(box, one, "theory") for one in PEOPLE] == ["admitted"] * 6
    assert enter(box, PEOPLE[0], "practical") in ("too_early", "theory_not_passed")
    clock.advance(3000)
    sit_theory(box, theory, wrong={0: 20, 1: 21, 2: 100})
    clock.advance(7200)
    from appliance.flow.hand_in import close_due

    assert len(box.db.write_now(close_due, box)) == 6
    assert box.db.read_now(due_for_marking, box) == []
    clock.advance(901)
    for attempt in box.db.read_now(due_for_marking, box):
        box.db.write_now(mark_theory, box, attempt)
        box.db.write_now(mark_theory, box, attempt)
    box.db.write_now(end_sitting, box, theory, "process:web")
    marks = box.db.read_now(lambda s: sorted(s.exec(select(Mark.points)).all()))
    assert marks == [Decimal(0), Decimal(79), Decimal(80), Decimal(100), Decimal(100), Decimal(100)]

    codes = [enter(box, one, "practical") for one in PEOPLE]
    assert codes == ["admitted", "theory_not_passed", "theory_not_passed", "admitted", "admitted", "admitted"]
    attempts = []
    for index in range(4):
        call = box.db.write_now(call_next, box, practical, "account:w", f"p{index}")
        attempts.append(box.db.read_now(_attempt_of, call.ticket))
    box.db.write_now(start_sitting, box, practical, "account:i")
    for index, attempt in enumerate(attempts):
        rows = box.db.write_now(draw_tasks, box, attempt, staff["examiner"].actor)
        assert [row.subject for row in rows] == ["K1", "K2", "K3", "K4"]
        score(box, attempt, staff["examiner"], "10" if index == 0 else "0")
    day = box.today().isoformat()
    assert "sitting_open" in box.db.read_now(blockers, box, day)
    box.db.write_now(end_sitting, box, practical, "account:i")

    with pytest.raises(Refused):
        box.db.write_now(release_day, box, day, staff["examiner"])
    with pytest.raises(NotFound):
        box.db.write_now(release_day, box, day, staff["chief"])
    _province_confirms(box, (theory, practical), PEOPLE[:5])
    release = box.db.write_now(release_day, box, day, staff["chief"])
    verdicts = box.db.read_now(lambda s: s.exec(select(Verdict)).all())
    assert release.count == 5 and len(verdicts) == 6
    held = [one for one in verdicts if one.held]
    assert len(held) == 1 and held[0].release is None
    found = {one.code for one in verdicts}
    assert {"passed", "theory_failed"} <= found
    assert box.db.read_now(verify_journal, box).ok


def _attempt_of(session, ticket: str) -> str:  # type: ignore[no-untyped-def]
    from appliance.records.waiting import Ticket

    row = session.get(Ticket, ticket)
    return session.exec(
        select(Attempt.id).where(Attempt.sitting == row.sitting, Attempt.candidate == row.candidate)
    ).one()


def _province_confirms(box: Box, sittings: tuple[str, str], people: list[SamplePerson]) -> None:
    """The signed roster arrives and holds five of the six."""
    from appliance.flow.enrol import Person, SittingPlan
    from appliance.flow.load_roster import Line

    lines = []
    for sitting_id in sittings:
        sitting = box.db.read_now(lambda s, wanted=sitting_id: s.get(Sitting, wanted))
        plan = SittingPlan(
            subject=sitting.subject,
            trade=sitting.trade,
            room=sitting.room,
            starts_at=sitting.starts_at,
            duration_s=sitting.duration_s,
        )
        lines += [
            Line(plan=plan, person=Person(row=i, name=one.name, number=one.number))
            for i, one in enumerate(people)
        ]
    loaded = box.db.write_now(load_province_roster, box, b"message", "aa" * 64, lines)
    assert loaded.confirmed == 10
    assert box.db.write_now(load_province_roster, box, b"message", "aa" * 64, lines).confirmed == 0
    rows = box.db.read_now(lambda s: s.exec(select(RosterRow)).all())
    assert sum(row.confirmed_at is not None for row in rows) == 10
    assert box.db.read_now(lambda s: len(s.exec(select(Roster)).all())) == 3
