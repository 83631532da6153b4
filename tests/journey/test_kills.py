"""SIGKILL of every process in the middle of its work, again and again: nothing acknowledged is lost.

Real processes under the demo's parent, which starts them again as systemd would.
"""

import asyncio
import random
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import httpx
import msgspec
import pytest
from sqlmodel import col, select

from appliance.base.errors import ExamError, Unavailable
from appliance.base.sockets import ask, ask_stream
from appliance.cli.demo import camera_arguments
from appliance.cli.demo.entry import LanePlayer
from appliance.devices.cardreader.layouts import demo_card, write
from appliance.faces import demo_people
from appliance.flow.attempt_view import answers_of
from appliance.flow.start_sitting import start_sitting
from appliance.records.entry import Admission, GateOrder
from appliance.records.journal import append
from appliance.records.sync import Parcel
from appliance.records.theory import Answer, Lease, Mark
from appliance.records.waiting import Ticket
from appliance.wire.faceworker import Look, Looked, Reference
from appliance.wire.gate import GetLanes, LaneState
from appliance.wire.recorder import ClipHead, GetClip, GetStatus, Status
from appliance.wire.simulators import PutCard, ReaderDid, TakeCard
from cameras import integrity
from tests.journey.exam_site import ExamSite, exam_site
from tests.world import number_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
STATIONS = 30
QUESTIONS = 100


def kill(site: ExamSite, name: str) -> None:
    """SIGKILL; the parent starts it again."""
    site.parent.kill(name)


def restarted(site: ExamSite, name: str, times: int) -> None:
    """The parent has started it again so often."""
    site.waited(f"{name} started again", lambda: site.parent.restarts.get(name, 0) >= times, 20)


# --- web: thirty stations save answers -------------------------------------------------------------------------


def start_stations(site: ExamSite, folder: Path) -> Path:
    """Thirty simulated stations; returns the file in which they say what was acknowledged."""
    folder.mkdir()
    places, people = [], {}
    for attempt, (seat, four) in site.seated().items():
        number = int(seat.rpartition("-")[2])
        places.append({"seat": seat, "address": f"127.0.1.{number}" if number > 1 else "127.0.0.1"})
        places[-1]["key"] = site.site.station_keys[seat]
        people[attempt] = {"last_four": four}
    (folder / "places.json").write_bytes(msgspec.json.encode(places))
    (folder / "people.json").write_bytes(msgspec.json.encode(people))
    site.parent.start(
        "stations",
        *("simulate", "stations", "--url", site.site.url.replace("localhost", "127.0.0.1")),
        *("--authority", str(site.site.authority), "--places", str(folder / "places.json")),
        *("--people", str(folder / "people.json"), "--report", str(folder / "report.json")),
        *("--answer", "0.9", "--look", "1", "--heartbeat", "2"),
    )
    return folder / "report.json"


