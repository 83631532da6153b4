"""Writing the recorder's index: exam-recorder alone does.

A segment's row is written before its file exists and completed when the file is closed, so that the disk
never holds anything the index has not heard of. Nothing is ever deleted here.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.wire.recorder import Cause, Kept
from cameras.index.reader import Reader, Segment
from cameras.index.schema import SCHEMA, VERSION, micros


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
