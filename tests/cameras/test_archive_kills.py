"""exam-archive killed at every step of copying, freeing and deleting: no recording is ever without a whole file.

Steps: whatever makes something durable or takes something away. A kill is raised at the n-th of them and nothing works
after it, so that no clean-up runs that a dead process would not run either.
"""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cameras.archive.rounds import Rounds
from cameras.archive.store import EVERYWHERE, Archive, ArchiveReader
from cameras.index import Segment
from tests.cameras.archive_site import NOW, Store, orders, settle

DAY = timedelta(days=1)
STEPS = [(os, "fsync"), (os, "replace"), (Path, "unlink"), (Path, "mkdir"), (Path, "rename")]


class Killed(BaseException):
    """The process is dead."""


class Killer:
    """Dies at the n-th step, and stays dead."""

    def __init__(self, number: int) -> None:
        self.left, self.dead = number, False

    def step(self) -> None:
        self.left -= 1
        if self.left <= 0:
            self.dead = True
        if self.dead:
            raise Killed

    def wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def before_and_after(*arguments: Any, **named: Any) -> Any:
            self.step()
            answer = call(*arguments, **named)
            self.step()
            return answer

        return before_and_after


@contextmanager
def killed_at(number: int) -> Iterator[Killer]:
    killer, patch = Killer(number), pytest.MonkeyPatch()
    kept = Archive.transaction

    @contextmanager
    def transaction(archive: Archive) -> Iterator[Any]:
        killer.step()
        with kept(archive) as link:
            yield link
            killer.step()  # before the COMMIT: rolled back
        killer.step()

    for place, name in STEPS:
        patch.setattr(place, name, killer.wrapped(getattr(place, name)))
    patch.setattr(Archive, "transaction", transaction)
    try:
        yield killer
    except Killed:
        pass
    finally:
        patch.undo()


def whole(path: Path, segment: Segment) -> bool:
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == segment.sha256


def proven(store: Store, segment: Segment) -> bool:
    """A whole original, or a whole copy that the archive knows of, or a row that says why it is gone."""
    reader = ArchiveReader(store.media)
    if whole(store.media / segment.path, segment):
        return True
    known = {copy.place for copy in reader.copies(segment.path)}
    if any(whole(store.folder / name / segment.path, segment) for name in known):
        return True
    return EVERYWHERE in reader.removals(segment.path)


def deleting(store: Store, rounds: Rounds, segment: Segment) -> None:
    rounds.take_orders(orders(before=segment.start + timedelta(seconds=1)))


@pytest.mark.parametrize("stride", [23, pytest.param(2, marks=pytest.mark.long)])
def test_killed_at_every_step(tmp_path: Path, stride: int) -> None:
    number, kills = 1 - stride, 0
    while True:
        number += stride
        store = Store(tmp_path / str(number), free_after_days=2)
        store.mount("nas", "nas")
        gone, kept = store.record("C1", NOW - 1200 * DAY)[0], store.record("C1", NOW - 9 * DAY)[0]
        with killed_at(number) as killer, store.rounds() as rounds:
            deleting(store, rounds, gone)
            settle(rounds)
        kills += killer.dead
        assert all(proven(store, one) for one in (gone, kept)), number
        with store.rounds() as rounds:
            deleting(store, rounds, gone)
            settle(rounds)
            assert whole(store.folder / "nas" / kept.path, kept), number
            assert not (store.media / kept.path).exists(), number
            assert not list(store.folder.rglob(Path(gone.path).name + "*")), number
            assert not rounds.archive.open_removals(), number
            assert rounds.archive.rows("SELECT count(*) FROM event WHERE kind = 'deleted'") == [(1,)], number
            assert rounds.archive.rows("SELECT copies FROM place WHERE name = 'nas'") == [(1,)], number
        store.index.close()
        if not killer.dead:
            break
    assert kills * stride > 60


ENDLESS = """
import sys
from pathlib import Path
import msgspec
from appliance.base.settings import Settings
from cameras.archive.rounds import Rounds
rounds = Rounds(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Settings))
print("up", flush=True)
while True:
    rounds.once()
"""


@pytest.mark.long
def test_killed_by_the_system_at_random_moments(tmp_path: Path) -> None:
    store = Store(tmp_path, free_after_days=2)
    store.mount("nas", "nas")
    made = [one for number in range(4) for one in store.record("C1", NOW - (900 - number) * DAY, count=60)]
    (tmp_path / "settings.json").write_bytes(msgspec.json.encode(store.settings))
    chance = random.Random(5)
    for _kill in range(12):
        child = subprocess.Popen(
            [sys.executable, "-c", ENDLESS, str(tmp_path / "settings.json")], stdout=subprocess.PIPE
        )
        assert child.stdout and child.stdout.readline() == b"up\n"
        time.sleep(chance.uniform(0.0, 0.25))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert all(proven(store, one) for one in made)
    store.run(50)
    assert all(whole(tmp_path / "nas" / one.path, one) for one in made)
    assert not any((store.media / one.path).exists() for one in made)
