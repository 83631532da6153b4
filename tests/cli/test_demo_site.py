"""The demo's configuration: well-known passwords stay on this machine, and nothing hangs on the reader's PATH."""

import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from appliance.cli import demo
from appliance.cli.demo.recipe import write_recipe
from appliance.cli.demo.site import clear, configure
from appliance.flow.set_up import set_up
from appliance.intake.roster import read_roster


def test_the_demo_listens_on_loopback_and_names_its_own_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / "demo"
    clear(folder)
    settings = configure(folder, 8443).settings
    assert settings.web.host == "127.0.0.1"
    assert settings.faces.photo_decoder[0] == sys.executable


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name leaves room for a socket's: a UNIX socket's path has 107 characters."""
    folder = Path(tempfile.mkdtemp())
    yield folder
    shutil.rmtree(folder)


def test_what_is_left_to_try_can_be_done(
    tmp_path: Path, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The printed card goes on the reader, and its person is the one of the roster that is written."""
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    folder = tmp_path / "demo"
    clear(folder)
    site = configure(folder, 8443)
    set_up(site.settings, demo=True, now=datetime.now(UTC))
    first, card, last = write_recipe(site)
    roster = next((folder / "rosters").iterdir())
    assert str(roster.resolve()) in first and "https://localhost:8443/office" in first
    assert "https://localhost:8443/station/" in last
    words = shlex.split(card)
    config, command = words[0].partition("=")[2], words[1:]
    (line,) = read_roster(roster.read_bytes(), roster.name).accepted
    assert (line.name, line.number) == (
        command[command.index("--name") + 1],
        command[command.index("--number") + 1],
    )
    assert line.number[-4:] in last and (site.run / "face-L1.jpg").stat().st_size
    environment = {"EXAMSITE_CONFIG": config, "PATH": ""}
    link = site.settings.lanes[0].reader.port
    reader = subprocess.Popen(
        [sys.executable, "-m", "appliance.cli", "simulate", "reader", "--link", link], env=environment
    )
    try:
        until = time.monotonic() + 20
        while not Path(f"{link}.sock").exists():
            assert reader.poll() is None and time.monotonic() < until
            time.sleep(0.05)
        subprocess.run(command, env=environment, check=True, timeout=30)
    finally:
        reader.terminate()
        reader.wait(10)


def test_a_demo_that_is_stopped_leaves_no_run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("EXAMSITE_CONFIG", "")

    def interrupted(_day: object) -> None:
        assert list(tmp_path.glob("examsite-demo-*"))
        raise KeyboardInterrupt

    stopped = SimpleNamespace(db=SimpleNamespace(stop=lambda: None))
    monkeypatch.setattr(demo, "build", lambda _site: stopped)
    for name in ("simulators", "box_processes", "until_up"):
        monkeypatch.setattr(demo, name, lambda *_ignored: None)
    monkeypatch.setattr(demo, "run_stages", interrupted)
    with pytest.raises(KeyboardInterrupt):
        demo.play(tmp_path / "demo", 8443, once=False)
    assert not list(tmp_path.glob("examsite-demo-*"))
