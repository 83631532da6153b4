"""How an item with several right options is marked, by each of the three rules."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.rules.theory import all_or_nothing, mapped_sum, mean_of_right, points_for

LETTERS = st.text("ABCDEFGH", max_size=12)
VALUES = st.dictionaries(st.sampled_from("ABCDEFGH"), st.decimals(-5, 5, places=2), max_size=8)
BOUND = st.none() | st.decimals(-5, 5, places=2)
TABLE = {"A": Decimal(1), "B": Decimal("-0.5"), "C": Decimal(1), "D": Decimal(-1)}


@pytest.mark.parametrize(
    ("right", "answer", "whole", "mean"),
    [
        ("ACD", "ACD", "1", "1"),
        ("ACD", "DCA", "1", "1"),
        ("ACD", "AC", "0", "0.6666666666666666666666666667"),
        ("ACD", "A", "0", "0.3333333333333333333333333333"),
        ("ACD", "AB", "0", "0"),
        ("ACD", "ABCD", "0", "0"),
        ("ACD", "", "0", "0"),
        ("B", "B", "1", "1"),
        ("B", "BB", "1", "1"),
        ("", "", "0", "0"),
        ("", "A", "0", "0"),
    ],
)
def test_all_or_nothing_and_mean_of_right(right: str, answer: str, whole: str, mean: str) -> None:
    assert all_or_nothing(right, answer) == Decimal(whole)
    assert mean_of_right(right, answer) == Decimal(mean)


@pytest.mark.parametrize(
    ("answer", "lower", "upper", "share"),
    [
        ("AC", "0", "2", "1"),
        ("A", "0", "2", "0.5"),
        ("AB", "0", "2", "0.25"),
        ("BD", "0", "2", "0"),
        ("BD", "-1", "2", "-0.5"),
        ("BD", None, "2", "-0.75"),
        ("AC", "0", None, "1"),
        ("AC", "0", "1", "1"),
        ("A", "0", "1", "1"),
        ("A", "0", "4", "0.5"),
        ("AAA", "0", "2", "0.5"),
        ("X", "0", "2", "0"),
        ("", "0", "2", "0"),
        ("A", "0", "0", "0"),
    ],
)
def test_mapped_sum(answer: str, lower: str | None, upper: str | None, share: str) -> None:
    low, high = (None if bound is None else Decimal(bound) for bound in (lower, upper))
    assert mapped_sum(TABLE, answer, low, high) == Decimal(share)


def test_letters_without_a_value_take_the_default() -> None:
    assert mapped_sum(TABLE, "ACX", Decimal(0), Decimal(2), Decimal(-1)) == Decimal("0.5")


@given(LETTERS, LETTERS)
def test_partial_points_lie_between_nothing_and_all(right: str, answer: str) -> None:
    assert 0 <= all_or_nothing(right, answer) <= mean_of_right(right, answer) <= 1
    assert (all_or_nothing(right, answer) == 1) == (bool(answer) and set(right) == set(answer))
    assert mean_of_right(right, answer) == mean_of_right(right, "".join(reversed(answer)) + answer)


@given(LETTERS, LETTERS, st.sampled_from("ABCDEFGH"))
def test_a_wrong_letter_more_is_never_worth_more(right: str, answer: str, letter: str) -> None:
    if letter not in right:
        assert mean_of_right(right, answer + letter) <= mean_of_right(right, answer)
        assert all_or_nothing(right, answer + letter) == 0


@given(VALUES, LETTERS, BOUND, BOUND)
def test_a_mapped_sum_keeps_its_bounds(
    values: dict[str, Decimal], answer: str, lower: Decimal | None, upper: Decimal | None
) -> None:
    share = mapped_sum(values, answer, lower, upper)
    assert share <= 1
    if lower is not None and lower >= 0:
        assert share >= 0
    assert share == mapped_sum(values, "".join(sorted(set(answer))), lower, upper)
    best = "".join(letter for letter, value in values.items() if value > 0)
    assert mapped_sum(values, best, lower, upper) >= share


@pytest.mark.parametrize(
    ("share", "points", "worth"),
    [("1", "2", "2.00"), ("0.3333", "1", "0.33"), ("0.125", "1", "0.13"), ("-0.5", "1", "-0.50")],
)
def test_points_are_rounded_to_the_hundredth(share: str, points: str, worth: str) -> None:
    assert points_for(Decimal(share), Decimal(points)) == Decimal(worth)
