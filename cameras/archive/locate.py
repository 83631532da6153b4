"""Where a recording lies: the one call of every finder, whichever tier it has moved to."""

import asyncio
from pathlib import Path
from typing import Literal

import msgspec

from appliance.base.clock import Clock, SystemClock
from appliance.base.errors import NotFound, Unavailable
from appliance.base.i18n import N_
from appliance.base.settings import Settings
from appliance.base.sockets import ask
from appliance.wire.archive import Fetched, FetchRecording
from cameras.archive.lawful import lawful
from cameras.archive.places import mounted_disks, mounted_folder
from cameras.archive.reach import site_code
from cameras.archive.store import DISK, EVERYWHERE, ArchiveReader
from cameras.index import Segment

FETCH = 60.0
"""Seconds one recording may take to come out of object storage."""
Lies = Literal["here", "online", "s3", "offline", "silent", "deleted", "missing"]


class Where(msgspec.Struct, kw_only=True):
    """What is known of a recording's whereabouts. `path`: readable now. `place`: its name, or a disk's label."""

    lies: Lies
    path: Path | None = None
    place: str = ""


class Locator:
    """Finds recordings for one process; reads only. Raises Unavailable while archive.db cannot be read."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock: Clock = clock or SystemClock()
        self._media = Path(settings.recorder.media)
        self._archive = ArchiveReader(self._media)
        self._site = site_code(settings)
        self._folders = {one.name: Path(one.folder) for one in settings.storage.places if one.kind != "s3"}

    def where(self, segment: Segment) -> Where:
        """Where a recording lies, without fetching anything. A copy that holds comes before an altered original."""
        here, suspect = self._media / segment.path, self._archive.suspect(segment.path)
        if DISK not in suspect and _as_long(here, segment):
            return Where(lies="here", path=here)
        removed = self._archive.removals(segment.path)
        if (gone := removed.get(EVERYWHERE)) and not here.exists():
            # A row before its date is nobody's order.
            return Where(lies="deleted" if lawful(segment.start, gone.at, self._clock.now()) else "missing")
        copies = {copy.place for copy in self._archive.copies(segment.path)}
        kinds = dict(self._archive.places())
        roots = self._roots(copies, kinds)
        there = [
            Where(lies="online", path=root / segment.path, place=name)
            for name, root in roots.items()
            if root is not None and (root / segment.path).exists()
        ]
        for one in there:
            if one.place not in suspect and one.path and _as_long(one.path, segment):
                return one
        away = {name for name in copies if roots[name] is None}
        if found := _to_fetch(away - suspect, kinds):
            return found
        if here.exists():  # there is no better one
            return Where(lies="here", path=here)
        if there:
            return there[0]
        if found := _to_fetch(away, kinds):
            return found
        silent = sorted(name for name, root in roots.items() if root is None)
        return Where(lies="silent", place=silent[0]) if silent else Where(lies="missing", place=DISK)

    def taken(self, folder: str) -> set[str]:
        """Recordings of a folder of the disk that lawfully lie there no more."""
        return self._archive.gone(f"{folder}/", self._clock.now())

    def _roots(self, copies: set[str], kinds: dict[str, str]) -> dict[str, Path | None]:
        """Where each place is mounted now."""
        plugged = any(kinds.get(name) == "offline" for name in copies)
        disks = mounted_disks(Path(self._settings.storage.offline), self._site) if plugged else {}
        return {
            name: disks.get(name)
            if kinds.get(name) == "offline"
            else mounted_folder(self._folders.get(name), name, self._site)
            for name in copies
        }

    def locate(self, segment: Segment) -> Path:
        """A readable file, fetched from object storage when it lies there. Call it from a thread without a loop.

        Raises NotFound (deleted, missing) or Unavailable: `disk_wanted` names the off-line disk to plug in.
        """
        found = self.where(segment)
        if found.path is not None:
            return found.path
        if found.lies == "s3":
            socket = self._settings.socket("archive")
            answer = asyncio.run(ask(socket, FetchRecording(path=segment.path), Fetched, FETCH))
            return Path(answer.path)
        raise absent(found, segment)


def absent(found: Where, segment: Segment) -> NotFound | Unavailable:
    """Why a recording cannot be read, in words."""
    if found.lies == "offline":
        return Unavailable(
            "disk_wanted",
            N_("This recording lies on the off-line disk {label}."),
            N_("Fetch the disk with this label from the archive, plug it in and ask again."),
            label=found.place,
        )
    if found.lies == "silent":
        return Unavailable(
            "place_silent",
            N_("This recording lies in {place}, which cannot be reached."),
            N_("The system administrator looks at its mount or its network; ask again then."),
            place=found.place,
        )
    if found.lies == "deleted":
        return NotFound(
            "recording_deleted",
            N_("This recording was deleted after its retention period."),
            N_("The journal says when and by whose order."),
        )
    return NotFound(
        "recording_missing",
        N_("The recording {path} is missing."),
        N_("Run examsite recordings verify and call the system administrator."),
        path=segment.path,
    )


def _to_fetch(names: set[str], kinds: dict[str, str]) -> Where | None:
    """The place it can be fetched from: object storage before a disk."""
    for lies in ("s3", "offline"):
        if found := sorted(name for name in names if kinds.get(name) == lies):
            return Where(lies=lies, place=found[0])
    return None


def _as_long(path: Path, segment: Segment) -> bool:
    """Whether a file is there with the length of its finished recording: the cheapest sign of an altered one."""
    try:
        size = path.stat().st_size
    except OSError:
        return False
    return segment.state == "open" or size == segment.bytes
