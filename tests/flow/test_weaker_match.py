"""A weaker match is not a way in for one member of staff alone: from the worker's distances to the lane."""

import pytest
from sqlmodel import select

from appliance.base.errors import Refused
from appliance.flow.admit import FaceTaken
from appliance.flow.box import Box
from appliance.flow.decide_case import decide_case
from appliance.flow.face_taken import face_taken
from appliance.flow.order_gate import pending_orders
from appliance.records.entry import Admission
from appliance.wire.faceworker import Distance, Looked, Reference
from tests.flow.test_entry import Tapper, person, sitting, tap

__all__ = ["sitting", "tap"]

BETWEEN, OTHER = 0.5, 0.9
"""Distances in the review band, and of two people."""


def looked(chip: float | None, roster: float | None, liveness: str = "") -> Looked:
    compared = [Distance(kind="chip", distance=chip), Distance(kind="roster", distance=roster)]
    compared = [one for one in compared if one.distance is not None]
    return Looked(
        engine="dlib", version="20", live=b"a picture", faces=1, compared=compared, liveness=liveness
    )


def taken(box: Box, seen: Looked) -> FaceTaken:
    """What the lane makes of it, with a made-up file for each photograph compared."""
    return face_taken(box, seen, [Reference(one.kind, one.kind.encode()) for one in seen.compared], "")


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (looked(None, 0.3), "face_roster_only"),
        (looked(None, BETWEEN), "face_roster_only"),
        (looked(BETWEEN, OTHER), "face_photos_differ"),
        (looked(BETWEEN, None, "liveness_timeout"), "liveness_failed"),
        (looked(None, BETWEEN, "liveness_timeout"), "liveness_failed"),
    ],
)
def test_one_person_alone_is_refused(box: Box, tap: Tapper, seen: Looked, code: str) -> None:
    one, two = person(box, "one", "entry"), person(box, "two", "entry")
    answer = tap(0, taken(box, seen))
    assert (answer.result, answer.code, answer.order) == ("review", code, "")
    for second, why in (("", "second_missing"), ("one", "same_person")):
        with pytest.raises(Refused) as refused:
            box.db.write_now(decide_case, box, answer.case, "admit", "looks alike", one, second)
        assert refused.value.code == why
    assert box.db.read_now(pending_orders, ["L1"]) == []
    assert not box.db.read_now(lambda s: s.exec(select(Admission)).all())
    box.db.write_now(decide_case, box, answer.case, "admit", "printed card fits", one, "two")
    assert box.db.read_now(lambda s: s.exec(select(Admission.second_by)).all()) == [two.account]


def test_the_chips_photograph_between_the_bounds_is_for_one_person(box: Box, tap: Tapper) -> None:
    one = person(box, "one", "entry")
    answer = tap(0, taken(box, looked(BETWEEN, BETWEEN)))
    assert answer.code == "face_review"
    box.db.write_now(decide_case, box, answer.case, "admit", "card fits", one)
    assert len(box.db.read_now(pending_orders, ["L1"])) == 1
