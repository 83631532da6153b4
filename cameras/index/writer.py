"""Writing the recorder's index: exam-recorder alone does.

A segment's row is written before its file exists and completed when the file is closed, so that the disk
never holds anything the index has not heard of. Nothing is ever deleted here.
"""

import contextlib
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.wire.recorder import AlarmKind, Cause, Kept
from cameras.chain import (
    START,
    ChainFiles,
    GapLink,
    Link,
    Seal,
    SegmentLink,
    chained,
    encode,
    link_line,
)
from cameras.index.reader import Reader, Segment
from cameras.index.schema import SCHEMAS, micros, prepare

log = logging.getLogger("examsite.recorder")


LOOKED_OVER = 256 * 1024 * 1024
"""Bytes of an index that is looked over at the start: under a second."""
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
PUT_RIGHT = ("restored", "index_damaged")
"""Findings of a loss that was made good as it was found: the next one of the same camera is another loss."""
SEGMENT_LINK = ("camera", "id", "run", "path", "start", "end", "bytes", "sha256", "state", "cause")
GAP_LINK = ("camera", "id", "start", "end", "cause", "detail")
"""Columns of a row that its link states."""


class Index(Reader):
    """The recorder's own, writing side: one connection, every fact durable when the call returns.

    Raises sqlite3.Error when the disk does not take it.
    """

    def __init__(self, media: Path) -> None:
        super().__init__(media)
        self._lock = threading.RLock()
        self.chain = ChainFiles(media)
        self._unfiled: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        """Lines of the chain that are in the index and not yet in their file, in order."""
        self.held: set[str] = set()
        """Cameras whose lines do not go into their files now: these get them from the rows later (rebuild.py)."""
        self.opened: set[str] = set()
        """Segments this process has opened and not closed yet."""
        self.damaged = False
        """The file that was there could not be read and was set aside."""
        self.broken = False
        """A page of the file proved damaged while it was used: only opening it anew helps, which sets it aside."""
        self._mark = self.path.with_name(self.path.name + ".broken")
        try:
            media.mkdir(parents=True, exist_ok=True)
            try:
                if self._mark.exists():
                    raise sqlite3.DatabaseError(self._mark.read_text())
                self._open()
                self._look_over()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                self._set_aside(error)
                self._open()
        except (OSError, sqlite3.Error) as error:
            raise Unavailable(
                "media_unusable",
                N_("The recordings' folder {folder} cannot be used: {detail}"),
                N_("Exams go on. The system administrator looks at the recording disk."),
                folder=str(media),
                detail=str(error),
            ) from error

    def _set_aside(self, error: sqlite3.Error) -> None:
        """Keep a damaged index under another name; the chain's files give a new one (cameras/index/rebuild.py)."""
        name = f"{self.path.name}.damaged-{new_id()}"
        log.error("the index %s is damaged and set aside as %s: %s", self.path, name, error)
        if self._mark.exists():
            self._mark.unlink()
        else:
            self._writer.close()
        for ending in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + ending)
            if part.exists():
                part.rename(self.path.with_name(name + ending))
        self.damaged = True

    def _open(self) -> None:
        self._writer = sqlite3.connect(self.path, check_same_thread=False, timeout=5.0, isolation_level=None)
        prepare(self._writer, SCHEMAS)

    def _look_over(self) -> None:
        """Raises DatabaseError for a damaged page. A large file is not read at each start: there it shows in use."""
        if self.path.stat().st_size <= LOOKED_OVER:
            told = self._writer.execute("PRAGMA quick_check(1)").fetchone()[0]
            if told != "ok":
                raise sqlite3.DatabaseError(told)

    def _connection(self) -> sqlite3.Connection:
        return self._writer

    def _note_damage(self, error: BaseException | None) -> None:
        """A damaged page is remembered beside the file, for the next process."""
        if not self.broken and getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED:
            self.broken = True
            log.error("the index %s is damaged: %s; it is built again at the next start", self.path, error)
            with contextlib.suppress(OSError):
                self._mark.write_text(str(error))

    @contextmanager
    def noting_damage(self) -> Iterator[None]:
        """What is read meanwhile by another connection: a damaged page counts as found here."""
        try:
            yield
        except (Unavailable, sqlite3.Error) as error:
            self._note_damage(error if isinstance(error, sqlite3.Error) else error.__cause__)
            raise

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one SELECT on the writer's connection."""
        with self._lock:
            try:
                return super().rows(sql, *values)
            except Unavailable as error:
                self._note_damage(error.__cause__)
                raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything done with what it gives, or nothing; durable at its end."""
        with self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException as error:
                self._note_damage(error)
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nothing is chained meanwhile."""
        with self._lock:
            yield

    def write(self, sql: str, *values: Any) -> None:
        """One statement in its own transaction."""
        with self.transaction() as link:
            link.execute(sql, values)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self.file_lines()
            self._writer.close()

    def file_lines(self) -> None:
        """Add to the chain's files what is in the index; what the disk does not take waits for the next time."""
        with self._lock:
            while self._unfiled:
                add, values = self._unfiled[0]
                try:
                    add(*values)
                except OSError as error:
                    log.error("%s: %d lines of the chain wait: %s", values[0], len(self._unfiled), error)
                    return
                self._unfiled.popleft()

    def _chain(self, link: sqlite3.Connection, table: str, made: Link) -> None:
        """Chain a row of `table` that is over, in the transaction that ends it. `made`: its `n` is filled in here."""
        known = link.execute("SELECT n, head FROM chain WHERE camera = ?", (made.camera,)).fetchone()
        last, head = known or (0, START)
        made = msgspec.structs.replace(made, n=last + 1)
        body = encode(made)
        head = chained(head, body)
        link.execute(f"UPDATE {table} SET n = ?, chained = ? WHERE id = ?", (made.n, head, made.id))
        self.keep_head(link, made.camera, made.n, head)
        if made.camera not in self.held:
            self._unfiled.append((self.chain.add_link, (made.camera, made.n, link_line(head, body))))

    def keep_head(self, link: sqlite3.Connection, camera: str, n: int, head: bytes) -> None:
        """The newest link of a camera."""
        link.execute("INSERT OR REPLACE INTO chain(camera, n, head) VALUES (?, ?, ?)", (camera, n, head))

    @contextmanager
    def _chaining(self) -> Iterator[sqlite3.Connection]:
        """A transaction that adds to a chain; the lines follow into their files when it is durable."""
        with self._lock:
            waiting = len(self._unfiled)
            try:
                with self.transaction() as link:
                    yield link
            except BaseException:
                while len(self._unfiled) > waiting:
                    self._unfiled.pop()
                raise
            self.file_lines()

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
        """A file is about to be written."""
        self.opened.add(segment.id)
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
        """The file is complete, synced, and this is what it holds: a link of its camera's chain from now on. Raises
        sqlite3.IntegrityError when somebody else has closed it, or its row is gone.
        """
        with self._chaining() as link:
            done = link.execute(
                "UPDATE segment SET start = ?, end = ?, bytes = ?, sha256 = ?, state = ?, cause = ?"
                " WHERE id = ? AND n IS NULL",
                (micros(start), micros(end), size, sha256, state, cause, segment),
            )
            if not done.rowcount:
                raise sqlite3.IntegrityError(
                    f"segment {segment} was closed by somebody else, or its row is gone"
                )
            self._chain_segment(link, segment)
        self.opened.discard(segment)

    def adopt(self, segment: Segment) -> None:
        """A file that was found, whole: row and link in one, in a run of its own."""
        assert segment.end
        with self._chaining() as link:
            link.execute(
                "INSERT INTO run(id, camera, opened, closed, cause, codec, width, height)"
                " VALUES (?, ?, ?, ?, 'adopted', '', 0, 0)",
                (segment.run, segment.camera, micros(segment.start), micros(segment.end)),
            )
            columns = ("id", "run", "camera", "path", "start", "end", "bytes", "sha256", "state")
            values = segment.id, segment.run, segment.camera, segment.path
            link.execute(
                f"INSERT INTO segment({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
                (
                    *values,
                    micros(segment.start),
                    micros(segment.end),
                    segment.bytes,
                    segment.sha256,
                    segment.state,
                ),
            )
            self._chain_segment(link, segment.id)

    def miss_segment(self, segment: Segment) -> None:
        """The file of this row, which was never completed, is gone."""
        with self._chaining() as link:
            link.execute(
                "UPDATE segment SET state = 'missing', end = coalesce(end, start) WHERE id = ? AND n IS NULL",
                (segment.id,),
            )
            self._chain_segment(link, segment.id)
        self.opened.discard(segment.id)

    def _chain_segment(self, link: sqlite3.Connection, segment: str) -> None:
        row = link.execute(
            f"SELECT {', '.join(SEGMENT_LINK)} FROM segment WHERE id = ? AND n IS NULL", (segment,)
        ).fetchone()
        if row:
            self._chain(link, "segment", SegmentLink(n=0, **dict(zip(SEGMENT_LINK, row, strict=True))))

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
        """It is over (or another cause goes on from here): a link of its camera's chain from now on."""
        with self._chaining() as link:
            link.execute("UPDATE gap SET end = max(start, ?) WHERE id = ? AND n IS NULL", (micros(at), gap))
            row = link.execute(
                f"SELECT {', '.join(GAP_LINK)} FROM gap WHERE id = ? AND n IS NULL", (gap,)
            ).fetchone()
            if row:
                self._chain(link, "gap", GapLink(n=0, **dict(zip(GAP_LINK, row, strict=True))))

    def keep_seal(self, seal: Seal, line: bytes) -> None:
        """A seal, signed: `line` as it stands in the seals' file."""
        with self._chaining() as link:
            link.execute(
                "INSERT INTO seal(camera, number, at, n, sitting, line) VALUES (?, ?, ?, ?, ?, ?)",
                (seal.camera, seal.number, micros(seal.at), seal.n, seal.sitting, line.decode()),
            )
            if seal.camera not in self.held:
                self._unfiled.append((self.chain.add_seal, (seal.camera, line)))

    def find(self, at: datetime, code: str, path: str, detail: str) -> None:
        """Something on the disk is not as the index has it: a fact for people, said once; what was put right may happen
        again.
        """
        if code in PUT_RIGHT or not self.rows(
            "SELECT 1 FROM finding WHERE code = ? AND path = ?", code, path
        ):
            self.write(
                "INSERT INTO finding(id, at, code, path, detail, noted) VALUES (?, ?, ?, ?, ?, 0)",
                new_id(),
                micros(at),
                code,
                path,
                detail,
            )

    def alarms_stand(
        self, camera: str, of: Collection[AlarmKind], standing: Collection[AlarmKind], at: datetime
    ) -> None:
        """Of the kinds `of`, these stand at a camera at `at`: new ones begin, the others are over."""
        open_now = {one.kind: one for one in self.open_alarms(camera) if one.kind in of}
        if open_now.keys() == set(standing):
            return
        with self.transaction() as link:
            for kind in open_now.keys() - set(standing):
                link.execute(
                    "UPDATE alarm SET end = max(start, ?) WHERE camera = ? AND kind = ? AND end IS NULL",
                    (micros(at), camera, kind),
                )
            for kind in sorted(set(standing) - open_now.keys()):
                link.execute(
                    "INSERT INTO alarm(id, camera, start, kind) VALUES (?, ?, ?, ?)",
                    (new_id(), camera, micros(at), kind),
                )

    def keep_stream(self, camera: str, address: str, uri: str, at: datetime) -> None:
        """Remember the stream address, so that recording starts even when ONVIF does not answer."""
        self.write(
            "INSERT INTO stream(camera, address, uri, at) VALUES (?, ?, ?, ?) ON CONFLICT(camera) DO UPDATE"
            " SET address = excluded.address, uri = excluded.uri, at = excluded.at",
            *(camera, address, uri, micros(at)),
        )
