"""What a killed demo leaves in the folder for temporary files is cleared by the next one, and nothing else is."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.cli.demo import run_folder

HOLDS = """
import sys, time
from appliance.cli.demo import run_folder
print(run_folder.make(), flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Short: a socket's path has 107 characters."""
    with tempfile.TemporaryDirectory() as name:
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


def left_over(temporary: Path, name: str = "killed") -> Path:
    made = temporary / f"{run_folder.PREFIX}{name}"
    made.mkdir(mode=0o700)
    (made / run_folder.DEVICES).mkdir()
    (made / "face-L1.jpg").write_bytes(b"picture")
    return made


def demo_process() -> tuple["subprocess.Popen[str]", Path]:
    running = subprocess.Popen([sys.executable, "-c", HOLDS], stdout=subprocess.PIPE, text=True)
    assert running.stdout
    return running, Path(running.stdout.readline().strip())


def test_the_folder_of_a_killed_demo_is_cleared_and_that_of_a_running_one_stays() -> None:
    running, run = demo_process()
    try:
        assert run_folder.clear_leftovers() == [run] and run.is_dir()
        running.send_signal(signal.SIGKILL)
        running.wait(10)
        assert run_folder.clear_leftovers() == [] and not run.exists()
    finally:
        running.kill()
        running.communicate()


def test_ones_own_folder_stays_until_it_is_dropped() -> None:
    run = run_folder.make()
    assert run_folder.clear_leftovers() == [] and run.is_dir()
    run_folder.drop(run)
    assert not run.exists()


def test_a_folder_stays_while_a_process_of_the_killed_demo_lives(temporary: Path) -> None:
    listens, named, read = (left_over(temporary, name) for name in ("listens", "named", "read"))
    command = [
        sys.executable,
        "-c",
        "print(flush=True); import time; time.sleep(60)",
        f"{named}/dev/reader-L1",
    ]
    with socket.socket(socket.AF_UNIX) as server, (read / "face-L1.jpg").open("rb"):
        server.bind(f"{listens}/gate.sock")
        server.listen()
        with subprocess.Popen(command, stdout=subprocess.PIPE) as simulator:
            assert simulator.stdout and simulator.stdout.readline()
            assert run_folder.clear_leftovers() == [listens, named, read]
            simulator.kill()
        assert run_folder.clear_leftovers() == [listens, read] and not named.exists()
    assert run_folder.clear_leftovers() == [] and not listens.exists() and not read.exists()


def test_what_no_demo_made_is_left_alone(temporary: Path) -> None:
    elsewhere = temporary / "mine"
    elsewhere.mkdir(mode=0o700)
    (elsewhere / run_folder.DEVICES).mkdir()
    link = temporary / f"{run_folder.PREFIX}link"
    link.symlink_to(elsewhere)
    file = temporary / f"{run_folder.PREFIX}file"
    file.write_text("mine")
    without = temporary / f"{run_folder.PREFIX}without"
    without.mkdir(mode=0o700)
    shared = left_over(temporary, "shared")
    shared.chmod(0o755)
    assert run_folder.clear_leftovers() == []
    assert all(one.exists() for one in (elsewhere / run_folder.DEVICES, link, file, without, shared))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_users_folder_is_left_alone(temporary: Path) -> None:
    other = left_over(temporary)
    os.chown(other, 65534, 65534)
    assert run_folder.clear_leftovers() == [] and other.is_dir()


@pytest.mark.long
def test_a_demo_that_is_told_to_end_leaves_nothing(temporary: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "appliance.cli", "demo", "--folder", str(tmp_path / "demo")]
    demo = subprocess.Popen([*command, "--port", str(port)], stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 60
        while not list(temporary.glob(f"{run_folder.PREFIX}*/*.sock")):
            assert demo.poll() is None and time.monotonic() < until
            time.sleep(0.1)
        (run,) = temporary.glob(f"{run_folder.PREFIX}*")
        demo.terminate()
        assert demo.wait(30) != 0
        assert not run.exists() and not run_folder.in_use(run)
    finally:
        demo.kill()
        demo.communicate()
