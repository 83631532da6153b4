"""Time lost and given back: a table and what always holds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.rules.timing import lost_seconds, many_lost, resumed_end

NINE = datetime(2026, 11, 21, 9, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def test_a_pause_moves_the_end_when_time_is_given_back() -> None:
    assert resumed_end(at(120), at(30), at(37), given_back=True) == at(127)
    assert resumed_end(at(120), at(30), at(37), given_back=False) == at(120)
    assert resumed_end(at(120), at(30), at(29), given_back=True) == at(120), "a clock set back gives nothing"


@pytest.mark.parametrize(
    ("pauses", "minutes"),
    [
        ([], 10),
        ([(at(0), at(4))], 6),
        ([(at(-5), at(3)), (at(6), None)], 3),
        ([(at(-5), None)], 0),
        ([(at(2), at(5)), (at(3), at(4))], 7),
        ([(at(20), at(30))], 10),
    ],
)
def test_what_fell_into_a_pause_was_not_lost(
    pauses: list[tuple[datetime, datetime | None]], minutes: int
) -> None:
    assert lost_seconds(at(0), at(10), pauses) == minutes * 60


@given(
    st.integers(0, 100),
    st.lists(st.tuples(st.integers(-50, 150), st.one_of(st.none(), st.integers(0, 60))), max_size=5),
)
def test_never_more_than_the_absence_and_never_below_nothing(
    length: int, pauses: list[tuple[int, int | None]]
) -> None:
    spans = [(at(began), None if took is None else at(began + took)) for began, took in pauses]
    assert 0 <= lost_seconds(at(0), at(length), spans) <= length * 60


@pytest.mark.parametrize(
    ("lost", "of", "offered"),
    [
        (0, 0, False),
        (2, 2, False),
        (3, 60, False),
        (12, 60, True),
        (3, 15, True),
        (3, 16, False),
        (60, 60, True),
    ],
)
def test_many_stations_are_a_number_and_a_share(lost: int, of: int, offered: bool) -> None:
    assert many_lost(lost, of, share=0.2, least=3) is offered
