"""Identity numbers and names."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.rules import idnumber, names

EXAMPLE = "11010519491231002X"
"""The standard's own example."""


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        (EXAMPLE, ""),
        ("11010519491231002x", ""),
        (" '110105 19491231 002X ", ""),
        ("１１０１０５１９４９１２３１００２ｘ", ""),
        ("11010519491231002×", ""),
        ("110105194912310021", "bad_check_digit"),
        ("11010519491331002X", "bad_birth"),
        ("110105209912310027", "bad_birth"),
        ("11010519491231002", "bad_shape"),
        ("1.10105E+17", "bad_shape"),
        ("", "bad_shape"),
        ("11010519491231XX2X", "bad_shape"),
    ],
)
def test_fault(written: str, fault: str) -> None:
    assert idnumber.fault(idnumber.normalise(written), today=date(2026, 1, 1)) == fault


@pytest.mark.parametrize(
    "written", ["abc123456789012", "ＡＢＣ１２３４５６７８９０１２", "ａｂｃ 123456789012", "ABC123456789012"]
)
def test_the_letters_of_a_foreigners_card_are_capitals(written: str) -> None:
    assert idnumber.normalise(written) == "ABC123456789012"


def test_what_is_in_the_number() -> None:
    assert idnumber.birth(EXAMPLE) == date(1949, 12, 31)
    assert idnumber.sex(EXAMPLE) == "female"
    assert idnumber.mask(EXAMPLE) == "1101**********002X"
    assert idnumber.last_four(EXAMPLE) == "002X"
    assert idnumber.age_on(EXAMPLE, date(2000, 12, 30)) == 50
    assert idnumber.age_on(EXAMPLE, date(2000, 12, 31)) == 51


@given(
    st.dates(date(1900, 1, 1), date(2025, 1, 1)), st.integers(0, 999), st.integers(0, 16), st.integers(1, 9)
)
def test_any_changed_digit_is_found(born: date, serial: int, place: int, step: int) -> None:
    first = f"999999{born:%Y%m%d}{serial:03d}"
    number = first + idnumber.check_character(first)
    assert idnumber.fault(number) == ""
    changed = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
    assert idnumber.fault(changed) != ""


@given(st.text(max_size=40))
def test_nothing_crashes(text: str) -> None:
    idnumber.fault(idnumber.normalise(text))
    idnumber.mask(text)
    names.mask(text)
    assert names.same(text, text)


@pytest.mark.parametrize(
    ("name", "stored", "masked"),
    [
        ("张 三", "张三", "张*"),
        ("张\u3000三丰", "张三丰", "张**"),
        ("买买提•艾力", "买买提·艾力", "买*****"),
        ("ＡＮＮＡ  Smith", "ANNA Smith", "A***"),
        ("", "", ""),
    ],
)
def test_names(name: str, stored: str, masked: str) -> None:
    assert names.normalise(name) == stored
    assert names.mask(name) == masked
