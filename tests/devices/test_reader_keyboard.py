"""A paper typed at the desk: a tap like any other, once."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from appliance.base.clock import FakeClock
from appliance.devices.cardreader.keyboard import KeyboardCardReader
from appliance.devices.cardreader.port import CardReader, Tap, TypedCard
from tests.devices import cards


async def test_what_is_typed_is_a_tap_once() -> None:
    clock = FakeClock(datetime(2026, 5, 4, 1, 0, tzinfo=UTC))
    keyboard = KeyboardCardReader(clock)
    reader: CardReader = keyboard
    events = reader.events()
    card = TypedCard(
        name="张演示",
        number=cards.RESIDENT.number,
        typed_by="account:a",
        kind="temporary_card",
        valid_to=date(2026, 6, 1),
    )
    for _ in range(2):  # a page that asks again because no answer came
        keyboard.type_in(card, "a" * 32)
    assert await asyncio.wait_for(anext(events), 1) == Tap(
        tap_id="a" * 32, at=clock.now(), card=card, sam_id=""
    )
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(events), 0.05)
