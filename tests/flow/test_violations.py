"""A violation from the seat to the release: recorded by two, decided by two others, corrected by a new fact."""

from datetime import UTC, datetime

import msgspec
import pytest
from sqlmodel import Session, select

from appliance.base.clock import FakeClock
from appliance.base.errors import Refused
from appliance.base.ids import new_id
from appliance.flow import accounts
from appliance.flow.accounts import Who
from appliance.flow.analyse_items import Scope, analyse
from appliance.flow.analysis_choice import state_of
from appliance.flow.box import Box
from appliance.flow.decide_violation import decide_violation, decisions_of
from appliance.flow.evidence import KeptFile, ShownScreen, keep_evidence, shown_screen
from appliance.flow.forget_faces import named_files
from appliance.flow.hand_in import force_hand_in
from appliance.flow.inspect import timeline
from appliance.flow.mark import mark_theory
from appliance.flow.note_case import note_case
from appliance.flow.office import office
from appliance.flow.record_violation import Seen, record_violation
from appliance.flow.sheets import room_record_facts
from appliance.flow.start_sitting import begin_attempt, end_sitting, start_sitting
from appliance.flow.today import line
from appliance.flow.verdict import BLOCKERS, blockers, has_passed, release_day
from appliance.flow.violation_sheets import receipt_facts, violation_sheet_facts
from appliance.flow.violations import at_seat, open_cases, violation_case, violation_list
from appliance.flow.voided import in_question
from appliance.records.accounts import Account
from appliance.records.cases import ExamCase
from appliance.records.journal import Journal
from appliance.records.roster import Roster
from appliance.records.seating import SeatTaking
from appliance.records.sitting import Sitting
from appliance.records.theory import Answer, Attempt
from appliance.records.verdict import Release, Verdict
from appliance.records.violations import Violation
from sync.envelope import Entry
from sync.results import clear_of
from tests.world import World, seed

PEOPLE = ("invigilator", "invigilator2", "office", "office2", "chief")


def staff_of(box: Box) -> dict[str, Who]:
    hashed = accounts.hash_password("pruefung-2026")
    for login in PEOPLE:
        role = login.rstrip("2")
        box.db.write_now(accounts.add_account, box, login, login, role, hashed, "process:test")
    rows = box.db.read_now(lambda session: session.exec(select(Account)).all())
    return {
        row.login: Who(account=row.id, login=row.login, name=row.name, role=row.role)
        for row in rows
        if row.login in PEOPLE
    }


def running(box: Box, count: int = 3) -> World:
    """Everybody writes; all answers are right."""
    world = box.db.write_now(seed, box, count)

    def begin(session: Session) -> None:
        roster = session.get_one(Roster, "r1")
        roster.source = "province"
        session.add(roster)
        start_sitting(session, box, world.sitting, "process:test")
        sitting = session.get_one(Sitting, world.sitting)
        for one in world.attempts:
            attempt = session.get_one(Attempt, one)
            begin_attempt(session, box, sitting, attempt, "process:test")
            for position in range(1, 101):
                session.add(
                    Answer(
                        attempt=one,
                        position=position,
                        value="A",
                        lease=1,
                        n=position,
                        happened_at=box.now(),
                        recorded_at=box.now(),
                    )
                )

    box.db.write_now(begin)
    return world


def marked(box: Box, world: World, clock: FakeClock) -> None:
    for one in world.attempts:
        box.db.write_now(force_hand_in, box, one, "结束", "process:test")
        box.db.write_now(mark_theory, box, one)
    clock.advance(60)
    box.db.write_now(end_sitting, box, world.sitting, "process:test")


def what_was_seen(world: World, **more: object) -> Seen:
    facts: dict[str, object] = {
        "id": new_id(),
        "sitting": world.sitting,
        "seat": world.seats[0],
        "candidate": world.candidates[0],
        "rule": "material_or_phone",
        "seen": "查看手机",
        "told": "signed",
    }
    return Seen(**(facts | more))  # type: ignore[arg-type]


def verdict_of(box: Box, candidate: str) -> Verdict:
    wanted = select(Verdict).where(Verdict.candidate == candidate).order_by(Verdict.decided_at.desc())  # type: ignore[attr-defined]
    found = box.db.read_now(lambda session: session.exec(wanted).first())
    assert found is not None
    return found


