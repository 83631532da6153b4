"""The four card layouts."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.base.errors import Corrupt
from appliance.devices.cardreader import layouts
from tests.devices import cards


@pytest.mark.parametrize("card", cards.ALL, ids=lambda c: f"{c.kind} {c.number[-4:]}")
def test_what_is_written_is_read(card: layouts.Card) -> None:
    block = layouts.write(card)
    assert len(block) == 256
    assert layouts.read(block) == card
    assert layouts.findings(card) == []


def test_offsets_are_those_of_the_card() -> None:
    block = layouts.write(cards.RESIDENT)
    assert block[0:6].decode("utf-16-le") == "张演示"
    assert block[36:52].decode("utf-16-le") == "19900101"
    assert block[122:158].decode("utf-16-le") == cards.RESIDENT.number
    assert block[248:250] == b" \0"
    assert layouts.write(cards.LONG)[204:208].decode("utf-16-le") == "长期"
    assert layouts.write(cards.HMT)[248:250] == b"J\0"
    assert layouts.write(cards.FOREIGN_2017)[122:152].decode("utf-16-le") == "XXX999999012345"
    assert layouts.write(cards.FOREIGN_2023)[242:248].decode("utf-16-le") == "XXX"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"number": "999999199001011235"}, ["bad_check_digit"]),
        ({"number": "99999919901301123X"}, ["bad_birth"]),
        ({"number": "12345"}, ["bad_shape"]),
        ({"birth": date(1990, 1, 2)}, ["birth_mismatch"]),
        ({"sex": "female"}, ["sex_mismatch"]),
        ({"sex": "unstated"}, []),
    ],
)
def test_a_card_is_held_against_its_number(change: dict[str, object], expected: list[str]) -> None:
    assert layouts.findings(msgspec.structs.replace(cards.RESIDENT, **change)) == expected


def test_validity() -> None:
    assert layouts.validity(cards.HMT, date(2026, 1, 1)) == "valid"
    assert layouts.validity(cards.HMT, date(2026, 1, 2)) == "expired"
    assert layouts.validity(cards.HMT, date(2020, 12, 31)) == "not_yet_valid"
    assert layouts.validity(cards.LONG, date(2199, 1, 1)) == "valid"


@pytest.mark.parametrize(
    ("offset", "text", "code"),
    [
        (248, "Q", "unknown_card"),
        (36, "19901301", "bad_date"),
        (30, "7", "bad_sex"),
        (0, " " * 15, "empty_field"),
    ],
)
def test_nonsense_is_named(offset: int, text: str, code: str) -> None:
    block = bytearray(layouts.write(cards.RESIDENT))
    block[offset : offset + 2 * len(text)] = text.encode("utf-16-le")
    with pytest.raises(Corrupt) as caught:
        layouts.read(bytes(block))
    assert caught.value.code == code


@given(st.binary(min_size=0, max_size=300))
def test_random_text_is_refused_or_read_but_never_breaks(block: bytes) -> None:
    try:
        layouts.findings(layouts.read(block))
    except Corrupt:
        return
