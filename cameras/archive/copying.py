"""Copying recordings to the places of a site, and letting the original go once its copies are verified.

A row of `copy` is written after the copy was read back from its place and its hash is that of the recording; a row of
`removal` before a file goes. Killed anywhere in between, a recording has its original, a verified copy, or both.
"""

import contextlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from cameras.archive.places import (
    RESERVE,
    FolderPlace,
    Pace,
    Place,
    PlaceSilent,
    Stopping,
    file_digest,
    remove_file,
)
from cameras.archive.store import DISK, EVERYWHERE, Archive
from cameras.archive.walk import ByTime, Row, Walk, keep_missing, named, weighing
from cameras.index import Reader, Segment

log = logging.getLogger("examsite.archive")

AT_ONCE = 50
"""Recordings copied to one place before the others have their turn."""
LOOKED_AT = 5000
"""Rows of the index looked at in a turn: those with nothing to copy cost next to nothing."""
TURN = 60.0
"""Seconds after which the next place has its turn: a slow line starves no other."""
FREED_AT_ONCE = 500
UNREAD = timedelta(days=182)
"""A copy on an off-line disk that was not read for so long counts for nothing."""


class Copier:
    """Moves recordings through the tiers. `places`: those that can be reached in this round, by name."""

    def __init__(
        self, media: Path, index: Reader, archive: Archive, pace: Pace, now: Callable[[], datetime]
    ) -> None:
        self._media, self._index, self._archive, self._pace, self._now = media, index, archive, pace, now
        self.places: dict[str, Place] = {}
        self.ending: set[str] = set()
        """Off-line disks somebody is ending now."""
        self._refused: dict[str, str] = {}
        """Places that did not give what was to be copied from them in this turn, and why."""

    def walk_of(self, place: Place, after_days: int) -> Walk:
        """Off-line disks follow one another: the next goes on where the last one was full.

        Copied at once, in the order rows are made, what fills a gap later is copied as well; after days, by time.
        """
        name = "offline" if place.kind == "offline" else f"copy:{place.name}"
        return (ByTime if after_days else Walk)(self._index, self._archive, name)

    def copy_some(self, place: Place, after_days: int) -> bool:
        """Copy what is due to a place; True when there is more.

        Raises PlaceSilent, PlaceFull, and OSError for what other places did not give: once nothing else is left to do.
        """
        walk, until = self.walk_of(place, after_days), self._now() - timedelta(days=after_days)
        late, ahead = walk.late(AT_ONCE // 2, until), walk.ahead(LOOKED_AT, until)
        settled, more = self._settled(place.name, [*late, *ahead]), len(ahead) >= LOOKED_AT
        self._refused, tried, brought, began = {}, 0, 0, time.monotonic()
        passed = list[Row]()
        for row in [*late, *ahead]:
            if row.segment.path in settled:
                passed.append(row)
                continue
            if tried == AT_ONCE or place.name in self.ending or time.monotonic() - began > TURN:
                more = True
                break
            walk.passed(*passed)
            passed.clear()
            tried, done = tried + 1, self._copy(place, row.segment)
            brought += done
            with self._archive.transaction():
                walk.passed(row)
                if not done:
                    walk.once_more(row.segment.path)
        walk.passed(*passed)
        if self._refused and not (more and brought):
            raise OSError("; ".join(f"{name}: {why}" for name, why in sorted(self._refused.items())))
        return more or (brought > 0 and len(late) == AT_ONCE // 2)

    def _settled(self, place: str, rows: list[Row]) -> set[str]:
        """Those with a copy there of which nothing was found, or deleted; asked at once, for an index built anew is
        gone through from its first row.
        """
        found = self._archive.rows(
            "SELECT a.value FROM json_each(?) a WHERE EXISTS"
            " (SELECT 1 FROM removal r WHERE r.path = a.value AND r.place = ?)"
            " OR EXISTS (SELECT 1 FROM copy c WHERE c.place = ? AND c.path = a.value) AND NOT EXISTS"
            " (SELECT 1 FROM finding f WHERE f.place = ? AND f.path = a.value AND f.over IS NULL"
            " AND f.code IN ('altered', 'unreadable'))",
            *(msgspec.json.encode([row.segment.path for row in rows]).decode(), EVERYWHERE, place, place),
        )
        return {path for (path,) in found}

    def _copy(self, place: Place, segment: Segment) -> bool:
        """False: it has to be looked at again, for what there is of it lies on a place that is not here now, or does
        not hold.
        """
        path, archive = segment.path, self._archive
        if segment.state == "missing" or not segment.sha256:
            return True  # the recorder has said so
        bad = place.name in archive.suspect(path)
        if not bad and self._lies(place, segment):
            return True  # ended between its name and its row
        for name, source in self._sources(segment, place.name):
            # What does not hold is not read again at every turn, only once there is a better one.
            if bad and self._lies(place, segment):
                return True
            if not (code := self._bring(place, source, segment)):
                return True
            archive.find(name, path, code, self._now())
            if name == DISK:
                keep_missing(self._index, archive, path, code == "missing")
            log.error("recording %s, not copied from %s: %s", code, name or "the recording disk", path)
        if archive.copies(path):
            return False
        if DISK not in archive.suspect(path):
            archive.find(DISK, path, "missing", self._now())
            keep_missing(self._index, archive, path, True)
            log.error("recording missing, not copied: %s", path)
        return True

    def _lies(self, place: Place, segment: Segment) -> bool:
        """Whether it lies there whole: then its row says so."""
        try:
            same = place.size(segment.path) == segment.bytes
            if not (same and place.digest(segment.path, self._pace) == segment.sha256):
                return False
        except OSError:
            return False  # one that cannot be read is made anew
        self._keep(place, segment)
        return True

    def _bring(self, place: Place, source: Path, segment: Segment) -> str:
        """Copy it; why it cannot be copied from there, or empty. An altered one is set aside for one that holds."""
        try:
            altered = place.name in self._archive.suspect(segment.path, codes=("altered",))
            if altered and file_digest(source, self._pace) == segment.sha256:
                place.set_aside(segment.path)
            if place.put(source, segment.path, segment.sha256, self._pace) != segment.sha256:
                return "altered"
        except FileNotFoundError:
            return "missing"
        except OSError:
            if readable(source):
                raise  # the place's fault, not the recording's
            return "unreadable"
        self._keep(place, segment)
        return ""

    def _sources(self, segment: Segment, target: str) -> Iterator[tuple[str, Path]]:
        """Places where a recording can be read now, the nearest first; none where it was found not to hold."""
        path, bad = segment.path, self._archive.suspect(segment.path)
        if DISK not in bad and (self._media / path).exists():
            yield DISK, self._media / path
        names = [copy.place for copy in self._archive.copies(path) if copy.place not in bad | {target}]
        there = [place for name in names if (place := self.places.get(name))]
        for place in sorted(there, key=lambda one: not isinstance(one, FolderPlace)):
            try:
                if not isinstance(place, FolderPlace):
                    source = self.fetched(path, place)
                elif place.size(path) is not None:
                    source = place.root / path
                else:
                    continue
            except Stopping:
                raise
            except FileNotFoundError:
                if self._archive.find(place.name, path, "missing", self._now()):
                    log.error("missing: %s on %s", path, place.name)
            except (PlaceSilent, OSError) as error:  # not the fault of the place it is to go to
                self._refused[place.name] = str(error)
            else:
                yield place.name, source

    def fetched(self, path: str, place: Place) -> Path:
        """A recording brought out of object storage into `.fetched`. Raises PlaceSilent for an altered one."""
        target = self._media / ".fetched" / path.replace("/", "_")
        target.parent.mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.utime(target)  # for an hour from now
            return target
        usage = shutil.disk_usage(self._media)
        if usage.free < 2 * min(RESERVE, usage.total // 50):
            raise PlaceSilent("no room on the recording disk to fetch it: recording goes first")
        scratch = target.with_suffix(f".{threading.get_ident()}.new")
        place.fetch(path, scratch)
        wanted = {copy.sha256 for copy in self._archive.copies(path) if copy.place == place.name}
        if file_digest(scratch, self._pace) not in wanted:
            scratch.unlink()
            self._archive.find(place.name, path, "altered", self._now())
            raise PlaceSilent(f"altered: {path}")
        scratch.rename(target)
        return target

    def _keep(self, place: Place, segment: Segment) -> None:
        if isinstance(place, FolderPlace) and place.kind == "offline":
            line = {"path": segment.path, "bytes": segment.bytes, "sha256": segment.sha256}
            place.list_copy(line | {"start": segment.start, "end": segment.end})
        self._archive.keep_copy(place.name, segment.path, segment.bytes, segment.sha256, self._now())
        self._archive.clear(place.name, segment.path, self._now(), codes=("missing", "unreadable"))

    def free_some(self, name: str, days: int, copies: int) -> bool:
        """Let recordings older than `days` leave the recording disk, or the place `name`; True when there is more."""
        if not days:
            return False
        walk, waiting = ByTime(self._index, self._archive, f"free:{name}"), set[str]()
        while True:
            rows = walk.take(FREED_AT_ONCE, self._now() - timedelta(days=days), waiting)
            before = len(waiting)
            for row in rows:
                if row.segment.camera in waiting:
                    continue
                if self._free(name, row, copies):
                    walk.passed(row)
                elif not row.late:
                    waiting.add(row.segment.camera)
            if len(waiting) == before:
                return len(rows) >= FREED_AT_ONCE and any(not row.late for row in rows)

    def _free(self, name: str, row: Row, copies: int) -> bool:
        """False: it has to stay for now, and so do those behind it."""
        segment, removed = row.segment, self._archive.removals(row.segment.path)
        if EVERYWHERE in removed or segment.state == "missing":
            return True
        if name != DISK and name not in {copy.place for copy in self._archive.copies(segment.path)}:
            return True  # nothing lies there
        if name in removed and name == DISK and not (self._media / segment.path).exists():
            self.take_away(segment.path, name)
            return True
        if self._suspect(segment.path):
            return True  # a recording with a finding stays where it is, for whoever looks into it
        safe = self.verified_elsewhere(segment, name)
        if len(safe) < copies:
            if name in removed:  # somebody put it back, and does well
                self._stay(segment.path, name)
            return False
        why = "verified copies: " + ", ".join(safe)
        self._archive.remove(segment.path, name, self._now(), why, "process:archive")
        self.take_away(segment.path, name)
        return True

    def _suspect(self, path: str) -> bool:
        found = self._archive.rows("SELECT 1 FROM finding WHERE path = ? AND over IS NULL LIMIT 1", path)
        return bool(found)

    def verified_elsewhere(self, segment: Segment, name: str) -> list[str]:
        """Places other than `name` with a verified copy that is there now; a copy on an off-line disk counts for half a
        year after it was read, in its cupboard and plugged in.
        """
        safe, kinds, bad = [], dict(self._archive.places()), self._archive.suspect(segment.path)
        for copy in self._archive.copies(segment.path):
            if copy.place in bad | {name} or (copy.bytes, copy.sha256) != (segment.bytes, segment.sha256):
                continue
            offline, place = kinds.get(copy.place) == "offline", self.places.get(copy.place)
            if offline and copy.verified <= self._now() - UNREAD:
                continue
            if place.size(segment.path) == segment.bytes if place else offline:
                safe.append(copy.place)
        return sorted(safe)

    def take_away(self, path: str, name: str) -> None:
        """Delete the file of a removal whose row is written. Raises PlaceSilent when it cannot be reached."""
        if name != DISK:
            if name not in self.places:
                raise PlaceSilent(name)
            self.places[name].remove(path)
            self._archive.drop_copy(name, path)
            self._archive.removed(path, name)
            return
        remove_file(self._media / path)
        with weighing(self._index, self._archive, path):
            self._archive.removed(path, name)

    def settle(self, copies: int) -> None:
        """Finish what a kill or an unplugged disk left of removals, where `copies` are there still."""
        for path, name in self._archive.open_removals():
            if name != DISK and name not in self.places:
                continue
            there = (
                (self._media / path).exists() if name == DISK else self.places[name].size(path) is not None
            )
            segment = named(self._index, path)
            if not there or (segment and len(self.verified_elsewhere(segment, name)) >= copies):
                self.take_away(path, name)
            elif segment:
                self._stay(path, name)

    def _stay(self, path: str, name: str) -> None:
        """A removal is given up, for its copies are not there any more; it is looked at again."""
        with weighing(self._index, self._archive, path):
            self._archive.stays(path, name)
            ByTime(self._index, self._archive, f"free:{name}").once_more(path)
        log.error("%s stays on %s: its copies are not there any more", path, name or "the recording disk")


def readable(path: Path) -> bool:
    """Whether a file can be read to its end: a bad sector in one recording must not hold up all others."""
    try:
        file_digest(path, Pace(1 << 40))
    except OSError:
        return False
    return True