def told(report: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.json.decode(report.read_bytes()) if report.exists() else []
    return found


def acknowledged_is_kept(site: ExamSite, report: Path) -> int:
    """Every answer a station was told is saved stands in the database with that value."""
    count = 0
    for one in told(report):
        kept = site.box.db.read_now(answers_of, one["attempt"]) if one["attempt"] else {}
        for position, value in one["answers"].items():
            assert kept.get(int(position)) == value, f"{one['seat']}: question {position} is lost"
            count += 1
    return count


def test_web_is_killed_while_thirty_stations_save(tmp_path: Path) -> None:
    dice = random.Random(20261121)
    with exam_site(tmp_path / "site", people=STATIONS) as site:
        site.seat_everybody(STATIONS)
        site.parent.start("web")
        site.until_pages()
        site.until_papers()
        report = start_stations(site, tmp_path / "stations")
        site.waited("all ready", lambda: site.states() == ["ready"] * STATIONS)
        site.box.db.write_now(start_sitting, site.box, site.sitting, "account:test")
        counts = []
        for turn in range(12):
            time.sleep(dice.uniform(0.5, 4.0))
            kill(site, "web")
            counts.append(acknowledged_is_kept(site, report))
            restarted(site, "web", turn + 1)
            site.until_pages()
        assert counts == sorted(counts) and counts[0] < counts[-1], counts
        handed_in = lambda: all(one["state"] == "handed_in" for one in told(report))  # noqa: E731
        site.waited("everybody handed in", handed_in, 120)
        site.waited("every paper marked", lambda: site.states() == ["marked"] * STATIONS, 30)
        assert acknowledged_is_kept(site, report) == STATIONS * QUESTIONS
        assert any(one["outages"] for one in told(report))
        each_change_once(site)
        assert len(site.box.db.read_now(lambda s: s.exec(select(Mark)).all())) == STATIONS
        site.journal_holds()


def each_change_once(site: ExamSite) -> None:
    """One row per answer, one journal entry per change, no hole in any lease."""
    for attempt in site.seated():
        rows = site.box.db.read_now(
            lambda s, attempt=attempt: s.exec(select(Answer).where(Answer.attempt == attempt)).all()
        )
        assert len(rows) == QUESTIONS
    changes = Counter((one["attempt"], one["lease"], one["n"]) for one in site.journal("answer.saved"))
    assert set(changes.values()) == {1}
    for lease in site.box.db.read_now(lambda s: s.exec(select(Lease)).all()):
        mine = sorted(
            n for attempt, number, n in changes if (attempt, number) == (lease.attempt, lease.number)
        )
        assert mine == list(range(1, lease.n + 1))


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
        began = time.monotonic()
        while len(admissions(site)) <= index and time.monotonic() - began < 8:
            await asyncio.sleep(0.05)
        if len(admissions(site)) <= index:
            await ask(site.site.dev / "reader-L1.sock", TakeCard(), ReaderDid)
            await asyncio.sleep(0.7)
            await put(player, site, index)


def admissions(site: ExamSite) -> list[Admission]:
    return site.box.db.read_now(lambda s: list(s.exec(select(Admission).order_by(col(Admission.id))).all()))


async def test_gate_is_killed_between_card_and_pulse(tmp_path: Path) -> None:
    dice = random.Random(7)
    people = 12
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
            if index % 2:  # right after the decision, where the pulse is
                await until(lambda index=index: len(admissions(site)) > index, 30)
                await asyncio.sleep(dice.uniform(0, 0.35))
            else:  # anywhere between card, face and decision
                await asyncio.sleep(dice.uniform(0, 1.5))
            await asyncio.to_thread(kill, site, "gate")
            await asyncio.to_thread(restarted, site, "gate", index + 1)
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
        for turn in range(6):
            time.sleep(dice.uniform(1.0, 4.0))
            before = seconds(site)
            kill(site, "recorder")
            if turn % 2:
                kill(site, "clips")
            restarted(site, "recorder", turn + 1)
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


# --- sync -------------------------------------------------------------------------------------------------------


def test_sync_is_killed_while_parcels_go_out(tmp_path: Path) -> None:
    dice = random.Random(11)
    with exam_site(tmp_path / "site", people=1) as site:
        settings = site.site.settings.province
        site.parent.start(
            "province",
            *("simulate", "province", "--port", settings.url.rsplit(":", 1)[1]),
            *("--dir", str(site.site.province_dir), "--site", site.site.settings.site.code),
            *("--authority", str(site.site.authority), "--token-file", settings.token_file),
        )
        site.waited("the province", Path(settings.certificate).exists, 30)
        site.parent.start("sync")
        for turn in range(10):
            for n in range(20):
                body = {"turn": turn, "n": n}
                site.box.db.write_now(append, "seat.taken", f"c{n}", "process:test", body, at=site.box.now())
            time.sleep(dice.uniform(0.2, 3.5))
            kill(site, "sync")
            if turn == 5:
                kill(site, "province")
            restarted(site, "sync", turn + 1)
        last = site.box.db.read_now(lambda s: max(s.exec(select(Parcel.last_seq)).all(), default=0))

        def acknowledged() -> bool:
            rows = parcels(site)
            return (
                bool(rows) and rows[-1].last_seq >= last and {one.state for one in rows} == {"acknowledged"}
            )

        site.waited("every receipt", acknowledged, 60)
        rows = parcels(site)
        assert [one.number for one in rows] == list(range(1, len(rows) + 1))
        assert all(one.first_seq == before.last_seq + 1 for before, one in pairwise(rows))
        with httpx.Client(base_url=settings.url, verify=settings.certificate, timeout=20) as far:
            held = far.get("/admin/parcels").json()["parcels"]
        assert sorted(one["number"] for one in held)[: len(rows)] == [one.number for one in rows]
        assert len({one["number"] for one in held}) == len(held), "a parcel is there twice"
        site.journal_holds()


def parcels(site: ExamSite) -> list[Parcel]:
    return site.box.db.read_now(lambda s: list(s.exec(select(Parcel).order_by(col(Parcel.number))).all()))


# --- faces ------------------------------------------------------------------------------------------------------


async def test_faces_are_killed_while_they_compare(tmp_path: Path) -> None:
    dice = random.Random(5)
    reference = Reference("roster", demo_people.portrait("astronaut"))
    request = Look(references=[reference], live=demo_people.live("astronaut"))
    with exam_site(tmp_path / "site", people=1) as site:
        place = site.site.settings.socket("faces")
        site.parent.start("faces")

        async def compared() -> Looked | None:
            try:
                return await ask(place, request, Looked, timeout=20)
            except Unavailable:
                return None

        silent = 0
        for turn in range(6):
            await patient(compared, 40)
            asked = [asyncio.create_task(compared()) for _ in range(12)]
            await asyncio.sleep(dice.uniform(0, 0.4))
            await asyncio.to_thread(kill, site, "faces")
            silent += sum(one is None for one in await asyncio.gather(*asked))
            await asyncio.to_thread(restarted, site, "faces", turn + 1)
        found = await patient(compared, 40)
        assert found.compared[0].distance is not None and found.compared[0].distance < 0.45
        assert silent, "nobody was waiting when it died: the test does not look"
        alone(site)


def alone(site: ExamSite) -> None:
    """The workers of the processes that were killed have ended with them."""
    mark = str(site.site.config)
    left = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().decode(errors="replace")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if mark in environment and "pytest" not in command:
            left.append(command)
    assert sum("run faces" in command for command in left) <= 1 and len(left) <= 3, left


async def patient(question: Any, seconds: float) -> Any:
    """Ask until there is an answer."""
    end = time.monotonic() + seconds
    while (found := await question()) is None:
        assert time.monotonic() < end, "no answer"
        await asyncio.sleep(0.1)
    return found
