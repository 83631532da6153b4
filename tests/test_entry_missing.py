"""The entrance without its devices, or with a photograph somebody changed on the disk: it works on and says so."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest
from sqlmodel import select

from appliance.base.errors import Corrupt, NotFound, Unavailable
from appliance.base.ids import new_id
from appliance.base.settings import FaceSettings
from appliance.base.sockets import ask
from appliance.devices.cardreader.layouts import demo_card, write
from appliance.devices.cardreader.protocol import CardData
from appliance.devices.cardreader.simulator import SimulatedReader
from appliance.devices.gate.simulator import SimulatedBoard
from appliance.faces import demo_people
from appliance.faces.demo_photo import pack
from appliance.flow.box import Box
from appliance.flow.set_up import set_up
from appliance.gatehouse import Gatehouse
from appliance.records.entry import Case, FaceCheck, GateOrder, Tap
from appliance.records.journal import Journal
from appliance.records.roster import Candidate
from appliance.rules.admission import RESULTS, SECOND_PERSON, SENTENCES
from appliance.wire.gate import GetLanes, LaneState, PaperByHand, PaperTaken
from tests.conftest import site_settings
from tests.test_entry_power import expect
from tests.world import number_of


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    """A site with one lane and one person expected; no device is plugged in."""
    base = site_settings(tmp_path)
    faces = FaceSettings(photo_decoder=[sys.executable, "-m", "appliance.faces.demo_photo"])
    settings = msgspec.structs.replace(base, lanes=base.lanes[:1], faces=faces)
    set_up(settings, demo=True, now=datetime.now(UTC))
    box = Box.open(settings)
    box.db.start()
    await box.db.write(expect, box)
    yield box
    box.db.stop()


@pytest.fixture
async def house(box: Box) -> AsyncIterator[Gatehouse]:
    """Its entry process."""
    stop, house = asyncio.Event(), Gatehouse(box)
    running = asyncio.create_task(house.run(stop))
    yield house
    stop.set()
    await running


async def lane(box: Box) -> LaneState | None:
    try:
        [found] = await ask(box.settings.socket("gate"), GetLanes(), list[LaneState])
    except (Unavailable, NotFound):
        return None
    return found


async def until_lane(box: Box, look: Callable[[LaneState], bool], seconds: float = 40.0) -> LaneState:
    """Wait until the lane's state is as looked for."""
    found = None
    for _ in range(int(seconds / 0.1)):
        if (found := await lane(box)) and look(found):
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"the lane stays as it is: {found}")


async def until_tap(box: Box, tap: str = "", seconds: float = 30.0) -> Tap:
    """Wait for a tap: the newest, or the one named."""
    for _ in range(int(seconds / 0.1)):
        rows = await box.db.read(lambda s: s.exec(select(Tap)).all())
        if found := [row for row in rows if not tap or row.id == tap]:
            return found[-1]
        await asyncio.sleep(0.1)
    raise AssertionError("no tap was decided")


def card() -> CardData:
    text = write(demo_card("考生0", number_of(0), date(2020, 1, 1)))
    return CardData(text=text, photo=pack(demo_people.portrait("astronaut")))


@pytest.mark.long
@pytest.mark.usefixtures("house")
async def test_nothing_is_plugged_in_at_the_start_and_comes_later(box: Box) -> None:
    """Reader, camera and gate: told by part, entry by hand works, each is taken up when it comes."""
    settings = box.settings.lanes[0]
    face = Path(settings.camera.removeprefix("sim:"))
    told = await until_lane(box, lambda s: set(s.messages) == {"reader", "camera", "gate"})
    assert (told.reader, told.camera, told.gate) == ("missing", "silent", "silent")

    typed = PaperByHand(
        tap=new_id(), lane="L1", name="考生0", number=number_of(0), paper="temporary_card", actor="account:a"
    )
    typed = msgspec.structs.replace(typed, valid_to=box.today())
    assert await ask(box.settings.socket("gate"), typed, PaperTaken, timeout=30) == PaperTaken(tap=typed.tap)
    tap = await until_tap(box, typed.tap)
    assert (tap.result, tap.code) == ("review", "by_hand")
    cases = await box.db.read(lambda s: s.exec(select(Case)).all())
    assert [case.tap for case in cases] == [typed.tap], "two people decide it at the desk"

    async with (
        SimulatedReader(Path(settings.reader.port)) as reader,
        SimulatedBoard(Path(settings.gate.port)) as board,
    ):
        face.write_bytes(demo_people.live("astronaut"))
        whole = await until_lane(box, lambda s: not s.messages)
        assert (whole.reader, whole.camera, whole.gate) == ("ok", "ok", "ok")
        reader.put(card())
        for _ in range(200):
            orders = await box.db.read(lambda s: s.exec(select(GateOrder.outcome)).all())
            if "done" in orders:
                break
            await asyncio.sleep(0.1)
        assert len(board.pulses) == 1
    rows = await box.db.read(lambda s: s.exec(select(Journal).where(Journal.subject == "L1")).all())
    devices = [(row.kind, json.loads(row.body)["device"]) for row in rows if row.kind.startswith("device.")]
    for device in ("reader", "camera", "gate"):
        assert {("device.lost", device), ("device.restored", device)} <= set(devices)
    assert len(devices) == len(set(devices)), "each is told once"