def _refused(box: Box, code: str, *call: object) -> None:
    with pytest.raises(Refused) as refused:
        box.db.write_now(*call)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_from_the_seat_to_the_release_and_a_correction(box: Box, clock: FakeClock) -> None:
    staff, world = staff_of(box), running(box)
    write, read, day = box.db.write_now, box.db.read_now, box.today().isoformat()
    guilty = world.candidates[0]
    shown = msgspec.json.encode(read(shown_screen, box, world.sitting, world.seats[0]))
    files = [
        KeptFile(kind="screen", sha256=box.files.put(shown, True), at=box.now()),
        KeptFile(kind="camera", camera="C1", sha256=box.files.put(b"\xff\xd8\xff1", True), at=box.now()),
    ]
    evidence = write(keep_evidence, box, world.sitting, world.seats[0], files, staff["invigilator"], guilty)
    screen = msgspec.json.decode(box.files.get(evidence[0].sha256, True), type=ShownScreen)
    assert (screen.state, len(screen.answered), screen.questions) == ("running", 100, 100)

    def case(session: Session) -> str:
        attempt = session.get_one(Attempt, world.attempts[0])
        return note_case(session, box, attempt, "device", box.now(), "process:faces", seat=world.seats[0]).id

    noticed = write(case)
    assert [one.id for one in read(at_seat, box, world.sitting, world.seats[0]).cases] == [noticed]
    form = what_was_seen(world, taken="手机一部", evidence=[one.id for one in evidence], cases=[noticed])
    one = staff["invigilator"]
    _refused(box, "same_person", record_violation, box, form, one, "invigilator")
    _refused(box, "second_not_allowed", record_violation, box, form, one, "office")
    _refused(box, "seen_missing", record_violation, box, what_was_seen(world, seen=" "), one, "invigilator2")
    _refused(box, "told_missing", record_violation, box, what_was_seen(world, told=""), one, "invigilator2")
    kept = write(record_violation, box, form, one, "invigilator2")
    assert write(record_violation, box, form, one, "invigilator2").id == kept.id
    found = read(violation_case, box, kept.id)
    assert (len(found.evidence), len(found.cases), found.altered) == (2, 1, False)
    assert read(open_cases, box) == []
    entry = read(
        lambda session: session.exec(select(Journal).where(Journal.kind == "violation.recorded")).one()
    )
    assert entry.subject == guilty and evidence[1].sha256 in entry.body and "手机" not in entry.body
    assert f'"happened_at":"{kept.happened_at:%Y-%m-%dT%H:%M:%S.%fZ}"' in entry.body

    marked(box, world, clock)
    assert (verdict_of(box, guilty).code, verdict_of(box, guilty).passed) == ("violation_open", None)
    assert verdict_of(box, world.candidates[1]).code == "practical_missing"
    assert read(blockers, box, day) == ["violation_open"] and BLOCKERS["violation_open"]
    _refused(box, "not_releasable", release_day, box, day, staff["chief"])

    def decide(decision: str, who: str, second: str, on: str = "", command: str = "") -> object:
        return write(
            decide_violation,
            box,
            kept.id,
            decision,
            "核实",
            staff[who],
            second,
            command or new_id(),
            on,
        )

    for who, second, code in (
        ("invigilator", "office", "recorded_yourself"),
        ("office", "invigilator2", "second_not_allowed"),
        ("office", "office", "same_person"),
    ):
        with pytest.raises(Refused) as refused:
            decide("void_subject", who, second)
        assert refused.value.code == code
    command = new_id()
    first = decide("void_subject", "office", "chief", command=command)
    assert decide("void_subject", "office", "chief", command=command).id == first.id  # type: ignore[attr-defined]
    verdict = verdict_of(box, guilty)
    assert (verdict.code, verdict.theory, verdict.passed) == ("theory_voided", 0, False)
    assert not read(has_passed, box, guilty, "low_voltage", "theory")
    assert read(line, box, read(lambda session: session.get_one(Sitting, world.sitting))).passed == 2
    assert read(lambda session: in_question(session, box, session.get_one(Attempt, world.attempts[0])))
    assert not read(lambda session: in_question(session, box, session.get_one(Attempt, world.attempts[1])))
    assert read(has_passed, box, world.candidates[1], "low_voltage", "theory")
    assert read(analyse, box, Scope(sitting=world.sitting)).left_out == 2  # the voided one is not among them

    clock.advance(60)
    release = write(release_day, box, day, staff["chief"])
    assert release.count == 3
    with pytest.raises(Refused) as stale:
        decide("warn", "office", "chief", on="")
    assert stale.value.code == "decided_meanwhile"
    clock.advance(60)
    decide("warn", "chief", "office2", on=command)
    mended = verdict_of(box, guilty)
    assert (mended.code, mended.theory, mended.release) == ("practical_missing", 100, None)
    assert [one.amends for one in read(decisions_of, kept.id)] == [None, command]
    assert write(release_day, box, day, staff["chief"]).count == 1
    kinds = [one.kind for one in read(timeline, box, guilty).entries]
    assert {"evidence.kept", "violation.recorded", "violation.decided", "violation.amended"} <= set(kinds)
    sent = read(_clear, box, release.id)
    assert {row.candidate: row.code for row in sent}[guilty] == "theory_voided"

    sheet = read(violation_sheet_facts, box, kept.id, "x")
    assert (sheet.name, len(sheet.evidence), len(sheet.decisions)) == ("考生0", 2, 2)
    assert read(receipt_facts, box, kept.id, "x").taken == "手机一部"
    assert "violation.recorded" in {one.kind for one in read(room_record_facts, box, world.sitting).incidents}


