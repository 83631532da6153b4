"""Going through the recorder's index, each purpose with a bookmark of its own: in the order of its rows, or by time.

So nothing is looked at twice, however long the index is. A recording that is still being written ends the walk for now;
one left open by a crash is remembered and taken when the recorder has completed its row.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta

import msgspec

from cameras.archive.store import DISK, EVERYWHERE, MISSING, Archive
from cameras.index import Reader, Segment, micros, moment

COLUMNS = "rowid, id, run, camera, path, start, end, bytes, sha256, state"
OPEN_AT_MOST = timedelta(hours=1)
"""Longer than any segment: an open row older than this was left by a crash."""


LAST = chr(0x10FFFF)
"""Behind every path."""
CAME = "came"
"""Where it is kept when rows came."""
MARK_EVERY, MARKS_KEPT = timedelta(hours=1), timedelta(days=2)


class Row(msgspec.Struct, frozen=True):
    """A finished recording and its place in the walk; `late`: it had been left open."""

    number: int
    segment: Segment
    late: bool = False


def _row(found: tuple[object, ...], late: bool = False) -> Row:
    number, name, run, camera, path, start, end, size, sha256, state = found
    segment = msgspec.convert(
        {
            "id": name,
            "run": run,
            "camera": camera,
            "path": path,
            "bytes": size,
            "sha256": sha256,
            "state": state,
        }
        | {"start": moment(start), "end": None if end is None else moment(end)},  # type: ignore[arg-type]
        Segment,
    )
    return Row(number, segment, late)  # type: ignore[arg-type]


class Walk:
    """One purpose's way through the index."""

    def __init__(self, index: Reader, archive: Archive, name: str) -> None:
        self._index, self._archive, self._name = index, archive, name

    def take(self, limit: int, until: datetime) -> list[Row]:
        """The next finished recordings as of `until` (now), without moving the bookmark."""
        return self.late(max(1, limit // 2), until) + self.ahead(limit, until)

    def late(self, most: int, _until: datetime) -> list[Row]:
        """Those to come back to, behind the bookmark."""
        number = self.number
        return self._late(most, lambda row: row.number <= number)

    def ahead(self, limit: int, until: datetime) -> list[Row]:
        """Those the bookmark has not passed."""
        number, found = self.number, list[Row]()
        while True:
            rows = self._index.rows(
                f"SELECT {COLUMNS} FROM segment WHERE rowid > ? ORDER BY rowid LIMIT ?", number, limit
            )
            for row in map(_row, rows):
                if row.segment.state != "open":
                    found.append(row)
                elif row.segment.start > until - OPEN_AT_MOST:
                    return found
                else:
                    self.once_more(row.segment.path)  # once the bookmark has passed it
            if found or len(rows) < limit:
                return found
            number = rows[-1][0]  # a stretch of rows a crash left open

    def passed(self, *rows: Row) -> None:
        """These, in the order they were taken, are done with."""
        with self._archive.transaction() as link:
            for row in rows:
                link.execute(
                    "DELETE FROM pending WHERE name = ? AND path = ?", (self._name, row.segment.path)
                )
            if in_order := [row for row in rows if not row.late]:
                link.execute(
                    "INSERT OR REPLACE INTO bookmark(name, number, path) VALUES (?, ?, ?)",
                    (self._name, in_order[-1].number, in_order[-1].segment.path),
                )

    def start_again(self) -> None:
        """From the first row."""
        with self._archive.transaction() as link:
            link.execute("DELETE FROM bookmark WHERE name = ?", (self._name,))

    def once_more(self, path: str) -> None:
        """Come back to this one."""
        with self._archive.transaction() as link:
            link.execute("INSERT OR IGNORE INTO pending(name, path) VALUES (?, ?)", (self._name, path))

    @property
    def lost(self) -> bool:
        """The index was built anew since the bookmark was put."""
        kept = self._archive.rows("SELECT number FROM bookmark WHERE name = ?", self._name)
        return bool(kept) and self.number == 0

    @property
    def oldest(self) -> datetime | None:
        """When the first recording behind the bookmark ended; None: there is none."""
        rows = self._index.rows(
            "SELECT end FROM segment WHERE rowid > ? AND end IS NOT NULL ORDER BY rowid LIMIT 1", self.number
        )
        return moment(rows[0][0]) if rows else None

    @property
    def number(self) -> int:
        """Row of the bookmark; 0 at the beginning, also when the index was built anew since."""
        kept = self._archive.rows("SELECT number, path FROM bookmark WHERE name = ?", self._name)
        if not kept:
            return 0
        there = self._index.rows("SELECT path FROM segment WHERE rowid = ?", kept[0][0])
        return int(kept[0][0]) if there and there[0][0] == kept[0][1] else 0

    def waiting(self, until: datetime, most: int = 100_000) -> int:
        """Bytes behind the bookmark, of at most so many recordings; whatever their time."""
        return int(
            self._index.rows(
                "SELECT coalesce(sum(bytes), 0) FROM (SELECT bytes FROM segment WHERE rowid > ? LIMIT ?)",
                *(self.number, most),
            )[0][0]
        )

    def _late(self, most: int, fits: Callable[[Row], bool]) -> list[Row]:
        """The next of those to come back to, page by page: there may be a million. Round and round, for what nothing
        can be done with now keeps no other from its turn.
        """
        mark, found = f"late:{self._name}", list[Row]()
        last = self._archive.kept(mark)
        for after, end in ((last, LAST), ("", last)):
            while True:
                page = self._archive.rows(
                    "SELECT path FROM pending WHERE name = ? AND path > ? AND path <= ? ORDER BY path LIMIT ?",
                    *(self._name, after, end, most),
                )
                for (path,) in page:
                    if (row := self._completed(path)) and fits(row):
                        found.append(row)
                    if len(found) == most:
                        if path != last:
                            self._archive.keep(mark, path)
                        return found
                if len(page) < most:
                    break
                after = page[-1][0]
        return found

    def _completed(self, path: str) -> Row | None:
        found = self._index.rows(f"SELECT {COLUMNS} FROM segment WHERE path = ?", path)
        row = _row(found[0], late=True) if found else None
        return row if row and row.segment.state != "open" else None


class ByTime(Walk):
    """A way through each camera's recordings by their time, as far as they are old enough.

    Rows need not be in the order of time: gaps are filled later, an index is built anew camera by camera.
    """

    def take(self, limit: int, until: datetime, but: Collection[str] = ()) -> list[Row]:
        """The next finished recordings that began before `until`, camera by camera; none of the cameras `but`."""
        return self.late(max(1, limit // 2), until, but) + self.ahead(limit, until, but)

    def late(self, most: int, until: datetime, but: Collection[str] = ()) -> list[Row]:
        """Those to come back to that are old enough."""
        return self._late(most, lambda row: row.segment.start < until and row.segment.camera not in but)

    def ahead(self, limit: int, until: datetime, but: Collection[str] = ()) -> list[Row]:
        """Those the bookmarks have not passed. None while an index built anew gets the newest rows first: what came
        back later would be passed already.
        """
        found = list[Row]()
        for camera in [] if self._index.rebuilding else self._index.cameras():
            if camera in but:
                continue
            rows = self._index.rows(
                f"SELECT {COLUMNS} FROM segment WHERE camera = ? AND start > ? AND start < ? ORDER BY start LIMIT ?",
                *(camera, self._reached(camera), micros(until), limit - len(found)),
            )
            found += [row for row in map(_row, rows) if row.segment.state != "open"]
            if len(found) >= limit:
                break
        return found

    def waiting(self, until: datetime, most: int = 100_000) -> int:
        """Bytes behind the bookmarks of recordings that began before `until`, of at most so many of each camera."""
        return sum(
            self._index.rows(
                "SELECT coalesce(sum(bytes), 0) FROM (SELECT bytes FROM segment WHERE camera = ? AND start > ?"
                " AND start < ? ORDER BY start LIMIT ?)",
                *(camera, self._reached(camera), micros(until), most),
            )[0][0]
            for camera in self._index.cameras()
        )

    @property
    def oldest(self) -> datetime | None:
        """When the first recording behind any camera's bookmark began."""
        found = [
            rows[0][0]
            for camera in self._index.cameras()
            if (
                rows := self._index.rows(
                    "SELECT start FROM segment WHERE camera = ? AND start > ? ORDER BY start LIMIT 1",
                    *(camera, self._reached(camera)),
                )
            )
        ]
        return moment(min(found)) if found else None

    def _reached(self, camera: str) -> int:
        kept = self._archive.rows("SELECT number FROM bookmark WHERE name = ?", f"{self._name}|{camera}")
        return kept[0][0] if kept else -1

    def passed(self, *rows: Row) -> None:
        """These, in the order they were taken, are done with."""
        with self._archive.transaction() as link:
            for row in rows:
                link.execute(
                    "DELETE FROM pending WHERE name = ? AND path = ?", (self._name, row.segment.path)
                )
            for camera, last in {row.segment.camera: row for row in rows if not row.late}.items():
                link.execute(
                    "INSERT OR REPLACE INTO bookmark(name, number, path) VALUES (?, ?, ?)",
                    (f"{self._name}|{camera}", micros(last.segment.start), last.segment.path),
                )


def weighs(archive: Archive, path: str) -> bool:
    """Whether an original counts on the recording disk: it was neither taken away nor found missing."""
    return not archive.rows(
        "SELECT 1 FROM removal WHERE path = ? AND place IN (?, ?) AND done = 1"
        " UNION ALL SELECT 1 FROM pending WHERE name = ? AND path = ? LIMIT 1",
        *(path, DISK, EVERYWHERE, MISSING, path),
    )


@contextlib.contextmanager
def weighing(index: Reader, archive: Archive, path: str) -> Iterator[sqlite3.Connection]:
    """What becomes of an original meanwhile shows in the weight of the recording disk, as it will when all is counted
    again; one that is not counted yet is counted as it is then.
    """
    with archive.transaction() as link:
        before = weighs(archive, path)
        yield link
        after = weighs(archive, path)
        if before != after and (one := _counted(index, archive, path)):
            sign = after - before
            link.execute(
                "UPDATE place SET bytes = bytes + ?, copies = copies + ? WHERE name = ?",
                (sign * one.bytes, sign, DISK),
            )


def _counted(index: Reader, archive: Archive, path: str) -> Segment | None:
    """The recording of a path that count_days has passed."""
    found = index.rows(f"SELECT {COLUMNS} FROM segment WHERE path = ? AND state <> 'missing'", path)
    row = _row(found[0]) if found else None
    late = archive.rows("SELECT 1 FROM pending WHERE name = 'days' AND path = ?", path)
    return row.segment if row and not late and row.number <= Walk(index, archive, "days").number else None


def keep_missing(index: Reader, archive: Archive, path: str, missing: bool) -> None:
    """An original was found missing, and weighs nothing until it is there again."""
    with weighing(index, archive, path) as link:
        if missing:
            link.execute("INSERT OR IGNORE INTO pending(name, path) VALUES (?, ?)", (MISSING, path))
        else:
            link.execute("DELETE FROM pending WHERE name = ? AND path = ?", (MISSING, path))


def named(index: Reader, path: str) -> Segment | None:
    """The recording of a path."""
    found = index.rows(f"SELECT {COLUMNS} FROM segment WHERE path = ?", path)
    return _row(found[0]).segment if found else None


def count_days(index: Reader, archive: Archive, now: datetime, limit: int = 5000) -> bool:
    """Bytes and time by camera and day, for the forecast; False when all is counted.

    An index built anew is counted from its first row, and nothing twice. What comes later with an earlier time (filled
    from a card, left open by a crash) is remembered for every way by time that has passed it; of what was given back to
    the index only what the way has not seen, for it may have come just before the index was lost.
    """
    walk = Walk(index, archive, "days")
    if walk.lost:
        _count_again(archive)
    _note_rows(index, archive, now)
    rows = walk.take(limit, now)
    if not rows:
        return False
    runs = {row.segment.run for row in rows}
    restored = {
        one for one in runs if index.rows("SELECT 1 FROM run WHERE id = ? AND cause = 'restored'", one)
    }
    passed = archive.rows("SELECT name, number FROM bookmark WHERE instr(name, '|') > 0")
    with archive.transaction() as link:
        for row in rows:
            one, removed = row.segment, archive.removals(row.segment.path)
            there = one.state != "missing" and one.end is not None
            if there and weighs(archive, one.path):
                link.execute(
                    "UPDATE place SET bytes = bytes + ?, copies = copies + 1 WHERE name = ?",
                    (one.bytes, DISK),
                )
            if there and EVERYWHERE not in removed:
                length = micros(one.end or one.start) - micros(one.start)
                link.execute(
                    "INSERT INTO day(camera, day, bytes, micros, segments) VALUES (?, ?, ?, ?, 1)"
                    " ON CONFLICT(camera, day) DO UPDATE SET bytes = bytes + excluded.bytes,"
                    " micros = micros + excluded.micros, segments = segments + 1",
                    (one.camera, f"{one.start:%Y%m%d}", one.bytes, length),
                )
            for name, reached in passed:
                way, _, camera = name.rpartition("|")
                if camera != one.camera or micros(one.start) > reached:
                    continue
                if one.run not in restored or not _went(archive, way, one.path, removed):
                    Walk(index, archive, way).once_more(one.path)
        walk.passed(*rows)
    return len(rows) >= limit


def _went(archive: Archive, way: str, path: str, removed: Collection[str]) -> bool:
    """Whether a way by time has done with a recording what it does."""
    kind, _, name = way.partition(":")
    if EVERYWHERE in removed:
        return True
    if kind in ("copy", "free") and name in removed:
        return True
    there = {copy.place for copy in archive.copies(path)}
    if kind == "offline":
        return any(place in there for place, of in archive.places() if of == "offline")
    return name in there if kind == "copy" else kind == "free" and name != DISK and name not in there


def _count_again(archive: Archive) -> None:
    """The index was built anew: its rows have other numbers."""
    with archive.transaction() as link:
        link.execute("DELETE FROM day")
        link.execute("DELETE FROM bookmark WHERE name = 'days'")
        link.execute("UPDATE place SET bytes = 0, copies = 0 WHERE name = ?", (DISK,))
        archive.keep(CAME, "")


def _marks(archive: Archive) -> list[tuple[int, int]]:
    return msgspec.json.decode(archive.kept(CAME) or "[]", type=list[tuple[int, int]])


def _note_rows(index: Reader, archive: Archive, now: datetime) -> None:
    """Once an hour, how many rows there are: the index does not say when a row came, and what fills a gap is older."""
    marks, at = _marks(archive), micros(now)
    if marks and 0 <= at - marks[-1][0] < MARK_EVERY // timedelta(microseconds=1):
        return
    last = index.rows("SELECT coalesce(max(rowid), 0) FROM segment")[0][0]
    marks = [one for one in marks if micros(now - MARKS_KEPT) < one[0] <= at]
    archive.keep(CAME, msgspec.json.encode([*marks, (at, last)]).decode())


def came_before(archive: Archive, at: datetime) -> int:
    """The last row of the index that was there at a moment of the last days; 0: nobody looked then."""
    return max((row for when, row in _marks(archive) if when <= micros(at)), default=0)
