"""The web process is killed twenty times while a hundred people sit, over the end of the exam as well.

Real processes under the demo's parent; a hundred simulated stations over the real station API. The moments are random:
the number they come from is printed, and `EXAMSITE_KILLS=NUMBER` plays them again.
"""

import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlmodel import Session, select

from appliance.flow.attempt_view import answers_of
from appliance.flow.start_sitting import start_sitting
from appliance.records.sitting import Sitting
from appliance.records.theory import Answer, Attempt, Lease, Mark
from tests.journey.exam_site import ExamSite, exam_site

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
STATIONS = 100
KILLS = 20
SITTING = 90
"""Seconds an exam lasts here: it ends while the box is being killed."""
UP = 60
"""Seconds a deadline may wait for a box that is killed three times around it, on a slow machine."""


def start_stations(
    site: ExamSite, folder: Path, behave: Callable[[int], dict[str, object]], but: str = ""
) -> Path:
    """Simulated stations at every seat but one; `behave`: how the n-th person does. Returns their report."""
    folder.mkdir()
    places, people = [], {}
    for index, (attempt, (seat, four)) in enumerate(site.seated().items()):
        if seat == but:
            continue
        number = int(seat.rpartition("-")[2])
        places.append({"seat": seat, "address": f"127.0.1.{number}" if number > 1 else "127.0.0.1"})
        places[-1]["key"] = site.site.station_keys[seat]
        people[attempt] = {"last_four": four, **behave(index)}
    (folder / "places.json").write_bytes(msgspec.json.encode(places))
    (folder / "people.json").write_bytes(msgspec.json.encode(people))
    site.parent.start(
        "stations",
        *("simulate", "stations", "--url", site.site.url.replace("localhost", "127.0.0.1")),
        *("--authority", str(site.site.authority), "--places", str(folder / "places.json")),
        *("--people", str(folder / "people.json"), "--report", str(folder / "report.json")),
        *("--answer", "1.0", "--look", "1", "--heartbeat", "5"),
    )
    return folder / "report.json"


def every_second_one_slow(index: int) -> dict[str, object]:
    """Half of them answer a few questions and hand in, the others leave it to the box."""
    return {"answers": 5, "hand_in": True} if index % 2 else {"hand_in": False}


def told(report: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.json.decode(report.read_bytes()) if report.exists() else []
    return found


def lost(site: ExamSite, report: Path) -> tuple[int, list[str]]:
    """How many answers stations were told are saved, and those of them the database has not (or otherwise)."""
    said = [one for one in told(report) if one["attempt"]]

    def compare(session: Session) -> tuple[int, list[str]]:
        count, missing = 0, []
        for one in said:
            kept = answers_of(session, one["attempt"])
            count += len(one["answers"])
            missing += [
                f"{one['seat']}: question {position}"
                for position, value in one["answers"].items()
                if kept.get(int(position)) != value
            ]
        return count, missing

    return site.box.db.read_now(compare)


def test_web_is_killed_twenty_times_while_a_hundred_sit(tmp_path: Path) -> None:
    number = int(os.environ.get("EXAMSITE_KILLS", secrets.randbelow(10**6)))
    print(f"EXAMSITE_KILLS={number}")
    dice = random.Random(number)
    with exam_site(tmp_path / "site", people=STATIONS, duration_s=SITTING) as site:
        site.seat_everybody(STATIONS)
        site.parent.start("web")
        site.until_pages()
        site.until_papers()
        report = start_stations(site, tmp_path / "stations", every_second_one_slow)
        site.waited("all ready", lambda: site.states() == ["ready"] * STATIONS, 90)
        sitting = site.box.db.write_now(start_sitting, site.box, site.sitting, "account:test")
        assert sitting.ends_at
        counts: list[int] = []
        while len(counts) < KILLS:
            if dice.random() < 0.75:  # else it dies while it starts
                site.until_pages()
            time.sleep(dice.uniform(0, 2))
            if len(counts) == KILLS - 3:  # the last ones while time runs out, while it hands in and marks
                time.sleep(max(0.0, (sitting.ends_at - site.box.now()).total_seconds() - dice.uniform(0, 2)))
            site.kill("web")
            count, missing = lost(site, report)
            assert not missing, missing
            counts.append(count)
        assert counts == sorted(counts) and len(set(counts)) > 3, counts
        handed_in = lambda: all(one["state"] == "handed_in" for one in told(report))  # noqa: E731
        site.waited("everybody handed in", handed_in, 120)
        site.waited("every paper marked", lambda: site.states() == ["marked"] * STATIONS, 60)
        count, missing = lost(site, report)
        print(f"{count} answers acknowledged, after each kill {counts}")
        assert not missing, missing
        assert sum(one["outages"] for one in told(report)) >= STATIONS, "the stations noticed nothing"
        site.box.db.read_now(deadlines_are_kept, site.sitting)
        site.box.db.read_now(nothing_twice)
        each_change_once(site)
        site.journal_holds()


def deadlines_are_kept(session: Session, sitting_id: str) -> None:
    """Nobody lost or won a second of writing, and the box handed in for everybody else as soon as it lived."""
    sitting = session.get_one(Sitting, sitting_id)
    assert sitting.started_at and sitting.ends_at == sitting.started_at + timedelta(seconds=SITTING)
    attempts = session.exec(select(Attempt)).all()
    assert {one.deadline for one in attempts} == {sitting.ends_at}
    how = Counter(one.handed_in for one in attempts)
    assert set(how) == {"candidate", "time"}, how
    for one in attempts:
        assert one.handed_in_at is not None and one.deadline is not None
        if one.handed_in == "time":
            assert one.deadline <= one.handed_in_at <= one.deadline + timedelta(seconds=UP)
        else:
            assert one.handed_in_at < one.deadline
    for answer in session.exec(select(Answer)):
        assert answer.happened_at <= sitting.ends_at
        assert answer.late == (answer.recorded_at > sitting.ends_at)


def nothing_twice(session: Session) -> None:
    """One attempt and one mark for each of the hundred."""
    assert len({one.candidate for one in session.exec(select(Attempt))}) == STATIONS
    assert len(session.exec(select(Attempt)).all()) == STATIONS
    assert Counter(one.attempt for one in session.exec(select(Mark))).most_common(1)[0][1] == 1
    assert len(session.exec(select(Mark)).all()) == STATIONS


def each_change_once(site: ExamSite) -> None:
    """One journal entry per change, no hole in any lease, every opened attempt opened once."""
    opened = Counter(one["attempt"] for one in site.journal("attempt.opened"))
    assert set(opened.values()) == {1} and len(opened) == STATIONS
    saved = site.journal("answer.saved") + site.journal("answer.refused")
    changes = Counter((one["attempt"], one["lease"], one["n"]) for one in saved)
    assert set(changes.values()) == {1}
    for lease in site.box.db.read_now(lambda s: s.exec(select(Lease)).all()):
        mine = sorted(
            n for attempt, number, n in changes if (attempt, number) == (lease.attempt, lease.number)
        )
        assert mine == list(range(1, lease.n + 1))
