"""The recorder's own index: one SQLite file beside the recordings. Times are microseconds since 1970, UTC.

A segment's row is written before its file exists and completed when the file is closed, so that the disk
never holds anything the index has not heard of. Nothing is ever deleted here.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import msgspec

from appliance.base.errors import NotFound, Unavailable
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.wire.recorder import Cause, Kept

FILE = "index.db"
VERSION = 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SCHEMA = """
CREATE TABLE run(
  id TEXT PRIMARY KEY, camera TEXT NOT NULL, opened INTEGER NOT NULL, closed INTEGER,
  cause TEXT NOT NULL DEFAULT '', codec TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL
);
CREATE TABLE segment(
  id TEXT PRIMARY KEY, run TEXT NOT NULL REFERENCES run(id), camera TEXT NOT NULL, path TEXT NOT NULL UNIQUE,
  start INTEGER NOT NULL, end INTEGER, bytes INTEGER NOT NULL DEFAULT 0, sha256 TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'recovered', 'adopted', 'missing')),
  cause TEXT NOT NULL DEFAULT ''
);
CREATE INDEX segment_by_camera ON segment(camera, start);
CREATE INDEX segment_open ON segment(state) WHERE state = 'open';
CREATE TABLE gap(
  id TEXT PRIMARY KEY, camera TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER,
  cause TEXT NOT NULL CHECK (cause IN ('network', 'camera', 'disk', 'stopped')), detail TEXT NOT NULL
);
CREATE INDEX gap_by_camera ON gap(camera, start);
CREATE TABLE finding(
  id TEXT PRIMARY KEY, at INTEGER NOT NULL, code TEXT NOT NULL, path TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE TABLE stream(camera TEXT PRIMARY KEY, address TEXT NOT NULL, uri TEXT NOT NULL, at INTEGER NOT NULL);
"""


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // timedelta(microseconds=1)


def moment(value: int) -> datetime:
    """The time of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=value)


class Segment(msgspec.Struct, kw_only=True):
    """One file of the store. `end` None: still being written. `path` is relative to the media folder."""

    id: str
    run: str
    camera: str
    path: str
    start: datetime
    end: datetime | None
    bytes: int
    sha256: str
    state: Kept


class GapRow(msgspec.Struct, kw_only=True):
    """One gap; `end` None: not over."""

    id: str
    camera: str
    start: datetime
    end: datetime | None
    cause: Cause


NOT_GONE = "AND state <> 'missing'"
SEGMENT = "id, run, camera, path, start, end, bytes, sha256, state"


def _segment(row: tuple[Any, ...]) -> Segment:
    return Segment(
        id=row[0],
        run=row[1],
        camera=row[2],
        path=row[3],
        start=moment(row[4]),
        end=None if row[5] is None else moment(row[5]),
        bytes=row[6],
        sha256=row[7],
        state=row[8],
    )


