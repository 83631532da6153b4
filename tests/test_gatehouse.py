"""The entrance on real parts: serial framing on pseudo-terminals, Modbus, the real face engine, real photographs."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlmodel import Session, select

from appliance.base.errors import Corrupt, ExamError, NotFound, Refused
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
from appliance.flow.enrol import Person, SittingPlan, enrol, find_sitting
from appliance.flow.set_up import set_up
from appliance.gatehouse import Gatehouse
from appliance.records.entry import Admission, FaceCheck, GateOrder, Tap
from appliance.records.journal import Journal
from appliance.records.roster import Candidate, Roster
from appliance.records.site import Room
from appliance.wire.gate import GetLanes, LaneState, PaperByHand, PaperTaken
from tests.conftest import site_settings
from tests.world import number_of


class Entrance:
    """A lane with simulated devices and the running gatehouse."""

    def __init__(self, box: Box, reader: SimulatedReader, board: SimulatedBoard, face: Path) -> None:
        self.box, self.reader, self.board, self.face = box, reader, board, face

    async def tap(self, index: int, person: str | None, wait: float = 30.0) -> Tap:
        """Put candidate `index`'s card down while `person` (or somebody else's picture) stands there."""
        picture = demo_people.nobody() if person is None else demo_people.live(person, index)
        self.face.write_bytes(picture)
        before = await self.box.db.read(_taps)
        chip = pack(demo_people.portrait("astronaut"))
        self.reader.put(
            CardData(text=write(demo_card(f"考生{index}", number_of(index), date(2020, 1, 1))), photo=chip)
        )
        found = await self.until(lambda: _new(self.box, before), wait)
        self.reader.take()
        await asyncio.sleep(0.4)
        return found

    async def until(self, look: Callable[[], object], seconds: float = 30.0) -> Tap:
        """Wait until `look` finds something."""
        for _ in range(int(seconds / 0.05)):
            if (found := look()) is not None:
                return found  # type: ignore[return-value]
            await asyncio.sleep(0.05)
        raise AssertionError("nothing happened")


def _taps(session: Session) -> set[str]:
    return set(session.exec(select(Tap.id)).all())


def _new(box: Box, before: set[str]) -> Tap | None:
    taps = box.db.read_now(lambda s: s.exec(select(Tap)).all())
    return next((tap for tap in taps if tap.id not in before), None)


@pytest.fixture
async def entrance(tmp_path: Path) -> AsyncIterator[Entrance]:
    base = site_settings(tmp_path)
    faces = FaceSettings(photo_decoder=[sys.executable, "-m", "appliance.faces.demo_photo"])
    settings = msgspec.structs.replace(base, lanes=base.lanes[:1], faces=faces)
    set_up(settings, demo=True, now=datetime.now(UTC))
    box = Box.open(settings)
    box.db.start()

    def people(session: Session) -> None:
        session.add(Room(code="T1", name="理论考场", kind="theory"))
        roster = Roster(
            id="r",
            source="province",
            state="active",
            file_name="x",
            file_sha256="0" * 64,
            loaded_at=box.now(),
        )
        session.add(roster)
        session.flush()
        plan = SittingPlan(
            subject="theory",
            trade="low_voltage",
            room="T1",
            starts_at=box.now() + timedelta(minutes=5),
            duration_s=7200,
        )
        sitting = find_sitting(session, box, plan, "province")
        for index in range(3):
            enrol(
                session, box, roster, sitting, Person(row=index, name=f"考生{index}", number=number_of(index))
            )

    box.db.write_now(people)
    lane = settings.lanes[0]
    face = Path(lane.camera.removeprefix("sim:"))
    face.write_bytes(demo_people.nobody())
    stop = asyncio.Event()
    async with (
        SimulatedReader(Path(lane.reader.port)) as reader,
        SimulatedBoard(Path(lane.gate.port)) as board,
    ):
        house = Gatehouse(box)
        running = asyncio.create_task(house.run(stop))
        yield Entrance(box, reader, board, face)
        stop.set()
        await running
    box.db.stop()


async def test_the_right_person_gets_one_pulse_and_nobody_else(entrance: Entrance) -> None:
    box = entrance.box
    first = await entrance.tap(0, "astronaut", wait=30)
    assert (first.result, first.code) == ("admit", "admitted")
    await entrance.until(lambda: box.db.read_now(_settled) or None)
    assert len(entrance.board.pulses) == 1

    again = await entrance.tap(0, "astronaut")
    assert again.code == "already_inside"
    wrong = await entrance.tap(1, "hopper")
    assert (wrong.result, wrong.code) in {("review", "face_mismatch"), ("review", "face_review")}
    nobody = await entrance.tap(1, None)
    assert nobody.code == "no_face"
    stranger = await entrance.tap(9, "astronaut")
    assert stranger.code == "not_on_roster"
    assert len(entrance.board.pulses) == 1
    checks = box.db.read_now(lambda s: s.exec(select(FaceCheck)).all())
    assert {check.reference for check in checks} == {"chip"}
    compared = box.db.read_now(lambda s: s.exec(select(Journal).where(Journal.kind == "face.compared")).all())
    held = json.loads(compared[0].body)["held"]
    assert [one["kind"] for one in held] == ["chip"] and len(held[0]["photo"]) == 64
    assert held[0]["distance"] is not None
    assert len(box.db.read_now(lambda s: s.exec(select(Admission)).all())) == 1


def _settled(session: Session) -> list[str]:
    return [o.outcome for o in session.exec(select(GateOrder)).all() if o.outcome == "done"]


def paper_of(index: int, kind: str) -> PaperByHand:
    return PaperByHand(
        tap=new_id(), lane="L1", name=f"考生{index}", number=number_of(index), paper=kind, actor="account:a"
    )


async def test_a_paper_is_photographed_not_compared_and_waits_for_two_people(entrance: Entrance) -> None:
    box = entrance.box
    entrance.face.write_bytes(demo_people.live("astronaut"))
    typed = paper_of(2, "chip_unreadable")
    photo = box.files.put(demo_people.portrait("astronaut"), secret=True)
    await box.db.write(give_photo, box, number_of(2), photo)
    gate = box.settings.socket("gate")
    await entrance.until(lambda: gate.exists() or None)
    taken = await ask(gate, typed, PaperTaken, timeout=30)
    assert taken == PaperTaken(tap=typed.tap)
    assert await ask(gate, typed, PaperTaken, timeout=30) == taken, "a second click is no second tap"
    check = await entrance.until(lambda: box.db.read_now(lambda s: s.exec(select(FaceCheck)).first()), 30)
    [tap] = box.db.read_now(lambda s: s.exec(select(Tap)).all())
    assert (tap.id, tap.result, tap.code) == (typed.tap, "review", "by_hand")
    assert check.tap == typed.tap and box.files.get(check.live_photo, True), "the person's picture is kept"
    assert (check.reference, check.reference_photo) == ("roster", photo), (
        "staff see the roster photo beside it"
    )
    assert (check.distance, check.engine, check.band) == (None, "", ""), "no machine compared them"
    [row] = box.db.read_now(lambda s: s.exec(select(Journal).where(Journal.kind == "face.compared")).all())
    body = json.loads(row.body)
    assert body["code"] == "not_compared"
    assert body["held"] == [{"kind": "roster", "photo": photo, "distance": None, "cause": "not_compared"}]
    assert not entrance.board.pulses


def give_photo(session: Session, box: Box, number: str, photo: str) -> None:
    candidate = session.exec(select(Candidate).where(Candidate.number_index == box.key.index(number))).one()
    candidate.photo = photo
    session.add(candidate)


async def test_who_asks_for_people_is_neither_photographed_nor_compared(entrance: Entrance) -> None:
    """A face may not be the only way: the number, the papers and two members of staff."""
    box = entrance.box
    entrance.face.write_bytes(demo_people.live("astronaut"))
    await box.db.write(
        give_photo, box, number_of(2), box.files.put(demo_people.portrait("astronaut"), secret=True)
    )
    gate, typed = box.settings.socket("gate"), paper_of(2, "by_choice")
    await entrance.until(lambda: gate.exists() or None)
    await ask(gate, typed, PaperTaken, timeout=30)
    tap = await entrance.until(lambda: _new(box, set()), 30)
    assert (tap.id, tap.card_kind, tap.result, tap.code) == (typed.tap, "by_choice", "review", "by_hand")
    assert box.db.read_now(lambda s: s.exec(select(FaceCheck)).all()) == []
    kinds = box.db.read_now(lambda s: set(s.exec(select(Journal.kind)).all()))
    assert "case.opened" in kinds and not kinds & {"face.compared", "admission.granted"}
    sealed = [one for one in (box.files.folder / "sealed").rglob("*") if one.is_file()]
    assert len(sealed) == 1 and not entrance.board.pulses, "the roster's photograph, and no other"


async def test_the_entry_process_checks_a_paper_itself(entrance: Entrance) -> None:
    """Whatever the page let through."""
    gate = entrance.box.settings.socket("gate")
    await entrance.until(lambda: gate.exists() or None)
    good = paper_of(2, "chip_unreadable")
    wrong: list[tuple[type[ExamError], dict[str, object]]] = [
        (NotFound, {"lane": "L9"}),
        (Corrupt, {"tap": "hand1"}),
        (Refused, {"paper": "library_card"}),
        (Refused, {"paper": "temporary_card", "valid_to": date(2099, 1, 1)}),
        (Refused, {"name": " "}),
        (Refused, {"number": "12345"}),
    ]
    for error, changes in wrong:
        with pytest.raises(error):
            await ask(gate, msgspec.structs.replace(good, **changes), PaperTaken, timeout=30)
    assert entrance.box.db.read_now(lambda s: s.exec(select(Tap)).all()) == []


@pytest.mark.long
async def test_a_silent_gate_is_not_fired_twice_and_is_told_once(entrance: Entrance) -> None:
    entrance.board.mode = "silent"
    tap = await entrance.tap(0, "astronaut", wait=30)
    assert tap.result == "admit"

    def outcome() -> str | None:
        found = entrance.box.db.read_now(lambda s: s.exec(select(GateOrder.outcome)).one())
        return found if found in ("done", "not_done", "unknown") else None

    assert await entrance.until(outcome, 8) == "unknown"
    await asyncio.sleep(1.0)
    assert len(entrance.board.pulses) <= 1
    states = await ask(entrance.box.settings.socket("gate"), GetLanes(), list[LaneState])
    assert states[0].gate == "silent"
    lost = entrance.box.db.read_now(
        lambda s: s.exec(select(Journal).where(Journal.kind == "device.lost")).all()
    )
    assert len([row for row in lost if '"device":"gate"' in row.body]) == 1


@pytest.mark.long
async def test_a_reader_unplugged_in_the_middle_of_a_read_comes_back(entrance: Entrance) -> None:
    await asyncio.sleep(1.0)
    entrance.reader.unplug(after_bytes=300)
    chip = pack(demo_people.portrait("astronaut"))
    entrance.face.write_bytes(demo_people.live("astronaut"))
    entrance.reader.put(CardData(text=write(demo_card("考生0", number_of(0), date(2020, 1, 1))), photo=chip))

    def lost() -> str | None:
        rows = entrance.box.db.read_now(
            lambda s: s.exec(select(Journal).where(Journal.kind == "device.lost")).all()
        )
        return rows[0].body if rows else None

    await entrance.until(lost)
    entrance.reader.take()
    entrance.reader.plug()
    tap = await entrance.tap(0, "astronaut", wait=30)
    assert tap.code == "admitted"