def test_what_is_found_after_the_release_amends_it(box: Box, clock: FakeClock) -> None:
    staff, world = staff_of(box), running(box, 1)
    day = box.today().isoformat()
    marked(box, world, clock)
    box.db.write_now(release_day, box, day, staff["chief"])
    clock.advance(60)
    kept = box.db.write_now(record_violation, box, what_was_seen(world), staff["invigilator"], "invigilator2")
    assert box.db.read_now(blockers, box, day) == ["violation_open"]
    assert [(one.code, one.passed, one.released) for one in box.db.read_now(office, box, "").verdicts] == [
        ("violation_open", None, True)
    ]
    box.db.write_now(decide_violation, box, kept.id, "void_all", "核实", staff["office"], "chief", new_id())
    found = verdict_of(box, world.candidates[0])
    assert (found.code, found.release) == ("theory_voided", None)
    assert box.db.write_now(release_day, box, day, staff["chief"]).count == 1


def _clear(session: Session, box: Box, release: str) -> list[object]:
    row = session.exec(
        select(Journal).where(Journal.kind == "results.released", Journal.subject == release)
    ).one()
    entry = Entry(**{name: getattr(row, name) for name in Entry.__struct_fields__})
    return list(clear_of(session, box, [entry]).released)


def test_all_subjects_go_before_anything_is_marked(box: Box, clock: FakeClock) -> None:
    """Somebody sent out for impersonation: no theory counts, whenever the marks come."""
    staff, world = staff_of(box), running(box, 1)
    kept = box.db.write_now(
        record_violation,
        box,
        what_was_seen(world, rule="impersonation"),
        staff["invigilator"],
        "invigilator2",
    )
    box.db.write_now(decide_violation, box, kept.id, "void_all", "核实", staff["office"], "chief", new_id())
    assert verdict_of(box, world.candidates[0]).code == "theory_voided"
    marked(box, world, clock)
    found = verdict_of(box, world.candidates[0])
    assert (found.code, found.theory, found.passed) == ("theory_voided", 0, False)


def test_a_decision_corrected_before_any_mark_leaves_no_verdict(box: Box, clock: FakeClock) -> None:
    """Not released, it goes; released, another comes on top of it. And whoever sits on has lost nothing."""
    staff, world = staff_of(box), running(box, 1)
    write, day, guilty = box.db.write_now, box.today().isoformat(), world.candidates[0]
    kept = write(record_violation, box, what_was_seen(world), staff["invigilator"], "invigilator2")

    def decide(decision: str, on: str = "") -> str:
        clock.advance(60)
        return write(
            decide_violation, box, kept.id, decision, "核实", staff["office"], "chief", new_id(), on
        ).id

    last = decide("warn", decide("void_all"))
    verdicts = select(Verdict.code).where(Verdict.candidate == guilty).order_by(Verdict.decided_at)  # type: ignore[arg-type]
    assert box.db.read_now(lambda session: session.exec(verdicts).all()) == []
    last = decide("void_subject", last)
    write(_release_open, guilty)
    last = decide("unfounded", last)
    assert box.db.read_now(lambda session: session.exec(verdicts).all()) == [
        "theory_voided",
        "theory_missing",
    ]
    last = decide("unfounded", decide("void_subject", last))
    assert box.db.read_now(lambda session: session.exec(verdicts).all()) == [
        "theory_voided",
        "theory_missing",
    ]
    marked(box, world, clock)
    assert (verdict_of(box, guilty).code, verdict_of(box, guilty).day) == ("practical_missing", day)


def _release_open(session: Session, candidate: str) -> None:
    session.add(Release(id="done", day="", count=1, released_by="x", released_at=datetime.now(UTC)))
    session.flush()
    for one in session.exec(select(Verdict).where(Verdict.candidate == candidate)):
        one.release = "done"
        session.add(one)