def kept(box: Box, name: str) -> Path:
    return box.files.folder / "sealed" / name[:2] / name


def flip(box: Box, name: str) -> None:
    """One bit of the sealed file."""
    path = kept(box, name)
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(bytes(body))


def swap(box: Box, name: str) -> None:
    """Another person's picture, sealed with the box's own key, under this name."""
    other = box.files.put(demo_people.portrait("hopper"), secret=True)
    kept(box, name).write_bytes(kept(box, other).read_bytes())


def shorten(box: Box, name: str) -> None:
    kept(box, name).write_bytes(b"")


def remove(box: Box, name: str) -> None:
    kept(box, name).unlink()


@pytest.mark.parametrize("forge", [flip, swap, shorten, remove])
async def test_a_forged_picture_is_never_given_out(
    box: Box, forge: Callable[[Box, str], None], caplog: pytest.LogCaptureFixture
) -> None:
    name = box.files.put(demo_people.portrait("astronaut"), secret=True)
    assert box.files.get(name, secret=True)
    forge(box, name)
    with pytest.raises((Corrupt, NotFound)) as told:
        box.files.get(name, secret=True)
    assert told.value.code == ("no_file" if forge is remove else "file_altered")
    assert forge is remove or any(name in record.getMessage() for record in caplog.records)


@pytest.mark.long
@pytest.mark.usefixtures("house")
@pytest.mark.parametrize("forge", [swap, remove])
async def test_a_roster_photograph_that_was_swapped_on_the_disk_leads_to_a_person(
    box: Box, forge: Callable[[Box, str], None]
) -> None:
    settings = box.settings.lanes[0]
    name = box.files.put(demo_people.portrait("astronaut"), secret=True)

    def give(session) -> str:  # type: ignore[no-untyped-def]
        candidate = session.exec(select(Candidate)).one()
        candidate.photo = name
        session.add(candidate)
        return str(candidate.id)

    candidate = await box.db.write(give)
    forge(box, name)
    Path(settings.camera.removeprefix("sim:")).write_bytes(demo_people.live("astronaut"))
    async with (
        SimulatedReader(Path(settings.reader.port)) as reader,
        SimulatedBoard(Path(settings.gate.port)) as board,
    ):
        await until_lane(box, lambda s: not s.messages)
        reader.put(card())
        tap = await until_tap(box)
        assert (tap.result, tap.code) == ("review", "photo_altered"), "although card and person agree"
        await asyncio.sleep(0.5)
        assert not board.pulses
    [row] = await box.db.read(lambda s: s.exec(select(Journal).where(Journal.kind == "file.altered")).all())
    code = "no_file" if forge is remove else "file_altered"
    assert row.subject == candidate and json.loads(row.body) == {"file": name, "code": code}
    [compared] = await box.db.read(
        lambda s: s.exec(select(Journal).where(Journal.kind == "face.compared")).all()
    )
    held = {one["kind"]: one for one in json.loads(compared.body)["held"]}
    assert held["roster"]["cause"] == code and held["chip"]["distance"] < 0.45
    [check] = await box.db.read(lambda s: s.exec(select(FaceCheck)).all())
    assert check.reference == "chip"


def test_staff_are_told_what_to_do_about_it() -> None:
    assert RESULTS["photo_altered"] == "review" and "photo_altered" in SECOND_PERSON
    assert "inspector" in SENTENCES["photo_altered"][1]
