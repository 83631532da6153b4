"""The simulated station against the mock box: the same life as at a real seat, faults included."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from appliance.base.errors import Refused
from appliance.base.site import Site
from appliance.wire.station import Seat
from station.simulator import Offline, Pace, Person, Place, Stations
from tests.station.mock_box import CHOICE, CHOICES, MockBox, make_paper

FAST = Pace(look=0.05, answer=0.005, heartbeat=5, retry=0.05)
Condition = Callable[[], bool]


async def live(
    box: MockBox, person: Person, done: Condition, seconds: float = 20, **more: object
) -> Stations:
    def lookup(seat: Seat) -> Person | None:
        return person if seat.attempt == "attempt-1" else None

    stations = Stations(
        [Place(seat="T1-07", address="127.0.1.7")],
        box.url,
        False,
        lookup,
        pace=FAST,
        **more,  # type: ignore[arg-type]
    )
    task = asyncio.create_task(stations.run())
    async with asyncio.timeout(seconds):
        while not done():
            assert not task.done() or stations.stations[0].told.state == "broken"
            await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return stations


def until(condition: Condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def once_in_order(box: MockBox) -> None:
    for lease in {lease for lease, _ in box.received}:
        row = [answer.n for number, answer in box.received if number == lease]
        assert row == list(range(1, len(row) + 1))


async def test_a_skilled_candidate(mock_box: MockBox) -> None:
    mock_box.paper = make_paper(0, 20)
    mock_box.pictures = {hashlib.sha256(body).hexdigest(): body for body in (b"one", b"two")}
    person = Person(last_four="021X", skill=1.0)
    stations = await live(mock_box, person, lambda: bool(mock_box.hand_ins), right={CHOICE: CHOICES[0]})
    assert set(mock_box.answers.values()) == {"A"}
    assert mock_box.hand_ins == [20]
    assert stations.report()[0].answers == mock_box.answers
    assert stations.report()[0].pictures == 2
    once_in_order(mock_box)


async def test_lost_replies_and_an_outage(mock_box: MockBox) -> None:
    mock_box.paper = make_paper(40, 0)
    mock_box.lose_replies = 3

    async def cut() -> None:
        await asyncio.to_thread(until, lambda: len(mock_box.received) >= 15)
        await asyncio.to_thread(mock_box.stop)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(mock_box.start)

    cutting = asyncio.create_task(cut())
    stations = await live(mock_box, Person(last_four="021X"), lambda: bool(mock_box.hand_ins))
    await cutting
    assert len(mock_box.received) == 40
    assert stations.report()[0].outages >= 1
    once_in_order(mock_box)


async def test_off_line_for_a_while_sends_everything_later(mock_box: MockBox) -> None:
    mock_box.paper = make_paper(30, 0)
    person = Person(last_four="021X", offline=Offline(after=5, seconds=0.6))
    stations = await live(mock_box, person, lambda: bool(mock_box.hand_ins))
    assert len(mock_box.received) == 30
    assert stations.report()[0].resent > 3
    once_in_order(mock_box)


async def test_breaks_down_and_keeps_silent(mock_box: MockBox) -> None:
    person = Person(last_four="021X", breaks_after=4)
    stations: list[Stations] = []

    def broken() -> bool:
        return len(mock_box.received) == 4

    stations.append(await live(mock_box, person, broken))
    assert len(mock_box.received) == 4
    assert mock_box.hand_ins == []


async def test_leaves_it_to_the_automatic_hand_in(mock_box: MockBox) -> None:
    mock_box.paper = make_paper(5, 0)
    person = Person(last_four="021X", hand_in=False)

    def settled() -> bool:
        if len(mock_box.received) == 5 and not mock_box.handed_in:
            mock_box.handed_in = "time"
        return mock_box.settled == 1

    await live(mock_box, person, settled)
    assert len(mock_box.answers) == 5


async def test_wrong_last_four_is_told(mock_box: MockBox) -> None:
    person = Person(last_four="0000")
    ticks = iter(range(10**6))
    stations = await live(mock_box, person, lambda: next(ticks) > 20)
    assert stations.report()[0].refusals["wrong_last_four"] >= 1


def test_refuses_on_a_production_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "examsite.toml"
    config.write_text(f'[site]\ncode = "999999-01"\nname = "示范考点"\nstate = "{tmp_path}"\n')
    site = {"code": "999999-01", "name": "示范考点", "mode": "production", "epoch": "1"}
    created = "2026-11-21T00:00:00Z"
    (tmp_path / "site.json").write_text(json.dumps({**site, "created": created}))
    assert msgspec.json.decode((tmp_path / "site.json").read_bytes(), type=Site).mode == "production"
    monkeypatch.setenv("EXAMSITE_CONFIG", str(config))
    with pytest.raises(Refused, match="production_site"):
        Stations([], "https://127.0.0.1:1", False, lambda seat: None)


def test_the_command(mock_box: MockBox, tmp_path: Path) -> None:
    mock_box.paper = make_paper(3, 0)
    mock_box.deadline = mock_box.now() + timedelta(minutes=5)
    places, people, report = (tmp_path / name for name in ("places.json", "people.json", "report.json"))
    places.write_text(json.dumps([{"seat": "T1-07", "address": "127.0.1.7"}]))
    command = [
        *(sys.executable, "-m", "appliance.cli", "simulate", "stations", "--url", mock_box.url),
        *("--places", str(places), "--people", str(people), "--report", str(report)),
        *("--answer", "0.01", "--look", "0.1"),
    ]
    env = {**os.environ, "EXAMSITE_CONFIG": str(tmp_path / "none.toml")}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env)
    try:
        assert process.stderr and "1 台模拟考试机" in process.stderr.readline()
        # Who sits where becomes known while it runs.
        people.write_text(json.dumps({"attempt-1": {"last_four": "021X"}}))
        for _ in range(200):
            if mock_box.hand_ins:
                break
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.stderr.close()
    assert mock_box.hand_ins == [3]
    assert json.loads(report.read_text())[0]["acknowledged"] == 3
