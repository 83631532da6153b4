"""Which sittings a recording belongs to, and what that means for its end. Terms is pure.

Whose room a camera is in is asked for the time it recorded, not for today: archive.db keeps where each camera was.
"""

import bisect
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from appliance.wire.archive import KeptSitting, Permit
from cameras.archive.store import Archive
from cameras.index import Segment, micros, moment

LEAST = timedelta(days=1096)
"""Three years with their leap day: no order reaches further, whatever exam-web says (cameras/archive/lawful.py)."""
STAY_KNOWN = timedelta(minutes=10)
"""How old the last look at a camera's room may be on the disk."""


class Term(msgspec.Struct, frozen=True):
    """A sitting as the retention sees it."""

    id: str
    rooms: frozenset[str]
    start: datetime
    end: datetime
    keep_until: datetime
    hold: bool


class Stay(msgspec.Struct, frozen=True):
    """A camera in a room: when it was seen there first and last."""

    room: str
    first: datetime
    last: datetime


def rooms_between(stays: Sequence[Stay], start: datetime, end: datetime) -> frozenset[str] | None:
    """Rooms a camera may have been in; between two stays both. None: nobody knows, for it was before the first."""
    if not stays or start < stays[0].first:
        return None
    found = set[str]()
    for number, stay in enumerate(stays):
        after = min(stays[number - 1].last, stay.first) if number else stay.first
        until = max(stays[number + 1].first, stay.last) if number + 1 < len(stays) else end
        if after <= end and until >= start:
            found.add(stay.room)
    return frozenset(found)


class Terms:
    """All sittings known, by start."""

    def __init__(self, terms: Iterable[Term], stays: Mapping[str, Sequence[Stay]]) -> None:
        self._terms = sorted(terms, key=lambda term: term.start)
        self._starts = [term.start for term in self._terms]
        self._longest = max((term.end - term.start for term in self._terms), default=timedelta())
        self._stays = stays
        self._first: dict[str, datetime] = {}
        """When the first sitting of a room began."""
        for term in self._terms:
            for room in term.rooms:
                self._first.setdefault(room, term.start)

    def sees(self, camera: str, term: Term, start: datetime, end: datetime) -> bool:
        """Whether what a camera recorded from `start` to `end` belongs to a sitting.

        Those of its rooms, and all that looked at no room that had had a sitting by then: entrances, waiting rooms. A
        camera whose room of that time is not known belongs to every sitting.
        """
        rooms = rooms_between(self._stays.get(camera, ()), start, end)
        if rooms is None:
            return True
        return any(room in term.rooms or self._first.get(room, end) >= end for room in rooms)

    def of(self, camera: str, start: datetime, end: datetime) -> list[Term]:
        """The sittings a recording belongs to."""
        last = bisect.bisect_left(self._starts, end)
        first = bisect.bisect_left(self._starts, start - self._longest)
        return [
            term
            for term in self._terms[first:last]
            if term.end > start and self.sees(camera, term, start, end)
        ]

    def _of(self, segment: Segment) -> list[Term]:
        end = max(segment.end or segment.start, segment.start + timedelta(microseconds=1))
        return self.of(segment.camera, segment.start, end)

    def held(self, segment: Segment) -> bool:
        """On hold now."""
        return any(term.hold for term in self._of(segment))

    def on_hold(self) -> list[Term]:
        """Sittings under a hold."""
        return [term for term in self._terms if term.hold]

    def may_go(self, segment: Segment, permit: Permit) -> bool:
        """Past its date, no hold, and covered by the order."""
        if segment.end is None or segment.start >= permit.before:
            return False
        return all(not term.hold and term.keep_until <= permit.due for term in self._of(segment))


def bounded(permit: Permit, now: datetime) -> Permit:
    """An order never reaches further than the law lets it, by the archive's own clock."""
    return msgspec.structs.replace(permit, before=min(permit.before, now - LEAST), due=min(permit.due, now))


def still_held(known: frozenset[str], said: Iterable[str], lifted: Iterable[str]) -> frozenset[str]:
    """Holds in force on a sitting: one that was known is over only when it is told lifted, not when nobody speaks of
    it any more (a site database brought back from a backup). Whoever lifts the last hold there is lifts those too.
    """
    known, said, lifted = known | set(said), set(said), set(lifted)
    return frozenset() if not said and known & lifted else known - lifted


def keep_sittings(archive: Archive, sittings: list[KeptSitting], now: datetime) -> None:
    """Take in what exam-web told. One put on hold, or kept longer, is looked at again when that is over.

    The times of one that is over, or on hold, only grow: exam-web makes them of today's cameras and of what its
    database knows, which may be less than was recorded for it.
    """
    with archive.transaction() as link:
        kept = dict(archive.rows("SELECT id, known FROM sitting WHERE known <> '[]'"))
        for one in sittings:
            known = frozenset(msgspec.json.decode(kept.get(one.id, "[]"), type=list[str]))
            holds = sorted(still_held(known, one.holds, one.lifted))
            link.execute(
                "INSERT INTO sitting(id, rooms, start, end, keep_until, hold, known) VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT(id) DO UPDATE SET rooms = excluded.rooms,"
                " start = CASE WHEN hold OR end < ? THEN min(start, excluded.start) ELSE excluded.start END,"
                " end = CASE WHEN hold OR end < ? THEN max(end, excluded.end) ELSE excluded.end END,"
                " keep_until = excluded.keep_until, hold = excluded.hold, known = excluded.known, passed = CASE WHEN"
                " hold <> excluded.hold OR keep_until <> excluded.keep_until THEN 0 ELSE passed END",
                (
                    *(one.id, msgspec.json.encode(one.rooms).decode(), micros(one.start), micros(one.end)),
                    *(micros(max(one.keep_until, one.end + LEAST)), bool(holds) or one.hold),
                    *(msgspec.json.encode(holds).decode(), micros(now), micros(now)),
                ),
            )


def keep_rooms(archive: Archive, rooms: Mapping[str, str], now: datetime) -> None:
    """Note in which room each camera is now."""
    with archive.transaction() as link:
        last = {
            camera: (number, room, seen)
            for number, camera, room, seen in archive.rows(
                "SELECT number, camera, room, last FROM stay ORDER BY number"
            )
        }
        for camera, room in rooms.items():
            number, known, seen = last.get(camera, (0, None, 0))
            if known != room:
                link.execute(
                    "INSERT INTO stay(camera, room, first, last) VALUES (?, ?, ?, ?)",
                    (camera, room, micros(now), micros(now)),
                )
            elif micros(now) - seen > STAY_KNOWN // timedelta(microseconds=1):
                link.execute("UPDATE stay SET last = ? WHERE number = ?", (micros(now), number))


def terms_of(archive: Archive) -> Terms:
    """Every sitting of archive.db, and where the cameras were."""
    rows = archive.rows("SELECT id, rooms, start, end, keep_until, hold FROM sitting")
    stays: dict[str, list[Stay]] = {}
    for camera, room, first, seen in archive.rows(
        "SELECT camera, room, first, last FROM stay ORDER BY number"
    ):
        stays.setdefault(camera, []).append(Stay(room, moment(first), moment(seen)))
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
        stays,
    )
