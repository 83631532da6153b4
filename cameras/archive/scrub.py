"""Reading everything again: a rolling window over each place, so that every byte is looked at in time and no faster.

A round over a place takes `scrub_days`; what is read by now is its share of that time. What no longer holds is a
finding, and a copy that no longer holds stops counting and is made anew.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from cameras.archive.copying import Copier
from cameras.archive.places import Pace, Place, file_digest
from cameras.archive.store import DISK, EVERYWHERE, Archive
from cameras.archive.walk import Walk, named
from cameras.index import Reader, micros, moment

log = logging.getLogger("examsite.archive")

AT_ONCE = 20


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

    def scrub_some(self, name: str) -> bool:
        """One step on the recording disk or a place; True when more is due already."""
        began, total, done = self._round(name)
        due = allowed(total, done, began, self._now(), self._days)
        if total and not due and self._now() < began + timedelta(days=self._days):
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
        """Originals, in the order of the index; None at its end."""
        walk = Walk(self._index, self._archive, "scrub")
        rows = walk.take(AT_ONCE, self._now())
        if not rows:
            return None
        size = files = 0
        for row in rows:
            one = row.segment
            removed = self._archive.removals(one.path)
            if one.state != "missing" and not {DISK, EVERYWHERE} & removed.keys():
                self._check(
                    DISK,
                    one.path,
                    one.bytes,
                    one.sha256,
                    lambda path: file_digest(self._media / path, self._pace),
                )
                size, files = size + one.bytes, files + 1
            walk.passed(row)
            if size >= due:
                break
        return size, files

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
            if not self._check(place.name, path, length, sha256, lambda one: place.digest(one, self._pace)):
                place.set_aside(path)
                self._archive.drop_copy(place.name, path)
                self._copier.walk_of(place, 0).once_more(path)
            elif not verified and (known := named(self._index, path)) and known.sha256 == sha256:
                self._archive.clear(DISK, path, self._now(), codes=("missing",))  # taken in, and read now
            self._archive.keep(f"scrub:{place.name}", path)
            size, files = size + length, files + 1
            if size >= due:
                break
        return size, files

    def _check(self, name: str, path: str, size: int, sha256: str, digest: Callable[[str], str]) -> bool:
        try:
            code = "" if digest(path) == sha256 else "altered"
        except FileNotFoundError:
            code = "missing"
        except OSError as error:
            log.error("%s on %s cannot be read: %s", path, name or "the recording disk", error)
            code = "unreadable"
        if code and EVERYWHERE in self._archive.removals(path):
            return True  # deleted while it was read
        if code:
            self._archive.find(name, path, code, self._now())
            log.error("%s: %s on %s", code, path, name or "the recording disk")
            return False
        self._archive.clear(name, path, self._now())
        if name != DISK:
            self._archive.keep_copy(name, path, size, sha256, self._now())
        return True
