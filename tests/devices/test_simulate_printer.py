"""examsite simulate printer: a process of its own, and never on a production site."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from appliance.base import sockets
from appliance.base.errors import Refused
from appliance.base.settings import PrinterSettings
from appliance.devices.printer.driver import EscposPrinter
from appliance.devices.printer.simulator import SimulatedPrinter
from appliance.devices.printer.slip import slip
from appliance.wire.simulators import GetPrinter, PrinterDid, SetPrinter
from tests.command import examsite
from tests.devices.test_printer import FACTS


async def test_two_printers_of_one_process(tmp_path: Path) -> None:
    links, folder = [tmp_path / "a", tmp_path / "b"], tmp_path / "slips"
    environment = {**os.environ, "EXAMSITE_CONFIG": str(tmp_path / "none.toml")}
    places = [word for link in links for word in ("--link", str(link))]
    process = subprocess.Popen(
        [sys.executable, "-m", "appliance.cli", "simulate", "printer", "--folder", str(folder), *places],
        env=environment,
        stderr=subprocess.PIPE,
    )
    control = tmp_path / "slips.sock"
    for _ in range(200):
        if control.exists():
            break
        await asyncio.sleep(0.05)
    for link in links:
        assert (await EscposPrinter(PrinterSettings(port=str(link))).print_slip(slip(FACTS, 576))).ok
    did = await sockets.ask(control, GetPrinter(), PrinterDid)
    assert [Image.open(one).width for one in did.slips] == [576, 576]
    await sockets.ask(control, SetPrinter(mode="cover_open"), PrinterDid)
    assert (await EscposPrinter(PrinterSettings(port=str(links[0]))).look()).code == "cover_open"
    process.send_signal(signal.SIGTERM)
    _, told = await asyncio.to_thread(process.communicate, timeout=5)
    assert process.returncode == 0 and told and not links[0].exists()


def test_it_refuses_on_a_production_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "examsite.toml"
    config.write_text(f'[site]\ncode = "999999-01"\nname = "演示"\nstate = "{tmp_path}"\n')
    identity = {"code": "999999-01", "name": "演示", "mode": "production", "epoch": "1"}
    (tmp_path / "site.json").write_text(json.dumps(identity | {"created": "2026-01-01T00:00:00Z"}))
    monkeypatch.setenv("EXAMSITE_CONFIG", str(config))
    with pytest.raises(Refused):
        SimulatedPrinter(tmp_path / "slips")
    line = ("simulate", "printer", "--folder", str(tmp_path / "slips"), "--link", str(tmp_path / "a"))
    status, _, err = examsite(*line)
    assert status == 4 and err
