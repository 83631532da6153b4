"""Reading everything again: a rolling window over each place, so that every byte is looked at in time and no faster.

A round over a place takes `scrub_days`; what is read by now is its share of that time. An off-line disk is read as
fast as it goes while it is plugged in, at most twice in that time. What no longer holds is a finding, and a copy that
no longer holds stops counting and is made anew from one that does (Copier). Until then it keeps its name and its row:
it may be the last one, and the next reading may find it whole.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from cameras.archive.copying import Copier
from cameras.archive.places import Pace, Place, file_digest
from cameras.archive.store import DISK, EVERYWHERE, Archive
from cameras.archive.walk import Row, Walk, keep_missing, named
from cameras.index import Reader, micros, moment

log = logging.getLogger("examsite.archive")

AT_ONCE = 20
LOOKED_AT = 500
"""Rows of the index looked at in one step: those of originals that are gone cost next to nothing."""
WHOLE = 1 << 62
"""Bytes due when there is no share to wait for."""
LAST = "scrub_last"
"""Where a round over the recording disk ends: the index' last row when it began."""


def allowed(total: int, done: int, began: datetime, now: datetime, days: int) -> int:
    """Bytes that may be read now, so that `total` is read within `days`. Pure."""
    part = min(1.0, max(0.0, (now - began) / timedelta(days=days)))
    return max(0, int(total * part) - done)


