"""The gate: what is decided, and the Modbus driver against the simulated board over a real pty."""

import asyncio
import os
import pty
import time
import tty
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from appliance.base import sockets
from appliance.base.errors import Corrupt, DeviceFault
from appliance.devices.gate.driver import Line, ModbusGate
from appliance.devices.gate.protocol import OFF, ON, Pulse, Write, plan, settle
from appliance.devices.gate.simulator import FLASH_BASE, SimulatedBoard, SimulatedTcpBoard
from appliance.wire.simulators import BoardDid, GetBoard, SetBoard


def soon() -> float:
    return time.monotonic() + 5


def test_a_pulse_is_planned() -> None:
    assert plan(3, 400, None) == Pulse(Write(3, ON), 400, Write(3, OFF))
    assert plan(3, 400, 0x200) == Pulse(Write(0x203, 4), 400)
    assert plan(0, 1, 0x200) == Pulse(Write(0x200, 1), 100), "as long as the board makes it"
    assert plan(0, 401, 0x200).close.value == 5


@pytest.mark.parametrize(
    ("reply", "coil", "timed", "outcome"),
    [
        ("echo", None, False, "done"),
        ("refused", None, False, "not_done"),
        ("not_sent", None, False, "not_done"),
        ("none", True, False, "done"),
        ("none", True, True, "done"),
        ("none", False, False, "not_done"),
        ("none", False, True, "unknown"),
        ("none", None, False, "unknown"),
        ("none", None, True, "unknown"),
    ],
)
def test_what_the_answers_mean(reply: str, coil: bool | None, timed: bool, outcome: str) -> None:
    assert settle(reply, coil, timed) == outcome  # type: ignore[arg-type]


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[SimulatedBoard]:
    async with SimulatedBoard(tmp_path / "gate", tmp_path / "gate.sock") as board:
        yield board


@pytest.fixture
async def line(board: SimulatedBoard) -> AsyncIterator[Line]:
    line = Line(str(board.link), timeout=0.2)
    yield line
    await line.close()


async def test_one_admission_is_one_pulse(board: SimulatedBoard, line: Line) -> None:
    gate = ModbusGate(line, coil=2, pulse_ms=120)
    opened = await gate.open_once(soon())
    assert board.coils[2], "it answers while the relay is closed, not after the pulse"
    assert (opened.outcome, opened.code, opened.sentence) == ("done", "ok", "")
    assert await gate.released()
    (pulse,) = board.pulses
    assert pulse.coil == 2 and pulse.seconds is not None and pulse.seconds >= 0.1
    assert opened.sent_at and opened.sent_at <= pulse.at and board.frames == 2 and not any(board.coils)


async def test_a_board_with_timed_coils_ends_the_pulse_itself(board: SimulatedBoard, line: Line) -> None:
    gate = ModbusGate(line, coil=1, pulse_ms=100, flash_base=FLASH_BASE)
    assert (await gate.open_once(soon())).outcome == "done"
    async with asyncio.timeout(5):
        while board.coils[1]:  # noqa: ASYNC110 (a relay has no event)
            await asyncio.sleep(0.02)
    assert [p.coil for p in board.pulses] == [1] and board.frames == 1


async def test_two_lanes_on_one_line_each_open_once(board: SimulatedBoard, line: Line) -> None:
    gates = [ModbusGate(line, coil=n, pulse_ms=60) for n in (0, 1)]
    opened = await asyncio.gather(*(gate.open_once(soon()) for gate in gates))
    assert [o.outcome for o in opened] == ["done", "done"]
    assert await gates[0].released() and await gates[1].released()
    assert sorted(p.coil for p in board.pulses) == [0, 1]


async def test_an_order_that_is_too_late_is_not_carried_out(board: SimulatedBoard, line: Line) -> None:
    opened = await ModbusGate(line).open_once(time.monotonic())
    assert (opened.outcome, opened.code, opened.sent_at) == ("not_done", "expired", None)
    assert board.frames == 0