class Reader:
    """Reads the index; any number of them, in any process, disturbs nobody."""

    def __init__(self, media: Path) -> None:
        self.path = media / FILE
        self._link = threading.local()

    def _connection(self) -> sqlite3.Connection:
        known = getattr(self._link, "connection", None)
        if known is not None:
            return cast(sqlite3.Connection, known)
        if not self.path.exists():
            raise NotFound(
                "no_recordings",
                N_("There are no recordings in {folder}."),
                N_("Start exam-recorder, or correct the media folder in the configuration."),
                folder=str(self.path.parent),
            )
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=5.0)
        try:
            connection.execute("SELECT 1 FROM run LIMIT 1").fetchall()
        except sqlite3.OperationalError:
            # On a read-only disk SQLite cannot make the shared memory file of a WAL database. Without a
            # writer there is no WAL either, and the file may be read as it lies.
            connection.close()
            if self.path.with_name(FILE + "-wal").exists():
                raise
            connection = sqlite3.connect(f"file:{self.path}?immutable=1", uri=True)
        self._link.connection = connection
        return connection

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one SELECT."""
        try:
            return self._connection().execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise Unavailable(
                "index_unreadable",
                N_("The recordings' index cannot be read: {detail}"),
                N_("Exams go on. The system administrator looks at the recording disk."),
                detail=str(error),
            ) from error

    def between(self, camera: str, start: datetime, end: datetime, gone: bool = False) -> list[Segment]:
        """Segments of a camera that touch start..end, in order; an open one counts as going on. `gone`: with
        those whose file is known to be missing.
        """
        # A segment is found by its start; the longest one bounds how far back to look. One that went missing
        # before it was ever completed ends where it begins (miss_segment): at `start` itself it still touches.
        after = micros(start) - 1 if gone else micros(start)
        rows = self.rows(
            f"SELECT {SEGMENT} FROM segment WHERE camera = ? AND start < ? AND start >= ?"
            f" AND (end IS NULL OR end > ?) {'' if gone else NOT_GONE} ORDER BY start",
            *(camera, micros(end), micros(start - LONGEST), after),
        )
        return [_segment(row) for row in rows]

    def newest(self, camera: str) -> Segment | None:
        """The last segment of a camera."""
        rows = self.rows(
            f"SELECT {SEGMENT} FROM segment WHERE camera = ? AND state <> 'missing'"
            " ORDER BY start DESC LIMIT 1",
            camera,
        )
        return _segment(rows[0]) if rows else None

    def before(self, camera: str, at: datetime) -> list[Segment]:
        """The segment of a camera that began last before `at`, if any."""
        rows = self.rows(
            f"SELECT {SEGMENT} FROM segment WHERE camera = ? AND start < ? AND state <> 'missing'"
            " ORDER BY start DESC LIMIT 1",
            camera,
            micros(at),
        )
        return [_segment(row) for row in rows]

    def every(self) -> Iterator[Segment]:
        """All segments, in order of camera and time."""
        for row in self.rows(f"SELECT {SEGMENT} FROM segment ORDER BY camera, start"):
            yield _segment(row)

    def unfinished(self) -> list[Segment]:
        """Segments without an end: being written, or left behind by a crash."""
        return [_segment(row) for row in self.rows(f"SELECT {SEGMENT} FROM segment WHERE state = 'open'")]

    def known_paths(self, prefix: str) -> set[str]:
        """Relative paths the index knows below `prefix`."""
        return {row[0] for row in self.rows("SELECT path FROM segment WHERE path LIKE ? || '%'", prefix)}

    def gaps(self, camera: str, start: datetime, end: datetime) -> list[GapRow]:
        """Gaps of a camera that touch start..end."""
        rows = self.rows(
            "SELECT id, camera, start, end, cause FROM gap WHERE camera = ? AND start < ?"
            " AND (end IS NULL OR end > ?) ORDER BY start",
            camera,
            micros(end),
            micros(start),
        )
        return [_gap(row) for row in rows]

    def open_gap(self, camera: str) -> GapRow | None:
        """The gap of a camera that is not over."""
        rows = self.rows(
            "SELECT id, camera, start, end, cause FROM gap WHERE camera = ? AND end IS NULL"
            " ORDER BY start DESC LIMIT 1",
            camera,
        )
        return _gap(rows[0]) if rows else None

    def cameras(self) -> list[str]:
        """Cameras that have ever been recorded."""
        return [row[0] for row in self.rows("SELECT DISTINCT camera FROM run ORDER BY camera")]

    def last_end(self, camera: str) -> datetime | None:
        """When the last finished segment of a camera ends."""
        rows = self.rows(
            "SELECT end FROM segment WHERE camera = ? AND end IS NOT NULL ORDER BY start DESC LIMIT 1", camera
        )
        return moment(rows[0][0]) if rows else None

    def sums(self, camera: str, since: datetime) -> tuple[int, float]:
        """Bytes and seconds of a camera's finished segments that began at or after `since`."""
        rows = self.rows(
            "SELECT coalesce(sum(bytes), 0), coalesce(sum(end - start), 0) FROM segment"
            " WHERE camera = ? AND start >= ? AND end IS NOT NULL",
            camera,
            micros(since),
        )
        return int(rows[0][0]), rows[0][1] / 1e6

    def stream(self, camera: str, address: str) -> str:
        """The stream address this camera gave last time, or empty."""
        rows = self.rows("SELECT uri FROM stream WHERE camera = ? AND address = ?", camera, address)
        return rows[0][0] if rows else ""


LONGEST = timedelta(hours=1)
"""No segment is longer: the recorder closes one at the first key frame after `segment` seconds."""


def _gap(row: tuple[Any, ...]) -> GapRow:
    return GapRow(
        id=row[0],
        camera=row[1],
        start=moment(row[2]),
        end=None if row[3] is None else moment(row[3]),
        cause=row[4],
    )


