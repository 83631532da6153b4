"""examsite simulate: processes of their own, and never on a production site."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appliance.base import sockets
from appliance.base.errors import Refused
from appliance.devices.cardreader.simulator import SimulatedReader
from appliance.devices.gate.driver import Line, ModbusGate
from appliance.devices.gate.simulator import SimulatedBoard
from appliance.faces.pictures import source
from appliance.wire.simulators import BoardDid, GetBoard
from tests.command import examsite
from tests.devices import cards


def started(folder: Path, kind: str, link: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "EXAMSITE_CONFIG": str(folder / "none.toml")}
    return subprocess.Popen(
        [sys.executable, "-m", "appliance.cli", "simulate", kind, "--link", str(link)],
        env=environment,
        stderr=subprocess.PIPE,
    )


async def simulator(folder: Path, kind: str) -> tuple[subprocess.Popen[bytes], Path]:
    link = folder / kind
    process = started(folder, kind, link)
    for _ in range(200):
        if link.with_name(f"{kind}.sock").exists():
            return process, link
        await asyncio.sleep(0.05)
    process.kill()
    raise AssertionError(process.communicate())


async def stopped(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    _, told = await asyncio.to_thread(process.communicate, timeout=5)
    assert process.returncode == 0 and told


async def test_a_card_is_put_on_a_simulated_reader(tmp_path: Path) -> None:
    process, link = await simulator(tmp_path, "reader")
    line = ["--name", cards.RESIDENT.name, "--number", cards.RESIDENT.number, "--seconds", "0", "--json"]
    put = ("simulate", "card", "--control", f"{link}.sock", *line)
    status, out, _ = await asyncio.to_thread(examsite, *put)
    assert status == 0 and json.loads(out)["card"] is True
    read = ("card", "read", "--port", str(link), "--timeout", "5", "--json")
    status, out, _ = await asyncio.to_thread(examsite, *read)
    assert status == 0 and json.loads(out)["number"] == cards.RESIDENT.number
    await stopped(process)
    assert not link.exists()


async def test_a_simulated_gate(tmp_path: Path) -> None:
    process, link = await simulator(tmp_path, "gate")
    gate = ModbusGate(Line(str(link)), pulse_ms=50)
    assert (await gate.open_once(time.monotonic() + 5)).outcome == "done"
    await gate.close()
    did = await sockets.ask(link.with_name("gate.sock"), GetBoard(), BoardDid)
    assert len(did.pulses) == 1
    await stopped(process)


def test_simulators_refuse_on_a_production_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "examsite.toml"
    config.write_text(f'[site]\ncode = "999999-01"\nname = "演示"\nstate = "{tmp_path}"\n')
    identity = {"code": "999999-01", "name": "演示", "mode": "production", "epoch": "1"}
    (tmp_path / "site.json").write_text(json.dumps(identity | {"created": "2026-01-01T00:00:00Z"}))
    monkeypatch.setenv("EXAMSITE_CONFIG", str(config))
    for simulated in (SimulatedReader, SimulatedBoard):
        with pytest.raises(Refused):
            simulated(tmp_path / "device")
    with pytest.raises(Refused):
        source(f"sim:{tmp_path / 'face.jpg'}")
    status, _, err = examsite("simulate", "gate", "--link", str(tmp_path / "gate"))
    assert status == 4 and err
