"""Card to gate: from the card on the reader to the relay's pulse, with the real face engine.

`python -m bench.card_to_gate [--taps 20]`, or with `--admissions 500` what so many in a row do to
memory. Reader and board are simulated on pseudo-terminals in this process; readers, faces, decisions and orders are
the real gatehouse in a process of its own, one face worker per lane. First one lane alone, then two at the same time
without pause. Every card and every roster row carries another photograph of the same face, as the worker remembers
photographs it has described: three faces are described for each person. Liveness is off: where a site asks for it,
its challenges take 8 to 15 s more. A pseudo-terminal takes no time where a real line takes 0.12 s for a card's
1,295 bytes; the real reader's own time over the air comes on top as well.
"""

import argparse
import asyncio
import contextlib
import io
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from PIL import Image, ImageEnhance
from sqlmodel import Session, select

from appliance.base.errors import ExamError
from appliance.base.settings import (
    FaceSettings,
    GateSettings,
    LaneSettings,
    ReaderSettings,
    Settings,
    SiteSettings,
    load,
)
from appliance.base.sockets import ask
from appliance.devices.cardreader.layouts import demo_card, write
from appliance.devices.cardreader.protocol import CardData
from appliance.devices.cardreader.simulator import SimulatedReader
from appliance.devices.gate.simulator import SimulatedBoard
from appliance.faces import chip_photo, demo_people
from appliance.faces.demo_photo import pack
from appliance.flow.enrol import Person, SittingPlan, enrol, find_sitting
from appliance.records.entry import Admission, GateOrder, Tap
from appliance.records.roster import Roster
from appliance.records.site import Room
from appliance.wire.gate import GetLanes, LaneState
from bench.box import BenchBox, bench_box
from bench.record import Record, Row, children, median, memory, ms, percentile
from tests.world import number_of

LANES = ("L1", "L2")
PATIENCE = 12.0
STAGES = {
    "reader": "the reader's poll, find, select, read",
    "chip_photo": "the chip's photograph (the demo's decoder)",
    "face": "live picture, three faces described, pictures kept",
    "decision": "looking up and deciding",
    "commit": "the commit, and the order found",
    "pulse": "the order claimed, and the relay closed",
}


class Passage(msgspec.Struct):
    """One card: seconds from the card to the pulse, and where they went."""

    total: float
    reader: float = 0.0
    chip_photo: float = 0.0
    face: float = 0.0
    decision: float = 0.0
    commit: float = 0.0
    pulse: float = 0.0


