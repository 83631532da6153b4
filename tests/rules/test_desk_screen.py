"""Whom the desk shows: nobody who waits is pushed away, nothing of an order is lost."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.rules.desk_screen import KEYS, LINGER, Card, Opened, elsewhere, keys, shown

START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def card(tap: str, lane: str, recorded: float, waits: bool = False, decided: float | None = None) -> Card:
    decided_at = None if decided is None else at(decided)
    return Card(tap=tap, lane=lane, recorded_at=at(recorded), waits=waits, decided_at=decided_at)


def opened(lane: str, seconds: float) -> Opened:
    return Opened(order="order", lane=lane, at=at(seconds))


@pytest.mark.parametrize(
    ("cards", "by_hand", "now", "aside", "tap"),
    [
        ([], None, 0, None, ""),
        ([card("a", "L1", 1), card("b", "L1", 2)], None, 9, None, "b"),
        # waits: other lanes push nobody away, the next card at the same lane does
        ([card("a", "L1", 1, waits=True), card("b", "L2", 2)], None, 9, None, "a"),
        ([card("a", "L1", 1, waits=True), card("b", "L1", 2)], None, 9, None, "b"),
        ([card("a", "L1", 1, waits=True), card("b", "L1", 2, waits=True)], None, 9, None, "b"),
        # two lanes wait: one after the other
        ([card("a", "L1", 1, waits=True), card("b", "L2", 2, waits=True)], None, 9, None, "a"),
        ([card("a", "L1", 1, decided=9), card("b", "L2", 2, waits=True)], None, 10, None, "a"),
        ([card("a", "L1", 1, decided=9), card("b", "L2", 2, waits=True)], None, 30, None, "b"),
        # what came of a decision stays until a card is recorded after it
        ([card("a", "L1", 1, decided=9), card("b", "L2", 2)], None, 60, None, "a"),
        ([card("a", "L1", 1, decided=9), card("b", "L2", 10)], None, 60, None, "b"),
        # R: put aside until something new
        ([card("a", "L1", 1), card("b", "L1", 2)], None, 9, 5, ""),
        ([card("a", "L1", 1), card("b", "L1", 6)], None, 9, 5, "b"),
        ([card("a", "L1", 1, waits=True)], None, 9, 5, ""),
        ([card("a", "L1", 1, decided=7)], None, 9, 5, "a"),
        ([card("a", "L1", 1)], None, 9, 3600, "a"),  # the clock was set back
        # by hand
        ([card("a", "L1", 1)], opened("L1", 2), 60, None, "order"),
        ([card("a", "L1", 3)], opened("L1", 2), 60, None, "a"),
        ([card("a", "L1", 1)], opened("L1", 2), 60, 5, ""),
        ([card("a", "L1", 1, waits=True)], opened("L1", 2), 60, None, "order"),
        ([card("a", "L1", 1, waits=True)], opened("L2", 2), 5, None, "order"),
        ([card("a", "L1", 1, waits=True)], opened("L2", 2), 60, None, "a"),
        ([], opened("L1", 2), 60, None, "order"),
    ],
)
def test_who_is_shown(
    cards: list[Card], by_hand: Opened | None, now: float, aside: float | None, tap: str
) -> None:
    found = shown(cards, by_hand, at(now), None if aside is None else at(aside))
    assert (found.order if isinstance(found, Opened) else found.tap if found else "") == tap


CARDS = st.lists(
    st.tuples(st.sampled_from(("L1", "L2")), st.booleans(), st.none() | st.integers(0, 100)), max_size=6
)


@given(CARDS, st.integers(101, 200))
def test_whoever_waits_is_pushed_away_by_their_own_lane_alone(
    drawn: list[tuple[str, bool, int | None]], now: int
) -> None:
    cards = [
        card(str(place), lane, place, waits=waits, decided=None if waits else decided)
        for place, (lane, waits, decided) in enumerate(drawn)
    ]
    found = shown(cards, None, at(now) + LINGER)
    last_of_lane = {one.lane: one for one in cards}
    waiting = [one for one in last_of_lane.values() if one.waits]
    if waiting:
        assert found is min(waiting, key=lambda one: one.recorded_at)
    else:
        assert (found is None) == (not cards)


def test_whoever_waits_keeps_a_key() -> None:
    today = [str(place) for place in range(12)]
    assert keys(["1", "3"], today) == {"1": 2, "3": 4}
    assert keys(["3"], today) == {"3": 4}, "the key stays when another is decided"
    assert keys(["0", "9"], today) == {"0": 1}, "the older of two has it"
    assert keys(["9"], today) == {"9": 1}
    assert keys(["yesterday", "2"], today) == {"2": 3}
    assert sorted(keys(today, today).values()) == list(range(1, KEYS + 1))


@pytest.mark.parametrize(
    ("refused", "now", "told"),
    [
        ([card("a", "L2", 5)], 10, ["a"]),
        ([card("a", "L1", 5)], 10, []),
        ([card("a", "L2", 1)], 10, []),
        ([card("a", "L2", 5)], 65, []),
        ([card("a", "L2", 5), card("b", "L3", 6), card("c", "L2", 7)], 10, ["a", "b"]),
    ],
)
def test_who_was_turned_away_next_door_is_told(refused: list[Card], now: float, told: list[str]) -> None:
    assert elsewhere(refused, card("waits", "L1", 2, waits=True), at(now)) == told
