"""A hold put while an order is carried out: what has not gone yet is a recording like any other again.

Its row of the order is withdrawn, not forgotten: the journal has the hash of the whole list. Once the hold is lifted
only a new order takes it.
"""

import logging
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

from cameras.archive.copying import Copier
from cameras.archive.lawful import list_digest
from cameras.archive.store import DISK, EVERYWHERE, WITHDRAWN, Archive, Removal
from cameras.archive.terms import Term, Terms
from cameras.archive.walk import Walk, weighing
from cameras.index import Reader, Segment, micros

log = logging.getLogger("examsite.archive")


class Sparer:
    """Looks once at each sitting on hold for orders that are being carried out."""

    def __init__(
        self, media: Path, index: Reader, archive: Archive, copier: Copier, now: Callable[[], datetime]
    ) -> None:
        self._media, self._index, self._archive, self._copier = media, index, archive, copier
        self._now = now
        self._looked = frozenset[Term]()
        self._lacking = set[str]()

    def look(self, terms: Terms, lacking: Collection[str]) -> None:
        """Withdraw what sittings put on hold since the last look still have, and all of them what came back to the
        index since: it had not everything of the cameras `lacking` rows. Raises PlaceSilent.
        """
        if self._lacking != set(lacking):
            self._looked, self._lacking = frozenset(), set(lacking)
        held = frozenset(terms.on_hold())
        for term in held - self._looked:
            left: dict[int, list[tuple[Segment, Removal]]] = {}
            for camera in self._index.cameras():
                for one in self._index.between(camera, term.start, term.end):
                    removal = self._archive.removals(one.path).get(EVERYWHERE)
                    if removal and terms.held(one) and self._remains(one):
                        left.setdefault(removal.event, []).append((one, removal))
            for event, found in left.items():
                self._spare(term, event, found)
        self._looked = held

    def _remains(self, segment: Segment) -> bool:
        """The original, or a copy that is there or lies where nobody can look now."""
        if (self._media / segment.path).exists():
            return True
        places = [self._copier.places.get(copy.place) for copy in self._archive.copies(segment.path)]
        return any(place is None or place.size(segment.path) == segment.bytes for place in places)

    def _spare(self, term: Term, event: int, found: list[tuple[Segment, Removal]]) -> None:
        now, archive = self._now(), self._archive
        ways = archive.rows("SELECT DISTINCT name FROM bookmark WHERE name NOT IN ('days', 'scrub')")
        names = {name.partition("|")[0] for (name,) in ways} - {"keep"}
        with archive.transaction() as link:
            for one, removal in found:
                self._withdraw(one, removal)
                for name in names:
                    Walk(self._index, archive, name).once_more(one.path)
                for place, _kind in archive.places():
                    link.execute(
                        "DELETE FROM pending WHERE name = ? AND path = ?", (f"left:{place}", one.path)
                    )
                link.execute(
                    "UPDATE finding SET over = NULL WHERE path = ? AND over = ?",
                    (one.path, micros(removal.at)),
                )
                link.execute(
                    "UPDATE day SET bytes = bytes + ?, segments = segments + 1 WHERE camera = ? AND day = ?",
                    (one.bytes, one.camera, f"{one.start:%Y%m%d}"),
                )
            body = {
                "sitting": term.id,
                "recordings": len(found),
                "list": list_digest((one.path, one.sha256) for one, _removal in found),
                "first": min(one.start for one, _removal in found),
                "last": max(one.start for one, _removal in found),
            }
            archive.tell(now, "kept", body)
        log.warning("hold on %s: %d recordings of an order stay", term.id, len(found))

    def _withdraw(self, segment: Segment, removal: Removal) -> None:
        """The order's row; where the original is gone already its own row says by which order."""
        archive, path = self._archive, segment.path
        with weighing(self._index, archive, path) as link:
            link.execute(
                "UPDATE removal SET place = ?, done = 1 WHERE path = ? AND place = ?",
                (f"{WITHDRAWN}{removal.event}", path, EVERYWHERE),
            )
            if not (self._media / path).exists() and DISK not in archive.removals(path):
                archive.remove(path, DISK, removal.at, removal.why, removal.who)
                archive.removed(path, DISK)
