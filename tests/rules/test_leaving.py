"""When somebody waited and when they may have been on the way out, by tables and for any moments."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.rules.leaving import Held, Stretch, free_to_go, waits, ways_out

NINE = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


def at(minute: float) -> datetime:
    return NINE + timedelta(minutes=minute)


@pytest.mark.parametrize(
    ("seats", "over", "waited", "free"),
    [
        ([], None, [(at(0), None)], None),
        ([], at(90), [(at(0), at(90))], at(90)),
        ([Held(at(10), None)], None, [(at(0), at(10))], None),
        ([Held(at(10), at(80))], at(90), [(at(0), at(10))], at(80)),
        # Moved: the second seat's release counts.
        ([Held(at(30), at(80)), Held(at(10), at(30))], at(90), [(at(0), at(10))], at(80)),
        # Sent back to wait, called again.
        (
            [Held(at(10), at(12), True), Held(at(40), at(80))],
            at(90),
            [(at(0), at(10)), (at(12), at(40))],
            at(80),
        ),
        # Sent back to wait, and never called again.
        ([Held(at(10), at(12), True)], at(90), [(at(0), at(10)), (at(12), at(90))], at(90)),
        # Called in the very moment of the entrance.
        ([Held(at(0), at(80))], None, [], at(80)),
    ],
)
def test_waiting_and_leaving(
    seats: list[Held], over: datetime | None, waited: list[Stretch], free: datetime | None
) -> None:
    assert waits(NINE, seats, over) == waited
    assert free_to_go(seats, over) == free


def test_ways_out_that_meet_are_one() -> None:
    ten = timedelta(minutes=10)
    assert ways_out([at(65), at(60), at(90)], ten) == [(at(60), at(75)), (at(90), at(100))]
    assert ways_out([at(60)], timedelta(0)) == []


@given(st.lists(st.integers(0, 600)), st.integers(1, 60))
def test_every_moment_is_covered_and_nothing_twice(minutes: list[int], lasting: int) -> None:
    found = ways_out([at(one) for one in minutes], timedelta(minutes=lasting))
    for one in minutes:
        assert any(start <= at(one) and at(one + lasting) <= end for start, end in found)
    assert all(first[1] < second[0] for first, second in pairwise(found))
