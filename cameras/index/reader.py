"""Reading the recorder's index: what exists of a camera, and what does not."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import msgspec

from appliance.base.errors import NotFound, Unavailable
from appliance.base.i18n import N_
from appliance.wire.recorder import AlarmSpan, Cause, Kept
from cameras.chain import FOLDER
from cameras.index.schema import FILE, micros, moment

LONGEST = timedelta(hours=1)
"""No segment is longer: the recorder closes one at the first key frame after `segment` seconds."""
PAGE = 5000


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


def file_number(path: Path) -> tuple[int, int] | None:
    """Which file lies there (device and inode); None: none does."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


NOT_GONE = "AND state <> 'missing'"
ALARM = "camera, kind, start, end"
GAP = "id, camera, start, end, cause"
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

    @property
    def unread(self) -> list[str] | None:
        """Files of the chains (CAMERA/NAME) whose rows did not come back to an index built anew, for they cannot be
        read; None: rows of long ago are still given back beside the recording (cameras/recorder/reconcile.py).
        """
        try:
            return self.path.with_name(f"{self.path.name}.rebuilding").read_text().splitlines() or None
        except FileNotFoundError:
            return []
        except OSError:
            return None

    @property
    def rebuilding(self) -> bool:
        """Rows come back now: nobody knows yet which are lacking."""
        return self.unread is None

    @property
    def lacking(self) -> set[str] | None:
        """Cameras of these files: not everything they recorded is known. None: nobody knows yet which they are."""
        return None if (unread := self.unread) is None else {name.partition("/")[0] for name in unread}

    def _connection(self) -> sqlite3.Connection:
        there = file_number(self.path)
        known = getattr(self._link, "connection", None)
        if known is not None:
            if there == self._link.file:
                return cast(sqlite3.Connection, known)
            # Another disk, or an index built anew: what the old file still says is of the past.
            self._link.connection = None
            known.close()
        if there is None:
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
        self._link.connection, self._link.file = connection, there
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

    def each(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Run one SELECT whose rows are too many for the memory. Raises sqlite3.Error."""
        yield from self._connection().execute(sql, values)

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
        """The last segment of a camera: the one being written, or the one that began last."""
        # After the clock was set back older recordings have later times: while one is written, it is the newest.
        rows = self.rows(
            f"SELECT {SEGMENT} FROM segment WHERE camera = ? AND state = 'open'"
            " AND path NOT LIKE '%.filled.mp4' ORDER BY rowid DESC LIMIT 1",  # what fills a gap is of the past
            camera,
        ) or self.rows(
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
        """All segments, in order of camera and time; a page of them in memory at a time."""
        camera, start, last = "", 0, ""
        while True:
            rows = self.rows(
                f"SELECT {SEGMENT} FROM segment WHERE (camera, start, id) > (?, ?, ?)"
                f" ORDER BY camera, start, id LIMIT {PAGE}",
                *(camera, start, last),
            )
            yield from map(_segment, rows)
            if len(rows) < PAGE:
                return
            last, camera, start = rows[-1][0], rows[-1][2], rows[-1][4]

    def numbered(self, row: int) -> list[Segment]:
        """The segment of one row, if there is one."""
        return [_segment(one) for one in self.rows(f"SELECT {SEGMENT} FROM segment WHERE rowid = ?", row)]

    def unfinished(self) -> list[Segment]:
        """Segments without an end, as they were begun: being written, or left behind by a crash."""
        rows = self.rows(f"SELECT {SEGMENT} FROM segment WHERE state = 'open' ORDER BY rowid")
        return [_segment(row) for row in rows]

    def known_paths(self, prefix: str) -> set[str]:
        """Relative paths the index knows below `prefix`."""
        rows = self.rows(
            "SELECT path FROM segment WHERE path >= ? AND path < ?", prefix, prefix + "\U0010ffff"
        )
        return {row[0] for row in rows}

    def gaps(self, camera: str, start: datetime, end: datetime) -> list[GapRow]:
        """Gaps of a camera that touch start..end, those by plan (`resting`) among them."""
        # A camera's gaps follow one another: of those that began before, only the last one can reach in.
        rows = self.rows(
            f"SELECT {GAP} FROM gap WHERE camera = ? AND start < ? AND (end IS NULL OR end > ?) AND start >="
            " coalesce((SELECT max(start) FROM gap WHERE camera = ? AND start <= ?), 0) ORDER BY start",
            *(camera, micros(end), micros(start), camera, micros(start)),
        )
        return [_gap(row) for row in rows]

    def open_gap(self, camera: str) -> GapRow | None:
        """The gap of a camera that is not over."""
        rows = self.rows(
            f"SELECT {GAP} FROM gap WHERE camera = ? AND end IS NULL ORDER BY start DESC LIMIT 1",
            camera,
        )
        return _gap(rows[0]) if rows else None

    def alarms(self, camera: str, start: datetime, end: datetime) -> list[AlarmSpan]:
        """Alarms of a camera that touch start..end, in order."""
        rows = self.rows(
            f"SELECT {ALARM} FROM alarm WHERE camera = ? AND start < ? AND (end IS NULL OR end > ?)"
            " ORDER BY start, kind",
            *(camera, micros(end), micros(start)),
        )
        return [_alarm(row) for row in rows]

    def open_alarms(self, camera: str) -> list[AlarmSpan]:
        """Alarms of a camera that are not over."""
        rows = self.rows(f"SELECT {ALARM} FROM alarm WHERE camera = ? AND end IS NULL", camera)
        return [_alarm(row) for row in rows]

    def cameras(self) -> list[str]:
        """Cameras that have ever been recorded."""
        return [
            row[0] for row in self.rows("SELECT camera FROM chain UNION SELECT camera FROM run ORDER BY 1")
        ]

    def last_end(self, camera: str) -> datetime | None:
        """When the last finished segment of a camera ends."""
        rows = self.rows(
            "SELECT end FROM segment WHERE camera = ? AND end IS NOT NULL ORDER BY start DESC LIMIT 1", camera
        )
        return moment(rows[0][0]) if rows else None

    def first_start(self) -> datetime | None:
        """When the oldest segment of all cameras begins."""
        sql = "SELECT min(start) FROM segment WHERE camera = ?"
        starts = [row[0] for camera in self.cameras() for row in self.rows(sql, camera)]
        return moment(min(known)) if (known := [one for one in starts if one is not None]) else None

    def newest_end(self) -> datetime | None:
        """When the newest finished segment of all cameras ends."""
        return max(filter(None, map(self.last_end, self.cameras())), default=None)

    def sums(self, camera: str, since: datetime) -> tuple[int, float]:
        """Bytes and seconds of a camera's finished segments that began at or after `since`."""
        rows = self.rows(
            "SELECT coalesce(sum(bytes), 0), coalesce(sum(end - start), 0) FROM segment"
            " WHERE camera = ? AND start >= ? AND end IS NOT NULL",
            camera,
            micros(since),
        )
        return int(rows[0][0]), rows[0][1] / 1e6

    def chain_head(self, camera: str) -> tuple[int, bytes] | None:
        """Number and hash of the newest link of a camera's chain."""
        rows = self.rows("SELECT n, head FROM chain WHERE camera = ?", camera)
        return (rows[0][0], rows[0][1]) if rows else None

    def last_seal(self, camera: str) -> tuple[int, int, str] | None:
        """Number of a camera's newest seal, the link it names, and its line."""
        rows = self.rows(
            "SELECT number, n, line FROM seal WHERE camera = ? ORDER BY number DESC LIMIT 1", camera
        )
        return rows[0] if rows else None

    def sealed_for(self, sitting: str) -> set[str]:
        """Cameras sealed after a sitting."""
        return {row[0] for row in self.rows("SELECT camera FROM seal WHERE sitting = ?", sitting)}

    def found(self, since: datetime, codes: Sequence[str]) -> dict[str, int]:
        """How many files of each camera (`recorder`: of none) were found to be one of `codes` since then."""
        marks = ", ".join("?" * len(codes))
        rows = self.rows(
            f"SELECT path FROM finding WHERE at >= ? AND code IN ({marks})", micros(since), *codes
        )
        return Counter(camera_of(path) for (path,) in rows)

    def stream(self, camera: str, address: str) -> str:
        """The stream address this camera gave last time, or empty."""
        rows = self.rows("SELECT uri FROM stream WHERE camera = ? AND address = ?", camera, address)
        return rows[0][0] if rows else ""


def camera_of(path: str) -> str:
    """The camera a finding's path is of; `recorder`: of none."""
    parts = path.removeprefix(f"{FOLDER}/").split("/")
    return parts[0] if "/" in path else "recorder"


def _alarm(row: tuple[Any, ...]) -> AlarmSpan:
    end = None if row[3] is None else moment(row[3])
    return AlarmSpan(camera=row[0], kind=row[1], start=moment(row[2]), end=end)


def _gap(row: tuple[Any, ...]) -> GapRow:
    return GapRow(
        id=row[0],
        camera=row[1],
        start=moment(row[2]),
        end=None if row[3] is None else moment(row[3]),
        cause=row[4],
    )
