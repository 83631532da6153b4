"""Rows of the index that stayed open because closing them failed: a disk that was full, or that lost what it had taken.

What the disk truly holds of such a file is found out while the recorder runs, and not at its next start months later.
"""

import logging
import sqlite3
from datetime import datetime
from pathlib import Path

from appliance.base.errors import ExamError
from cameras.index import Index, Segment
from cameras.recorder.reconcile import LEFT, not_ours, recover

log = logging.getLogger("examsite.recorder")


class LeftOpen:
    """Looks at every open row now and then. Only rows this process opened are closed; those there already when it began
    were judged at the start, and one that comes from elsewhere is a finding.
    """

    def __init__(self, media: Path, index: Index) -> None:
        self._media = media
        self._index = index
        self._before = {one.id for one in index.unfinished()}
        self._seen: dict[str, tuple[int, float]] = {}
        """Size of each file, and since when it has it (monotonic)."""

    def round(self, now: datetime, monotonic: float) -> None:
        """Close the rows of files that have stood still for long; what does not let itself be closed waits as long
        again. Raises Unavailable.
        """
        seen: dict[str, tuple[int, float]] = {}
        for segment in self._index.unfinished():
            try:
                if segment.id in self._index.opened:
                    seen[segment.id] = self._look(segment, now, monotonic)
                elif segment.id not in self._before:
                    not_ours(self._index, segment, now)
                    self._before.add(segment.id)
            except (ExamError, sqlite3.Error) as error:
                log.error("%s cannot be closed: %s", segment.path, error)
        self._seen = seen

    def _look(self, segment: Segment, now: datetime, monotonic: float) -> tuple[int, float]:
        """Its size, and since when."""
        size = _size(self._media / segment.path)
        known = self._seen.get(segment.id, (-2, 0.0))
        if known[0] != size:
            return size, monotonic
        if monotonic - known[1] < LEFT:
            return known
        self._seen[segment.id] = size, monotonic
        recover(self._media, self._index, segment, now)
        return size, monotonic


def _size(path: Path) -> int:
    """-1: there is none, or the disk does not tell."""
    try:
        return path.stat().st_size
    except OSError:
        return -1
