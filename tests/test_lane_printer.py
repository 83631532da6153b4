"""The entry process and its ticket printer: one slip for each admission, never in the gate's way."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image
from sqlmodel import Session, select

from appliance import lane_printer
from appliance.base.errors import DeviceFault, NotFound
from appliance.base.ids import new_id
from appliance.base.settings import PrinterSettings
from appliance.base.sockets import ask
from appliance.devices.gate.simulator import SimulatedBoard
from appliance.devices.printer.simulator import SimulatedPrinter
from appliance.devices.printer.slip import slip
from appliance.faces.lane import FaceWorker
from appliance.flow.admit import FaceTaken, TapFacts, TapResult, admit
from appliance.flow.box import Box
from appliance.flow.enrol import Person, SittingPlan, enrol, find_sitting
from appliance.flow.order_gate import order_gate
from appliance.flow.set_up import set_up
from appliance.flow.ticket_slip import ticket_slip_facts
from appliance.gatehouse import Gatehouse
from appliance.records.entry import GateOrder
from appliance.records.journal import Journal
from appliance.records.roster import Roster
from appliance.records.site import Room
from appliance.wire.gate import LaneState, PrintTicket, TicketPrinted
from tests.conftest import site_settings
from tests.devices.test_printer import same
from tests.world import number_of


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
    for index in range(6):
        enrol(session, box, roster, sitting, Person(row=index, name=f"考生{index}", number=number_of(index)))


class Entrance:
    """One lane with gate and printer; the entry process runs, cards are decided as if they had been put down."""

    def __init__(self, box: Box, house: Gatehouse, board: SimulatedBoard, printer: SimulatedPrinter) -> None:
        self.box, self.house, self.board, self.printer = box, house, board, printer

    @property
    def state(self) -> LaneState:
        return self.house.lanes["L1"].state

    async def admit(self, index: int) -> TapResult:
        facts = TapFacts(
            tap=new_id(),
            lane="L1",
            kind="theory",
            happened_at=self.box.now(),
            name=f"考生{index}",
            number=number_of(index),
            face=FaceTaken(engine="dlib", version="20", reference="chip", band="admit", code="face_matches"),
        )
        return await self.box.db.write(admit, self.box, facts)

    async def until(self, look: Callable[[], Any], seconds: float = 20.0) -> Any:
        end = asyncio.get_running_loop().time() + seconds
        while not (found := look()):
            assert asyncio.get_running_loop().time() < end, self.state
            await asyncio.sleep(0.02)
        return found

    async def told(self, kind: str) -> list[dict[str, str]]:
        rows = await self.box.db.read(lambda s: s.exec(select(Journal).where(Journal.kind == kind)).all())
        return [body for row in rows if (body := json.loads(row.body))["device"] == "printer"]

    async def again(self, tap: str, lane: str = "L1") -> TicketPrinted:
        return await ask(self.box.settings.socket("gate"), PrintTicket(lane=lane, tap=tap), TicketPrinted, 20)


@pytest.fixture
async def entrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Entrance]:
    async def no_faces(_worker: FaceWorker) -> None:
        return

    monkeypatch.setattr(FaceWorker, "start", no_faces)
    monkeypatch.setattr(lane_printer, "LOOK_AGAIN", 0.2)
    async with SimulatedPrinter(tmp_path / "slips", None, ("127.0.0.1", 0)) as printer:
        assert printer.listen
        base = site_settings(tmp_path)
        wired = PrinterSettings(port=f"tcp://127.0.0.1:{printer.listen[1]}")
        lanes = [msgspec.structs.replace(base.lanes[0], printer=wired)]
        settings = msgspec.structs.replace(base, lanes=lanes)
        set_up(settings, demo=True, now=datetime.now(UTC))
        box = Box.open(settings)
        box.db.start()
        await box.db.write(people, box)
        stop, house = asyncio.Event(), Gatehouse(box)
        async with SimulatedBoard(Path(lanes[0].gate.port)) as board:
            running = asyncio.create_task(house.run(stop))
            entrance = Entrance(box, house, board, printer)
            await entrance.until(settings.socket("gate").exists)
            yield entrance
            stop.set()
            async with asyncio.timeout(5):
                await running
        box.db.stop()


async def test_an_admission_prints_one_slip_and_p_one_more(entrance: Entrance) -> None:
    result = await entrance.admit(0)
    await entrance.until(lambda: entrance.state.slips.get(result.tap) == "ok")
    await asyncio.sleep(0.5)
    [came_out] = entrance.printer.slips
    facts = await entrance.box.db.read(ticket_slip_facts, entrance.box, result.tap)
    assert same(Image.open(came_out), slip(facts, 576)), "what was rendered is what came out"
    assert len(entrance.board.pulses) == 1

    assert await entrance.again(result.tap) == TicketPrinted(tap=result.tap)
    first, second = entrance.printer.slips
    again = slip(msgspec.structs.replace(facts, again=True), 576)
    assert same(Image.open(second), again) and not same(Image.open(first), again), "a second one says so"
    assert len(entrance.board.pulses) == 1
    assert (entrance.state.printer, await entrance.told("device.lost")) == ("ok", [])
    with pytest.raises(NotFound):
        await entrance.again("nobody")
    with pytest.raises(NotFound, match="no_printer"):
        await entrance.again(result.tap, "L9")


async def test_a_lane_opened_by_hand_prints_nothing(entrance: Entrance) -> None:
    order = await entrance.box.db.write(
        order_gate, entrance.box, "L1", "account:x", reason="x", order_id=new_id()
    )

    def done() -> bool:
        return entrance.box.db.read_now(lambda s: s.get_one(GateOrder, order.id).outcome) == "done"

    await entrance.until(done)
    await asyncio.sleep(0.3)
    assert entrance.printer.slips == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("mode", "part", "code"),
    [("silent", "silent", "silent"), ("paper_end", "fault", "paper_end"), ("off", "missing", "missing")],
)
async def test_a_printer_that_does_not_print_is_never_in_the_way(
    entrance: Entrance, mode: str, part: str, code: str
) -> None:
    if mode == "off":
        await entrance.printer.stop()
    else:
        entrance.printer.mode = mode  # type: ignore[assignment]
    results = []
    for index in range(3):
        results.append(await entrance.admit(index))
        await entrance.until(lambda wanted=index: len(entrance.board.pulses) == wanted + 1)
        if mode == "silent":  # the printer takes seconds to be given up
            told = entrance.state.slips.get(results[-1].tap, "printing")
            assert told == "printing", "the gate opens before anything is known of the slip"
        await asyncio.sleep(0.6)  # the next person; the relay is free again
    await entrance.until(lambda: entrance.state.slips.get(results[-1].tap) == code, 10)
    assert entrance.state.printer == part and entrance.state.messages["printer"]
    [lost] = await entrance.told("device.lost")
    assert lost["code"] == code, "an outage is told once"
    with pytest.raises(DeviceFault) as fault:
        await entrance.again(results[0].tap)
    assert fault.value.code == f"printer_{code}" and fault.value.next_step
    assert entrance.printer.slips == []
    if mode == "off":
        return
    entrance.printer.mode = "normal"
    await entrance.until(lambda: entrance.state.printer == "ok")
    async with asyncio.timeout(5):
        while not await entrance.told("device.restored"):  # noqa: ASYNC110 (a database has no event)
            await asyncio.sleep(0.05)
    assert "printer" not in entrance.state.messages and len(await entrance.told("device.restored")) == 1
    assert entrance.printer.slips == [], "nothing comes out later by itself"
    await entrance.again(results[0].tap)
    assert len(entrance.printer.slips) == 1 and entrance.state.slips[results[0].tap] == "ok"
