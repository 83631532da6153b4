"""SIGKILL of web, sync and faces in the middle of their work, again and again: nothing acknowledged is lost.

Real processes under the demo's parent, which starts them again as systemd would (only sooner). Entry, recorder
and clips: test_kills_devices.py.
"""

import asyncio
import random
import ssl
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from sqlmodel import col, func, select

from appliance.base.errors import Unavailable
from appliance.base.sockets import ask
from appliance.faces import demo_people
from appliance.flow.attempt_view import answers_of
from appliance.flow.start_sitting import start_sitting
from appliance.records.journal import append
from appliance.records.sync import Parcel
from appliance.records.theory import Answer, Lease, Mark
from appliance.wire.faceworker import Look, Looked, Reference
from tests.journey.exam_site import ExamSite, exam_site, patient

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
STATIONS = 30
QUESTIONS = 100
KILLS = 6


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
        *("--answer", "0.3", "--look", "0.5", "--heartbeat", "2"),
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
        counts: list[int] = []
        for _turn in range(KILLS):
            before = answers(site)
            more = lambda before=before: answers(site) >= min(before + 40, STATIONS * QUESTIONS - 300)  # noqa: E731
            site.waited("answers being saved", more, 90)
            time.sleep(dice.uniform(0, 1.0))
            assert "running" in {one["state"] for one in told(report)}, "nobody answers any more"
            site.kill("web")
            counts.append(acknowledged_is_kept(site, report))
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


def answers(site: ExamSite) -> int:
    """How many answers stand in the database."""
    return site.box.db.read_now(lambda s: s.exec(select(func.count()).select_from(Answer)).one())


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
        for turn in range(KILLS):
            for n in range(20):
                body = {"turn": turn, "n": n}
                site.box.db.write_now(append, "seat.taken", f"c{n}", "process:test", body, at=site.box.now())
            if turn % 2:  # right after a receipt came, or while it starts
                known = len(parcels(site))
                site.waited("a parcel", lambda known=known: len(parcels(site)) > known, 30)
            time.sleep(dice.uniform(0, 1.5))
            site.kill("sync")
            if turn == 3:
                site.kill("province")
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
        tls = ssl.create_default_context(cafile=settings.certificate)
        with httpx.Client(base_url=settings.url, verify=tls, timeout=20) as far:
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
        for _turn in range(3):
            await patient(compared, 40)
            asked = [asyncio.create_task(compared()) for _ in range(12)]
            await asyncio.sleep(dice.uniform(0, 0.4))
            await asyncio.to_thread(site.kill, "faces")
            silent += sum(one is None for one in await asyncio.gather(*asked))
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
