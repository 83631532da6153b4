"""SIGKILL of the entry process, the recorder and the clip process in the middle of their work, again and again.

Real processes under the demo's parent; readers, relay boards and cameras are simulated byte for byte.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import pytest
from sqlmodel import col, select

from appliance.base.errors import ExamError, Unavailable
from appliance.base.sockets import ask, ask_stream
from appliance.cli.demo import camera_arguments
from appliance.cli.demo.entry import LanePlayer
from appliance.devices.cardreader.layouts import demo_card, write
from appliance.faces import demo_people
from appliance.records.entry import Admission, GateOrder
from appliance.records.waiting import Ticket
from appliance.wire.gate import GetLanes, LaneState
from appliance.wire.recorder import ClipHead, GetClip, GetStatus, Status
from appliance.wire.simulators import PutCard, ReaderDid, TakeCard
from cameras import integrity
from tests.journey.exam_site import ExamSite, exam_site, patient
from tests.world import number_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


# --- gate: cards, faces and pulses ------------------------------------------------------------------------------


async def put(player: LanePlayer, site: ExamSite, index: int) -> None:
    """A person with the card stands at the lane."""
    (site.site.run / "face-L1.jpg").write_bytes(demo_people.live("astronaut", index % 5))
    text = write(demo_card(f"考生{index}", number_of(index), date(2020, 1, 1)))
    photo = player._blocks["astronaut"]
    await ask(site.site.dev / "reader-L1.sock", PutCard(text=text, photo=photo), ReaderDid)


async def insist(player: LanePlayer, site: ExamSite, index: int) -> None:
    """Nothing happens: the person takes the card up and puts it down again, as anybody would."""
    end = time.monotonic() + 60
    while len(admissions(site)) <= index:
        assert time.monotonic() < end, f"person {index} never gets in"
        await patient(lambda: reader_ready(site), 30)
        with contextlib.suppress(AssertionError):
            await until(lambda: len(admissions(site)) > index, 2.5)
            return
        await ask(site.site.dev / "reader-L1.sock", TakeCard(), ReaderDid)
        await asyncio.sleep(0.7)
        await put(player, site, index)


def admissions(site: ExamSite) -> list[Admission]:
    return site.box.db.read_now(lambda s: list(s.exec(select(Admission).order_by(col(Admission.id))).all()))


async def test_gate_is_killed_between_card_and_pulse(tmp_path: Path) -> None:
    dice = random.Random(7)
    people = 8
    with exam_site(tmp_path / "site", people=people) as site:
        (site.site.run / "face-L1.jpg").write_bytes(demo_people.nobody())
        site.parent.start("reader", "simulate", "reader", "--link", str(site.site.dev / "reader-L1"))
        site.parent.start("board", "simulate", "gate", "--link", str(site.site.dev / "gate-L1"))
        site.parent.start("gate")
        player = LanePlayer(site, "L1")  # type: ignore[arg-type]
        site.waited("the reader", (site.site.dev / "reader-L1.sock").exists, 20)
        seen: list[str] = []
        for index in range(people):
            await patient(lambda: reader_ready(site), 30)
            await put(player, site, index)
            step = (
                index // 2 + dice.random()
            )  # the moments are spread over the whole stretch, one in each part
            if index % 2:  # right after the decision, where the pulse is
                await until(lambda index=index: len(admissions(site)) > index, 30)
                await asyncio.sleep(0.09 * step)
            else:  # anywhere between card, face and decision
                await asyncio.sleep(0.37 * step)
            await asyncio.to_thread(site.kill, "gate")
            ids = [one.id for one in admissions(site)]
            assert ids[: len(seen)] == seen, "an admission is lost"
            await insist(player, site, index)
            seen = [one.id for one in admissions(site)]
            await ask(site.site.dev / "reader-L1.sock", TakeCard(), ReaderDid)
            await asyncio.sleep(0.7)
        await until(lambda: settled(site), 30)
        pulses = await player.pulses()
        orders_fired_at_most_once(site, people, pulses)
        assert site.parent.restarts["gate"] == people
        site.journal_holds()


async def reader_ready(site: ExamSite) -> bool | None:
    """The entry process is back and reads cards; None while it is not."""
    try:
        [lane] = await ask(site.site.settings.socket("gate"), GetLanes(), list[LaneState])
    except Unavailable:
        return None
    return True if lane.reader == "ok" else None


def settled(site: ExamSite) -> bool:
    orders = site.box.db.read_now(lambda s: s.exec(select(GateOrder)).all())
    return bool(orders) and all(order.outcome in ("done", "not_done", "unknown") for order in orders)


def orders_fired_at_most_once(site: ExamSite, people: int, pulses: int) -> None:
    """One admission, one ticket, one order each; the board itself counted the pulses."""
    assert len({one.candidate for one in admissions(site)}) == len(admissions(site)) == people
    assert len(site.box.db.read_now(lambda s: s.exec(select(Ticket)).all())) == people
    orders = site.box.db.read_now(lambda s: s.exec(select(GateOrder)).all())
    assert len(orders) == len({order.admission for order in orders}) == people
    outcomes = Counter(order.outcome for order in orders)
    print("gate orders:", dict(outcomes), "pulses:", pulses)
    assert outcomes["done"] <= pulses <= outcomes["done"] + outcomes["unknown"]
    once = Counter(one["order"] for one in site.journal("gate.settled"))
    assert set(once.values()) == {1} and len(once) == people


async def until(look: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, "it did not come true in time"
        await asyncio.sleep(0.02)


# --- recorder and clips -----------------------------------------------------------------------------------------


def status(site: ExamSite) -> Status | None:
    """What the recorder says; None while it is silent."""
    try:
        return asyncio.run(ask(site.site.settings.socket("recorder"), GetStatus(), Status, timeout=3))
    except ExamError:
        return None


def seconds(site: ExamSite) -> float:
    found = status(site)
    return found.cameras[0].recorded_s if found else 0.0


async def fetch(site: ExamSite, start: datetime, end: datetime) -> bytes:
    asked = GetClip(camera="C1", start=start, end=end)
    head, chunks = await ask_stream(site.site.settings.socket("clips"), asked, ClipHead)
    body = b"".join([chunk async for chunk in chunks])
    assert len(body) == head.bytes
    return body


def pictures(body: bytes, scratch: Path) -> int:
    scratch.write_bytes(body)
    with av.open(str(scratch)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_recorder_and_clips_are_killed_while_they_record_and_serve(tmp_path: Path) -> None:
    dice = random.Random(3)
    with exam_site(tmp_path / "site", people=1, cameras=1) as site:
        camera = site.site.settings.cameras[0]
        open_end = site.site.settings.recorder.fragment + 1.5  # what is not on the disk yet, and a key frame
        site.parent.start("camera", *camera_arguments(site.site, camera))
        site.parent.start("recorder")
        site.parent.start("clips")
        site.waited("the first seconds", lambda: seconds(site) > 4, 60)
        first = datetime.now(UTC)
        for turn in range(4):
            time.sleep(dice.uniform(0.5, 3.0))
            before = seconds(site)
            site.kill("recorder")
            if turn % 2:
                site.kill("clips")
            site.waited("the recorder", lambda: status(site) is not None, 30)
            kept = seconds(site)
            assert kept >= before - open_end, f"{before - kept:.1f} recorded seconds are lost"
            site.waited("recording again", lambda kept=kept: seconds(site) > kept + 1, 30)

        def clip() -> bytes | None:
            try:
                return asyncio.run(fetch(site, first - timedelta(seconds=3), first - timedelta(seconds=1)))
            except Unavailable:
                return None

        site.waited("the clip process", lambda: clip() is not None, 30)
        assert pictures(clip() or b"", tmp_path / "clip.mp4") > 20
        media = Path(site.site.settings.recorder.media)
        assert integrity.verify(media).ok
    assert integrity.verify(media).ok
