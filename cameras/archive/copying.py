"""Copying recordings to the places of a site, and letting the original go once its copies are verified.

A row of `copy` is written after the copy was read back from its place and its hash is that of the recording; a row of
`removal` before a file goes. Killed anywhere in between, a recording has its original, a verified copy, or both.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from cameras.archive.places import FolderPlace, Pace, Place, PlaceSilent, file_digest, remove_file
from cameras.archive.store import DISK, EVERYWHERE, Archive
from cameras.archive.walk import ByTime, Row, Walk
from cameras.index import Reader, Segment

log = logging.getLogger("examsite.archive")

AT_ONCE = 50
"""Recordings copied to one place before the others have their turn."""
FREED_AT_ONCE = 500


class Copier:
    """Moves recordings through the tiers. `places`: those that can be reached in this round, by name."""

    def __init__(
        self, media: Path, index: Reader, archive: Archive, pace: Pace, now: Callable[[], datetime]
    ) -> None:
        self._media, self._index, self._archive, self._pace, self._now = media, index, archive, pace, now
        self.places: dict[str, Place] = {}

    def walk_of(self, place: Place, after_days: int) -> Walk:
        """Off-line disks follow one another: the next goes on where the last one was full.

        Copied at once, in the order rows are made, what fills a gap later is copied as well; after days, by time.
        """
        name = "offline" if place.kind == "offline" else f"copy:{place.name}"
        return (ByTime if after_days else Walk)(self._index, self._archive, name)

    def copy_some(self, place: Place, after_days: int) -> bool:
        """Copy what is due to a place; True when there is more. Raises PlaceSilent, PlaceFull."""
        walk = self.walk_of(place, after_days)
        rows = walk.take(AT_ONCE, self._now() - timedelta(days=after_days))
        for row in rows:
            self._copy(place, row.segment)
            walk.passed(row)
        return len(rows) >= AT_ONCE

    def _copy(self, place: Place, segment: Segment) -> None:
        path, archive = segment.path, self._archive
        if any(copy.place == place.name for copy in archive.copies(path)) or EVERYWHERE in archive.removals(
            path
        ):
            return
        if segment.state == "missing" or not segment.sha256:
            return  # the recorder has said so
        if place.size(path) == segment.bytes and place.digest(path, self._pace) == segment.sha256:
            self._keep(place, segment)  # ended between its name and its row
            return
        source = self._source(segment, place.name)
        if source is None:
            archive.find(DISK, path, "missing", self._now())
            log.error("recording missing: %s", path)
            return
        try:
            found = place.put(source, path, segment.sha256, self._pace)
        except FileNotFoundError:
            archive.find(DISK, path, "missing", self._now())
            return
        except OSError:
            if readable(source):
                raise  # the place's fault, not the recording's
            archive.find(DISK, path, "unreadable", self._now())
            log.error("recording unreadable, not copied: %s", path)
            return
        if found != segment.sha256:
            archive.find(DISK, path, "altered", self._now())
            log.error("recording altered, not copied: %s", path)
            return
        self._keep(place, segment)

    def _source(self, segment: Segment, target: str) -> Path | None:
        here = self._media / segment.path
        if here.exists():
            return here
        for copy in self._archive.copies(segment.path):
            place = self.places.get(copy.place)
            if (
                copy.place != target
                and isinstance(place, FolderPlace)
                and place.size(segment.path) is not None
            ):
                return place.root / segment.path
        for copy in self._archive.copies(segment.path):
            if copy.place != target and copy.place in self.places:
                return self.fetched(segment.path, self.places[copy.place])
        return None

    def fetched(self, path: str, place: Place) -> Path:
        """A recording brought out of object storage into `.fetched`. Raises PlaceSilent for an altered one."""
        target = self._media / ".fetched" / path.replace("/", "_")
        target.parent.mkdir(exist_ok=True)
        if target.exists():
            return target
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

    def free_some(self, name: str, days: int, copies: int) -> bool:
        """Let recordings older than `days` leave the recording disk, or the place `name`; True when there is more."""
        if not days:
            return False
        walk = ByTime(self._index, self._archive, f"free:{name}")
        rows, waiting = walk.take(FREED_AT_ONCE, self._now() - timedelta(days=days)), set[str]()
        for row in rows:
            if row.segment.camera in waiting:
                continue
            if self._free(name, row, copies):
                walk.passed(row)
            else:
                waiting.add(row.segment.camera)
        return len(rows) >= FREED_AT_ONCE and not waiting

    def _free(self, name: str, row: Row, copies: int) -> bool:
        """False: it has to stay for now, and so do those behind it."""
        segment, removed = row.segment, self._archive.removals(row.segment.path)
        if EVERYWHERE in removed or segment.state == "missing":
            return True
        if name != DISK and name not in {copy.place for copy in self._archive.copies(segment.path)}:
            return True  # nothing lies there
        if name in removed and name == DISK:
            self.take_away(segment.path, name)
            return True
        if self._suspect(segment.path):
            return True  # a recording with a finding stays where it is, for whoever looks into it
        safe = self.verified_elsewhere(segment, name)
        if len(safe) < copies:
            return False
        why = "verified copies: " + ", ".join(safe)
        self._archive.remove(segment.path, name, self._now(), why, "process:archive")
        self.take_away(segment.path, name)
        return True

    def _suspect(self, path: str) -> bool:
        found = self._archive.rows("SELECT 1 FROM finding WHERE path = ? AND over IS NULL LIMIT 1", path)
        return bool(found)

    def verified_elsewhere(self, segment: Segment, name: str) -> list[str]:
        """Places other than `name` with a verified copy that is there now; an off-line disk in its cupboard counts."""
        safe = []
        for copy in self._archive.copies(segment.path):
            if copy.place == name or (copy.bytes, copy.sha256) != (segment.bytes, segment.sha256):
                continue
            place = self.places.get(copy.place)
            if place is None:
                if dict(self._archive.places()).get(copy.place) == "offline":
                    safe.append(copy.place)
            elif place.size(segment.path) == segment.bytes:
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
        file = self._media / path
        size = file.stat().st_size if file.exists() else 0
        remove_file(file)
        self._archive.removed(path, name, size)

    def settle(self) -> None:
        """Finish what a kill or an unplugged disk left of removals."""
        for path, name in self._archive.open_removals():
            if name != EVERYWHERE and (name == DISK or name in self.places):
                self.take_away(path, name)


def readable(path: Path) -> bool:
    """Whether a file can be read to its end: a bad sector in one recording must not hold up all others."""
    try:
        file_digest(path, Pace(1 << 40))
    except OSError:
        return False
    return True
