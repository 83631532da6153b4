"""Out for a moment and back: never without a noted absence, never a second ticket, the gate once."""

import pytest
from sqlmodel import select

from appliance.base.errors import NotFound, Refused
from appliance.base.ids import new_id
from appliance.flow.absence import leave, withdraw
from appliance.flow.box import Box
from appliance.flow.decide_case import decide_case
from appliance.flow.desk import tap_by_id
from appliance.flow.order_gate import pending_orders
from appliance.records.entry import Absence, Admission
from appliance.records.journal import Journal
from appliance.records.waiting import Ticket
from tests.flow.test_entry import Tapper, face, person, sitting, tap

__all__ = ["sitting", "tap"]


def test_only_a_noted_absence_opens_the_gate_again(box: Box, sitting: str, tap: Tapper) -> None:
    anna = person(box, "anna", "entry")
    first = tap(0)
    with pytest.raises(NotFound):
        box.db.write_now(leave, box, sitting, new_id(), "如厕", anna)
    with pytest.raises(Refused):
        box.db.write_now(leave, box, sitting, first.candidate, " ", anna)
    assert tap(0).code == "already_inside"
    gone = box.db.write_now(leave, box, sitting, first.candidate, "如厕", anna)
    assert box.db.write_now(leave, box, sitting, first.candidate, "再次", anna).id == gone.id

    again = new_id()
    back = tap(0, tap=again)
    assert (back.result, back.code, back.ticket) == ("admit", "come_back", "") and back.order
    assert tap(0, tap=again) == back
    assert tap(0).code == "already_inside"
    shown = box.db.read_now(tap_by_id, box, again)
    assert shown is not None and shown.ticket == first.ticket
    assert {one.id for one in box.db.read_now(pending_orders, ["L1"])} == {first.order, back.order}
    assert len(box.db.read_now(lambda s: s.exec(select(Admission)).all())) == 1
    assert len(box.db.read_now(lambda s: s.exec(select(Ticket)).all())) == 1
    kinds = box.db.read_now(lambda s: [one.kind for one in s.exec(select(Journal)).all()])
    assert kinds.count("absence.noted") == kinds.count("absence.ended") == 1


def test_a_stranger_does_not_come_back_alone(box: Box, sitting: str, tap: Tapper) -> None:
    anna, _ = person(box, "anna", "entry"), person(box, "berta", "entry")
    first = tap(0)
    box.db.write_now(leave, box, sitting, first.candidate, "如厕", anna)
    held = tap(0, face("face_mismatch"))
    assert (held.result, held.order) == ("review", "")
    with pytest.raises(Refused):
        box.db.write_now(decide_case, box, held.case, "admit", "同一人", anna, "")
    box.db.write_now(decide_case, box, held.case, "admit", "同一人", anna, "berta")
    ended = box.db.read_now(lambda s: s.exec(select(Absence)).one())
    assert ended.returned_tap == held.tap and ended.returned_at
    assert len(box.db.read_now(pending_orders, ["L1"])) == 2


def test_an_absence_noted_by_mistake_is_taken_back(box: Box, sitting: str, tap: Tapper) -> None:
    anna = person(box, "anna", "entry")
    first = tap(0)
    box.db.write_now(leave, box, sitting, first.candidate, "如厕", anna)
    for _ in range(2):
        box.db.write_now(withdraw, box, sitting, first.candidate, anna)
    assert tap(0).code == "already_inside", "the guard against a second person with the card stands again"
    kinds = box.db.read_now(lambda s: [one.kind for one in s.exec(select(Journal)).all()])
    assert kinds.count("absence.withdrawn") == 1 and "absence.ended" not in kinds
    box.db.write_now(leave, box, sitting, first.candidate, "如厕", anna)
    assert tap(0).code == "come_back"


def test_who_comes_back_by_a_person_s_decision_is_told_so(box: Box, sitting: str, tap: Tapper) -> None:
    anna = person(box, "anna", "entry")
    first = tap(0)
    box.db.write_now(leave, box, sitting, first.candidate, "如厕", anna)
    held = tap(0, face("face_review"))
    box.db.write_now(decide_case, box, held.case, "admit", "同一人", anna)
    shown = box.db.read_now(tap_by_id, box, held.tap)
    assert shown and shown.came_back and shown.ticket == first.ticket
    once = box.db.read_now(tap_by_id, box, first.tap)
    assert once and not once.came_back