def timed_house(log: Path) -> None:
    """The gatehouse's process: `gatehouse.main` as it is, three calls timed from outside."""
    from appliance import gatehouse
    from appliance.lane import Lane
    from appliance.lane_faces import LaneFaces

    target = open(log, "a", buffering=1)  # noqa: SIM115

    lane: ContextVar[str] = ContextVar("lane", default="")

    def timed(name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def run(first: Any, *others: Any) -> Any:
            if isinstance(first, Lane):
                lane.set(first.settings.code)
            elif isinstance(first, LaneFaces):
                lane.set(first.lane)
            began = time.time()
            try:
                return await call(first, *others)
            finally:
                target.write(json.dumps([lane.get(), name, began, time.time()]) + "\n")

        return run

    # A lane calls it through its module.
    chip_photo.decode = timed("chip_photo", chip_photo.decode)  # type: ignore[assignment]
    LaneFaces.compare = timed("compare", LaneFaces.compare)  # type: ignore[method-assign, assignment]
    Lane.perform = timed("perform", Lane.perform)  # type: ignore[method-assign, assignment]
    asyncio.run(gatehouse.main(load()))


def settings_of(folder: Path) -> Settings:
    """Two theory lanes, each with a reader, a board and a camera of its own."""
    lanes = [
        LaneSettings(
            code=code,
            name=code,
            reader=ReaderSettings(port=str(folder / f"reader-{code}")),
            gate=GateSettings(port=str(folder / f"gate-{code}")),
            camera=f"sim:{folder / f'face-{code}.jpg'}",
        )
        for code in LANES
    ]
    decoder = [sys.executable, "-S", "-E", str(Path(demo_people.__file__).with_name("demo_photo.py"))]
    return Settings(
        site=SiteSettings(code="999999-01", name="性能测试"),
        lanes=lanes,
        faces=FaceSettings(photo_decoder=decoder),
    )


def expect(site: BenchBox, count: int) -> None:
    """`count` people on an active roster of a sitting whose entry is open."""
    box = site.box

    def people(session: Session) -> None:
        session.add(Room(code="T1", name="理论考场", kind="theory"))
        session.add(
            Roster(
                id="r",
                source="province",
                state="active",
                file_name="x",
                file_sha256="0" * 64,
                loaded_at=box.now(),
            )
        )
        session.flush()
        plan = SittingPlan(
            subject="theory",
            trade="low_voltage",
            room="T1",
            starts_at=box.now() + timedelta(minutes=5),
            duration_s=7200,
        )
        roster, sitting = session.get_one(Roster, "r"), find_sitting(session, box, plan, "province")
        for row, photo in enumerate(photos):
            person = Person(row=row, name=f"考生{row}", number=number_of(row), photo=photo)
            enrol(session, box, roster, sitting, person)

    photos = [box.files.put(portrait(row + count), secret=True) for row in range(count)]
    box.db.write_now(people)


def portrait(index: int) -> bytes:
    """A photograph that differs a little from every other: the worker remembers those it has described."""
    with Image.open(io.BytesIO(demo_people.portrait("astronaut"))) as image:
        varied = ImageEnhance.Brightness(image).enhance(0.9 + index % 64 * 0.003)
        varied.putpixel((0, 0), (index % 256, index // 256, 0))
        target = io.BytesIO()
        varied.save(target, "PNG")
    return target.getvalue()


def card(index: int) -> CardData:
    """A candidate's card with a photograph of its own; the roster has another one."""
    text = write(demo_card(f"考生{index}", number_of(index), date(2020, 1, 1)))
    return CardData(text=text, photo=pack(portrait(index)))


class LaneBench:
    """One lane's simulated devices."""

    def __init__(self, code: str, face: Path, reader: SimulatedReader, board: SimulatedBoard) -> None:
        self._code, self._face, self._reader, self._board = code, face, reader, board

    async def pass_through(self, index: int, held: CardData) -> "Seen | None":
        """Put a card down and wait for the pulse; None when there was none."""
        scratch = self._face.with_suffix(".new")
        scratch.write_bytes(demo_people.live("astronaut", index))
        scratch.rename(self._face)
        await asyncio.sleep(0.2 + (index % 7) * 0.07)  # the next person steps up, at any moment of the poll
        before, put = len(self._board.pulses), datetime.now(UTC)
        self._reader.put(held)
        while len(self._board.pulses) == before:
            if (datetime.now(UTC) - put).total_seconds() > PATIENCE:
                self._reader.take()
                return None
            await asyncio.sleep(0.01)
        self._reader.take()
        await asyncio.sleep(0.4)  # the person walks through
        return Seen(self._code, f"考生{index}", put, self._board.pulses[-1].at)

    async def all_through(self, cards: dict[int, CardData]) -> "list[Seen | None]":
        """One after the other."""
        return [await self.pass_through(index, held) for index, held in cards.items()]


class Seen(msgspec.Struct, frozen=True):
    """One card as it looks from the lane: whose, when put down, when the relay closed."""

    lane: str
    name: str
    put: datetime
    pulse: datetime


def passages(site: BenchBox, found: list[Seen], log: Path) -> list[Passage]:
    """Take every passage apart by the times in the database and in the log of the timed calls."""
    calls = [json.loads(line) for line in log.read_text().splitlines()]

    def rows(session: Session) -> dict[str, tuple[datetime, datetime]]:
        orders = {one.admission: one.ordered_at for one in session.exec(select(GateOrder)).all()}
        admitted = {one.tap: one.id for one in session.exec(select(Admission)).all()}
        taps = session.exec(select(Tap)).all()
        return {tap.name: (tap.happened_at, orders[admitted[tap.id]]) for tap in taps if tap.id in admitted}

    times = site.box.db.read_now(rows)
    result = []
    for seen in found:
        tapped, ordered, pulse = (*(one.timestamp() for one in times[seen.name]), seen.pulse.timestamp())
        spent = {
            name: (began, ended)
            for lane, name, began, ended in calls
            if lane == seen.lane and tapped - 0.01 <= began <= pulse
        }
        chip, compare = (spent[name][1] - spent[name][0] for name in ("chip_photo", "compare"))
        claimed = spent["perform"][0]
        result.append(
            Passage(
                total=pulse - seen.put.timestamp(),
                reader=tapped - seen.put.timestamp(),
                chip_photo=chip,
                face=compare - chip,
                decision=ordered - tapped - compare,
                commit=claimed - ordered,
                pulse=pulse - claimed,
            )
        )
    return result


async def ready(site: BenchBox, seconds: float = 40.0) -> None:
    """Until every lane's reader and gate answer and its face engine is loaded."""
    for _ in range(int(seconds / 0.25)):
        try:
            states = await ask(site.settings.socket("gate"), GetLanes(), list[LaneState])
        except ExamError:
            states = []
        if states and all(one.reader == "ok" and one.gate == "ok" for one in states):
            await asyncio.sleep(4.0)  # the workers load their engines
            return
        await asyncio.sleep(0.25)
    raise RuntimeError("the lanes did not get ready")


def figures(found: list[Passage], tried: int) -> dict[str, object]:
    """p50 and p95 of the whole, medians of the stages; ms."""
    whole = [one.total for one in found]
    return {
        "cards": tried,
        "pulses": len(found),
        "p50_ms": ms(percentile(whole, 0.5)),
        "p95_ms": ms(percentile(whole, 0.95)),
        "stages_p50_ms": {name: ms(median([getattr(one, name) for one in found], 6)) for name in STAGES},
    }


async def run(taps: int) -> dict[str, object]:
    """The whole bench."""
    cards = {index: card(index) for index in range(taps * 3 + 2)}
    with (
        tempfile.TemporaryDirectory(prefix="examsite-lanes-") as name,
        bench_box(settings_of(Path(name))) as site,
    ):
        folder = Path(name)
        expect(site, len(cards))
        log = folder / "calls.jsonl"
        async with contextlib.AsyncExitStack() as stack:
            lanes = []
            for one in site.settings.lanes:
                reader = await stack.enter_async_context(SimulatedReader(Path(one.reader.port)))
                board = await stack.enter_async_context(SimulatedBoard(Path(one.gate.port)))
                face = Path(one.camera.removeprefix("sim:"))
                face.write_bytes(demo_people.nobody())
                lanes.append(LaneBench(one.code, face, reader, board))
            house = site.start("-m", "bench.card_to_gate", "--house", str(log))
            await ready(site)
            for index, lane in enumerate(lanes):  # the first look of a worker is slower
                await lane.pass_through(taps * 3 + index, cards.pop(taps * 3 + index))
            parts = [
                {key: cards[key] for key in range(start, start + taps)} for start in range(0, taps * 3, taps)
            ]
            alone = await lanes[0].all_through(parts[0])
            both = await asyncio.gather(lanes[0].all_through(parts[1]), lanes[1].all_through(parts[2]))
            used = {"gatehouse": memory(house.pid)[0], "face_worker": memory(children(house.pid)[0])[0]}
        together = both[0] + both[1]
        one_lane = passages(site, [seen for seen in alone if seen], log)
        two_lanes = passages(site, [seen for seen in together if seen], log)
    return {
        "picture": "1280x720",
        "one_lane": figures(one_lane, len(alone)),
        "two_lanes": figures(two_lanes, len(together)),
        "rss_mb": used,
    }


async def row_of(admissions: int) -> dict[str, Any]:
    """So many admissions on two lanes at the same time, and the memory after each fifth of them."""
    each = admissions // 10
    with (
        tempfile.TemporaryDirectory(prefix="examsite-lanes-") as name,
        bench_box(settings_of(Path(name))) as site,
    ):
        expect(site, each * 10)
        async with contextlib.AsyncExitStack() as stack:
            lanes = []
            for one in site.settings.lanes:
                reader = await stack.enter_async_context(SimulatedReader(Path(one.reader.port)))
                board = await stack.enter_async_context(SimulatedBoard(Path(one.gate.port)))
                face = Path(one.camera.removeprefix("sim:"))
                face.write_bytes(demo_people.nobody())
                lanes.append(LaneBench(one.code, face, reader, board))
            house = site.start("gate")
            await ready(site)
            pulses, held = 0, []
            for part in range(5):
                start = part * each * 2
                halves = [
                    {key: card(key) for key in range(start + half * each, start + (half + 1) * each)}
                    for half in (0, 1)
                ]
                seen = await asyncio.gather(
                    *(lane.all_through(half) for lane, half in zip(lanes, halves, strict=True))
                )
                pulses += sum(one is not None for lane in seen for one in lane)
                held.append([memory(house.pid)[0], *(memory(pid)[0] for pid in children(house.pid))])
    return {"admissions": each * 10, "pulses": pulses, "rss_mb": held}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--taps", type=int, default=20, help="cards per lane and part")
    parser.add_argument("--house", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--admissions", type=int, default=0, help="so many in a row instead, for memory")
    chosen = parser.parse_args()
    if chosen.house:
        timed_house(chosen.house)
        return
    if chosen.admissions:
        record = Record("admissions")
        grown = asyncio.run(row_of(chosen.admissions))
        parts = [
            (f"after {(part + 1) * grown['admissions'] // 5}", "   ".join(f"{one:6.1f} MB" for one in held))
            for part, held in enumerate(grown["rss_mb"])
        ]
        record.close(f"{grown['pulses']} admissions in a row: gate, then its workers", grown, parts)
        return
    record = Record("card_to_gate")
    found = asyncio.run(run(chosen.taps))
    rows: list[Row] = []
    for label, key in (("one lane alone", "one_lane"), ("two lanes busy", "two_lanes")):
        one: dict[str, Any] = found[key]  # type: ignore[assignment]
        rows.append(
            (
                label,
                f"p50 {one['p50_ms']:7.1f} ms   p95 {one['p95_ms']:7.1f} ms"
                f"   {one['pulses']} pulses of {one['cards']} cards",
            )
        )
        rows += [(f"  {text}", f"{one['stages_p50_ms'][stage]:7.1f} ms") for stage, text in STAGES.items()]
    record.close("Card to gate", found, rows)


if __name__ == "__main__":
    main()
