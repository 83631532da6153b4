"""Exam rules kept with a sitting: ends, earliest leaving, results, approved time; what the settings may not say."""

from datetime import timedelta

import msgspec
import pytest
from sqlmodel import Session, select

from appliance.base import settings as s
from appliance.base.clock import FakeClock
from appliance.base.errors import Corrupt, Refused
from appliance.base.ids import new_id
from appliance.flow.attempt_view import standing
from appliance.flow.box import Box
from appliance.flow.enrol import Person, enrol
from appliance.flow.hand_in import hand_in
from appliance.flow.mark import mark_theory
from appliance.flow.rules_of import require_sound, rules_for
from appliance.flow.start_sitting import end_sitting, start_sitting
from appliance.records.journal import Journal
from appliance.records.roster import Roster, RosterRow
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.rules.exam_rules import ExamRules
from appliance.wire.station import HandIn
from tests.flow.test_answers import Page
from tests.world import World, number_of, seed


@pytest.fixture
def world(box: Box) -> World:
    return box.db.write_now(seed, box, 2)


def rule(box: Box, world: World, **said: object) -> None:
    def write(session: Session) -> None:
        sitting = session.get_one(Sitting, world.sitting)
        sitting.rules = msgspec.json.encode(ExamRules(**said)).decode()  # type: ignore[arg-type]
        session.add(sitting)

    box.db.write_now(write)


def deadline(box: Box, attempt: str) -> float:
    found = box.db.read_now(lambda session: session.get_one(Attempt, attempt))
    assert found.deadline is not None and found.started_at is not None
    return (found.deadline - found.started_at).total_seconds()


def leave(page: Page) -> str:
    sent = HandIn(attempt=page.attempt, lease=page.lease, n=page.n)
    return page.box.db.write_now(hand_in, page.box, page.token, sent).state


def test_on_entering_everybody_has_the_whole_time(box: Box, world: World, clock: FakeClock) -> None:
    rule(box, world, start="entering", latest_end=600)
    first, second = Page(box, world, 0), Page(box, world, 1)
    first.rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    clock.advance(300)
    second.rules()
    assert (deadline(box, first.attempt), deadline(box, second.attempt)) == (7200, 7200)


def test_approved_time_comes_on_top_for_nobody_else(box: Box, world: World) -> None:
    def approve(session: Session) -> None:
        row = session.exec(select(RosterRow).where(RosterRow.candidate == world.candidates[0])).one()
        row.help = "large time25"
        session.add(row)

    box.db.write_now(approve)
    pages = [Page(box, world, 0), Page(box, world, 1)]
    for page in pages:
        page.rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    assert [deadline(box, page.attempt) for page in pages] == [9000, 7200]
    found = [box.db.read_now(standing, box, page.token).around.help for page in pages]
    assert found == [["large", "time25"], []]


def test_nobody_leaves_before_the_earliest_moment(box: Box, world: World, clock: FakeClock) -> None:
    rule(box, world, earliest_leaving=1800)
    page = Page(box, world, 0)
    page.rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    with pytest.raises(Refused) as refused:
        leave(page)
    assert refused.value.code == "too_early_to_leave"
    clock.advance(1800)
    assert leave(page) == "handed_in"


def test_without_early_hand_in_only_the_end_hands_in(box: Box, world: World, clock: FakeClock) -> None:
    rule(box, world, early_hand_in=False)
    page = Page(box, world, 0)
    page.rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    clock.advance(7199)
    with pytest.raises(Refused) as refused:
        leave(page)
    assert refused.value.code == "no_early_hand_in"


@pytest.mark.parametrize("result", ["at_once", "later", "never"])
def test_no_result_while_others_sit(box: Box, world: World, clock: FakeClock, result: str) -> None:
    rule(box, world, result=result)
    first, second = Page(box, world, 0), Page(box, world, 1)
    first.rules()
    second.rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    leave(first)
    box.db.write_now(mark_theory, box, first.attempt)
    clock.advance(1000)

    def points() -> str:
        return box.db.read_now(standing, box, first.token).points

    assert points() == "", "the other one still writes"
    leave(second)
    assert points() == ("0" if result == "at_once" else "")
    box.db.write_now(end_sitting, box, world.sitting, "account:x")
    assert points() == ("0" if result == "at_once" else "")

    def release(session: Session) -> None:
        sitting = session.get_one(Sitting, world.sitting)
        sitting.state = "released"
        session.add(sitting)

    box.db.write_now(release)
    assert points() == ("" if result == "never" else "0")


def test_the_configuration_may_not_let_leave_before_entry_closes(box: Box) -> None:
    def with_rules(**said: object) -> s.Settings:
        return msgspec.structs.replace(box.settings, exam=s.ExamSettings(**said))  # type: ignore[arg-type]

    own = {"low_voltage": s.ExamTypeSettings(earliest_leaving=1800, result="later")}
    assert rules_for(with_rules(types=own), "low_voltage") == ExamRules(earliest_leaving=1800, result="later")
    assert rules_for(with_rules(types=own), "welding") == ExamRules()
    with pytest.raises(Corrupt) as refused:
        require_sound(with_rules(earliest_leaving=600))
    assert refused.value.code == "bad_exam_rules"
    with pytest.raises(Corrupt):
        Box.open(with_rules(types={"low_voltage": s.ExamTypeSettings(earliest_leaving=60)}))
    short = timedelta(minutes=10)
    require_sound(with_rules(earliest_leaving=900), "x", int(short.total_seconds()))


def test_a_later_roster_says_which_help_is_approved(box: Box, world: World) -> None:
    number, candidate = number_of(0), world.candidates[0]

    def load(session: Session, source: str, said: str) -> str:
        roster = Roster(
            id=new_id(),
            source=source,
            state="active",
            file_name="x",
            file_sha256="1" * 64,
            loaded_at=box.now(),
        )
        session.add(roster)
        session.flush()
        sitting = session.get_one(Sitting, world.sitting)
        enrol(session, box, roster, sitting, Person(row=1, name="考生0", number=number, help=said))
        return session.exec(select(RosterRow.help).where(RosterRow.candidate == candidate)).one()

    assert box.db.write_now(load, "manual", "voice") == "voice"
    assert box.db.write_now(load, "manual", "") == "voice", "a roster without the column takes none away"
    assert box.db.write_now(load, "province", "large time25") == "large time25"
    changes = select(Journal).where(Journal.kind == "roster_row.help")
    assert len(box.db.read_now(lambda s: s.exec(changes).all())) == 2
