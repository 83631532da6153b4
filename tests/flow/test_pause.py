"""The exam stands still, for one and for the whole room: answers, deadlines, hand-ins, a restart of the box."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from appliance.base.clock import FakeClock
from appliance.base.errors import Refused
from appliance.flow.accept_rules import accept_rules
from appliance.flow.accounts import hash_token
from appliance.flow.attempt_view import standing
from appliance.flow.blueprints import text_of
from appliance.flow.board import board
from appliance.flow.box import Box
from appliance.flow.hand_in import close_due, force_hand_in
from appliance.flow.pause import pause_attempt, pause_sitting, resume_attempt, resume_sitting
from appliance.flow.save_answers import save_answers
from appliance.flow.seat_sign_in import sign_in_at_seat
from appliance.flow.start_sitting import end_sitting, start_sitting
from appliance.flow.station_report import take_heartbeat
from appliance.records.journal import Journal
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Paper
from appliance.records.violations import Pause
from appliance.rules.paper import THEORY
from appliance.wire.station import Answer, Answers, Heartbeat
from tests.world import World, seed

MINUTE = 60


def _sign_in(box: Box, world: World, index: int, secret: str) -> str:
    box.db.write_now(sign_in_at_seat, box, world.addresses[index], world.last_four[index], secret)
    box.db.write_now(accept_rules, box, hash_token(secret))
    return hash_token(secret)


def _begun(box: Box, count: int = 2) -> tuple[World, list[str]]:
    world = box.db.write_now(seed, box, count)
    tokens = [_sign_in(box, world, index, f"secret-{index}") for index in range(count)]
    box.db.write_now(start_sitting, box, world.sitting, "process:test")
    return world, tokens


def _attempt(box: Box, world: World, index: int) -> Attempt:
    return box.db.read_now(lambda session: session.get_one(Attempt, world.attempts[index]))


def _sitting(box: Box, world: World) -> Sitting:
    return box.db.read_now(lambda session: session.get_one(Sitting, world.sitting))


def _counts(box: Box, world: World) -> None:
    def set_rule(session: Session) -> None:
        sitting = session.get_one(Sitting, world.sitting)
        sitting.rules = msgspec.json.encode({"time_lost": "counts"}).decode()
        session.add(sitting)

    box.db.write_now(set_rule)


def _send(box: Box, world: World, token: str, index: int, *made: tuple[int, float, bool]) -> int:
    """`made`: number, seconds ago, proven."""
    answers = [
        Answer(n=n, position=n, value="A", at=box.now() - timedelta(seconds=ago), proven=proven)
        for n, ago, proven in made
    ]
    sent = Answers(attempt=world.attempts[index], lease=1, answers=answers)
    return asyncio.run(box.db.write_fixed(save_answers, box, token, sent)).n


def test_the_whole_room_stands_still_and_goes_on(box: Box, clock: FakeClock) -> None:
    world, tokens = _begun(box)
    end = _attempt(box, world, 0).deadline
    assert end is not None
    clock.advance(30 * MINUTE)
    with pytest.raises(Refused, match="reason_missing"):
        box.db.write_now(pause_sitting, box, world.sitting, " ", "account:a")
    pause = box.db.write_now(pause_sitting, box, world.sitting, "交换机故障", "account:a", 12)
    assert box.db.write_now(pause_sitting, box, world.sitting, "再按", "account:a").id == pause.id
    clock.advance(60)
    # Made before the pause and delivered in it: taken. Later, or not proven: the page keeps it.
    assert _send(box, world, tokens[0], 0, (1, 90, True), (2, 30, True)) == 1
    assert _send(box, world, tokens[0], 0, (2, 30, True)) == 1
    assert _send(box, world, tokens[1], 1, (1, 90, False)) == 0
    seen = box.db.read_now(standing, box, tokens[0])
    assert seen.around.paused and seen.deadline == end + timedelta(seconds=60)
    tile = box.db.read_now(board, box, world.sitting).seats[0]
    assert tile.paused and tile.remaining_s == (end - box.now()).total_seconds() + 60, "it does not fall"

    clock.advance(3 * 3600)  # far beyond the end: a paused exam is not handed in
    assert box.db.write_now(close_due, box) == []
    box.db.write_now(resume_sitting, box, world.sitting, "account:a")
    box.db.write_now(resume_sitting, box, world.sitting, "account:a")
    stood = timedelta(seconds=60 + 3 * 3600)
    assert [_attempt(box, world, n).deadline for n in (0, 1)] == [end + stood] * 2
    assert _sitting(box, world).ends_at == end + stood
    assert not box.db.read_now(standing, box, tokens[0]).around.paused
    assert _send(box, world, tokens[0], 0, (2, 0, True)) == 2
    kinds = box.db.read_now(
        lambda session: session.exec(select(Journal.kind).where(Journal.subject == world.sitting)).all()
    )
    assert kinds.count("sitting.paused") == kinds.count("sitting.resumed") == 1
    clock.advance(2 * 3600)
    assert set(box.db.write_now(close_due, box)) == set(world.attempts)


def test_where_lost_time_counts_the_end_stays(box: Box, clock: FakeClock) -> None:
    world, tokens = _begun(box)
    _counts(box, world)
    end = _attempt(box, world, 0).deadline
    box.db.write_now(pause_sitting, box, world.sitting, "演练", "account:a")
    clock.advance(10 * MINUTE)
    assert box.db.read_now(standing, box, tokens[0]).deadline == end
    sent = Answers(attempt=world.attempts[0], lease=1, answers=[])
    assert asyncio.run(box.db.write_fixed(save_answers, box, tokens[0], sent)).deadline == end
    box.db.write_now(resume_sitting, box, world.sitting, "account:a")
    assert _attempt(box, world, 0).deadline == end
    box.db.write_now(pause_attempt, box, world.attempts[0], "离场", "account:a")
    clock.advance(2 * 3600)
    assert set(box.db.write_now(close_due, box)) == set(world.attempts)
    left = box.db.read_now(
        lambda session: session.exec(select(Pause).where(col(Pause.ended_at).is_(None))).all()
    )
    assert left == []


def test_one_pause_inside_the_other(box: Box, clock: FakeClock) -> None:
    world, _tokens = _begun(box)
    end = _attempt(box, world, 0).deadline
    assert end is not None
    write = box.db.write_now
    write(pause_attempt, box, world.attempts[0], "身体不适", "account:a")
    clock.advance(5 * MINUTE)
    write(pause_sitting, box, world.sitting, "停电", "account:a")
    clock.advance(5 * MINUTE)
    write(resume_attempt, box, world.attempts[0], "account:a")
    assert _attempt(box, world, 0).paused_at is not None, "the room still stands still"
    clock.advance(5 * MINUTE)
    write(resume_sitting, box, world.sitting, "account:a")
    assert _attempt(box, world, 0).deadline == end + timedelta(minutes=15)
    assert _attempt(box, world, 1).deadline == end + timedelta(minutes=10)


def test_the_room_goes_on_without_one_who_is_paused_alone(box: Box, clock: FakeClock) -> None:
    world, _tokens = _begun(box)
    write = box.db.write_now
    write(pause_sitting, box, world.sitting, "停电", "account:a")
    write(pause_attempt, box, world.attempts[0], "身体不适", "account:a")
    write(resume_sitting, box, world.sitting, "account:a")
    assert _attempt(box, world, 0).paused_at is not None and _attempt(box, world, 1).paused_at is None
    write(force_hand_in, box, world.attempts[0], "送医", "account:a")
    write(force_hand_in, box, world.attempts[1], "结束", "account:a")
    write(end_sitting, box, world.sitting, "account:a")
    assert (
        box.db.read_now(
            lambda session: session.exec(select(Pause).where(col(Pause.ended_at).is_(None))).all()
        )
        == []
    )


def test_who_comes_in_a_pause_begins_when_it_ends(box: Box, clock: FakeClock) -> None:
    world = box.db.write_now(seed, box, 2)
    _sign_in(box, world, 0, "a")
    box.db.write_now(start_sitting, box, world.sitting, "process:test")
    end = _attempt(box, world, 0).deadline
    assert end is not None
    clock.advance(MINUTE)
    box.db.write_now(pause_sitting, box, world.sitting, "停电", "account:a")
    clock.advance(MINUTE)
    late = _sign_in(box, world, 1, "b")
    assert box.db.read_now(standing, box, late).around.paused
    clock.advance(MINUTE)
    box.db.write_now(resume_sitting, box, world.sitting, "account:a")
    both = {_attempt(box, world, n).deadline for n in (0, 1)}
    assert both == {end + timedelta(minutes=2)}


def test_a_shorter_paper_begun_in_a_pause_keeps_its_own_time(box: Box, clock: FakeClock) -> None:
    """And what was given as more time meanwhile; what all need is read once, however many there are."""
    world = box.db.write_now(seed, box, 4)
    box.db.write_now(start_sitting, box, world.sitting, "process:test")

    def resit(session: Session) -> None:
        sitting = session.get_one(Sitting, world.sitting)
        sitting.blueprint = text_of({"initial": THEORY, "resit": replace(THEORY, minutes=60)})
        session.add(sitting)
        for paper in session.exec(select(Paper).where(Paper.candidate == world.candidates[0])):
            paper.exam = "resit"
            session.add(paper)

    box.db.write_now(resit)
    sitting = _sitting(box, world)
    started, planned = box.now(), timedelta(seconds=sitting.duration_s)
    box.db.write_now(pause_sitting, box, world.sitting, "停电", "account:a")
    clock.advance(5 * MINUTE)
    for index in (0, 1):
        _sign_in(box, world, index, f"late-{index}")
    assert _attempt(box, world, 0).deadline == started + timedelta(minutes=60)

    def more(session: Session) -> None:
        attempt = session.get_one(Attempt, world.attempts[1])
        assert attempt.deadline
        attempt.deadline += timedelta(minutes=3)
        session.add(attempt)

    box.db.write_now(more)
    clock.advance(5 * MINUTE)
    box.db.write_now(resume_sitting, box, world.sitting, "account:a")
    assert _attempt(box, world, 0).deadline == started + timedelta(minutes=70)
    assert _attempt(box, world, 1).deadline == started + planned + timedelta(minutes=13)


def test_a_start_and_a_resumption_read_once_for_all(box: Box, clock: FakeClock) -> None:
    found: list[str] = []

    def note(*call: object) -> None:
        found.append(str(call[2]))

    world = box.db.write_now(seed, box, 12)
    for index in range(12):
        _sign_in(box, world, index, f"secret-{index}")
    event.listen(box.db._writer, "before_cursor_execute", note)
    for order in (start_sitting, pause_sitting, resume_sitting):
        found.clear()
        box.db.write_now(
            order, box, world.sitting, *(["停电"] if order is pause_sitting else []), "account:a"
        )
        assert len([one for one in found if one.startswith("SELECT")]) < 24, (order, found)
    event.remove(box.db._writer, "before_cursor_execute", note)


def test_a_restart_keeps_the_pause(box: Box, clock: FakeClock) -> None:
    world, tokens = _begun(box)
    box.db.write_now(pause_sitting, box, world.sitting, "停电", "account:a")
    box.db.stop()
    again = Box.open(box.settings, clock)
    again.db.start()
    try:
        clock.advance(3 * 3600)
        assert again.db.write_now(close_due, again) == []
        assert again.db.read_now(standing, again, tokens[0]).around.paused
    finally:
        again.db.stop()
        box.db.start()


def _beat(box: Box, world: World, index: int) -> None:
    key = hash_token(f"key-{world.seats[index]}")
    beat = Heartbeat(hostname="x", uptime_s=1.0)
    box.db.write_now(take_heartbeat, box, key, world.addresses[index], beat)


def test_what_a_dead_station_cost_is_kept_to_be_offered(box: Box, clock: FakeClock) -> None:
    world, _tokens = _begun(box)
    end = _attempt(box, world, 0).deadline
    _beat(box, world, 0)
    clock.advance(20)
    _beat(box, world, 0)
    assert _attempt(box, world, 0).lost_s == 0, "silent for a moment is not gone"
    clock.advance(4 * MINUTE)
    box.db.write_now(pause_sitting, box, world.sitting, "停电", "account:a")
    clock.advance(3 * MINUTE)
    box.db.write_now(resume_sitting, box, world.sitting, "account:a")
    clock.advance(2 * MINUTE)
    _beat(box, world, 0)
    assert _attempt(box, world, 0).lost_s == 6 * MINUTE, "the pause was given back already"
    assert end is not None and _attempt(box, world, 0).deadline == end + timedelta(minutes=3)


def test_a_new_seat_after_a_dead_station(box: Box, clock: FakeClock) -> None:
    world, tokens = _begun(box, 1)
    _beat(box, world, 0)
    clock.advance(5 * MINUTE)

    def move(session: Session) -> None:
        session.add(Seat(id="T1-99", room="T1", number=99, spare=True, address="127.0.9.9"))
        old = session.exec(select(SeatTaking).where(SeatTaking.sitting == world.sitting)).one()
        old.released_at, old.reason = box.now(), "moved"
        session.add(old)
        session.flush()
        fields = {"command": "c1", "id": "t2", "seat": "T1-99", "released_at": None, "reason": ""}
        session.add(SeatTaking(**old.model_dump() | fields))

    assert box.db.read_now(standing, box, tokens[0]).goes_on_at == ""
    box.db.write_now(move)
    old = box.db.read_now(standing, box, tokens[0])
    assert (old.goes_on_at, old.newest_lease) == ("T1-99", old.lease), "told before anybody signs in there"
    clock.advance(MINUTE)
    box.db.write_now(sign_in_at_seat, box, "127.0.9.9", world.last_four[0], "new")
    assert _attempt(box, world, 0).lost_s == 6 * MINUTE


def test_the_box_hands_in_though_the_station_is_dead(box: Box, clock: FakeClock) -> None:
    """By time and by an invigilator: neither asks the station."""
    world, tokens = _begun(box)
    _beat(box, world, 0)
    assert _send(box, world, tokens[0], 0, (1, 0, True)) == 1
    clock.advance(3600)  # silent for an hour
    box.db.write_now(force_hand_in, box, world.attempts[1], "考试机损坏", "account:a")
    clock.advance(3600)
    assert box.db.write_now(close_due, box) == [world.attempts[0]]
    assert [_attempt(box, world, n).handed_in for n in (0, 1)] == ["time", "forced"]
