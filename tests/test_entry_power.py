"""The power goes in the middle of an admission, or the clock is set: no gate opens twice, nobody's entry is lost.

Real SQLite with full durability, the real Modbus driver, the simulated board. The entry process is cut off at an
exact moment and a new one starts on the same files; kills of the whole process: tests/journey/test_kills_devices.py.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlmodel import Session, select

from appliance import lane as lanes
from appliance.base.clock import FakeClock, Jumps
from appliance.base.ids import new_id
from appliance.base.settings import Settings
from appliance.devices.gate.driver import ModbusGate
from appliance.devices.gate.simulator import SimulatedBoard
from appliance.faces.lane import FaceWorker
from appliance.flow import admit as admitting
from appliance.flow.admit import FaceTaken, TapFacts, TapResult, admit
from appliance.flow.box import Box
from appliance.flow.enrol import Person, SittingPlan, enrol, find_sitting
from appliance.flow.last_of_lane import last_of_lane
from appliance.flow.order_gate import begin_order, order_gate
from appliance.flow.set_up import set_up
from appliance.gatehouse import Gatehouse
from appliance.lane_faces import LaneFaces
from appliance.records.entry import Admission, GateOrder
from appliance.records.journal import Journal
from appliance.records.roster import Roster
from appliance.records.site import Room
from appliance.records.waiting import Ticket
from tests.conftest import START, site_settings
from tests.world import number_of

TTL = 1.2
HOUR = timedelta(hours=1)


class WallClock:
    """The machine's clocks; the one on the wall can be set."""

    shift = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.shift

    def monotonic(self) -> float:
        return time.monotonic()


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    async def nothing(self: FaceWorker) -> None:
        """Nobody looks here."""

    async def for_ever(self: LaneFaces) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(FaceWorker, "start", nothing)
    monkeypatch.setattr(LaneFaces, "probe", for_ever)
    base = site_settings(tmp_path)
    lane = base.lanes[0]
    lane = msgspec.structs.replace(lane, camera="", gate=msgspec.structs.replace(lane.gate, ttl=TTL))
    settings = msgspec.structs.replace(base, lanes=[lane])
    set_up(settings, demo=True, now=datetime.now(UTC))
    return settings


@pytest.fixture
async def board(settings: Settings) -> AsyncIterator[SimulatedBoard]:
    async with SimulatedBoard(Path(settings.lanes[0].gate.port)) as board:
        yield board


@asynccontextmanager
async def powered(settings: Settings, clock: WallClock) -> AsyncIterator[Box]:
    """The box from power to power."""
    box = Box.open(settings, clock)
    box.db.start()
    try:
        yield box
    finally:
        box.db.stop()


@asynccontextmanager
async def entry(box: Box) -> AsyncIterator[Gatehouse]:
    """The entry process, until it is ended."""
    stop, house = asyncio.Event(), Gatehouse(box)
    running = asyncio.create_task(house.run(stop))
    await asyncio.sleep(0.3)
    try:
        yield house
    finally:
        stop.set()
        await running


def expect(session: Session, box: Box) -> None:
    session.add(Room(code="T1", name="理论考场", kind="theory"))
    roster = Roster(
        id="r", source="province", state="active", file_name="x", file_sha256="0" * 64, loaded_at=box.now()
    )
    session.add(roster)
    session.flush()
    at = box.now() + timedelta(minutes=5)
    plan = SittingPlan(subject="theory", trade="low_voltage", room="T1", starts_at=at, duration_s=7200)
    sitting = find_sitting(session, box, plan, "province")
    enrol(session, box, roster, sitting, Person(row=0, name="考生0", number=number_of(0)))


def facts(box: Box) -> TapFacts:
    face = FaceTaken(engine="dlib", version="20", reference="chip", band="admit", code="face_matches")
    now = box.now()
    return TapFacts(
        tap=new_id(), lane="L1", kind="theory", happened_at=now, name="考生0", number=number_of(0), face=face
    )


def order_of(session: Session) -> GateOrder:
    return session.exec(select(GateOrder)).one()


async def settled(box: Box, seconds: float = 30.0) -> tuple[str, str]:
    """What came of the one order, and its detail in the journal."""
    end = time.monotonic() + seconds
    while (order := await box.db.read(order_of)).outcome in ("", "started"):
        assert time.monotonic() < end, "nobody settles the order"
        await asyncio.sleep(0.02)
    rows = await box.db.read(lambda s: s.exec(select(Journal).where(Journal.kind == "gate.settled")).all())
    assert len(rows) == 1, "settled once"
    return order.outcome, json.loads(rows[0].body)["detail"]


# --- power ------------------------------------------------------------------------------------------------------


async def hang(*_: Any) -> None:
    await asyncio.Event().wait()


MOMENTS = {
    # where the power goes: how long it is away, what comes of the order, pulses in all
    "before the decision is written": (0.0, "done", 1),
    "between decision and claim": (0.0, "done", 1),
    "between decision and claim, away longer than the order lives": (TTL + 0.1, "not_done", 0),
    "between claim and pulse": (0.0, "unknown", 0),
    "between pulse and record": (0.0, "unknown", 1),
}


