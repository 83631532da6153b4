"""The end of a recording's life: only past its date, without a hold, and by an order; never because a disk is full.

What is due is found by going on from where the last pass stopped. A sitting kept longer, or on hold, is looked at once
more when its own date has come.
"""

import contextlib
import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path

from appliance.wire.archive import Permit
from cameras.archive.copying import Copier
from cameras.archive.lawful import list_digest
from cameras.archive.places import ALTERED, FolderPlace, Place, sync_folder
from cameras.archive.spare import Sparer
from cameras.archive.store import DISK, EVERYWHERE, MISSING, Archive
from cameras.archive.terms import Terms, bounded, terms_of
from cameras.archive.walk import ByTime, Walk, named, weighing
from cameras.index import Reader, Segment, micros, moment

log = logging.getLogger("examsite.archive")

AT_ONCE = 2000
CHUNK = 200
"""Files that go before their rows are settled together."""
STEP = timedelta(days=1)
"""A clock that is set differs by less: what begins so long before an older recording is mistimed."""
MINUTE = timedelta(minutes=1) // timedelta(microseconds=1)
LATER_LINK = f"""
SELECT 1 FROM run r WHERE r.camera = ? AND r.opened > ? AND r.opened <= ? AND (
  SELECT s.n FROM segment s WHERE s.camera = r.camera AND s.run = r.id
  AND s.start > r.opened - {MINUTE} AND s.start < r.opened + {60 * MINUTE} ORDER BY s.start LIMIT 1
) < (SELECT n FROM segment WHERE path = ?) LIMIT 1
"""
"""The number in the chain: it survives an index built anew, whose rows come in another order."""
LATER_RUN = """
SELECT 1 FROM run WHERE cause <> 'restored' AND opened > ? AND opened <= ?
  AND rowid < (SELECT rowid FROM run WHERE id = ? AND cause <> 'restored') LIMIT 1
"""
"""Runs the recorder opened itself stand in the order of recording, whatever camera they are of."""


