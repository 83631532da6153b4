"""What no camera sees, by tables and for every arrangement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.rules.coverage import Camera, Hole, Place, covered, holes

T1 = Place("T1", "theory", (1, 2, 3))
FRONT = Camera("C1", "T1", None, frozenset({1, 2, 3}), frozenset({"前门"}), "front")
BACK = Camera("C2", "T1", None, frozenset(), frozenset(), "back")


@pytest.mark.parametrize(
    ("place", "cameras", "found"),
    [
        (T1, [], [Hole("T1", "camera")]),
        (T1, [FRONT, BACK], []),
        (T1, [FRONT], [Hole("T1", "back")]),
        (T1, [BACK], [Hole("T1", "front"), Hole("T1", "door"), Hole("T1", "unmarked", (1, 2, 3))]),
        (
            T1,
            [
                FRONT._replace(seats=frozenset({1}), marked=frozenset({1})),
                BACK._replace(seats=frozenset({2})),
            ],
            [Hole("T1", "seat", (3,)), Hole("T1", "unmarked", (2,))],
        ),
        (T1, [FRONT._replace(room="T2"), BACK._replace(room="T2")], [Hole("T1", "camera")]),
        (T1._replace(doors=("前门",)), [FRONT, BACK], []),
        (T1._replace(doors=("前门", "后门")), [FRONT, BACK], [Hole("T1", "doors", (), ("后门",))]),
        (Place("W1", "waiting", (), ("门",)), [Camera("C3", "W1", None)], [Hole("W1", "doors", (), ("门",))]),
        (Place("P1", "practical", (1,)), [FRONT._replace(room="P1")], []),
        (Place("W1", "waiting"), [Camera("C3", "W1", None)], []),
        (T1, [FRONT._replace(exchanged=True), BACK], [Hole("T1", "exchanged", cameras=("C1",))]),
        (T1, [FRONT, BACK._replace(exchanged=True)], []),  # it has no marks that could be another one's
        (Place("L1", "entrance"), [], [Hole("L1", "camera")]),
    ],
)
def test_holes(place: Place, cameras: list[Camera], found: list[Hole]) -> None:
    assert holes([place], cameras) == found
    assert covered(found) == all(one.kind in ("door", "unmarked", "exchanged") for one in found)


numbers = st.frozensets(st.integers(1, 12))
cameras = st.builds(
    Camera,
    code=st.sampled_from(["C1", "C2"]),
    room=st.sampled_from(["T1", "T2"]),
    seats=st.none() | numbers,
    marked=numbers,
)


@given(st.lists(cameras, max_size=4), st.lists(st.integers(1, 12), unique=True).map(sorted))
def test_every_seat_is_seen_or_named_as_a_hole(seen: list[Camera], seats: list[int]) -> None:
    found = holes([Place("T1", "theory", tuple(seats))], seen)
    here = [one for one in seen if one.room == "T1"]
    unseen = {seat for one in found if one.kind == "seat" for seat in one.seats}
    for seat in seats if here else ():
        named = any(one.seats is None or seat in one.seats or seat in one.marked for one in here)
        assert named == (seat not in unseen)
    if not here:
        assert found == [Hole("T1", "camera")]
