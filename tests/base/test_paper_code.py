"""The code of sealed papers: every slip of the fingers or the ear is found, and in which group."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.base import paper_code

KEY = st.text(alphabet="0123456789", min_size=24, max_size=24)


@given(KEY)
def test_what_is_written_is_read_again(key: str) -> None:
    code = paper_code.written(key)
    assert len(code) == 35 and code.count(" ") == 5
    assert paper_code.missing(code) == 0 and paper_code.wrong_groups(code) == []
    assert paper_code.key_digits(code) == key
    full_width = "".join(chr(ord(sign) + 0xFEE0) if sign != " " else "－" for sign in code)
    assert paper_code.wrong_groups(full_width) == [] and paper_code.key_digits(full_width) == key


@given(KEY, st.integers(0, 29), st.integers(1, 9))
def test_a_wrong_digit_is_found_in_its_group(key: str, place: int, by: int) -> None:
    digits = paper_code.digits_of(paper_code.written(key))
    wrong = digits[:place] + str((int(digits[place]) + by) % 10) + digits[place + 1 :]
    assert paper_code.wrong_groups(wrong) == [place // 5 + 1]


@given(KEY, st.integers(0, 28))
def test_neighbours_changed_about_are_found(key: str, place: int) -> None:
    digits = paper_code.digits_of(paper_code.written(key))
    wrong = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    if wrong != digits:
        assert paper_code.wrong_groups(wrong)


@given(KEY, st.integers(1, 5))
def test_groups_in_the_wrong_order_are_found(key: str, place: int) -> None:
    groups = paper_code.written(key).split()
    groups[place - 1], groups[place] = groups[place], groups[place - 1]
    assert paper_code.wrong_groups(" ".join(groups)) == [place, place + 1]


def test_how_many_digits_are_missing() -> None:
    assert paper_code.missing("12345 6") == 24 and paper_code.missing("1" * 31) == -1
    with pytest.raises(ValueError, match="24 digits"):
        paper_code.written("123")
