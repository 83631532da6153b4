"""Who was not let in has no attempt, whatever door is tried; when entry closes the absent stay absent."""

import ast

import msgspec
import pytest
from sqlmodel import Session, SQLModel, delete, select

from appliance.base.clock import FakeClock
from appliance.base.errors import ExamError, Refused
from appliance.base.ids import new_id
from appliance.flow.admit import FaceTaken, TapFacts, admit
from appliance.flow.box import Box
from appliance.flow.call import call_next
from appliance.flow.seat_sign_in import sign_in_at_seat
from appliance.flow.sheets import room_record_facts
from appliance.flow.sign_in_by_code import sign_in_by_code
from appliance.records.entry import Admission
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.rules.exam_rules import ExamRules
from tests.house.tree import modules, place, tree
from tests.world import World, number_of, seed

CODE = "412907"


@pytest.fixture
def world(box: Box) -> World:
    """One sits, the other is on the roster and never came."""
    world = box.db.write_now(seed, box, 2)

    def away(session: Session) -> None:
        absent = world.candidates[1]
        session.exec(delete(SeatTaking).where(SeatTaking.candidate == absent))  # type: ignore[arg-type]
        session.exec(delete(Attempt).where(Attempt.candidate == absent))  # type: ignore[arg-type]
        session.exec(delete(Admission).where(Admission.candidate == absent))  # type: ignore[arg-type]
        sitting = session.get_one(Sitting, world.sitting)
        sitting.rules, sitting.pass_code = msgspec.json.encode(ExamRules(sign_in="code")).decode(), CODE
        session.add(sitting)

    box.db.write_now(away)
    return world


def refused(box: Box, work: object, *arguments: object) -> str:
    """The code of a refusal, raised or returned."""
    try:
        outcome = box.db.write_now(work, box, *arguments)  # type: ignore[arg-type]
    except ExamError as error:
        return error.code
    assert isinstance(outcome, Refused), outcome
    return outcome.code


def attempts(box: Box, world: World) -> int:
    mine = select(Attempt).where(Attempt.candidate == world.candidates[1])
    return len(box.db.read_now(lambda s: s.exec(mine).all()))


def try_every_door(box: Box, world: World) -> list[str]:
    """Called to a seat, at a free seat by the last four, at a free seat by number and code."""
    return [
        refused(box, call_next, world.sitting, "account:x", new_id()),
        refused(box, sign_in_at_seat, world.addresses[1], world.last_four[1], new_id()),
        refused(box, sign_in_by_code, world.addresses[1], number_of(1), CODE, new_id()),
    ]


def test_no_door_leads_past_the_entrance(box: Box, world: World) -> None:
    assert try_every_door(box, world) == ["queue_empty", "seat_free", "not_admitted"]
    assert attempts(box, world) == 0


def test_an_attempt_is_opened_in_one_place_for_a_ticket_of_an_admission() -> None:
    """A ticket names its admission, and no row of it can be without one (records/waiting.py)."""
    made = [
        place(path)
        for path in modules().values()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Attempt"
    ]
    assert made == ["appliance/flow/call.py"]
    column = SQLModel.metadata.tables["ticket"].columns["admission"]
    assert not column.nullable and [one.target_fullname for one in column.foreign_keys] == ["admission.id"]


def test_the_absent_freeze_when_entry_closes(box: Box, world: World, clock: FakeClock) -> None:
    def record() -> list[str]:
        return [one.name for one in box.db.read_now(room_record_facts, box, world.sitting).absent]

    assert record() == [], "until then somebody may still come"
    clock.advance(15 * 60 + 1)
    name = box.db.read_now(lambda s: s.get_one(Candidate, world.candidates[1]).name)
    assert record() == [name]
    face = FaceTaken(
        engine="dlib", version="20", reference="chip", band="admit", code="face_matches", distance=0.2
    )
    facts = TapFacts(
        tap=new_id(),
        lane="L1",
        kind="theory",
        happened_at=box.now(),
        name=name,
        number=number_of(1),
        face=face,
    )
    outcome = box.db.write_now(admit, box, facts)
    assert (outcome.result, outcome.code) == ("refuse", "too_late")
    assert try_every_door(box, world) == ["queue_empty", "seat_free", "not_admitted"]
    assert attempts(box, world) == 0 and record() == [name]
