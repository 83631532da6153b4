"""Alarms of a gate, from the board's inputs to the journal and to whoever asks for the lanes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlmodel import col, select

from appliance.base.errors import Unavailable
from appliance.devices.gate.driver import Line, ModbusGate
from appliance.devices.gate.simulator import SimulatedBoard
from appliance.faces.lane import FaceWorker
from appliance.flow.box import Box
from appliance.flow.note_device import note_device
from appliance.flow.order_gate import order_gate
from appliance.lane import Lane
from appliance.records.journal import Journal

DOOR, FIRE = 2, 3


def alarms(box: Box) -> list[tuple[str, str]]:
    """Kind and alarm of every entry, oldest first."""
    kinds = ("gate.alarm", "gate.alarm_over")
    rows = box.db.read_now(
        lambda s: s.exec(select(Journal).where(col(Journal.kind).in_(kinds)).order_by(col(Journal.seq))).all()
    )
    return [(row.kind, msgspec.json.decode(row.body)["alarm"]) for row in rows]


async def until(look: Callable[[], bool]) -> None:
    for _ in range(200):
        if look():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come true")


def lane_of(box: Box) -> Lane:
    """The theory lane with its door and fire inputs wired; the reader and the camera have no part here."""
    settings = box.settings.lanes[0]
    wired = msgspec.structs.replace(
        settings.gate, door_input=DOOR, fire_input=FIRE, pass_within=3, held_after=2
    )
    gate = ModbusGate(Line(settings.gate.port), pulse_ms=60, clock=box.clock)
    faces = FaceWorker("dlib", settings.camera, 1.0)  # never started: nobody looks
    return Lane(box, msgspec.structs.replace(settings, gate=wired), None, gate, faces)  # type: ignore[arg-type]


@pytest.fixture
async def board(box: Box) -> AsyncIterator[SimulatedBoard]:
    async with SimulatedBoard(Path(box.settings.lanes[0].gate.port)) as board:
        yield board


async def test_door_and_fire(box: Box, board: SimulatedBoard) -> None:
    lane = lane_of(box)
    watching = asyncio.create_task(lane.watch_gate())
    await until(lambda: lane.state.gate == "ok")

    order = await box.db.write(order_gate, box, "L1", "process:test")  # somebody is let in and goes through
    await lane.perform(order)
    board.inputs[DOOR] = True
    await asyncio.sleep(0.6)
    board.inputs[DOOR] = False
    await asyncio.sleep(1.2)
    assert lane.state.alarms == [] and alarms(box) == [] and len(board.pulses) == 1

    board.inputs[DOOR] = True  # nobody was let in
    await until(lambda: lane.state.alarms == ["forced_open"])
    await until(lambda: lane.state.alarms == ["forced_open", "held_open"])
    board.inputs[FIRE] = True
    await until(lambda: lane.state.alarms == ["fire"])
    watching.cancel()  # the entry process dies in the middle of the alarm
    await asyncio.gather(watching, return_exceptions=True)
    await lane.gate.close()

    board.inputs[DOOR] = False
    lane = lane_of(box)
    watching = asyncio.create_task(lane.watch_gate())
    await until(lambda: lane.state.alarms == ["fire"])
    board.inputs[FIRE] = False
    await until(lambda: lane.state.alarms == [])
    await until(lambda: len(alarms(box)) == 6)  # shown first, written down at once after
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await lane.gate.close()
    assert alarms(box) == [
        ("gate.alarm", "forced_open"),
        ("gate.alarm", "held_open"),
        ("gate.alarm", "fire"),
        ("gate.alarm_over", "forced_open"),
        ("gate.alarm_over", "held_open"),
        ("gate.alarm_over", "fire"),
    ]
    assert len(board.pulses) == 1, "nothing is written to the gate for a fire: its own wires free it"


async def test_an_outage_of_the_database_loses_no_alarm(box: Box, board: SimulatedBoard) -> None:
    """The gate is not called silent for it, and what happened is written down when it is back."""
    lane = lane_of(box)
    write, down = box.db.write, True

    async def failing(*what: Any) -> Any:
        if down:
            raise Unavailable("database_busy", "no database")
        return await write(*what)

    box.db.write = failing  # type: ignore[method-assign,assignment]
    watching = asyncio.create_task(lane.watch_gate())
    board.inputs[FIRE] = True
    await until(lambda: lane.state.alarms == ["fire"])
    assert lane.state.gate == "ok" and lane.state.messages == {}
    down = False
    await until(lambda: alarms(box) == [("gate.alarm", "fire")])
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await lane.gate.close()


def test_every_change_of_a_loss_is_told_once(box: Box) -> None:
    for code in ("one_lost", "one_lost", "missing", "one_lost", "", ""):
        box.db.write_now(note_device, box, "L1", "reader", code, box.now())
    kinds = ("device.lost", "device.restored")
    rows = box.db.read_now(
        lambda s: s.exec(select(Journal).where(col(Journal.kind).in_(kinds)).order_by(col(Journal.seq))).all()
    )
    assert [msgspec.json.decode(row.body)["code"] for row in rows] == ["one_lost", "missing", "one_lost", ""]
