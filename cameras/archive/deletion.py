"""The end of a recording's life: only past its date, without a hold, and by an order; never because a disk is full.

What is due is found by going on from where the last pass stopped. A sitting kept longer, or on hold, is looked at once
more when its own date has come.
"""

import bisect
import contextlib
import hashlib
import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from appliance.wire.archive import KeptSitting, Permit
from cameras.archive.copying import Copier
from cameras.archive.places import sync_folder
from cameras.archive.store import EVERYWHERE, Archive
from cameras.archive.walk import ByTime, Walk
from cameras.index import Reader, Segment, micros, moment

log = logging.getLogger("examsite.archive")

AT_ONCE = 2000
CHUNK = 200
"""Files that go before their rows are settled together."""
LONGEST_SITTING = timedelta(days=1)


class Term(msgspec.Struct, frozen=True):
    """A sitting as the retention sees it."""

    id: str
    rooms: frozenset[str]
    start: datetime
    end: datetime
    keep_until: datetime
    hold: bool


class Terms:
    """All sittings known, by start. Pure."""

    def __init__(
        self, terms: Iterable[Term], rooms: dict[str, str], sitting_rooms: frozenset[str] = frozenset()
    ) -> None:
        self._terms = sorted(terms, key=lambda term: term.start)
        self._starts = [term.start for term in self._terms]
        self._rooms = rooms
        self._sitting_rooms = sitting_rooms.union(*(term.rooms for term in self._terms))

    def sees(self, camera: str, term: Term) -> bool:
        """Whether a camera's recordings belong to a sitting.

        Those of its rooms, and all that look at no room of any sitting: entrances, waiting rooms, old cameras.
        """
        return self.sees_rooms(camera, term.rooms)

    def sees_rooms(self, camera: str, rooms: frozenset[str]) -> bool:
        """The same by the sitting's rooms."""
        room = self._rooms.get(camera, "")
        return room in rooms or room not in self._sitting_rooms

    def of(self, camera: str, start: datetime, end: datetime) -> list[Term]:
        """The sittings a recording belongs to."""
        last = bisect.bisect_left(self._starts, end)
        first = bisect.bisect_left(self._starts, start - LONGEST_SITTING)
        return [term for term in self._terms[first:last] if term.end > start and self.sees(camera, term)]

    def may_go(self, segment: Segment, permit: Permit) -> bool:
        """Past its date, no hold, and covered by the order."""
        if segment.end is None or segment.start >= permit.before:
            return False
        terms = self.of(
            segment.camera, segment.start, max(segment.end, segment.start + timedelta(microseconds=1))
        )
        return all(not term.hold and term.keep_until <= permit.due for term in terms)


def keep_sittings(archive: Archive, sittings: list[KeptSitting]) -> None:
    """Take in what exam-web told. One put on hold, or kept longer, is looked at again when that is over."""
    with archive.transaction() as link:
        for one in sittings:
            if one.end - one.start > LONGEST_SITTING:
                one.start = one.end - LONGEST_SITTING
            link.execute(
                "INSERT INTO sitting(id, rooms, start, end, keep_until, hold) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT(id) DO UPDATE SET rooms = excluded.rooms, start = excluded.start, end = excluded.end,"
                " keep_until = excluded.keep_until, hold = excluded.hold, passed = CASE WHEN"
                " hold <> excluded.hold OR keep_until <> excluded.keep_until THEN 0 ELSE passed END",
                (
                    *(one.id, msgspec.json.encode(one.rooms).decode(), micros(one.start), micros(one.end)),
                    *(micros(one.keep_until), one.hold),
                ),
            )


def rooms_of(archive: Archive, rooms: dict[str, str]) -> Terms:
    """Terms that know which rooms have sittings, and no sitting."""
    every = frozenset[str]()
    for (of,) in archive.rows("SELECT DISTINCT rooms FROM sitting"):
        every |= frozenset(msgspec.json.decode(of))
    return Terms((), rooms, every)


def terms_of(archive: Archive, rooms: dict[str, str]) -> Terms:
    """Every sitting of archive.db."""
    rows = archive.rows("SELECT id, rooms, start, end, keep_until, hold FROM sitting")
    return Terms(
        (
            Term(
                name,
                frozenset(msgspec.json.decode(of)),
                moment(start),
                moment(end),
                moment(until),
                bool(hold),
            )
            for name, of, start, end, until, hold in rows
        ),
        rooms,
    )


