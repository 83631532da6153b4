"""More time for the whole room moves the sitting's own end; a seat moved to waits for its sign-in."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from appliance.base.clock import FakeClock
from appliance.base.errors import Refused
from appliance.flow.accept_rules import accept_rules
from appliance.flow.accounts import Who, add_account, hash_token
from appliance.flow.board import board
from appliance.flow.box import Box
from appliance.flow.extend import extend, extend_room
from appliance.flow.hand_in import force_hand_in
from appliance.flow.seat_panel import seat_panel
from appliance.flow.seat_sign_in import sign_in_at_seat
from appliance.flow.start_sitting import end_if_over, start_sitting
from appliance.flow.warn import warn
from appliance.records.journal import Journal
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from tests.world import World, seed


def _enter(box: Box, world: World, index: int, address: str = "") -> None:
    secret = f"secret-{index}-{address}"
    place = address or world.addresses[index]
    box.db.write_now(sign_in_at_seat, box, place, world.last_four[index], secret)
    if not address:
        box.db.write_now(accept_rules, box, hash_token(secret))


def _deadline(box: Box, world: World, index: int) -> object:
    return box.db.read_now(lambda session: session.get_one(Attempt, world.attempts[index]).deadline)


def _end(box: Box, world: World) -> object:
    return box.db.read_now(lambda session: session.get_one(Sitting, world.sitting).ends_at)


@pytest.fixture
def who(box: Box) -> Who:
    def add(session: Session) -> str:
        add_account(session, box, "two", "two", "chief", "x", "process:test")
        row = add_account(session, box, "one", "one", "invigilator", "x", "process:test")
        return row.id

    return Who(account=box.db.write_now(add), login="one", name="one", role="invigilator")


def test_the_room_s_end_moves_with_everybody_s_also_of_who_begins_later(
    box: Box, clock: FakeClock, who: Who
) -> None:
    world = box.db.write_now(seed, box, 3)
    for index in (0, 1):
        _enter(box, world, index)
    started = box.db.write_now(start_sitting, box, world.sitting, "account:a")
    assert started.ends_at is not None
    end = started.ends_at
    order = (box, world.sitting, 120, "火警", who, "two")
    with pytest.raises(Refused, match="reason_missing"):
        box.db.write_now(extend_room, box, world.sitting, 120, " ", who, "two", "c0")
    assert box.db.write_now(extend_room, *order, "c1")[1] == 2
    assert box.db.write_now(extend_room, *order, "c1")[1] == 0, "sent twice it is given once"
    moved = end + timedelta(minutes=2)
    assert [_end(box, world), _deadline(box, world, 0), _deadline(box, world, 1)] == [moved] * 3
    _enter(box, world, 2)
    assert _deadline(box, world, 2) == moved
    box.db.write_now(extend, box, [world.attempts[0]], 60, "键盘", who, "two", "c2")
    assert _end(box, world) == moved, "what one gets alone is not the room's"
    kinds = box.db.read_now(lambda session: session.exec(select(Journal.kind)).all())
    assert (kinds.count("sitting.extended"), kinds.count("attempt.extended")) == (1, 3)
    for attempt in world.attempts[:3]:
        box.db.write_now(force_hand_in, box, attempt, "结束", "account:a")
    clock.advance((end - box.now()).total_seconds())
    assert box.db.write_now(end_if_over, box) == [], "not over before its moved end"
    clock.advance(121)
    assert box.db.write_now(end_if_over, box) == [world.sitting]
    with pytest.raises(Refused, match="nobody_writes"):
        box.db.write_now(extend_room, *order, "c3")


def test_a_new_seat_waits_for_its_sign_in(box: Box, clock: FakeClock) -> None:
    world = box.db.write_now(seed, box, 2)
    for index in (0, 1):
        _enter(box, world, index)
    box.db.write_now(start_sitting, box, world.sitting, "account:a")

    def state(seat: str) -> str:
        return next(one.state for one in box.db.read_now(board, box, world.sitting).seats if one.seat == seat)

    assert state(world.seats[0]) == "running"

    def move(session: Session) -> None:
        session.add(Seat(id="T1-99", room="T1", number=99, spare=True, address="127.0.9.9"))
        held = select(SeatTaking).where(SeatTaking.candidate == world.candidates[0])
        old = session.exec(held).one()
        old.released_at, old.reason = box.now(), "moved"
        session.add(old)
        session.flush()
        fields = {"command": "c1", "id": "t2", "seat": "T1-99", "released_at": None, "reason": ""}
        session.add(SeatTaking(**old.model_dump() | fields))

    box.db.write_now(move)
    assert (state(world.seats[0]), state("T1-99")) == ("free", "bound")
    clock.advance(30)
    _enter(box, world, 0, "127.0.9.9")
    assert state("T1-99") == "running"


def test_a_message_never_read_asks_for_nobody_after_the_hand_in(box: Box, clock: FakeClock) -> None:
    world = box.db.write_now(seed, box, 2)
    _enter(box, world, 0)
    box.db.write_now(start_sitting, box, world.sitting, "account:a")
    box.db.write_now(warn, box, world.attempts[0], "请坐正", "account:a")

    def told() -> tuple[list[str], str]:
        panel = box.db.read_now(seat_panel, box, world.sitting, world.seats[0])
        return panel.tile.flags, panel.message

    assert told() == (["warned"], "请坐正")
    box.db.write_now(force_hand_in, box, world.attempts[0], "结束", "account:a")
    assert told() == ([], "")
