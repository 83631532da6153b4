"""What came of a pulse is written as soon as it can be, without a restart."""

import asyncio
import sqlite3
from typing import Any

import pytest
from sqlmodel import Session

from appliance import lane as lanes
from appliance.base.ids import new_id
from appliance.devices.gate.port import Opened
from appliance.faces.lane import FaceWorker
from appliance.flow.box import Box
from appliance.flow.order_gate import order_gate
from appliance.records.entry import GateOrder


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
