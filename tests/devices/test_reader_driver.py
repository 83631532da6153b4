"""The serial driver against the simulated reader, over a real pseudo-terminal."""

import asyncio
import termios
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.base import sockets
from appliance.base.errors import DeviceFault
from appliance.devices.cardreader.driver import OneCard, SerialCardReader, read_once
from appliance.devices.cardreader.layouts import write
from appliance.devices.cardreader.port import ReaderLost, ReaderReady, Tap, TapFailed
from appliance.devices.cardreader.simulator import SimulatedReader
from appliance.wire.simulators import GetReader, PutCard, ReaderDid
from tests.devices import cards
from tests.devices.ear import SAM, Ear, ready


async def test_a_card_is_one_tap_until_it_has_left(
    simulated: SimulatedReader, driver: SerialCardReader
) -> None:
    ear = await ready(driver)
    before = datetime.now(UTC)
    simulated.put(cards.data())
    tap = await ear.next(Tap)
    assert isinstance(tap, Tap)
    assert (tap.card, tap.sam_id, tap.photo) == (cards.RESIDENT, SAM, cards.data().photo)
    assert before <= tap.at <= datetime.now(UTC) and len(tap.tap_id) == 32
    await ear.silence()
    simulated.take()
    await asyncio.sleep(0.2)
    simulated.put(cards.data())
    again = await ear.next(Tap)
    assert isinstance(again, Tap) and again.tap_id != tap.tap_id
    simulated.put(cards.data(cards.LONG))
    other = await ear.next(Tap)
    assert isinstance(other, Tap) and other.card == cards.LONG


async def test_a_reader_that_finds_the_same_card_again_gives_one_tap(
    simulated: SimulatedReader, driver: SerialCardReader
) -> None:
    ear = await ready(driver)
    simulated.put(cards.data())
    await ear.next(Tap)
    simulated.put(cards.data())  # no moment without a card in between
    await ear.silence(0.4)


@pytest.mark.parametrize("how", ["noise", "silent"])
async def test_disturbances_cost_no_card(
    simulated: SimulatedReader, driver: SerialCardReader, how: str
) -> None:
    ear = await ready(driver)
    simulated.misbehave(how, 2)  # type: ignore[arg-type]
    simulated.put(cards.data())
    await ear.next(Tap)


@pytest.mark.parametrize(("how", "code"), [("cut", "damaged"), ("bad_checksum", "damaged")])
async def test_a_damaged_read_is_told_and_never_half_a_card(
    simulated: SimulatedReader, driver: SerialCardReader, how: str, code: str
) -> None:
    ear = await ready(driver)
    await asyncio.sleep(0.1)
    simulated.put(cards.data())
    simulated._spoil = ["noise"] * 2 + [how]  # type: ignore[list-item]  # find, select, then the read itself
    failed = await ear.next(TapFailed)
    assert isinstance(failed, TapFailed) and failed.code == code and failed.sentence
    simulated.take()
    await asyncio.sleep(0.15)
    simulated.put(cards.data())
    await ear.next(Tap)


async def test_a_card_that_cannot_be_read_is_told_once(
    simulated: SimulatedReader, driver: SerialCardReader
) -> None:
    ear = await ready(driver)
    simulated.misbehave("read_failed", 6)
    simulated.put(cards.data())
    failed = await ear.next(TapFailed)
    assert isinstance(failed, TapFailed) and failed.code == "read_failed"
    await ear.next(Tap)  # held still at last
    assert len(ear.heard) == 3


async def test_unplugged_in_the_middle_of_a_read_and_plugged_in_again(
    simulated: SimulatedReader, driver: SerialCardReader
) -> None:
    ear = await ready(driver)
    simulated.unplug(after_bytes=600)
    simulated.put(cards.data())
    lost = await ear.next(ReaderLost)
    assert isinstance(lost, ReaderLost) and lost.code == "missing" and not simulated.link.exists()
    await ear.silence(0.6)  # told once
    simulated.plug()
    started = time.monotonic()
    await ear.next(ReaderReady)
    tap = await ear.next(Tap)
    assert isinstance(tap, Tap) and tap.card == cards.RESIDENT
    assert time.monotonic() - started < 2.0
    assert [type(e) for e in ear.heard] == [ReaderReady, ReaderLost, ReaderReady, Tap]


async def test_a_reader_that_is_missing_or_dumb_at_the_start(tmp_path: Path) -> None:
    driver = SerialCardReader(str(tmp_path / "reader"), poll=0.05)
    ear = Ear(driver)
    lost = await ear.next(ReaderLost)
    assert isinstance(lost, ReaderLost) and lost.code == "missing"
    async with SimulatedReader(tmp_path / "reader") as simulated:
        simulated.misbehave("silent", 4)
        event = await ear.next(ReaderLost)
        assert isinstance(event, ReaderLost) and event.code == "silent"
        await ear.next(ReaderReady)
    driver.close()
    await asyncio.sleep(0.1)


async def test_the_control_socket(simulated: SimulatedReader, driver: SerialCardReader) -> None:
    ear = await ready(driver)
    control = simulated.control
    assert control
    await sockets.ask(control, PutCard(text=write(cards.HMT), seconds=0.6), ReaderDid)
    tap = await ear.next(Tap)
    assert isinstance(tap, Tap) and tap.card == cards.HMT
    await asyncio.sleep(0.7)
    did = await sockets.ask(control, GetReader(), ReaderDid)
    assert did.plugged and not did.card and did.reads == 1 and did.requests["read"] == 1


async def test_one_card_read_for_a_technician(simulated: SimulatedReader) -> None:
    with pytest.raises(DeviceFault) as caught:
        await asyncio.to_thread(read_once, str(simulated.link), 115200, 0.4)
    assert caught.value.code == "no_card"
    simulated.put(cards.data())
    assert await asyncio.to_thread(read_once, str(simulated.link), 115200, 3.0) == OneCard(cards.data(), SAM)
    with pytest.raises(DeviceFault) as caught:
        await asyncio.to_thread(read_once, str(simulated.link) + "x", 115200, 0.3)
    assert caught.value.code == "missing"


def test_a_reader_unplugged_while_its_port_is_set_up_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_given: object, **_named: object) -> None:
        raise termios.error(5, "Input/output error")

    monkeypatch.setattr("appliance.devices.cardreader.link.serial.Serial", gone)
    with pytest.raises(DeviceFault) as fault:
        read_once("/dev/nowhere", 115200, 0.1)
    assert fault.value.code == "missing"
