"""A second release of the day: sittings that came after the first, and a resit, and who passed before."""

from datetime import timedelta
from decimal import Decimal

from sqlmodel import Session, select

from appliance.base.clock import FakeClock
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.admit import FaceTaken, TapFacts, admit
from appliance.flow.box import Box
from appliance.flow.enrol import Person, SittingPlan, enrol
from appliance.flow.load_roster import Line
from appliance.flow.office import Office, office, roster_report
from appliance.flow.verdict import decide_verdict, release_day
from appliance.records.journal import Journal
from appliance.records.roster import Candidate, Roster
from appliance.records.site import Room
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Mark
from appliance.records.verdict import Release, Verdict
from sync.envelope import Entry
from sync.results import clear_of
from tests.world import number_of

CHIEF = Who(account="c", login="chief", name="刘站长", role="chief")


def _sitting(session: Session, box: Box, subject: str, number: int, state: str = "ended") -> str:
    now, room = box.now(), "T1" if subject == "theory" else "P1"
    if session.get(Room, room) is None:
        session.add(Room(code=room, name=room, kind=subject))
        session.flush()
    row = Sitting(
        id=new_id(),
        number=number,
        subject=subject,
        trade="low_voltage",
        room=room,
        starts_at=now,
        duration_s=3600,
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(minutes=15),
        state=state,
    )
    session.add(row)
    return row.id


def _marked(session: Session, box: Box, sitting: str, candidate: str, points: int) -> str:
    attempt = Attempt(id=new_id(), sitting=sitting, candidate=candidate, state="marked")
    session.add(attempt)
    session.flush()
    mark = Mark(
        id=new_id(),
        attempt=attempt.id,
        version="1",
        points=Decimal(points),
        passed=points >= 80,
        marked_at=box.now(),
    )
    session.add(mark)
    session.flush()
    decide_verdict(session, box, candidate, "low_voltage", "process:test")
    return attempt.id


def _candidate(session: Session, box: Box, name: str, number: str = "") -> str:
    if session.get(Roster, "r") is None:
        session.add(
            Roster(
                id="r",
                source="province",
                state="active",
                file_name="x",
                file_sha256="0" * 64,
                loaded_at=box.now(),
            )
        )
    row = Candidate(
        id=new_id(),
        name=name,
        number_sealed=box.key.encrypt_text(name),
        number_index=box.key.index(number) if number else name.encode(),
        number_masked="9999**",
        last_four="0000",
        birth_index=b"b",
    )
    session.add(row)
    session.flush()
    return row.id


def _page(box: Box) -> Office:
    return box.db.read_now(office, box, "somebody")


def test_a_later_sitting_and_a_resit_of_the_day_are_released_too(box: Box, clock: FakeClock) -> None:
    write = box.db.write_now
    day = box.today().isoformat()

    def morning(session: Session) -> tuple[str, str]:
        one = _candidate(session, box, "张某某")
        _marked(session, box, _sitting(session, box, "theory", 1), one, 90)
        clock.advance(60)
        return one, _marked(session, box, _sitting(session, box, "practical", 2), one, 60)

    first, failed = write(morning)
    released = write(release_day, box, day, CHIEF)
    assert released.count == 1
    page = _page(box)
    assert page.all_released and [(one.code, one.released) for one in page.verdicts] == [
        ("practical_failed", True)
    ]
    before = box.db.read_now(_clear, box, released.id)

    clock.advance(600)
    later = write(_sitting, box, "practical", 3, "planned")
    page = _page(box)
    assert not page.all_released and page.blockers == ["sitting_open"] and page.released_at

    def afternoon(session: Session) -> str:
        session.get_one(Sitting, later).state = "ended"
        other = _candidate(session, box, "李某某")
        _marked(session, box, _sitting(session, box, "theory", 4), other, 70)
        return _marked(session, box, later, first, 85)

    passed = write(afternoon)
    page = _page(box)
    assert not page.all_released and page.blockers == []
    assert [(one.name, one.code, one.released, one.superseded) for one in page.verdicts] == [
        ("张某某", "practical_failed", True, True),
        ("李某某", "theory_failed", False, False),
        ("张某某", "passed", False, False),
    ]
    assert page.verdicts[0].attempt == failed and page.verdicts[2].attempt == passed

    second = write(release_day, box, day, CHIEF)
    assert second.count == 2 and second.id != released.id
    assert _page(box).all_released
    assert box.db.read_now(lambda s: {one.state for one in s.exec(select(Sitting))}) == {"released"}
    assert box.db.read_now(lambda s: len(s.exec(select(Release)).all())) == 2
    assert box.db.read_now(lambda s: len(s.exec(select(Verdict)).all())) == 3
    assert box.db.read_now(_clear, box, released.id) == before, "the first release still says what it said"


def _clear(session: Session, box: Box, release: str) -> list[tuple[str, str | None]]:
    row = session.exec(
        select(Journal).where(Journal.kind == "results.released", Journal.subject == release)
    ).one()
    entry = Entry(**{name: getattr(row, name) for name in Entry.__struct_fields__})
    return [(one.verdict, one.practical) for one in clear_of(session, box, [entry]).released]


def test_who_passed_before_is_told_on_the_roster_and_at_the_entrance(box: Box, clock: FakeClock) -> None:
    number = number_of(7)

    def before(session: Session) -> str:
        one = _candidate(session, box, "张某某", number)
        _marked(session, box, _sitting(session, box, "theory", 1, "released"), one, 90)
        clock.advance(7200)
        return _sitting(session, box, "theory", 2, "planned")

    again = box.db.write_now(before)
    lines = [_line(box, again, "张某某", number), _line(box, again, "李某某", number_of(8))]
    waiting = box.db.write_now(_roster, box, "pending")
    report = box.db.read_now(roster_report, box, waiting, lines)
    assert [(one.name, one.passed) for one in report.people] == [("张某某", True), ("李某某", False)]

    def in_force(session: Session) -> None:
        roster = session.get_one(Roster, waiting)
        roster.state = "active"
        for one in lines:
            enrol(session, box, roster, session.get_one(Sitting, again), one.person)

    box.db.write_now(in_force)
    report = box.db.read_now(roster_report, box, waiting, [])
    assert [(one.name, one.passed) for one in report.people] == [("张某某", True), ("李某某", False)]
    assert _tap(box, "张某某", number) == ("review", "already_passed")
    assert _tap(box, "李某某", number_of(8))[0] == "admit"


def _roster(session: Session, box: Box, state: str) -> str:
    row = Roster(
        id=new_id(),
        source="manual",
        state=state,
        file_name="y",
        file_sha256="1" * 64,
        loaded_at=box.now(),
    )
    session.add(row)
    return row.id


def _line(box: Box, sitting: str, name: str, number: str) -> Line:
    row = box.db.read_now(lambda session: session.get_one(Sitting, sitting))
    plan = SittingPlan(
        subject=row.subject,
        trade=row.trade,
        room=row.room,
        starts_at=row.starts_at,
        duration_s=row.duration_s,
    )
    return Line(plan=plan, person=Person(row=1 if name == "张某某" else 2, name=name, number=number))


def _tap(box: Box, name: str, number: str) -> tuple[str, str]:
    face = FaceTaken(
        engine="dlib", version="20", reference="chip", band="admit", code="face_matches", distance=0.3
    )
    facts = TapFacts(
        tap=new_id(), lane="L1", kind="theory", happened_at=box.now(), name=name, number=number, face=face
    )
    found = box.db.write_now(admit, box, facts)
    return found.result, found.code
