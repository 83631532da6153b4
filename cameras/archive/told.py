"""Whether the journal knows exactly the recordings a row of archive.db says were deleted.

archive.db is not signed: anybody who may write to the disk may add a row. The journal has the hash of each list
of an order, so that a recording put in among the others shows, and so do those that were told with it.
"""

from collections.abc import Sequence
from datetime import datetime

from appliance.wire.seals import Deletion
from cameras.archive.lawful import TOLD, lawful, list_digest
from cameras.archive.store import ArchiveReader, Removal
from cameras.archive.walk import named
from cameras.index import Reader, Segment


class Told:
    """Of one verification; each list is reckoned once. `deletions` None: the journal is not asked."""

    def __init__(self, archive: ArchiveReader, index: Reader, deletions: Sequence[Deletion] | None) -> None:
        self._archive, self._index, self._deletions = archive, index, deletions
        self._lists = {one.list for one in deletions or ()}
        self._known: dict[int, bool] = {}

    def lawful(self, segment: Segment, removal: Removal, now: datetime) -> bool:
        """After its three years, and by an order the journal has, with this recording on its list."""
        if not lawful(segment.start, removal.at, now, self._deletions):
            return False
        return self._deletions is None or now - removal.at < TOLD or self._listed(removal.event)

    def _listed(self, event: int) -> bool:
        if event not in self._known:
            found = (named(self._index, path) for path in self._archive.list_of(event))
            self._known[event] = list_digest((one.path, one.sha256) for one in found if one) in self._lists
        return event > 0 and self._known[event]