async def test_a_gate_that_does_not_answer_is_unknown_and_never_asked_twice(tmp_path: Path) -> None:
    """A wire with nobody at the end: every byte that was sent is counted."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    line = Line(os.ttyname(slave), timeout=0.15)
    gate = ModbusGate(line, coil=0, pulse_ms=50)
    opened = await gate.open_once(soon())
    assert (opened.outcome, opened.code) == ("unknown", "silent") and opened.sentence and opened.sent_at
    assert not await gate.released()
    sent = os.read(master, 4096)
    frames = [sent[i : i + 8] for i in range(0, len(sent), 8)]
    assert frames[0].hex().upper() == "01050000FF008C3A"
    assert frames.count(frames[0]) == 1, "the closing write was repeated"
    assert {f.hex().upper() for f in frames[2:]} == {"010500000000CDCA"}
    await line.close()
    os.close(master)
    os.close(slave)


async def test_a_board_that_acts_and_keeps_silent(board: SimulatedBoard, line: Line) -> None:
    board.mode = "silent"
    gate = ModbusGate(line, pulse_ms=50)
    opened = await gate.open_once(soon())
    assert opened.outcome == "unknown" and len(board.pulses) == 1
    await asyncio.sleep(0.1)
    board.mode = "normal"
    assert await gate.released() and not board.coils[0] and len(board.pulses) == 1


async def test_a_deaf_board_that_wakes_up_was_not_opened(board: SimulatedBoard, line: Line) -> None:
    board.mode = "deaf"
    gate = ModbusGate(line, pulse_ms=50)
    asyncio.get_running_loop().call_later(0.1, setattr, board, "mode", "normal")
    opened = await gate.open_once(soon())
    assert opened.outcome == "not_done" and not board.pulses


async def test_refused_missing_and_back_again(board: SimulatedBoard, line: Line) -> None:
    gate = ModbusGate(line, pulse_ms=50)
    board.mode = "refusing"
    opened = await gate.open_once(soon())
    assert (opened.outcome, opened.code) == ("not_done", "refused")
    board.mode = "normal"
    board.unplug()
    await asyncio.sleep(0.05)
    opened = await gate.open_once(soon())
    assert (opened.outcome, opened.code) == ("not_done", "missing")
    board.plug()
    assert (await gate.open_once(soon())).outcome == "done"
    assert await gate.released() and len(board.pulses) == 1


async def test_inputs_and_the_control_socket(board: SimulatedBoard, line: Line) -> None:
    gate = ModbusGate(line)
    control = board.control
    assert control
    await sockets.ask(control, SetBoard(inputs={0: True, 3: True}), BoardDid)
    assert await gate.inputs(4) == [True, False, False, True]
    await gate.open_once(soon())
    did = await sockets.ask(control, GetBoard(), BoardDid)
    assert did.coils[0] and len(did.pulses) == 1 and did.mode == "normal"
    await sockets.ask(control, SetBoard(mode="deaf"), BoardDid)
    with pytest.raises(DeviceFault):
        await gate.inputs(4)
    await sockets.ask(control, SetBoard(), BoardDid)
    assert await gate.released()


@pytest.mark.parametrize("flash_base", [None, FLASH_BASE], ids=["ended_here", "timed_by_the_board"])
async def test_two_orders_in_quick_succession_are_two_pulses(tmp_path: Path, flash_base: int | None) -> None:
    """The second waits until the relay has opened again; never one long pulse for two people."""
    async with SimulatedBoard(tmp_path / "gate") as board:
        gate = ModbusGate(Line(str(tmp_path / "gate")), pulse_ms=200, flash_base=flash_base)
        until = time.monotonic() + 20
        opened = await asyncio.gather(*[gate.open_once(until) for _ in range(3)])
        assert await gate.released()
        await gate.close()
    assert [one.outcome for one in opened] == ["done"] * 3
    assert len(board.pulses) == 3


async def test_a_timed_pulse_nobody_confirmed_is_not_made_longer_by_the_next(
    board: SimulatedBoard, line: Line
) -> None:
    """A board that acted and kept silent: the relay may be closed, so the next person waits until it is not."""
    gate = ModbusGate(line, pulse_ms=1000, flash_base=FLASH_BASE)
    board.mode = "silent"
    assert (await gate.open_once(soon())).outcome == "unknown" and len(board.pulses) == 1
    board.mode = "normal"
    assert (await gate.open_once(time.monotonic() + 20)).outcome == "done"
    assert len(board.pulses) == 2


async def test_a_pulse_left_on_by_a_killed_process_is_ended_by_the_next(
    board: SimulatedBoard, line: Line
) -> None:
    killed = ModbusGate(line, pulse_ms=60_000)
    assert (await killed.open_once(soon())).outcome == "done" and board.coils[0]
    for task in killed._releasing:
        task.cancel()
    following = ModbusGate(line, pulse_ms=50)
    _, opened = await asyncio.gather(following.rest(), following.open_once(soon()))
    assert opened.outcome == "done" and await following.released()
    assert len(board.pulses) == 2 and not any(board.coils), "the next person is a pulse of its own"
    frames = board.frames
    await following.rest()
    assert board.frames == frames, "once per process"


async def test_a_relay_that_cannot_be_released_is_told_until_it_is(board: SimulatedBoard, line: Line) -> None:
    gate = ModbusGate(line, pulse_ms=50)
    await gate.rest()
    assert (await gate.open_once(soon())).outcome == "done"
    board.mode = "deaf"
    assert not await gate.released() and board.coils[0]
    with pytest.raises(DeviceFault) as told:
        await gate.rest()
    assert told.value.code == "gate_stuck"
    board.mode = "normal"
    await gate.rest()
    assert not board.coils[0] and await gate.released()


async def test_a_board_in_the_network(tmp_path: Path) -> None:
    """Modbus TCP: one pulse, read-back of inputs, no second write into silence, and back after an outage."""
    async with SimulatedTcpBoard("127.0.0.1", 0) as board:
        line = Line(f"tcp://127.0.0.1:{board.port}", timeout=0.2)
        gate = ModbusGate(line, coil=4, pulse_ms=80)
        assert (await gate.open_once(soon())).outcome == "done"
        assert await gate.released() and [one.coil for one in board.pulses] == [4]
        board.inputs[1] = True
        assert await gate.inputs(2) == [False, True]
        board.mode = "silent"
        assert (await gate.open_once(soon())).outcome == "unknown"
        board.mode = "normal"
        assert await gate.released() and len(board.pulses) == 2
        port = board.port
    await asyncio.sleep(0.05)
    opened = await gate.open_once(soon())
    assert opened.outcome == "not_done" and opened.code == "missing"
    async with SimulatedTcpBoard("127.0.0.1", port) as board:
        timed = ModbusGate(line, coil=1, pulse_ms=100, flash_base=FLASH_BASE)
        assert (await timed.open_once(soon())).outcome == "done"
        assert [one.coil for one in board.pulses] == [1]
    await line.close()


@pytest.mark.parametrize("port", ["tcp://", "tcp://host:99999", "tcp://[::1"])
def test_an_address_that_cannot_be_one_is_said_at_the_start(port: str) -> None:
    with pytest.raises(Corrupt, match="bad_gate_address"):
        Line(port)


@pytest.mark.parametrize("there", [True, False])
async def test_a_watch_that_is_cancelled_ends_whatever_the_board_does_at_that_moment(
    board: SimulatedBoard, tmp_path: Path, there: bool
) -> None:
    """Python 3.11's `wait_for` in pymodbus forgets a cancel that comes together with its result."""

    async def watch() -> None:
        while True:
            with suppress(DeviceFault):
                await gate.inputs()
            await asyncio.sleep(60)

    for turns in range(12):
        line = Line(str(board.link if there else tmp_path / "none"), timeout=0.2)
        gate = ModbusGate(line)
        watching = asyncio.create_task(watch())
        for _ in range(turns):
            await asyncio.sleep(0)
        watching.cancel()
        done, _ = await asyncio.wait({watching}, timeout=1)
        assert done, f"cancelled after {turns} turns of the loop"
        await line.close()


async def test_a_cancel_that_comes_with_the_answer_is_heeded(board: SimulatedBoard, line: Line) -> None:
    gate = ModbusGate(line)
    await gate.inputs()
    client = line._client
    assert client is not None
    asking = asyncio.create_task(gate.inputs())
    for _turn in range(20):
        if client.ctx.response_future.done():  # still the one before
            await asyncio.sleep(0)
    client.ctx.response_future.add_done_callback(lambda _answer: asking.cancel())
    with pytest.raises(asyncio.CancelledError):
        await asking
