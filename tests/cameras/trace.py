"""Writes and syncs of the recorder, noted one by one, and the disk as a power cut leaves it at any of them.

What was written and not synced may be there, in part or not at all; a new file or folder is there for certain once the
folder above it was synced. The index is SQLite's own affair (WAL, synchronous=FULL): a transaction whose COMMIT has
returned is there, one that has not is not.
"""

import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from cameras.index import Index

What = Literal["create", "folder", "write", "sync", "entries", "cut", "commit"]
Fate = Literal["lost", "torn", "kept", "zeros"]


class Step(msgspec.Struct, frozen=True):
    """One of them; `fed`: seconds of film the recorder had got by then."""

    what: What
    path: str
    body: bytes = b""
    size: int = 0
    fed: float = 0.0


class Trace:
    """`steps`: what happened below `media`. `fed`: set by whoever feeds."""

    def __init__(self, media: Path) -> None:
        self.media = media
        self.steps: list[Step] = []
        self.fed = 0.0

    def note(self, what: What, path: Path | str, body: bytes = b"", size: int = 0) -> None:
        """Add a step."""
        name = os.path.relpath(path, self.media)
        if not name.startswith(".."):
            self.steps.append(Step(what, name, body, size, self.fed))

    @contextmanager
    def watching(self, patch: pytest.MonkeyPatch) -> Iterator[None]:
        """Note every call of the recorder until left."""
        names: dict[int, str] = {}
        true = {
            name: getattr(os, name) for name in ("open", "write", "fsync", "fdatasync", "mkdir", "ftruncate")
        }

        def opened(path: Any, flags: int, *rest: Any, **more: Any) -> int:
            new = bool(flags & os.O_CREAT) and not os.path.exists(path)
            number: int = true["open"](path, flags, *rest, **more)
            names[number] = os.fspath(path)
            if new:
                self.note("create", path)
            return number

        def written(number: int, data: Any) -> int:
            done: int = true["write"](number, data)
            if number in names:
                self.note("write", names[number], bytes(data[:done]))
            return done

        def synced(number: int) -> None:
            true["fsync"](number)
            path = names.get(number, "/")
            self.note("entries" if os.path.isdir(path) else "sync", path)

        def made(path: Any, *rest: Any, **more: Any) -> None:
            true["mkdir"](path, *rest, **more)
            self.note("folder", path)

        def cut(number: int, size: int) -> None:
            true["ftruncate"](number, size)
            self.note("cut", names[number], size=size)

        with patch.context() as during:
            for name, ours in (
                ("open", opened),
                ("write", written),
                ("fsync", synced),
                ("fdatasync", synced),
                ("mkdir", made),
                ("ftruncate", cut),
            ):
                during.setattr(os, name, ours)
            yield


class TracedIndex(Index):
    """An index whose every COMMIT is a step that carries the whole database."""

    trace: Trace | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """As Index."""
        with super().transaction() as link:
            yield link
        if self.trace:
            copy = sqlite3.connect(":memory:")
            self._writer.backup(copy)
            self.trace.note("commit", self.path, copy.serialize())
            copy.close()


def leave(steps: list[Step], folder: Path, fate: Fate, chance: random.Random) -> None:
    """Make in `folder` what a disk holds after these steps when the power goes."""
    written: dict[str, bytearray] = {}
    durable: dict[str, bytes] = {}
    entries: set[str] = {"."}
    waiting: set[str] = set()
    database = b""
    for step in steps:
        if step.what == "commit":
            database = step.body
        elif step.what in ("create", "folder"):
            waiting.add(step.path)
            if step.what == "create":
                written[step.path] = bytearray()
        elif step.what == "write":
            written[step.path] += step.body
        elif step.what == "cut":
            del written[step.path][step.size :]
        elif step.what == "sync":
            durable[step.path] = bytes(written[step.path])
        elif step.what == "entries":
            inside = {one for one in waiting if (os.path.dirname(one) or ".") == step.path}
            entries |= inside
            waiting -= inside
    folder.mkdir(parents=True)
    if database:
        (folder / "index.db").write_bytes(database)
    for path, body in written.items():
        above = [path, *(str(one) for one in Path(path).parents)]
        if fate == "lost" and not all(one in entries for one in above):
            continue
        safe = durable.get(path, b"")
        rest = bytes(body[len(safe) :]) if len(body) >= len(safe) else b""
        some = chance.randint(0, len(rest))
        if fate == "zeros":  # the size was kept, the blocks behind it were not
            rest, some = rest[:some] + bytes(len(rest) - some), len(rest)
        part = {"lost": 0, "kept": len(rest), "torn": some, "zeros": some}[fate]
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(safe + rest[:part])
