"""exam-sync as a process: its socket, SIGKILL in the middle of a delivery, a clean stop; the commands."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from appliance.base import sockets
from appliance.base.settings import dump
from appliance.cli import build
from appliance.cli.run import guarded
from appliance.flow.box import Box
from appliance.records.sync import Parcel
from appliance.wire.sync import Backlog, GetBacklog, SendAgain, SyncNow
from tests.sync.conftest import SITE, FarEnd, say


def config(box: Box, folder: Path) -> dict[str, str]:
    path = folder / "examsite.toml"
    path.write_bytes(dump(box.settings))
    return {**os.environ, "EXAMSITE_CONFIG": str(path), "EXAMSITE_LANG": "en"}


def start(environment: dict[str, str], *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "appliance.cli", *arguments], env=environment)


async def until(check: Any, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110 - it looks at tables of another process
            await asyncio.sleep(0.02)


Command = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def command(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Command:
    """Run `examsite sync ...` in this process; exit status and JSON."""
    for name, value in config(box, tmp_path).items():
        monkeypatch.setenv(name, value)

    async def run(*words: str) -> tuple[int, Any]:
        arguments = ["sync", *words, "--json"]
        monkeypatch.setattr(sys, "argv", ["examsite", *arguments])
        capfdbinary.readouterr()
        app = build(arguments)
        status = await asyncio.to_thread(guarded, app, arguments)
        return status, json.loads(capfdbinary.readouterr().out)

    return run


def states(box: Box) -> list[str]:
    return list(box.db.read_now(lambda s: s.exec(select(Parcel.state).order_by(col(Parcel.last_seq))).all()))


@pytest.mark.long
async def test_killed_in_the_middle_of_a_delivery(
    box: Box, far: FarEnd, tmp_path: Path, command: Command
) -> None:
    environment = config(box, tmp_path)
    say(box, 5)
    await far.control("line", {"mode": "hang", "count": 0})
    daemon = start(environment, "run", "sync")
    await until(lambda: far.store.held())
    assert states(box) == ["sealed"], "the province holds it, the site does not know yet"
    daemon.kill()
    daemon.wait()
    await far.control("line", {"mode": "up"})
    say(box, 5)
    daemon = start(environment, "run", "sync")
    try:
        await until(lambda: states(box) == ["acknowledged", "acknowledged"])
        assert [(p.number, p.deliveries) for p in far.store.held()] == [(1, 2), (2, 1)]
        socket = box.settings.socket("sync")
        found = await sockets.ask(socket, GetBacklog(), Backlog)
        assert (found.acknowledged, found.sealed, found.troubles) == (2, 0, [])
        await far.control("refuse", {"code": "looks_wrong"})
        say(box)
        found = await sockets.ask(socket, SyncNow(), Backlog, timeout=10)
        assert found.blocked and found.blocked.last_error.startswith("looks_wrong")
        code, document = await command("status")
        assert code == 1 and document["running"] and document["parcels"] == 3
        assert document["backlog"]["blocked"]["number"] == 3 and document["last_contact"]
        order = SendAgain(epoch=box.site.epoch, number=3, reason="checked", actor="process:test")
        await sockets.ask(socket, order, Backlog)
        await until(lambda: states(box) == ["acknowledged"] * 3)
    finally:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=5) == 0
    assert not box.settings.socket("sync").exists()


async def test_a_stick_instead_of_the_line(box: Box, far: FarEnd, tmp_path: Path, command: Command) -> None:
    stick = tmp_path / "stick"
    code, document = await command("export", str(stick))
    assert (code, document["parcels"]) == (0, 1)
    say(box)
    code, document = await command("export", str(stick))
    assert (code, document["parcels"]) == (0, 2)
    assert document["backlog"]["sealed"] == 2
    from tests.sync.test_inbox import roster

    far.store.send(roster())
    assert await far.control("usb", {"folder": str(stick)}) == {"taken": 2, "turned": 0}
    code, document = await command("import", str(stick))
    assert (code, document["parcels"], document["messages"]) == (0, 2, 1)
    assert states(box) == ["acknowledged"] * 2
    code, document = await command("import", str(stick))
    assert (code, document["parcels"], document["messages"]) == (0, 0, 0)
    forged = stick / "receipts" / SITE / box.site.epoch / "00000001.json"
    forged.write_bytes(
        forged.read_bytes().replace(b'"entries', b'"Entries').replace(b'\\"entries', b'\\"Entries')
    )
    code, document = await command("import", str(stick))
    assert code == 1 and document["rejected"][0]["code"] == "bad_signature"
    code, document = await command("import", str(tmp_path / "nothing"))
    assert code == 2 and document["error"]["code"] == "not_a_stick"


async def test_status_without_the_process(command: Command) -> None:
    code, document = await command("status")
    assert code == 0 and not document["running"]
    assert document["parcels"] == 0 and document["last_contact"] is None
    assert document["backlog"]["entries"] > 0


@pytest.mark.long
async def test_the_simulated_province_runs_and_refuses_on_a_production_site(
    box: Box, far: FarEnd, tmp_path: Path
) -> None:
    await far.stop()
    environment = config(box, tmp_path)
    token, authority = tmp_path / "token", box.settings.state / "keys" / "authority.pem"
    arguments = ["--port", str(far.port), "--dir", str(tmp_path / "province"), "--site", SITE]
    arguments += ["--authority", str(authority), "--token-file", str(token)]
    province = start(environment, "simulate", "province", *arguments)
    daemon = start(environment, "run", "sync")
    try:
        await until(lambda: states(box) == ["acknowledged"], 20)
    finally:
        for process in (daemon, province):
            process.terminate()
            assert process.wait(timeout=5) in (0, -signal.SIGTERM)
    identity = box.settings.state / "site.json"
    identity.write_bytes(identity.read_bytes().replace(b'"demo"', b'"production"'))
    refused = start(environment, "simulate", "province", *arguments)
    assert await asyncio.to_thread(refused.wait, 10) == 4


@pytest.mark.long
async def test_killed_twenty_times_over_a_shaky_line(box: Box, far: FarEnd, tmp_path: Path) -> None:
    environment = config(box, tmp_path)
    for turn in range(20):
        mode = ("up", "cut", "down", "hang")[turn % 4]
        await far.control("line", {"mode": mode, "count": 1 if mode != "hang" else 0})
        say(box, 3)
        daemon = start(environment, "run", "sync")
        await asyncio.sleep(0.9 + 0.05 * turn)
        daemon.kill()
        daemon.wait()
    await far.control("line", {"mode": "up"})
    say(box)
    daemon = start(environment, "run", "sync")
    try:
        await until(lambda: states(box) and set(states(box)) == {"acknowledged"}, 30)
    finally:
        daemon.terminate()
        daemon.wait()
    rows = box.db.read_now(lambda s: s.exec(select(Parcel).order_by(col(Parcel.number))).all())
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert [p.sha256 for p in far.store.held()] == [row.body for row in rows]
    assert all(a.last_seq + 1 == b.first_seq for a, b in pairwise(rows))
