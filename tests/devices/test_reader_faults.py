"""Card readers that fail, are pulled out, or stand beside each other: real pseudo-terminals, real time."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.base.errors import DeviceFault
from appliance.devices.cardreader.driver import OneCard, SerialCardReader, read_once
from appliance.devices.cardreader.keyboard import KeyboardCardReader
from appliance.devices.cardreader.layouts import write
from appliance.devices.cardreader.link import stable
from appliance.devices.cardreader.port import (
    ReaderEvent,
    ReaderLost,
    ReaderReady,
    Tap,
    TapFailed,
    TypedCard,
)
from appliance.devices.cardreader.protocol import BadFrame, CardData
from appliance.devices.cardreader.several import SeveralReaders
from appliance.devices.cardreader.simulator import SimulatedReader
from tests.devices import cards
from tests.devices.ear import SAM, Ear, ready


async def test_an_answer_behind_the_beginning_of_another_frame_is_taken(
    simulated: SimulatedReader, driver: SerialCardReader
) -> None:
    ear = await ready(driver)
    simulated.misbehave("glued", 6)
    simulated.put(cards.data())
    await ear.next(Tap)


async def test_a_security_module_that_failed_is_a_lost_reader_with_its_cause_told_once(
    simulated: SimulatedReader, driver: SerialCardReader
) -> None:
    ear = await ready(driver)
    simulated.misbehave("sam_failed", 1000)
    lost = await ear.next(ReaderLost)
    assert isinstance(lost, ReaderLost) and lost.code == "sam_failed" and lost.sentence
    await ear.silence(0.6)
    assert simulated.requests["reset"]
    simulated._spoil.clear()
    await ear.next(ReaderReady)
    simulated.put(cards.data())
    await ear.next(Tap)


async def test_a_card_that_contradicts_itself_is_no_tap(
    simulated: SimulatedReader, driver: SerialCardReader
) -> None:
    ear = await ready(driver)
    text = bytearray(write(cards.RESIDENT))
    text[30:32] = "2".encode("utf-16-le")
    simulated.put(CardData(bytes(text), bytes(1024)))
    failed = await ear.next(TapFailed)
    assert isinstance(failed, TapFailed) and failed.code == "sex_mismatch" and failed.sentence
    assert failed.sam_id == SAM
    await ear.silence(0.3)


@pytest.mark.long
async def test_plugged_in_again_it_reads_within_two_seconds_and_is_told_once_each_time(
    simulated: SimulatedReader, driver: SerialCardReader
) -> None:
    ear = await ready(driver)
    for _ in range(5):
        simulated.unplug()
        await ear.next(ReaderLost)
        started = time.monotonic()
        simulated.plug()
        simulated.misbehave("silent", 1)  # still waking up
        simulated.put(cards.data())
        await ear.next(ReaderReady)
        await ear.next(Tap)
        assert time.monotonic() - started < 2.0
        simulated.take()
    assert len(ear.heard) == 16


async def test_the_reader_of_another_program_is_said_to_be_in_use(
    simulated: SimulatedReader, driver: SerialCardReader
) -> None:
    await ready(driver)
    with pytest.raises(DeviceFault) as caught:
        await asyncio.to_thread(read_once, str(simulated.link), 115200, 0.4)
    assert caught.value.code == "in_use" and caught.value.exit_status == 3


async def test_one_card_with_fingerprint_and_appended_address(simulated: SimulatedReader) -> None:
    card = CardData(write(cards.RESIDENT), bytes(range(256)) * 4, bytes(1024))
    simulated.put(card, address="演示省演示市新居路三号")
    found = await asyncio.to_thread(read_once, str(simulated.link), 115200, 3.0, True, True)
    assert found == OneCard(card, SAM, "演示省演示市新居路三号")
    assert simulated.requests["read_with_fingerprint"] == 1 and not simulated.requests["read"]
    simulated.put(cards.data())
    found = await asyncio.to_thread(read_once, str(simulated.link), 115200, 3.0, False, True)
    assert found == OneCard(cards.data(), SAM)


async def test_answers_that_arrive_damaged_to_the_end_are_named(simulated: SimulatedReader) -> None:
    simulated.put(cards.data())
    simulated.misbehave("read_bad_checksum", 10)
    found = await asyncio.to_thread(read_once, str(simulated.link), 115200, 1.5)
    assert isinstance(found, BadFrame) and found.code == "bad_checksum"


async def test_a_reader_is_never_asked_to_read_what_it_has_not_found_and_selected(
    simulated: SimulatedReader, driver: SerialCardReader
) -> None:
    ear = await ready(driver)
    await ear.silence(0.3)
    simulated.misbehave("bad_checksum", 2)
    await ear.silence(0.7)
    assert not simulated.requests["read"] and not simulated.requests["select"]
    simulated.put(cards.data())
    await ear.next(Tap)
    assert simulated.requests["read"] == 1 and simulated.requests["select"] == 1


async def test_two_readers_of_a_lane_and_one_of_another_entrance(tmp_path: Path) -> None:
    async with (
        SimulatedReader(tmp_path / "a") as a,
        SimulatedReader(tmp_path / "b") as b,
        SimulatedReader(tmp_path / "c") as c,
    ):
        keyboard = KeyboardCardReader()
        lane = SeveralReaders([SerialCardReader(str(one.link), poll=0.05) for one in (a, b)], [keyboard])
        other = SerialCardReader(str(c.link), poll=0.05)
        theory, practical = Ear(lane), Ear(other)
        for _ in range(2):
            await theory.next(ReaderReady)
        await practical.next(ReaderReady)
        a.put(cards.data())
        c.put(cards.data(cards.HMT))
        await theory.next(Tap)
        tap = await practical.next(Tap)
        assert isinstance(tap, Tap) and tap.card == cards.HMT
        a.unplug()
        lost = await theory.next(ReaderLost)
        assert isinstance(lost, ReaderLost) and lost.code == "one_lost"
        b.put(cards.data(cards.LONG))
        await theory.next(Tap)
        b.unplug()
        lost = await theory.next(ReaderLost)
        assert isinstance(lost, ReaderLost) and lost.code == "missing"
        paper = TypedCard(
            name="张演示", number=cards.RESIDENT.number, typed_by="account:a", kind="temporary_card"
        )
        keyboard.type_in(paper, "0" * 32)
        typed = await theory.next(Tap)
        assert isinstance(typed, Tap) and isinstance(typed.card, TypedCard) and not typed.photo
        a.take()
        a.plug()
        lost = await theory.next(ReaderLost)
        assert isinstance(lost, ReaderLost) and lost.code == "one_lost"
        b.take()
        b.plug()
        await theory.next(ReaderReady)
        await practical.silence(0.2)
        lane.close()
        other.close()
        await asyncio.sleep(0.1)


def test_only_paths_that_stay_are_stable() -> None:
    assert stable("/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0") and stable("/dev/ttyS0")
    assert not stable("/dev/ttyUSB0") and not stable("/dev/ttyACM12")


async def test_a_reader_that_raises_is_not_a_lane_without_cards() -> None:
    """None should; should one, whoever waits for cards hears it, and the process is started anew."""

    class Broken:
        async def events(self) -> AsyncIterator[ReaderEvent]:
            yield ReaderReady(at=datetime.now(UTC), sam_id="")
            raise RuntimeError("a bug")

        def close(self) -> None:
            return

    keyboard = KeyboardCardReader()
    readers = SeveralReaders([Broken()], [keyboard])
    events = readers.events()
    assert isinstance(await anext(events), ReaderReady)
    with pytest.raises(RuntimeError, match="a bug"):
        async with asyncio.timeout(5):
            await anext(events)
    readers.close()
    await asyncio.sleep(0)
    left = [task for task in asyncio.all_tasks() if "_carry" in repr(task) and not task.cancelling()]
    assert left == [], "nobody listens to a closed reader"
