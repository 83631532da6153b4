"""Signing in at a free seat with ID or ticket number and the sitting's pass code. On both databases."""

from datetime import timedelta

import msgspec
import pytest
from sqlmodel import Session, col, delete, select

from appliance.base.clock import FakeClock
from appliance.base.errors import Refused
from appliance.base.ids import new_id
from appliance.flow.attempt_view import Standing
from appliance.flow.board import board
from appliance.flow.box import Box
from appliance.flow.sign_in_by_code import by_code, draw_code, sign_in_by_code
from appliance.records.entry import Admission
from appliance.records.journal import Journal
from appliance.records.roster import RosterRow
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.records.waiting import Ticket
from appliance.rules.exam_rules import ExamRules
from tests.world import World, number_of, seed

CODE = "412907"


@pytest.fixture
def world(box: Box) -> World:
    """Two were let in and wait without a seat; the third never came."""
    world = box.db.write_now(seed, box, 3)

    def free(session: Session) -> None:
        session.exec(delete(SeatTaking))
        session.exec(delete(Attempt))
        sitting = session.get_one(Sitting, world.sitting)
        sitting.rules = msgspec.json.encode(ExamRules(sign_in="code")).decode()
        sitting.pass_code = CODE
        session.add(sitting)
        for index, candidate in enumerate(world.candidates):
            row = session.exec(select(RosterRow).where(RosterRow.candidate == candidate)).one()
            row.ticket_number = f"ZK{index:04d}"
            session.add(row)
            admission = session.exec(select(Admission).where(Admission.candidate == candidate)).one()
            if index == 2:
                session.delete(admission)
                continue
            ticket = Ticket(
                id=new_id(),
                admission=admission.id,
                sitting=world.sitting,
                candidate=candidate,
                number=f"A{index + 1:03d}",
                issued_at=box.now(),
            )
            session.add(ticket)

    box.db.write_now(free)
    return world


def sign_in(box: Box, world: World, seat: int, number: str, code: str = CODE) -> Standing | Refused:
    return box.db.write_now(sign_in_by_code, box, world.addresses[seat], number, code, new_id())


@pytest.mark.parametrize("number", [number_of(0), number_of(0).lower(), " ZK0000 ", "zk0000"])
def test_id_or_ticket_number_and_the_code_take_the_seat(box: Box, world: World, number: str) -> None:
    found = sign_in(box, world, 1, number)
    assert isinstance(found, Standing)
    assert (found.seat, found.candidate, found.lease) == (world.seats[1], world.candidates[0], 1)
    tickets = box.db.read_now(lambda s: s.exec(select(Ticket.state).order_by(col(Ticket.number))).all())
    assert tickets == ["seated", "waiting"]


def test_a_wrong_code_counts_toward_the_lock(box: Box, world: World, clock: FakeClock) -> None:
    for number, code in [(number_of(0), "412908"), ("ZK0009", CODE), ("", CODE), (number_of(0), "")]:
        wrong = sign_in(box, world, 0, number, code)
        assert isinstance(wrong, Refused) and wrong.code == "wrong_pass_code", "which of both, nobody is told"
    fifth = sign_in(box, world, 0, number_of(0), "912907")
    assert isinstance(fifth, Refused) and fifth.code == "sign_in_locked"
    right = sign_in(box, world, 0, number_of(0))
    assert isinstance(right, Refused) and right.code == "sign_in_locked"
    found = box.db.read_now(board, box, world.sitting)
    assert [tile.flags for tile in found.seats] == [["sign_in_locked"], [], []]
    assert found.pass_code == CODE
    kinds = box.db.read_now(
        lambda s: s.exec(select(Journal.kind).where(Journal.subject == world.seats[0])).all()
    )
    assert kinds == ["seat_sign_in.refused"] * 5
    clock.advance(61)
    assert isinstance(sign_in(box, world, 0, number_of(0)), Standing)


def test_nobody_sits_who_was_not_let_in_nor_at_two_seats(box: Box, world: World) -> None:
    with pytest.raises(Refused) as absent:
        sign_in(box, world, 0, number_of(2))
    assert absent.value.code == "not_admitted"
    sign_in(box, world, 0, number_of(0))
    with pytest.raises(Refused) as elsewhere:
        sign_in(box, world, 1, number_of(0))
    assert elsewhere.value.code == "your_seat_is"
    with pytest.raises(Refused) as taken:
        sign_in(box, world, 0, number_of(1))
    assert taken.value.code == "seat_taken"


def test_a_repeat_after_a_lost_reply_signs_in_again_and_guesses_count(box: Box, world: World) -> None:
    first, again = sign_in(box, world, 0, number_of(0)), sign_in(box, world, 0, number_of(0))
    assert isinstance(first, Standing) and isinstance(again, Standing)
    assert (again.attempt, again.seat, again.lease) == (first.attempt, first.seat, 2)
    takings = box.db.read_now(lambda s: s.exec(select(SeatTaking)).all())
    assert len(takings) == 1
    for _ in range(5):
        guess = sign_in(box, world, 0, number_of(0), "111111")
    assert isinstance(guess, Refused) and guess.code == "sign_in_locked"


def test_only_where_and_when_the_rules_say_so(box: Box, world: World) -> None:
    def offered(session: Session) -> int:
        return len(by_code(session, box, session.get_one(Seat, world.seats[0])))

    def change(session: Session, **fields: object) -> None:
        sitting = session.get_one(Sitting, world.sitting)
        for name, value in fields.items():
            setattr(sitting, name, value)
        session.add(sitting)

    assert box.db.read_now(offered) == 1
    box.db.write_now(lambda s: change(s, opens_at=box.now() + timedelta(minutes=1)))
    assert box.db.read_now(offered) == 0
    box.db.write_now(lambda s: change(s, opens_at=box.now(), rules=""))
    assert box.db.read_now(offered) == 0
    wrong = sign_in(box, world, 0, number_of(0))
    assert isinstance(wrong, Refused) and wrong.code == "wrong_pass_code"


def test_a_rehearsals_code_is_never_an_exams() -> None:
    codes = [(draw_code(True), draw_code(False)) for _ in range(50)]
    assert all(one.startswith("9") and not other.startswith("9") for one, other in codes)
    assert all(len(one) == len(other) == 6 and (one + other).isdigit() for one, other in codes)
