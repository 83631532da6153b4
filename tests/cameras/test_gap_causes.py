"""What explains a hole in the recordings, and what does not."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.wire.recorder import Cause, Gap
from cameras.clips.find import STRETCH, explained

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


def gap(cause: Cause, first: float, last: float) -> Gap:
    start, end = (NOW + timedelta(seconds=at) for at in (first, last))
    return Gap(camera="C1", start=start, end=end, cause=cause)


def told(pieces: list[Gap], last: float) -> list[tuple[str, float, float]]:
    end = NOW + timedelta(seconds=last)
    return [
        (one.cause, (one.start - NOW).total_seconds(), (one.end - NOW).total_seconds())
        for one in explained(pieces, "C1", NOW, end)
    ]


@pytest.mark.parametrize(
    ("pieces", "last", "expected"),
    [
        ([], 60, [("", 0, 60)]),
        ([gap("network", 0.4, 59.0)], 60, [("network", 0, 60)]),
        # Half an hour of rows and files gone beside ten seconds of rest is no rest by plan.
        ([gap("resting", 0, 10)], 1800, [("resting", 0, 10), ("", 10, 1800)]),
        ([gap("resting", 1790, 1800)], 1800, [("", 0, 1790), ("resting", 1790, 1800)]),
        (
            [gap("network", 0, 20), gap("stopped", 50, 60)],
            60,
            [("network", 0, 20), ("", 20, 50), ("stopped", 50, 60)],
        ),
        ([gap("network", 0, 20), gap("stopped", 21, 60)], 60, [("network", 0, 20), ("stopped", 20, 60)]),
    ],
)
def test_a_cause_explains_no_more_than_its_own_time(
    pieces: list[Gap], last: float, expected: list[tuple[str, float, float]]
) -> None:
    assert told(pieces, last) == expected


@given(st.lists(st.floats(0, 100), max_size=8, unique=True), st.floats(101, 120))
def test_a_hole_is_told_whole_and_stretched_by_seconds(edges: list[float], last: float) -> None:
    edges = sorted(edges[: len(edges) // 2 * 2])
    pieces = [gap("network", one, two) for one, two in zip(edges[::2], edges[1::2], strict=True)]
    known = sum(two - one for one, two in zip(edges[::2], edges[1::2], strict=True))
    found = told(pieces, last)
    assert (found[0][1], abs(found[-1][2] - last) < 1e-5) == (0, True)
    assert all(one[2] == two[1] for one, two in pairwise(found))
    explained_s = sum(two - one for cause, one, two in found if cause)
    assert known - 1e-4 <= explained_s <= known + (len(pieces) + 1) * STRETCH.total_seconds()
