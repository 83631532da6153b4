"""Kill -9 and power cuts: at most the last ten seconds, never an earlier one."""

import json
import random
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from cameras import integrity
from cameras.index import Index
from cameras.recorder.ending import Ended
from cameras.recorder.reconcile import reconcile
from tests.cameras.reel import START, Reel, film, later
from tests.cameras.trace import Fate, Trace, TracedIndex, leave

KEPT = 10.0
FILM = 45.0


@pytest.mark.long
def test_a_hundred_kills_at_random_moments(tmp_path: Path) -> None:
    """Each a process of its own that writes a hundred times faster than a camera."""
    command = [sys.executable, "-m", "tests.cameras.kill_rounds", str(tmp_path), "100", "5"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = json.loads(ran.stdout)
    assert told["rounds"] == 100 and told["trouble"] == []
    assert told["longest_s"] > 20 and told["worst_lost_s"] < KEPT


def record(media: Path, patch: pytest.MonkeyPatch) -> Trace:
    """The trace of a recorder from its first start to a clean stop."""
    trace = Trace(media)
    index = TracedIndex(media)
    trace.note("commit", index.path, b"")
    index.trace = trace
    with trace.watching(patch):
        reel = Reel(media, index, film(), segment=18.0)

        def fed() -> None:
            trace.fed = reel.fed

        reel.feed(FILM, fed)
        reel.copier.close(Ended("stopped", "the end"))
        reel.facts.settle()
    index.close()
    return trace


def killed_and_begun_again(media: Path, patch: pytest.MonkeyPatch) -> tuple[Trace, int]:
    """The trace of a recorder that is killed, nothing of which is lost, and of the next one's start; and where that
    begins.
    """
    trace = Trace(media)
    index = TracedIndex(media)
    trace.note("commit", index.path, b"")
    index.trace = trace
    with trace.watching(patch):
        reel = Reel(media, index, film(), segment=18.0)
        reel.feed(22.0)
        trace.fed, begins = 22.0, len(trace.steps)
        again = TracedIndex(media)
        again.trace = trace
        reconcile(media, again, later(25.0))
    assert again.rows("SELECT count(*) FROM segment WHERE state = 'recovered'") == [(1,)]
    again.close()
    del reel  # its end is none a killed process has
    return trace, begins


def look(folder: Path, fed: float) -> None:
    """Reconcile the store as at a start and see that everything older than ten seconds is there."""
    index = Index(folder)
    reconcile(folder, index, later(fed + 60))
    kept = [one for one in index.every() if one.end and one.end > one.start]
    end = (kept[-1].end - START).total_seconds() if kept and kept[-1].end else 0.0
    assert fed - end < KEPT, f"{fed - end:.1f} s lost"
    for one, two in pairwise(kept):
        assert one.end and abs((two.start - one.end).total_seconds()) < 0.05
    if kept:
        assert abs((kept[0].start - later(0.2)).total_seconds()) < 0.05, "the first second is there"
    gone = {one.path for one in index.every() if one.state == "missing"}
    found = integrity.verify(folder, now=later(fed + 60)).findings
    assert [one for one in found if one.path not in gone] == []
    assert len(gone) <= 1, "only the file that had just been opened"
    index.close()


@pytest.mark.long
@pytest.mark.parametrize("fate", ["lost", "torn", "kept", "zeros"])
def test_the_power_goes_at_every_step(fate: Fate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trace is played up to every single step; what was not synced is lost, torn, kept or zeros."""
    trace = record(tmp_path / "media", monkeypatch)
    kinds = {step.what for step in trace.steps}
    assert kinds >= {"create", "folder", "write", "sync", "entries", "commit"} and len(trace.steps) > 60
    chance = random.Random(7)
    first = next(number for number, step in enumerate(trace.steps) if step.what == "create")
    for number in range(first, len(trace.steps)):
        folder = tmp_path / f"{fate}-{number}"
        leave(trace.steps[: number + 1], folder, fate, chance)
        if number % 4 == 3:
            (folder / "index.db").unlink()  # and the index with it
        try:
            look(folder, trace.steps[min(number + 1, len(trace.steps) - 1)].fed)  # just before the next step
        except AssertionError as error:
            raise AssertionError(f"after step {number} of {len(trace.steps)}: {error}") from error


@pytest.mark.parametrize("fate", ["lost", "zeros"])
def test_the_power_goes_while_a_killed_recorder_begins_again(
    fate: Fate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had written and not synced is on the disk before its hash is signed."""
    trace, begins = killed_and_begun_again(tmp_path / "media", monkeypatch)
    for number in range(begins, len(trace.steps)):
        folder = tmp_path / f"{fate}-{number}"
        leave(trace.steps[: number + 1], folder, fate, random.Random(7))
        look(folder, trace.fed)