def test_all_subjects_taken_away_in_the_practical_take_the_theory_as_well(box: Box, clock: FakeClock) -> None:
    staff, world = staff_of(box), running(box, 2)
    write = box.db.write_now
    marked(box, world, clock)

    def practical(session: Session) -> None:
        theory = session.get_one(Sitting, world.sitting)
        more = {"id": "practical", "number": 2, "subject": "practical", "state": "ended"}
        session.add(Sitting(**theory.model_dump() | more))
        session.flush()
        more = {"id": "tried", "sitting": "practical", "paper": None}
        session.add(Attempt(**session.get_one(Attempt, world.attempts[0]).model_dump() | more))
        taking = session.exec(select(SeatTaking).where(SeatTaking.candidate == world.candidates[0])).one()
        more = {"id": "place", "sitting": "practical", "command": "place"}
        session.add(SeatTaking(**taking.model_dump() | more))

    write(practical)
    kept = write(
        record_violation, box, what_was_seen(world, sitting="practical"), staff["invigilator"], "invigilator2"
    )
    write(decide_violation, box, kept.id, "void_all", "核实", staff["office"], "chief", new_id())
    sitting = box.db.read_now(lambda session: session.get_one(Sitting, world.sitting))
    assert box.db.read_now(line, box, sitting).passed == 1
    gone, stays = [box.db.read_now(lambda s, one=one: s.get_one(Attempt, one)) for one in world.attempts]
    assert box.db.read_now(in_question, box, gone) and not box.db.read_now(in_question, box, stays)


def test_an_analysis_is_old_after_every_decision(box: Box, clock: FakeClock) -> None:
    """Whatever the id the page gave it when it was drawn."""
    staff, world = staff_of(box), running(box, 2)
    write, scope = box.db.write_now, Scope(sitting=world.sitting)
    kept = [
        write(
            record_violation,
            box,
            what_was_seen(world, seat=seat, candidate=who),
            staff["invigilator"],
            "invigilator2",
        )
        for seat, who in zip(world.seats[:2], world.candidates, strict=False)
    ]
    early, late, seen = new_id(), new_id(), set()
    for one, command in zip(kept, (late, early), strict=True):
        clock.advance(60)
        seen.add(box.db.read_now(state_of, box, scope))
        write(decide_violation, box, one.id, "void_subject", "核实", staff["office"], "chief", command)
    assert len(seen | {box.db.read_now(state_of, box, scope)}) == 3


def test_a_seat_that_changed_hands_meanwhile(box: Box) -> None:
    """The form, and the camera's picture, are about the person they were begun for."""
    staff, world = staff_of(box), running(box, 2)
    other = what_was_seen(world, candidate=world.candidates[1])
    _refused(box, "somebody_else", record_violation, box, other, staff["invigilator"], "invigilator2")
    place = (world.sitting, world.seats[0], [], staff["invigilator"])
    _refused(box, "somebody_else", keep_evidence, box, *place, world.candidates[1])
    assert box.db.read_now(at_seat, box, world.sitting, world.seats[0]).candidate == world.candidates[0]


@pytest.mark.parametrize("change", [{"seen": "没有什么"}, {"happened_at": datetime(2026, 1, 1, tzinfo=UTC)}])
def test_what_was_changed_in_the_table_is_noticed(box: Box, change: dict[str, object]) -> None:
    staff, world = staff_of(box), running(box, 1)
    kept = box.db.write_now(record_violation, box, what_was_seen(world), staff["invigilator"], "invigilator2")

    def alter(session: Session) -> None:
        session.add(session.get_one(Violation, kept.id).sqlmodel_update(change))

    box.db.write_now(alter)
    assert box.db.read_now(violation_case, box, kept.id).altered


def test_an_open_case_holds_the_release(box: Box, clock: FakeClock) -> None:
    staff_of(box)
    world = running(box, 1)

    def case(session: Session) -> None:
        attempt = session.get_one(Attempt, world.attempts[0])
        note_case(session, box, attempt, "absent", box.now(), "process:faces")

    box.db.write_now(case)
    marked(box, world, clock)
    assert box.db.read_now(blockers, box, box.today().isoformat()) == ["exam_case_open"]
    assert box.db.read_now(violation_list, box) == []
    assert box.db.read_now(lambda session: session.exec(select(ExamCase.state)).all()) == ["open"]


def test_evidence_is_no_left_over_picture(box: Box) -> None:
    """The nightly deletion of pictures nobody points to lets it lie."""
    staff, world = staff_of(box), running(box, 1)
    name = box.files.put(b"\xff\xd8\xff evidence", True)
    files = [KeptFile(kind="camera", camera="C1", sha256=name, at=box.now())]
    place = (world.sitting, world.seats[0])
    box.db.write_now(keep_evidence, box, *place, files, staff["invigilator"], world.candidates[0])
    assert name in box.db.read_now(named_files)