class Deleter:
    """Carries out an order."""

    def __init__(
        self, media: Path, index: Reader, archive: Archive, copier: Copier, now: Callable[[], datetime]
    ) -> None:
        self._media, self._index, self._archive, self._copier = media, index, archive, copier
        self._now = now
        self._sparer = Sparer(media, index, archive, copier, now)

    def delete_some(self, permit: Permit, trusted: datetime) -> bool:
        """One step of a pass; True when there is more to do now. `trusted`: no order reaches further by this time."""
        lacking = self._index.lacking
        if lacking is None:
            return False  # a sitting whose rows are not back yet would be done with
        permit = bounded(permit, trusted)
        with self._archive.transaction():  # a hold that was answered before is in what is read here
            terms = terms_of(self._archive)
            walk = ByTime(self._index, self._archive, "keep")
            rows = walk.take(AT_ONCE, permit.before, lacking)
            going = self._going([row.segment for row in rows], terms, permit)
            if rows:
                self._order(going, permit)
                walk.passed(*rows)
        if rows:
            self._carry_out(going)
            return True
        return self._kept_longer(permit, lacking)

    def _kept_longer(self, permit: Permit, lacking: Collection[str]) -> bool:
        """A sitting whose own date has come since, or whose hold was lifted. What the cameras `lacking` rows have of it
        is looked at once theirs are back (count_days remembers it): which of it is mistimed is not known before.
        """
        with self._archive.transaction() as link:
            due = self._archive.rows(
                "SELECT id, start, end FROM sitting"
                " WHERE passed = 0 AND hold = 0 AND keep_until <= ? ORDER BY keep_until LIMIT 1",
                micros(permit.due),
            )
            if not due:
                return False
            name, start, end = due[0][0], moment(due[0][1]), moment(due[0][2])
            terms = terms_of(self._archive)
            found = [
                segment
                for camera in self._index.cameras()
                if camera not in lacking
                for segment in self._index.between(camera, start, end)
            ]
            going = self._going(found, terms, permit)
            self._order(going, permit)
            link.execute("UPDATE sitting SET passed = 1 WHERE id = ?", (name,))
        self._carry_out(going)
        return True

    def _going(self, segments: list[Segment], terms: Terms, permit: Permit) -> list[Segment]:
        """Those that may go, and are not gone already."""
        runs: dict[str, bool] = {}
        return [
            one
            for one in segments
            if terms.may_go(one, permit)
            and EVERYWHERE not in self._archive.removals(one.path)
            and not self._mistimed(one, runs)
        ]

    def _mistimed(self, segment: Segment, runs: dict[str, bool]) -> bool:
        """Whether its time cannot be: an older link of its camera's chain, or an older run of any camera, began later.
        Such a one never goes; it is found.

        What was filled or adopted has no place in the order of recording. `runs`: what is known already.
        """
        if segment.state in ("filled", "adopted"):
            return False
        if segment.run not in runs:
            later = micros(segment.start + STEP), micros(self._now())
            runs[segment.run] = bool(
                self._index.rows(LATER_LINK, segment.camera, *later, segment.path)
                or self._index.rows(LATER_RUN, *later, segment.run)
            )
            if runs[segment.run]:
                self._archive.find(DISK, segment.path, "mistimed", self._now())
                log.error("%s was recorded under a wrong clock: it stays", segment.path)
        return runs[segment.run]

    def _order(self, going: list[Segment], permit: Permit) -> None:
        """The rows that say why, and one event for all of them, before the first file goes."""
        if not going:
            return
        now, size = self._now(), sum(one.bytes for one in going)
        body = {
            "permit": permit.id,
            "recordings": len(going),
            "bytes": size,
            "list": list_digest((one.path, one.sha256) for one in going),
            "first": min(one.start for one in going),
            "last": max(one.start for one in going),
            "who": permit.who,
        }
        with self._archive.transaction() as link:
            event = self._archive.tell(now, "deleted", body)
            for one in going:
                self._archive.remove(one.path, EVERYWHERE, now, permit.why, permit.who, event)
                self._archive.over(one.path, now)
                link.execute(
                    "UPDATE day SET bytes = max(0, bytes - ?), segments = segments - 1 WHERE camera = ? AND day = ?",
                    (one.bytes, one.camera, f"{one.start:%Y%m%d}"),
                )
        log.warning("deleting %d recordings by the order %s", len(going), permit.id)

    def _carry_out(self, going: list[Segment]) -> None:
        """A hold put since the order stands against what is still there: it is withdrawn (settle)."""
        for first in range(0, len(going), CHUNK):
            terms = terms_of(self._archive)
            self._end([one.path for one in going[first : first + CHUNK] if not terms.held(one)])

    def _end(self, paths: list[str]) -> None:
        """Every file of these. A copy on a disk that is not here goes when the disk is plugged in again."""
        touched = set[Path]()
        for path in paths:
            file = self._media / path
            with contextlib.suppress(FileNotFoundError):
                file.unlink()
                touched.add(file.parent)
        for folder in touched:
            sync_folder(folder)
        gone, left = list[tuple[str, str]](), list[tuple[str, str]]()
        for path in paths:
            for name in self._archive.been(path):
                if place := self._copier.places.get(name):
                    self._off(place, path)
                    gone.append((name, path))
                else:
                    left.append((f"left:{name}", path))
        with self._archive.transaction():
            for name, path in left:
                Walk(self._index, self._archive, name).once_more(path)
            for name, path in gone:
                self._archive.drop_copy(name, path)
            for path in paths:
                with weighing(self._index, self._archive, path) as link:
                    self._archive.removed(path, EVERYWHERE)
                    link.execute("DELETE FROM pending WHERE name = ? AND path = ?", (MISSING, path))

    def _off(self, place: Place, path: str) -> None:
        """A place's file, with what was set aside of it; an off-line disk gets a line that says why."""
        if isinstance(place, FolderPlace) and place.kind == "offline":
            removal = self._archive.removals(path).get(EVERYWHERE)
            if removal:
                place.list_removal({"path": path, "at": removal.at, "why": removal.why, "who": removal.who})
        place.remove(path)
        place.remove(path + ALTERED)

    def settle(self) -> None:
        """Finish what a kill left, and what waits for a place that can be reached again; what was put on hold since the
        order stays. What an index built anew lacks cannot be seen to be on hold: its camera waits, or everything.
        """
        lacking = self._index.lacking
        if lacking is None:
            return
        terms = terms_of(self._archive)
        self._sparer.look(terms, lacking)
        open_ones = [path for path, place in self._archive.open_removals() if place == EVERYWHERE]
        open_ones = [path for path in open_ones if not self._held(path, terms, lacking)]
        for first in range(0, len(open_ones), CHUNK):
            self._end(open_ones[first : first + CHUNK])
        for name, there in list(self._copier.places.items()):
            for (path,) in self._archive.rows("SELECT path FROM pending WHERE name = ?", f"left:{name}"):
                if self._held(path, terms, lacking):
                    continue
                self._off(there, path)
                with self._archive.transaction() as link:
                    self._archive.drop_copy(name, path)
                    link.execute("DELETE FROM pending WHERE name = ? AND path = ?", (f"left:{name}", path))

    def _held(self, path: str, terms: Terms, lacking: Collection[str]) -> bool:
        if path.partition("/")[0] in lacking:
            return True
        found = named(self._index, path)
        return found is not None and terms.held(found)


def due_days(archive: Archive, before: datetime) -> list[tuple[str, int]]:
    """Days (yyyymmdd) past the usual date with recordings left, and their bytes."""
    return [
        (day, int(size))
        for day, size in archive.rows(
            "SELECT day, sum(bytes) FROM day WHERE day < ? AND segments > 0 GROUP BY day ORDER BY day",
            f"{before:%Y%m%d}",
        )
    ]
