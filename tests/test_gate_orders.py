"""What came of a pulse is written as soon as it can be, without a restart."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlmodel import Session, select

from appliance import gatehouse
from appliance import lane as lanes
from appliance.base.clock import FakeClock
from appliance.base.ids import new_id
from appliance.devices.gate.driver import SENTENCES
from appliance.devices.gate.port import Opened
from appliance.faces.lane import FaceWorker
from appliance.flow.box import Box
from appliance.flow.order_gate import order_gate
from appliance.gatehouse import Gatehouse
from appliance.records.entry import GateOrder
from appliance.records.journal import Journal


class Relay:
    """A gate that opens."""

    pulses = 0

    async def open_once(self, _until: object) -> Opened:
        self.pulses += 1
        return Opened(outcome="done", code="ok")


def lane_of(box: Box, relay: Relay) -> lanes.Lane:
    nothing: Any = None
    faces = FaceWorker("dlib", "", 1.0)  # never started: nobody looks
    return lanes.Lane(box, box.settings.lanes[0], nothing, relay, faces)  # type: ignore[arg-type]


async def test_an_order_that_could_not_be_settled_is_settled_later(
    box: Box, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, failed = lanes.settle_order, []

    def full(session: Session, *args: Any) -> None:
        if len(failed) < 3:
            failed.append(1)
            raise sqlite3.OperationalError("database or disk is full")
        real(session, *args)

    monkeypatch.setattr(lanes, "settle_order", full)
    monkeypatch.setattr(lanes, "SETTLE_AGAIN", 0.01)
    order = await box.db.write(order_gate, box, "L1", "account:x", reason="x", order_id=new_id())
    relay = Relay()
    async with asyncio.timeout(10):
        await lane_of(box, relay).perform(order)
    assert await box.db.read(lambda s: s.get_one(GateOrder, order.id).outcome) == "done"
    assert relay.pulses == 1
    told = [record for record in caplog.records if "cannot be settled" in record.message]
    assert len(told) == 1, "an outage is logged once"


async def test_a_stop_does_not_wait_for_a_database_that_is_down(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(session: Session, *args: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(lanes, "settle_order", full)
    order = await box.db.write(order_gate, box, "L1", "account:x", reason="x", order_id=new_id())
    lane = lane_of(box, Relay())
    pulse = asyncio.create_task(lane.perform(order))
    await asyncio.sleep(0.3)
    lane.stopping.set()
    await asyncio.wait_for(pulse, 5)
    assert await box.db.read(lambda s: s.get_one(GateOrder, order.id).outcome) == "started"


async def test_a_gate_that_raises_leaves_nothing_at_work(box: Box) -> None:
    """It never should: then nobody knows whether it opened, and the next order is carried out as ever."""

    class Broken(Relay):
        async def open_once(self, _until: object) -> Opened:
            if not self.pulses:
                self.pulses += 1
                raise RuntimeError("a bug")
            return await super().open_once(_until)

    lane = lane_of(box, Broken())
    for outcome, part in (("unknown", "fault"), ("done", "ok")):
        order = await box.db.write(order_gate, box, "L1", "account:x", reason="x", order_id=new_id())
        await lane.perform(order)
        assert await box.db.read(lambda s, key=order.id: s.get_one(GateOrder, key).outcome) == outcome
        assert lane.state.gate == part and bool(lane.state.messages.get("gate")) == (outcome == "unknown")


async def test_look_whether_it_opened_stands_although_the_board_answers_again(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mute(Relay):
        looks = 0

        async def open_once(self, _until: object) -> Opened:
            return Opened(outcome="unknown", code="silent", sentence=SENTENCES["silent"])

        async def rest(self) -> None:
            return

        async def inputs(self, count: int = 8) -> list[bool]:
            self.looks += 1
            return [False] * count

    async def looked(times: int) -> None:
        async with asyncio.timeout(10):
            while gate.looks < times:  # noqa: ASYNC110 (counted, no event)
                await asyncio.sleep(0.01)

    monkeypatch.setattr(lanes, "PROBE", 0.01)
    gate = Mute()
    lane = lane_of(box, gate)
    order = await box.db.write(order_gate, box, "L1", "account:x", reason="x", order_id=new_id())
    await lane.perform(order)
    watching = asyncio.create_task(lane.watch_gate())
    await looked(3)
    assert (lane.state.gate, lane.state.messages) == ("silent", {"gate": SENTENCES["silent"]})
    lane._stands_until = 0.0
    await looked(gate.looks + 3)
    assert (lane.state.gate, lane.state.messages) == ("ok", {})
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


class Orders(Gatehouse):
    """The gatehouse's look at new orders alone, over a lane whose gate is `relay`."""

    def __init__(self, box: Box, relay: Relay) -> None:
        super().__init__(box)
        self.lanes["L1"] = lane_of(box, relay)

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._orders(["L1"]))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, *self._pulses, return_exceptions=True)


async def until(look: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(10):
        while not await look():  # noqa: ASYNC110 (a database has no event)
            await asyncio.sleep(0.02)


async def test_an_order_that_could_not_be_begun_gets_no_second_life_from_a_jump_of_the_clock(
    box: Box, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, down = lanes.begin_order, True

    def begin(session: Session, *args: Any) -> bool:
        if down:
            raise sqlite3.OperationalError("database or disk is full")
        return real(session, *args)

    monkeypatch.setattr(lanes, "begin_order", begin)
    relay = Relay()
    house = Orders(box, relay)
    async with house.looking():
        await asyncio.sleep(0.2)
        order = await box.db.write(order_gate, box, "L1", "account:x", reason="x", order_id=new_id())

        async def taken_up() -> bool:
            return order.id in house._begun

        await until(taken_up)
        clock.advance(60)  # its time is over and it is still not begun
        await asyncio.sleep(0.2)
        clock.jump(-3600)
        down = False

        async def settled() -> bool:
            return await box.db.read(lambda s: s.get_one(GateOrder, order.id).outcome) == "not_done"

        await until(settled)
    assert relay.pulses == 0


async def test_a_jump_of_the_clock_that_could_not_be_written_is_written_later(
    box: Box, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failed = gatehouse.note_clock, []

    def note(session: Session, *args: Any) -> None:
        if len(failed) < 3:
            failed.append(1)
            raise sqlite3.OperationalError("database or disk is full")
        real(session, *args)

    monkeypatch.setattr(gatehouse, "note_clock", note)
    relay = Relay()
    async with Orders(box, relay).looking():
        await asyncio.sleep(0.2)
        clock.jump(3600)

        async def told() -> list[str]:
            return list(await box.db.read(lambda s: s.exec(bodies).all()))

        bodies = select(Journal.body).where(Journal.kind == "clock.set")
        await until(told)
        await asyncio.sleep(0.2)
        [body] = await told()
    assert '"seconds":3600' in body and len(failed) == 3
