"""The changing code: its cells, its numbers, and what a look proves."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.base import screen_code as drawn
from appliance.rules.screen_code import NUMBERS, Judged, Shown, begins, judge, minute_of, number

AT = datetime(2026, 11, 21, 1, 5, 30, tzinfo=UTC)
NOW = minute_of(AT)
HERE = Shown("waiting", NOW, 7, 1_234_567)
BEFORE = Shown("waiting", NOW - 1, 6, 7_654_321)
OLD = Shown("waiting", NOW - 20, 5, 55)
BESIDE = Shown("T1", NOW, 7, 999)
KNOWN = [OLD, BEFORE, BESIDE, HERE]


@pytest.mark.parametrize(
    ("seen", "judged"),
    [
        (HERE.number, Judged("ok", HERE)),
        (BEFORE.number, Judged("ok", BEFORE)),
        (OLD.number, Judged("late", OLD)),
        (BESIDE.number, Judged("other", BESIDE)),
        (4, Judged("unknown")),
        (None, Judged("missing")),
    ],
)
def test_what_a_look_proves(seen: int | None, judged: Judged) -> None:
    assert judge(seen, AT, "waiting", KNOWN) == judged


def test_the_same_number_elsewhere_does_not_make_the_right_one_wrong() -> None:
    twins = [Shown("T1", NOW, 7, HERE.number), Shown("waiting", NOW - 90, 1, HERE.number), HERE]
    assert judge(HERE.number, AT, "waiting", twins) == Judged("ok", HERE)


def test_a_number_hangs_on_all_it_is_made_from() -> None:
    made = number("waiting", NOW, 7, "ab")
    assert made == number("waiting", NOW, 7, "ab") and 0 <= made < NUMBERS == drawn.NUMBERS
    others = [("T1", NOW, 7, "ab"), ("waiting", NOW + 1, 7, "ab"), ("waiting", NOW, 8, "ab")]
    assert made not in [number(*one) for one in [*others, ("waiting", NOW, 7, "ac")]]
    assert number("waiting", 29_000_000, 3, "0" * 64) == 1_532_660, (
        "inspectors recompute it from the manual's words"
    )


def test_minutes() -> None:
    assert begins(NOW) == AT.replace(second=0) and minute_of(begins(NOW)) == NOW
    assert minute_of(begins(NOW) - timedelta(microseconds=1)) == NOW - 1


@given(st.integers(0, NUMBERS - 1), st.integers(0, 3), st.integers(0, 35))
def test_cells_carry_the_number_whatever_way_up(made: int, turns: int, spoiled: int) -> None:
    inner = [row[1:-1] for row in drawn.cells(made)[1:-1]]
    assert drawn.number_of(inner) == made
    white = sum(sum(row) for row in drawn.cells(made))
    assert 3 <= white <= 30, "never a plain square"
    turned = inner
    for _turn in range(turns):
        turned = [list(row) for row in zip(*turned[::-1], strict=True)]
    assert (drawn.number_of(turned) == made) is (turns == 0)
    row, column = divmod(spoiled, 6)
    inner[row][column] = not inner[row][column]
    assert drawn.number_of(inner) is None, "one wrong cell is always noticed"


def test_digits_as_people_read_them() -> None:
    assert drawn.digits(1234567) == "123 4567" and drawn.digits(8) == "000 0008"