class Deleter:
    """Carries out an order."""

    def __init__(
        self,
        media: Path,
        index: Reader,
        archive: Archive,
        copier: Copier,
        rooms: dict[str, str],
        now: Callable[[], datetime],
    ) -> None:
        self._media, self._index, self._archive, self._copier = media, index, archive, copier
        self._rooms, self._now = rooms, now

    def delete_some(self, permit: Permit) -> bool:
        """One step of a pass; True when there is more to do now."""
        terms = terms_of(self._archive, self._rooms)
        walk = ByTime(self._index, self._archive, "keep")
        if rows := walk.take(AT_ONCE, permit.before):
            going = [row.segment for row in rows if terms.may_go(row.segment, permit)]
            with self._archive.transaction():
                self._order(going, permit)
                walk.passed(*rows)
            self._carry_out(going)
            return True
        return self._kept_longer(terms, permit)

    def _kept_longer(self, terms: Terms, permit: Permit) -> bool:
        """A sitting whose own date has come since, or whose hold was lifted."""
        due = self._archive.rows(
            "SELECT id, rooms, start, end, keep_until, hold FROM sitting"
            " WHERE passed = 0 AND hold = 0 AND keep_until <= ? ORDER BY keep_until LIMIT 1",
            micros(permit.due),
        )
        if not due:
            return False
        name, start, end = due[0][0], moment(due[0][2]), moment(due[0][3])
        going = [
            segment
            for camera in self._index.cameras()
            for segment in self._index.between(camera, start, end)
            if terms.may_go(segment, permit) and EVERYWHERE not in self._archive.removals(segment.path)
        ]
        with self._archive.transaction() as link:
            self._order(going, permit)
            link.execute("UPDATE sitting SET passed = 1 WHERE id = ?", (name,))
        self._carry_out(going)
        return True

    def _order(self, going: list[Segment], permit: Permit) -> None:
        """The rows that say why, and one event for all of them, before the first file goes."""
        going = [one for one in going if EVERYWHERE not in self._archive.removals(one.path)]
        if not going:
            return
        now, size, paths = self._now(), 0, hashlib.sha256()
        with self._archive.transaction() as link:
            for one in going:
                self._archive.remove(one.path, EVERYWHERE, now, permit.why, permit.who)
                link.execute(
                    "UPDATE day SET bytes = max(0, bytes - ?), segments = segments - 1 WHERE camera = ? AND day = ?",
                    (one.bytes, one.camera, f"{one.start:%Y%m%d}"),
                )
                size += one.bytes
                paths.update(f"{one.path} {one.sha256}\n".encode())
            body = {"permit": permit.id, "recordings": len(going), "bytes": size, "list": paths.hexdigest()}
            first, last = min(one.start for one in going), max(one.start for one in going)
            self._archive.tell(now, "deleted", body | {"first": first, "last": last, "who": permit.who})
        log.warning("deleting %d recordings by the order %s", len(going), permit.id)

    def _carry_out(self, going: list[Segment]) -> None:
        for first in range(0, len(going), CHUNK):
            self._end([one.path for one in going[first : first + CHUNK]])

    def _end(self, paths: list[str]) -> None:
        """Every file of these. A copy on a disk that is not here goes when the disk is plugged in again."""
        sizes: dict[str, int] = {}
        for path in paths:
            file = self._media / path
            with contextlib.suppress(FileNotFoundError):
                sizes[path] = file.stat().st_size
                file.unlink()
        for folder in {(self._media / path).parent for path in sizes}:
            sync_folder(folder)
        gone, left = list[tuple[str, str]](), list[tuple[str, str]]()
        for path in paths:
            for copy in self._archive.copies(path):
                if place := self._copier.places.get(copy.place):
                    place.remove(path)
                    gone.append((copy.place, path))
                else:
                    left.append((f"left:{copy.place}", path))
        with self._archive.transaction():
            for name, path in left:
                Walk(self._index, self._archive, name).once_more(path)
            for name, path in gone:
                self._archive.drop_copy(name, path)
            for path in paths:
                self._archive.removed(path, EVERYWHERE, sizes.get(path, 0))

    def settle(self) -> None:
        """Finish what a kill left; delete what waits for a place that can be reached again."""
        open_ones = [path for path, place in self._archive.open_removals() if place == EVERYWHERE]
        for first in range(0, len(open_ones), CHUNK):
            self._end(open_ones[first : first + CHUNK])
        for name, there in self._copier.places.items():
            for (path,) in self._archive.rows("SELECT path FROM pending WHERE name = ?", f"left:{name}"):
                there.remove(path)
                self._archive.drop_copy(name, path)
                with self._archive.transaction() as link:
                    link.execute("DELETE FROM pending WHERE name = ? AND path = ?", (f"left:{name}", path))


def due_days(archive: Archive, before: datetime) -> list[tuple[str, int]]:
    """Days (yyyymmdd) past the usual date with recordings left, and their bytes."""
    return [
        (day, int(size))
        for day, size in archive.rows(
            "SELECT day, sum(bytes) FROM day WHERE day < ? AND segments > 0 GROUP BY day ORDER BY day",
            f"{before:%Y%m%d}",
        )
    ]