class Scrubber:
    """Reads a site's places again, some recordings at a time."""

    def __init__(
        self,
        media: Path,
        index: Reader,
        archive: Archive,
        copier: Copier,
        pace: Pace,
        days: int,
        now: Callable[[], datetime],
    ) -> None:
        self._media, self._index, self._archive, self._copier = media, index, archive, copier
        self._pace, self._days, self._now = pace, days, now
        self._oldest: dict[str, tuple[int, datetime]] = {}

    def scrub_some(self, name: str) -> bool:
        """One step on the recording disk or a place; True when more is due already."""
        if name == DISK and Walk(self._index, self._archive, "scrub").lost and not self._again():
            return False
        due = self._due(name)
        if due is None:
            return False
        read = self._disk(due) if name == DISK else self._place(self._copier.places[name], due)
        if read is None:
            self._ended(name)
            return False
        size, files = read
        with self._archive.transaction() as link:
            link.execute(
                "UPDATE scrub SET bytes = bytes + ?, files = files + ? WHERE place = ?", (size, files, name)
            )
        return size < due

    def _due(self, name: str) -> int | None:
        """Bytes to be read now; None: none. What is late, and an off-line disk, is read without waiting."""
        began, total, done = self._round(name)
        now, days = self._now(), timedelta(days=self._days)
        if name != DISK and self._copier.places[name].kind == "offline":
            if self._archive.kept(f"scrub:{name}"):
                return WHOLE
            # Read in the order of names, so that the first one says when the last round began.
            first = self._archive.rows(
                "SELECT max(verified, coalesce(ended, 0)) FROM copy c LEFT JOIN scrub s ON s.place = c.place"
                " WHERE c.place = ? ORDER BY path LIMIT 1",
                name,
            )
            if not first or moment(first[0][0]) > now - days / 2:
                return None
            self._begin(name)
            return WHOLE
        if now >= began + days:
            return WHOLE
        due = allowed(total, done, began, now, self._days)
        return None if total and not due else due

    def _again(self) -> bool:
        """The index was built anew: its rows have other numbers, and what was read is not known. False: wait for it."""
        if self._index.rebuilding:
            return False
        Walk(self._index, self._archive, "scrub").start_again()
        with self._archive.transaction() as link:
            link.execute("UPDATE scrub SET bytes = 0, files = 0 WHERE place = ?", (DISK,))
            self._archive.keep(LAST, "")
        return True

    def oldest(self, name: str, seen: int) -> datetime:
        """When the copy of a disk that was read longest ago was read; reckoned once since the disk was `seen` last."""
        if self._oldest.get(name, (-1,))[0] != seen:  # a disk pulled while it was taken in was seen at 0
            found = self._archive.rows(
                "SELECT min(verified) FROM copy WHERE place = ? AND path NOT IN"
                " (SELECT path FROM finding WHERE place = ? AND over IS NULL)",
                *(name, name),
            )
            self._oldest[name] = seen, moment(found[0][0] or 0)
        return self._oldest[name][1]

    def _round(self, name: str) -> tuple[datetime, int, int]:
        found = self._archive.rows("SELECT began, total, bytes FROM scrub WHERE place = ?", name)
        if not found:
            self._begin(name)
            return self._round(name)
        began, total, done = found[0]
        if moment(began) > self._now() + timedelta(days=1):  # written under a clock that was ahead
            self._begin(name)
            return self._round(name)
        now_there = self._archive.rows("SELECT bytes FROM place WHERE name = ?", name)
        return moment(began), max(int(total), int(now_there[0][0]) if now_there else 0), int(done)

    def _begin(self, name: str) -> None:
        with self._archive.transaction() as link:
            link.execute(
                "INSERT INTO scrub(place, began, total)"
                " SELECT ?, ?, coalesce((SELECT bytes FROM place WHERE name = ?), 0)"
                " WHERE true ON CONFLICT(place) DO UPDATE SET began = excluded.began, total = excluded.total,"
                " bytes = 0, files = 0",
                (name, micros(self._now()), name),
            )
            if name == DISK:
                self._archive.keep(LAST, "")

    def _ended(self, name: str) -> None:
        """A round is over. An empty place has none."""
        found = self._archive.rows("SELECT files FROM scrub WHERE place = ?", name)
        if found and found[0][0]:
            with self._archive.transaction() as link:
                link.execute(
                    "UPDATE scrub SET rounds = rounds + 1, ended = ? WHERE place = ?",
                    (micros(self._now()), name),
                )
        self._archive.keep(f"scrub:{name}", "")
        Walk(self._index, self._archive, "scrub").start_again() if name == DISK else None
        self._begin(name)

    def _disk(self, due: int) -> tuple[int, int] | None:
        """Originals, in the order of the index; None at the round's end."""
        walk, last = Walk(self._index, self._archive, "scrub"), self._last()
        rows = [row for row in walk.take(LOOKED_AT, self._now()) if row.number <= last]
        if not rows:
            return None
        size = files = 0
        passed = list[Row]()
        for row in rows:
            one = row.segment
            passed.append(row)
            if one.state == "missing" or {DISK, EVERYWHERE} & self._archive.removals(one.path).keys():
                continue
            self._check(
                DISK,
                one.path,
                one.bytes,
                one.sha256,
                lambda path: file_digest(self._media / path, self._pace),
            )
            walk.passed(*passed)
            passed.clear()
            size, files = size + one.bytes, files + 1
            if size >= due or files >= AT_ONCE:
                break
        walk.passed(*passed)
        return size, files

    def _last(self) -> int:
        if not self._archive.kept(LAST):
            last = self._index.rows("SELECT coalesce(max(rowid), 0) FROM segment")[0][0]
            self._archive.keep(LAST, str(last))
        return int(self._archive.kept(LAST))

    def _place(self, place: Place, due: int) -> tuple[int, int] | None:
        """Copies, in the order of their names; None after the last."""
        after = self._archive.kept(f"scrub:{place.name}")
        rows = self._archive.rows(
            "SELECT path, bytes, sha256, verified FROM copy WHERE place = ? AND path > ? ORDER BY path LIMIT ?",
            *(place.name, after, AT_ONCE),
        )
        if not rows:
            return None
        size = files = 0
        for path, length, sha256, verified in rows:
            if code := self._check(
                place.name, path, length, sha256, lambda one: place.digest(one, self._pace)
            ):
                if code == "missing":
                    self._archive.drop_copy(place.name, path)
                self._copier.walk_of(place, 0).once_more(path)
            elif not verified and (known := named(self._index, path)) and known.sha256 == sha256:
                self._archive.clear(DISK, path, self._now(), codes=("missing",))  # taken in, and read now
            self._archive.keep(f"scrub:{place.name}", path)
            size, files = size + length, files + 1
            if size >= due:
                break
        return size, files

    def _check(self, name: str, path: str, size: int, sha256: str, digest: Callable[[str], str]) -> str:
        """What does not hold about it, or empty."""
        try:
            code = "" if digest(path) == sha256 else "altered"
        except FileNotFoundError:
            code = "missing"
        except OSError as error:
            log.error("%s on %s cannot be read: %s", path, name or "the recording disk", error)
            code = "unreadable"
        if code and EVERYWHERE in self._archive.removals(path):
            return ""  # deleted while it was read
        if name == DISK:
            keep_missing(self._index, self._archive, path, code == "missing")
        if code:
            self._archive.find(name, path, code, self._now())
            log.error("%s: %s on %s", code, path, name or "the recording disk")
            return code
        self._archive.clear(name, path, self._now())
        if name != DISK:
            self._archive.keep_copy(name, path, size, sha256, self._now())
        return ""
