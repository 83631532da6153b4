"""Rows of the index that stayed open because closing them failed: a disk that was full, or that lost what it had taken.

What the disk truly holds of such a file is found out while the recorder runs, and not at its next start months later.
"""

from datetime import datetime
from pathlib import Path

from cameras.index import Index
from cameras.recorder.reconcile import recover

LEFT = 600.0
"""Seconds for which a file that is being written never stands still: a camera that sends nothing loses its own."""


class LeftOpen:
    """Looks at every open row now and then."""

    def __init__(self, media: Path, index: Index) -> None:
        self._media = media
        self._index = index
        self._seen: dict[str, tuple[int, float]] = {}
        """Size of each file, and since when it has it (monotonic)."""

    def round(self, now: datetime, monotonic: float) -> None:
        """Close the rows of files that have stood still for long. Raises OSError and sqlite3.Error."""
        seen: dict[str, tuple[int, float]] = {}
        for segment in self._index.unfinished():
            path = self._media / segment.path
            size = path.stat().st_size if path.exists() else -1
            known = self._seen.get(segment.id, (-2, 0.0))
            if known[0] != size:
                known = size, monotonic
            if monotonic - known[1] >= LEFT:
                recover(self._media, self._index, segment, now)
            else:
                seen[segment.id] = known
        self._seen = seen
