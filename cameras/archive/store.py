"""archive.db, beside the recorder's index: which copies of a recording lie where, what was removed and why.

Written by exam-archive alone. A recording is named by its path below the media folder: that name stays the same when
the index is built anew from the files, and it is the copy's name on every place. Times are microseconds since 1970.
"""

import logging
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import msgspec

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from cameras.archive.lawful import day_of, lawful_of
from cameras.archive.schema import SCHEMAS
from cameras.index import file_number, micros, moment, prepare

log = logging.getLogger("examsite.archive")

FILE = "archive.db"
DISK = ""
"""The recording disk as a place."""
EVERYWHERE = "*"
"""Place of a removal that ends a recording's life."""
WITHDRAWN = "*withdrawn "
"""Place, with the event's number, of a removal that a hold withdrew: it removes nothing, and stands on its list."""
MISSING = "missing"
"""Name of the originals in `pending` that were found missing, until they are there again."""
READ = ("altered", "missing", "unreadable")
"""What reading a recording finds, and what reading it again may end."""
NAMED = 100
"""Findings of one place that go to the journal in a day; all of them stand in archive.db."""


class Copy(msgspec.Struct, kw_only=True, frozen=True):
    """A verified copy of a recording."""

    place: str
    path: str
    bytes: int
    sha256: str
    verified: datetime


class Removal(msgspec.Struct, kw_only=True, frozen=True):
    """A recording, or its file on one place, was taken away; `place`: DISK, a place's name, or EVERYWHERE. `event`: the
    event that told of it.
    """

    path: str
    place: str
    at: datetime
    why: str
    who: str
    event: int = 0


def _unreadable(error: Exception) -> Unavailable:
    return Unavailable(
        "archive_unreadable",
        N_("The list of archived recordings cannot be read: {detail}"),
        N_("Exams and recording go on. The system administrator looks at the recording disk."),
        detail=str(error),
    )


