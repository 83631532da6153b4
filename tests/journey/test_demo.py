"""The whole exam day as `make demo ARGS=--once` plays it, and what the demo does with folders."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.base.errors import Conflict
from appliance.cli.demo.site import clear, free_port


@pytest.mark.long
@pytest.mark.timeout(900)
def test_every_check_of_the_day_holds(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    command = [sys.executable, "-m", "appliance.cli", "--lang", "en", "demo", "--once"]
    command += ["--folder", str(folder), "--port", str(free_port())]
    environment = {name: value for name, value in os.environ.items() if name != "EXAMSITE_CONFIG"}
    day = subprocess.run(command, capture_output=True, text=True, timeout=800, env=environment, check=False)
    assert day.returncode == 0, day.stderr[-6000:]
    assert "Every check holds." in day.stderr and "✗" not in day.stderr
    assert len(list((folder / "sheets").glob("*.pdf"))) == 5


def test_a_second_run_starts_clean_and_only_in_its_own_folder(tmp_path: Path) -> None:
    own = tmp_path / "own"
    clear(own)
    (own / "left-over").write_text("from the first run")
    clear(own)
    assert not (own / "left-over").exists()
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("not a demo's")
    with pytest.raises(Conflict):
        clear(foreign)
    assert (foreign / "thesis.txt").exists()