@pytest.mark.long
@pytest.mark.parametrize("moment", MOMENTS)
async def test_the_power_goes_between_decision_pulse_and_record(
    settings: Settings, board: SimulatedBoard, clock: WallClock, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    away, outcome, pulses = MOMENTS[moment]
    async with powered(settings, clock) as box:
        await box.db.write(expect, box)
        card = facts(box)
        with monkeypatch.context() as patch, suppress(RuntimeError):
            if moment.startswith("before"):
                patch.setattr(admitting, "order_gate", _cut)  # the last step inside the transaction
            await box.db.write(admit, box, card)
        with monkeypatch.context() as patch:
            if moment.endswith("pulse"):
                patch.setattr(ModbusGate, "open_once", hang)
            if moment.endswith("record"):
                patch.setattr(lanes.Lane, "_settle", hang)
            if moment.endswith(("pulse", "record")):
                lane = Gatehouse(box).lanes["L1"]
                working = asyncio.create_task(lane.perform(await box.db.read(order_of)))
                for _ in range(100):
                    await asyncio.sleep(0.02)
                    if (await box.db.read(order_of)).outcome and len(board.pulses) == pulses:
                        break
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)
                await lane.close()
    await asyncio.sleep(away)
    async with powered(settings, clock) as box, entry(box):
        if moment.startswith("before"):
            assert not await box.db.read(lambda s: s.exec(select(Admission)).all()), "half a decision"
        # The person puts the card down again: the same tap is answered from the record, never decided anew.
        answer = await box.db.write(admit, box, card)
        assert (answer.code, answer.ticket) == ("admitted", "A001") or answer.ticket
        assert (await settled(box))[0] == outcome
        again: TapResult = await box.db.write(admit, box, facts(box))
        assert again.code == "already_inside"
        await asyncio.sleep(TTL / 2)
        assert len(board.pulses) == pulses
        assert len(await box.db.read(lambda s: s.exec(select(Admission)).all())) == 1
        assert len(await box.db.read(lambda s: s.exec(select(Ticket)).all())) == 1


def _cut(*_: Any, **__: Any) -> GateOrder:
    raise RuntimeError("the power goes")


# --- clock ------------------------------------------------------------------------------------------------------


def test_a_clock_that_is_set_is_noticed_and_one_that_runs_is_not() -> None:
    clock = FakeClock(START)
    jumps = Jumps(clock)
    for _ in range(3):
        clock.advance(3600)
        assert jumps.seconds() == 0
    clock.jump(0.5)
    assert jumps.seconds() == 0
    clock.jump(-3600)
    clock.advance(5)
    assert jumps.seconds() == -3600 and jumps.seconds() == 0


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["forwards", "back"])
@pytest.mark.parametrize("when", ["as it is given", "as it is claimed"])
async def test_an_order_is_carried_out_although_the_clock_is_set(
    settings: Settings,
    board: SimulatedBoard,
    clock: WallClock,
    by: timedelta,
    when: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def then(real: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **named: Any) -> Any:
            if when == "as it is claimed":
                clock.shift = by
            found = real(*args, **named)
            clock.shift = by
            return found

        return run

    async with powered(settings, clock) as box, entry(box):
        if when == "as it is claimed":
            monkeypatch.setattr(lanes, "begin_order", then(begin_order))
        give = then(order_gate) if when == "as it is given" else order_gate
        await box.db.write(give, box, "L1", "account:x", reason="x")
        assert await settled(box) == ("done", "ok")
        await asyncio.sleep(0.3)
        rows = await box.db.read(lambda s: s.exec(select(Journal).where(Journal.kind == "clock.set")).all())
        assert [round(json.loads(row.body)["seconds"]) for row in rows] == [by.total_seconds()]
        assert len(board.pulses) == 1


async def test_an_order_whose_time_is_over_is_void_although_the_clock_went_back(
    settings: Settings, board: SimulatedBoard, clock: WallClock
) -> None:
    async with powered(settings, clock) as box, entry(box) as house:
        gate = house.lanes["L1"].gate
        assert isinstance(gate, ModbusGate)
        async with gate._turn:  # the line is busy all the time
            await box.db.write(order_gate, box, "L1", "account:x", reason="x")
            await asyncio.sleep(0.2)
            clock.shift = -HOUR
            await asyncio.sleep(TTL)
        assert await settled(box) == ("not_done", "expired")
        assert not board.pulses


async def test_an_order_from_before_the_clock_was_set_back_is_void_at_the_start(
    settings: Settings, board: SimulatedBoard, clock: WallClock
) -> None:
    async with powered(settings, clock) as box:
        await box.db.write(order_gate, box, "L1", "account:x", reason="x")
        clock.shift = -HOUR
        async with entry(box):
            assert await settled(box) == ("not_done", "expired")
        assert not board.pulses


async def test_times_of_entry_and_the_entry_screen_follow_the_box_clock(
    settings: Settings, clock: WallClock
) -> None:
    async with powered(settings, clock) as box:
        await box.db.write(expect, box)  # entry closes with the start, in five minutes
        clock.shift = HOUR
        late: TapResult = await box.db.write(admit, box, facts(box))
        assert late.result == "refuse" and late.code == "too_late"
        clock.shift = timedelta()
        assert await box.db.read(last_of_lane, box, "L1") is None, "a decision of later is not shown now"
        in_time: TapResult = await box.db.write(admit, box, facts(box))
        assert in_time.code == "admitted"
        shown = await box.db.read(last_of_lane, box, "L1")
        assert shown and shown.shown.ticket == in_time.ticket


async def test_a_watch_that_dies_ends_the_process(
    settings: Settings, clock: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd starts it again; nobody looks after a lane for the rest of the day otherwise."""

    async def bug(self: lanes.Lane) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(lanes.Lane, "watch_gate", bug)
    async with powered(settings, clock) as box, asyncio.timeout(10):
        with pytest.raises(ZeroDivisionError):
            await Gatehouse(box).run(asyncio.Event())
