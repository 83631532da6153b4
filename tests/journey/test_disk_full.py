"""The disk of the box fills up while ten people answer: calm pages, nothing acknowledged is lost, it goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.long, pytest.mark.timeout(500)]


def test_a_full_disk_while_people_answer(tmp_path: Path) -> None:
    """A disk of 64 MB of its own, in a mount namespace of its own: this machine's disk stays as it is."""
    disk, aside = tmp_path / "disk", tmp_path / "aside"
    disk.mkdir()
    aside.mkdir()
    inner = 'mount -t tmpfs -o size=64m none "$1" && exec "$0" -m tests.journey.full_disk "$1" "$2"'
    command = ["unshare", "-rm", "sh", "-c", inner, sys.executable, str(disk), str(aside)]
    with open(aside / "said", "wb") as said:
        scene = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
        try:
            scene.wait(480)
        finally:
            if scene.poll() is None:
                os.killpg(scene.pid, signal.SIGKILL)
                scene.wait()
    text = (aside / "said").read_text(errors="replace")
    assert scene.returncode == 0 and "nothing is lost" in text, text[-6000:]
