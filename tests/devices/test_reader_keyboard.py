"""A document typed at the desk: a tap like any other, checked before it is one."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from appliance.base.clock import FakeClock
from appliance.base.errors import Refused
from appliance.devices.cardreader.keyboard import KeyboardCardReader
from appliance.devices.cardreader.port import CardReader, Tap, TypedCard
from tests.devices import cards


async def test_what_is_typed_is_a_tap_once() -> None:
    clock = FakeClock(datetime(2026, 5, 4, 1, 0, tzinfo=UTC))
    keyboard = KeyboardCardReader(clock)
    reader: CardReader = keyboard
    events = reader.events()
    wide = "".join(chr(ord(one) + 0xFEE0) for one in cards.RESIDENT.number)
    for _ in range(2):  # a page that asks again because no answer came
        assert keyboard.type_in(" 张演示 ", wide, "desk1", "a" * 32, date(2040, 1, 1)) == "a" * 32
    tap = await asyncio.wait_for(anext(events), 1)
    card = TypedCard(name="张演示", number=cards.RESIDENT.number, typed_by="desk1", valid_to=date(2040, 1, 1))
    assert tap == Tap(tap_id="a" * 32, at=clock.now(), card=card, sam_id="")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(events), 0.05)
    assert len(keyboard.type_in("张演示", cards.LONG.number, "desk1")) == 32


@pytest.mark.parametrize("card", cards.ALL, ids=lambda c: f"{c.kind} {c.number[-4:]}")
async def test_numbers_of_all_cards_can_be_typed(card) -> None:
    KeyboardCardReader().type_in(card.name, card.number, "desk1")


@pytest.mark.parametrize(
    ("name", "number", "code"),
    [
        ("张演示", cards.RESIDENT.number[:-2] + "00", "bad_check_digit"),
        ("张演示", "12345", "bad_shape"),
        ("张演示", "", "bad_shape"),
        ("张演示", "99999920990101123X", "bad_birth"),
        ("DOE", "XXX99999901234", "bad_shape"),
        ("DOE", cards.FOREIGN_2023.number[:-1] + "?", "bad_check_digit"),
        ("  ", cards.RESIDENT.number, "empty_field"),
    ],
)
async def test_a_slip_of_the_finger_is_told(name: str, number: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        KeyboardCardReader().type_in(name, number, "desk1")
    assert caught.value.code == code and caught.value.next_text()
