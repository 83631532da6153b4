"""`examsite run gate` ends when it is told to, at whatever moment of its start that is."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.cli.demo import run_folder
from appliance.cli.demo.site import DemoSite, clear, configure, free_port
from appliance.flow.set_up import set_up

STARTS = 12
WITHIN = 10.0
"""Seconds: systemd kills later (TimeoutStopSec=), and a kill may leave a gate open."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[DemoSite]:
    clear(tmp_path / "demo")
    made = configure(tmp_path / "demo", free_port())
    set_up(made.settings, demo=True, now=datetime.now(UTC))
    yield made
    run_folder.drop(made.run)


@pytest.mark.long
def test_a_stop_right_after_the_start_is_heeded(site: DemoSite, tmp_path: Path) -> None:
    """No device is there: every first question to a relay board fails in the turn of the loop it was asked in."""
    for number in range(STARTS):
        told = tmp_path / f"{number}.log"
        with told.open("wb") as log:
            gate = subprocess.Popen(
                [sys.executable, "-m", "appliance.cli", "run", "gate"],
                env={**os.environ, "EXAMSITE_CONFIG": str(site.config)},
                stdout=log,
                stderr=log,
            )
        try:
            until = time.monotonic() + 60
            while not site.settings.socket("gate").exists() and gate.poll() is None:
                assert time.monotonic() < until
                time.sleep(0.002)
            time.sleep(0.006 * number)
            gate.terminate()
            assert gate.wait(WITHIN) == 0, told.read_text()
        finally:
            gate.kill()
            gate.wait()
        site.settings.socket("gate").unlink(missing_ok=True)