class ArchiveReader:
    """Reads archive.db from any process; without the file there are no copies and no removals."""

    def __init__(self, media: Path) -> None:
        self.path = media / FILE
        self._link = threading.local()

    def _connection(self) -> sqlite3.Connection | None:
        there = file_number(self.path)
        known = getattr(self._link, "connection", None)
        if known is not None:
            if there == self._link.file:
                return cast(sqlite3.Connection, known)
            self._link.connection = None  # another disk, or a list made anew
            known.close()
        if there is None:
            return None
        found = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=5.0)
        try:
            found.execute("SELECT 1 FROM place LIMIT 1").fetchall()
        except sqlite3.OperationalError:
            found.close()  # a read-only disk without a writer: the file as it lies (cameras.index.Reader)
            if self.path.with_name(FILE + "-wal").exists():
                raise
            found = sqlite3.connect(f"file:{self.path}?immutable=1", uri=True)
        self._link.connection, self._link.file = found, there
        return found

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one SELECT. Raises Unavailable."""
        try:
            link = self._connection()
            return link.execute(sql, values).fetchall() if link else []
        except sqlite3.Error as error:
            raise _unreadable(error) from error

    def places(self) -> list[tuple[str, str]]:
        """(name, kind) of every place that ever held a copy."""
        return [(name, kind) for name, kind in self.rows("SELECT name, kind FROM place ORDER BY name")]

    def copies(self, path: str) -> list[Copy]:
        """The copies of one recording."""
        # The key begins with the place, so that copies lie on the disk in the order they are made and scrubbed: each
        # place is asked in turn (CROSS JOIN keeps that order).
        found = self.rows(
            "SELECT c.place, c.path, c.bytes, c.sha256, c.verified FROM place p CROSS JOIN copy c"
            " WHERE c.place = p.name AND c.path = ?",
            path,
        )
        return [
            Copy(place=place, path=name, bytes=size, sha256=sha256, verified=moment(at))
            for place, name, size, sha256, at in found
        ]

    def suspect(self, path: str, codes: Sequence[str] = ("altered", "unreadable")) -> set[str]:
        """Places where what lies there of a recording was found not to hold."""
        found = self.rows("SELECT place, code FROM finding WHERE path = ? AND over IS NULL", path)
        return {place for place, code in found if code in codes}

    def been(self, path: str) -> list[str]:
        """Places where a copy lies, or something of it that was set aside."""
        found = self.rows(
            "SELECT name FROM place p WHERE name <> ? AND ("
            "EXISTS (SELECT 1 FROM copy c WHERE c.place = p.name AND c.path = ?)"
            " OR EXISTS (SELECT 1 FROM finding f WHERE f.place = p.name AND f.path = ?)) ORDER BY name",
            *(DISK, path, path),
        )
        return [name for (name,) in found]

    def removals(self, path: str) -> dict[str, Removal]:
        """What was taken away of one recording, by place."""
        found = self.rows(
            "SELECT path, place, at, why, who, event FROM removal WHERE path = ? AND instr(place, ?) <> 1",
            *(path, WITHDRAWN),
        )
        return {
            place: Removal(path=name, place=place, at=moment(at), why=why, who=who, event=event)
            for name, place, at, why, who, event in found
        }

    def list_of(self, event: int) -> list[str]:
        """The recordings an event told of as deleted, those a hold kept among them."""
        found = self.rows(
            "SELECT path FROM removal WHERE event = ? AND place IN (?, ?)",
            *(event, EVERYWHERE, f"{WITHDRAWN}{event}"),
        )
        return [path for (path,) in found]

    def gone(self, prefix: str, now: datetime) -> set[str]:
        """Paths below `prefix` whose file is lawfully no longer on the recording disk."""
        end = prefix + chr(0x10FFFF)
        rows = self.rows(
            "SELECT path, place, at FROM removal WHERE path >= ? AND path < ? AND place IN (?, ?)",
            *(prefix, end, DISK, EVERYWHERE),
        )
        return {path for path, place, at in rows if place == DISK or lawful_of(path, moment(at), now)}


class Archive(ArchiveReader):
    """exam-archive's writing side: one connection, every fact durable when the call returns."""

    def __init__(self, media: Path) -> None:
        super().__init__(media)
        self._lock = threading.RLock()
        self.damaged = False
        """The list that was there could not be read and was set aside."""
        try:
            media.mkdir(parents=True, exist_ok=True)
            try:
                self._open()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                self._set_aside(error)
                self._open()
        except (OSError, sqlite3.Error) as error:
            raise _unreadable(error) from error

    def _open(self) -> None:
        self._writer = sqlite3.connect(self.path, check_same_thread=False, timeout=5.0, isolation_level=None)
        prepare(self._writer, SCHEMAS)
        if not self.kept("id"):  # the numbers of its events count for this list alone
            with self.transaction():
                self.keep("id", new_id())
                self.keep("new", "yes")

    def _set_aside(self, error: sqlite3.Error) -> None:
        """Keep a damaged list under another name, for whoever looks into it."""
        name = f"{FILE}.damaged-{new_id()}"
        log.error("the list of archived recordings is damaged and set aside as %s: %s", name, error)
        self._writer.close()
        for ending in ("", "-wal", "-shm"):
            part = self.path.with_name(FILE + ending)
            if part.exists():
                part.rename(part.with_name(name + ending))
        self.damaged = True

    @property
    def new(self) -> bool:
        """It was made here, and nobody has looked yet whether a place keeps an older one."""
        return self.kept("new") != ""

    @property
    def id(self) -> str:
        """This list, and no other: one made anew counts its events anew."""
        return self.kept("id")

    def _connection(self) -> sqlite3.Connection:
        return self._writer

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one SELECT on the writer's connection."""
        with self._lock:
            return super().rows(sql, *values)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, durable at the end."""
        with self._lock:
            if self._within():  # a part of a larger one
                yield self._writer
                return
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._within():
                    self._writer.execute("ROLLBACK")
                raise

    def _within(self) -> bool:
        return self._writer.in_transaction

    def begin_anew(self) -> None:
        """A list brought back: its numbers go on under a new name, and what nobody had fetched is told again."""
        with self.transaction() as link:
            link.execute("DELETE FROM event WHERE number <= ?", (int(self.kept("fetched") or 0),))
            link.execute("DELETE FROM kept WHERE name LIKE 'proofs:%'")  # its proof has a folder of its own
            self.keep("id", new_id())

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._writer.close()

    def keep_copy(self, place: str, path: str, size: int, sha256: str, at: datetime) -> None:
        """A copy was read back and holds what was recorded."""
        with self.transaction() as link:
            new = not link.execute(
                "SELECT 1 FROM copy WHERE place = ? AND path = ?", (place, path)
            ).fetchone()
            link.execute(
                "INSERT OR REPLACE INTO copy(place, path, bytes, sha256, verified) VALUES (?, ?, ?, ?, ?)",
                (place, path, size, sha256, micros(at)),
            )
            if new:
                self._weigh(link, place, size, 1)
                day = day_of(path)
                link.execute(
                    "UPDATE place SET first = CASE WHEN first = '' OR first > ? THEN ? ELSE first END,"
                    " last = CASE WHEN last < ? THEN ? ELSE last END WHERE name = ?",
                    (day, day, day, day, place),
                )

    def drop_copy(self, place: str, path: str) -> None:
        """A copy is gone from a place: its file was taken away, or what lies there is not what was recorded."""
        with self.transaction() as link:
            row = link.execute(
                "SELECT bytes FROM copy WHERE place = ? AND path = ?", (place, path)
            ).fetchone()
            if row:
                link.execute("DELETE FROM copy WHERE place = ? AND path = ?", (place, path))
                self._weigh(link, place, -row[0], -1)

    def _weigh(self, link: sqlite3.Connection, place: str, size: int, number: int) -> None:
        link.execute(
            "UPDATE place SET bytes = bytes + ?, copies = copies + ? WHERE name = ?", (size, number, place)
        )

    def remove(self, path: str, place: str, at: datetime, why: str, who: str, event: int = 0) -> None:
        """The row that says why, before the file goes. `event`: the event that tells of it."""
        with self.transaction() as link:
            link.execute(
                "INSERT OR IGNORE INTO removal(path, place, at, why, who, event) VALUES (?, ?, ?, ?, ?, ?)",
                (path, place, micros(at), why, who, event),
            )

    def removed(self, path: str, place: str) -> None:
        """The file is gone. What the original weighs is the caller's affair (walk.weighing), here and in `stays`."""
        with self.transaction() as link:
            link.execute("UPDATE removal SET done = 1 WHERE path = ? AND place = ?", (path, place))

    def stays(self, path: str, place: str) -> None:
        """A removal is given up, for the file lies there."""
        with self.transaction() as link:
            link.execute("DELETE FROM removal WHERE path = ? AND place = ?", (path, place))

    def open_removals(self) -> list[tuple[str, str]]:
        """(path, place) of removals whose files may still lie there."""
        return [(path, place) for path, place in self.rows("SELECT path, place FROM removal WHERE done = 0")]

    def find(self, place: str, path: str, code: str, at: datetime) -> bool:
        """Something does not hold; True when nobody has been told yet."""
        with self.transaction() as link:
            told = link.execute(
                "INSERT INTO finding(place, path, code, at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT(place, path, code) DO UPDATE SET at = excluded.at, over = NULL, acknowledged = NULL"
                " WHERE over IS NOT NULL",
                (place, path, code, micros(at)),
            ).rowcount
            if told and self._worth_telling(place, at):
                body = {"place": place or "recording disk", "path": path, "code": code}
                self.tell(at, "finding", body)
        return bool(told)

    def _worth_telling(self, place: str, at: datetime) -> bool:
        """A disk that dies takes a million recordings with it: the journal names a hundred a day."""
        day, number = f"{at:%Y%m%d}", 0
        if (kept := self.kept(f"findings:{place}")).startswith(day):
            number = int(kept[len(day) :])
        self.keep(f"findings:{place}", f"{day}{number + 1}")
        return number < NAMED

    def clear(self, place: str, path: str, at: datetime, codes: Sequence[str] = READ) -> None:
        """It holds (again): findings of these `codes` are over; it is copied where it has to be, and may leave the
        recording disk when its copies are there.
        """
        with self.transaction() as link:
            done = link.execute(
                "UPDATE finding SET over = ? WHERE place = ? AND path = ? AND over IS NULL"
                f" AND code IN ({', '.join('?' * len(codes))})",
                (micros(at), place, path, *codes),
            )
            if done.rowcount:
                link.execute(
                    "INSERT OR IGNORE INTO pending(name, path) SELECT ?, ? UNION SELECT"
                    " substr(name, 1, instr(name || '|', '|') - 1), ? FROM bookmark"
                    " WHERE name LIKE 'copy:%' OR name LIKE 'offline%'",
                    (f"free:{DISK}", path, path),
                )

    def over(self, path: str, at: datetime) -> None:
        """What was found of a recording is over with its life."""
        with self.transaction() as link:
            link.execute("UPDATE finding SET over = ? WHERE path = ? AND over IS NULL", (micros(at), path))

    def acknowledge(self, said: str, place: str, path: str, until: datetime) -> None:
        """Two people know of what was found on a place up to then; `path` empty: of all of it. It stays suspect.
        `said`: the id of it, each counts once: under a clock set back, what is found later would be known before.
        """
        with self.transaction() as link:
            if self.kept(f"acknowledged:{said}"):
                return
            self.keep(f"acknowledged:{said}", str(micros(until)))
            link.execute(
                "UPDATE finding SET acknowledged = ? WHERE place = ? AND (path = ? OR ? = '') AND at <= ?"
                " AND over IS NULL AND acknowledged IS NULL",
                (micros(until), place, path, path, micros(until)),
            )

    def tell(self, at: datetime, kind: str, body: dict[str, Any]) -> int:
        """An event exam-web takes into the journal; returns its number."""
        with self.transaction() as link:
            text = msgspec.json.encode(body, order="sorted").decode()
            done = link.execute(
                "INSERT INTO event(at, kind, body) VALUES (?, ?, ?)", (micros(at), kind, text)
            )
            return int(done.lastrowid or 0)

    def kept(self, name: str) -> str:
        """A value kept under a name, or empty."""
        found = self.rows("SELECT value FROM kept WHERE name = ?", name)
        return str(found[0][0]) if found else ""

    def keep(self, name: str, value: str) -> None:
        """Keep it."""
        with self.transaction() as link:
            link.execute("INSERT OR REPLACE INTO kept(name, value) VALUES (?, ?)", (name, value))
