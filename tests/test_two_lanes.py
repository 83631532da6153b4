"""Two lanes in one entry process, busy at the same moment: each opens its own gate, once for each person."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlmodel import Session, select

from appliance.devices.cardreader.layouts import demo_card, write
from appliance.devices.cardreader.protocol import CardData
from appliance.devices.cardreader.simulator import SimulatedReader
from appliance.devices.gate.simulator import SimulatedBoard
from appliance.faces import chip_photo
from appliance.faces.lane import FaceWorker
from appliance.flow.box import Box
from appliance.flow.enrol import Person, SittingPlan, enrol, find_sitting
from appliance.flow.set_up import set_up
from appliance.gatehouse import Gatehouse
from appliance.records.entry import Admission, GateOrder
from appliance.records.roster import Roster
from appliance.records.site import Room
from appliance.wire.faceworker import Distance, Looked, Pong
from tests.conftest import site_settings
from tests.world import number_of

ROUNDS = 3


def people(session: Session, box: Box) -> None:
    session.add(Room(code="T1", name="理论考场", kind="theory"))
    roster = Roster(
        id="r", source="province", state="active", file_name="x", file_sha256="0" * 64, loaded_at=box.now()
    )
    session.add(roster)
    session.flush()
    at = box.now() + timedelta(minutes=5)
    plan = SittingPlan(subject="theory", trade="low_voltage", room="T1", starts_at=at, duration_s=7200)
    sitting = find_sitting(session, box, plan, "province")
    for index in range(2 * ROUNDS):
        enrol(session, box, roster, sitting, Person(row=index, name=f"考生{index}", number=number_of(index)))


@pytest.fixture
async def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Box]:
    """A site with two theory lanes, one with a timed board; every face is the right one."""

    async def start(_worker: FaceWorker) -> None:
        return

    async def ping(_worker: FaceWorker) -> Pong:
        return Pong(engine="dlib", version="1", camera="ok")

    async def look(*_what: object) -> Looked:
        await asyncio.sleep(0.1)
        found = [Distance(kind="chip", distance=0.2)]
        return Looked(engine="dlib", version="1", live=b"picture", faces=1, compared=found)

    async def decode(*_what: object) -> chip_photo.ChipPhoto:
        return chip_photo.ChipPhoto(b"chip")

    for name, does in (("start", start), ("ping", ping), ("look", look)):
        monkeypatch.setattr(FaceWorker, name, does)
    monkeypatch.setattr(chip_photo, "decode", decode)
    base = site_settings(tmp_path)
    first, second = base.lanes
    second = msgspec.structs.replace(
        second, kind="theory", gate=msgspec.structs.replace(second.gate, flash_base=0x200)
    )
    settings = msgspec.structs.replace(base, lanes=[first, second])
    set_up(settings, demo=True, now=datetime.now(UTC))
    box = Box.open(settings)
    box.db.start()
    await box.db.write(people, box)
    yield box
    box.db.stop()


def outcomes(session: Session) -> list[str]:
    return list(session.exec(select(GateOrder.outcome)).all())


async def test_two_lanes_admit_at_the_same_time_each_through_its_own_gate(box: Box) -> None:
    lanes = box.settings.lanes
    stop, house = asyncio.Event(), Gatehouse(box)
    async with (
        SimulatedReader(Path(lanes[0].reader.port)) as reader0,
        SimulatedReader(Path(lanes[1].reader.port)) as reader1,
        SimulatedBoard(Path(lanes[0].gate.port)) as board0,
        SimulatedBoard(Path(lanes[1].gate.port)) as board1,
    ):
        running = asyncio.create_task(house.run(stop))
        for turn in range(ROUNDS):
            for side, reader in enumerate((reader0, reader1)):
                index = 2 * turn + side
                text = write(demo_card(f"考生{index}", number_of(index), date(2020, 1, 1)))
                reader.put(CardData(text=text, photo=b"x" * 1024))
            async with asyncio.timeout(30):
                while await box.db.read(outcomes) != ["done"] * 2 * (turn + 1):  # noqa: ASYNC110 (no event)
                    await asyncio.sleep(0.05)
            reader0.take()
            reader1.take()
            async with asyncio.timeout(10):
                while any(board0.coils) or any(board1.coils):  # noqa: ASYNC110 (a relay has no event)
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.4)  # the readers have to see that the cards are gone
        stop.set()
        await running
    assert [pulse.coil for pulse in board0.pulses] == [lanes[0].gate.coil] * ROUNDS
    assert [pulse.coil for pulse in board1.pulses] == [lanes[1].gate.coil] * ROUNDS
    found = await box.db.read(lambda s: s.exec(select(Admission)).all())
    assert sorted(one.lane for one in found) == sorted([lanes[0].code, lanes[1].code] * ROUNDS)
    assert len({one.candidate for one in found}) == 2 * ROUNDS