class Index(Reader):
    """The recorder's own, writing side: one connection, every fact durable when the call returns.

    Raises sqlite3.Error when the disk does not take it.
    """

    def __init__(self, media: Path) -> None:
        super().__init__(media)
        self._lock = threading.RLock()
        try:
            media.mkdir(parents=True, exist_ok=True)
            self._writer = sqlite3.connect(
                self.path, check_same_thread=False, timeout=5.0, isolation_level=None
            )
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise Unavailable(
                "media_unusable",
                N_("The recordings' folder {folder} cannot be used: {detail}"),
                N_("Exams go on. The system administrator looks at the recording disk."),
                folder=str(media),
                detail=str(error),
            ) from error

    def _prepare(self) -> None:
        self._writer.execute("PRAGMA busy_timeout = 5000")
        self._writer.execute("PRAGMA journal_mode = WAL")
        self._writer.execute("PRAGMA synchronous = FULL")
        if self._writer.execute("PRAGMA user_version").fetchone()[0] == 0:
            with self._transaction() as link:
                for statement in SCHEMA.split(";"):
                    link.execute(statement)
                link.execute(f"PRAGMA user_version = {VERSION}")

    def _connection(self) -> sqlite3.Connection:
        return self._writer

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one SELECT on the writer's connection."""
        with self._lock:
            return super().rows(sql, *values)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def write(self, sql: str, *values: Any) -> None:
        """One statement in its own transaction."""
        with self._transaction() as link:
            link.execute(sql, values)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._writer.close()

    def open_run(self, run: str, camera: str, at: datetime, codec: str, width: int, height: int) -> None:
        """A connection has begun to deliver pictures."""
        self.write(
            "INSERT INTO run(id, camera, opened, codec, width, height) VALUES (?, ?, ?, ?, ?, ?)",
            run,
            camera,
            micros(at),
            codec,
            width,
            height,
        )

    def close_run(self, run: str, at: datetime, cause: str) -> None:
        """It has ended."""
        self.write("UPDATE run SET closed = ?, cause = ? WHERE id = ?", micros(at), cause, run)

    def open_segment(self, segment: Segment) -> None:
        """A file is about to be written (or was found, when adopted)."""
        self.write(
            "INSERT INTO segment(id, run, camera, path, start, state) VALUES (?, ?, ?, ?, ?, ?)",
            segment.id,
            segment.run,
            segment.camera,
            segment.path,
            micros(segment.start),
            segment.state,
        )

    def close_segment(
        self, segment: str, start: datetime, end: datetime, size: int, sha256: str, state: Kept, cause: str
    ) -> None:
        """The file is complete, synced, and this is what it holds."""
        self.write(
            "UPDATE segment SET start = ?, end = ?, bytes = ?, sha256 = ?, state = ?, cause = ? WHERE id = ?",
            micros(start),
            micros(end),
            size,
            sha256,
            state,
            cause,
            segment,
        )

    def miss_segment(self, segment: Segment) -> None:
        """The file of this row is gone."""
        self.write(
            "UPDATE segment SET state = 'missing', end = coalesce(end, start) WHERE id = ?", segment.id
        )

    def open_gap_row(self, gap: str, camera: str, at: datetime, cause: Cause, detail: str) -> None:
        """Nothing is recorded from `at` on."""
        self.write(
            "INSERT INTO gap(id, camera, start, cause, detail) VALUES (?, ?, ?, ?, ?)",
            gap,
            camera,
            micros(at),
            cause,
            detail,
        )

    def close_gap(self, gap: str, at: datetime) -> None:
        """It is over (or another cause goes on from here)."""
        self.write("UPDATE gap SET end = max(start, ?) WHERE id = ?", micros(at), gap)

    def find(self, at: datetime, code: str, path: str, detail: str) -> None:
        """Something on the disk is not as the index has it: a fact for people, said once."""
        if not self.rows("SELECT 1 FROM finding WHERE code = ? AND path = ?", code, path):
            self.write(
                "INSERT INTO finding(id, at, code, path, detail) VALUES (?, ?, ?, ?, ?)",
                new_id(),
                micros(at),
                code,
                path,
                detail,
            )

    def keep_stream(self, camera: str, address: str, uri: str, at: datetime) -> None:
        """Remember the stream address, so that recording starts even when ONVIF does not answer."""
        self.write(
            "INSERT INTO stream(camera, address, uri, at) VALUES (?, ?, ?, ?) ON CONFLICT(camera) DO UPDATE"
            " SET address = excluded.address, uri = excluded.uri, at = excluded.at",
            *(camera, address, uri, micros(at)),
        )
