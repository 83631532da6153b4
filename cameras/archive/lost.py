"""What is found again: a lost list out of its newest copy, and an off-line disk out of its inventory."""

import contextlib
import logging
import os
import re
import shutil
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from appliance.base.errors import Unavailable
from cameras.archive.places import INVENTORY, REMOVED, FolderPlace, Place, PlaceSilent, sync_folder
from cameras.archive.store import EVERYWHERE, FILE, Archive
from cameras.index import moment
from cameras.index.rebuild import INSIDE

log = logging.getLogger("examsite.archive")

NEVER = moment(0)
"""When a copy of a list that was taken in was verified last: never."""
RECORDING = re.compile(f"[A-Za-z0-9][A-Za-z0-9_-]*/{INSIDE.pattern}")
"""Camera, day and name: a line of an inventory names nothing else."""
BACK = ".fetched.list"
"""Folder of the recording disk in which a copy is looked at before it becomes the list."""


def bring_back(archive: Archive, places: Iterable[Place], now: datetime, patient: bool) -> bool:
    """Put the newest list of this site that a place keeps where `archive`, a new one, lies; False: there is none.

    Whoever has `archive` open goes on with a file that has no name any more. `patient`: a place that fails is asked
    again later (PlaceSilent, OSError), and not left out.
    """
    media = archive.path.parent
    found = list[tuple[float, str, str, Place]]()
    for one in places:
        try:
            found += [(at, one.name, path, one) for at, path in one.proofs(FILE)]
        except (PlaceSilent, OSError) as error:
            if patient:
                raise
            log.error("the lists of archived recordings on %s cannot be read: %s", one.name, error)
    for _at, name, path, place in sorted(found, key=lambda one: one[:3], reverse=True):
        back = media / BACK
        shutil.rmtree(back, ignore_errors=True)
        back.mkdir()
        try:
            place.fetch(path, back / FILE)
            # A list of before it named its site: the mark of a folder says whose it is, that of a bucket nobody.
            known = {archive.kept("site"), ""} if isinstance(place, FolderPlace) else {archive.kept("site")}
            if not _prepared(back, known, f"{name}: {path}", now):
                continue
            for ending in ("-wal", "-shm"):
                archive.path.with_name(FILE + ending).unlink(missing_ok=True)
            os.replace(back / FILE, archive.path)
            sync_folder(media)
        except (PlaceSilent, OSError) as error:
            if patient:
                raise
            log.error("the list of archived recordings on %s cannot be read: %s", name, error)
        else:
            log.warning("the list of archived recordings was brought back from %s: %s", name, path)
            return True
        finally:
            shutil.rmtree(back, ignore_errors=True)
    return False


def _prepared(folder: Path, sites: Collection[str], source: str, now: datetime) -> bool:
    """Whether the list in a folder is whole and of one of `sites`, for a bucket may be another one's as well; it tells
    where it was brought back from.
    """
    try:
        link = sqlite3.connect(folder / FILE)
        try:
            if link.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                return False
        finally:
            link.close()
        archive = Archive(folder)
    except (sqlite3.Error, Unavailable):
        return False
    try:
        if archive.damaged or archive.new:
            return False
        if (other := archive.kept("site")) not in sites:
            log.warning("%s is the list of the site %s: it is left alone", source, other or "?")
            return False
        archive.begin_anew()
        archive.tell(now, "list_restored", {"from": source})
    finally:
        archive.close()
    return True


class _Line(msgspec.Struct):
    path: str
    bytes: int = 0
    sha256: str = ""


def take_in(archive: Archive, place: FolderPlace) -> int:
    """An off-line disk this list knows nothing of, and what its inventory says, which nobody has signed: a recording
    on it counts, and is no longer missed, once it was read (Scrubber); one deleted by order goes from it as well. A
    disk with an inventory is not filled any more.
    """
    gone = {line.path for line in _lines(place.root / REMOVED)}
    lines = [line for line in _lines(place.root / INVENTORY) if line.path not in gone]
    state = "full" if place.size(INVENTORY) else "filling"
    with archive.transaction() as link:
        link.execute("INSERT INTO place(name, kind, state) VALUES (?, 'offline', ?)", (place.name, state))
        for line in lines:
            archive.keep_copy(place.name, line.path, line.bytes, line.sha256, NEVER)
        link.execute(  # as if it had been known when the order came (Deleter)
            "INSERT OR IGNORE INTO pending(name, path) SELECT ?, c.path FROM copy c"
            " JOIN removal r ON r.path = c.path AND r.place = ? WHERE c.place = ?",
            (f"left:{place.name}", EVERYWHERE, place.name),
        )
    if lines:
        log.warning("off-line disk %s: %d recordings taken in from its inventory", place.name, len(lines))
    return len(lines)


def _lines(path: Path) -> Iterator[_Line]:
    if not path.exists():
        return
    with open(path, "rb") as lines:
        for raw in lines:
            with contextlib.suppress(msgspec.DecodeError):  # torn when the disk was pulled, and written again
                line = msgspec.json.decode(raw, type=_Line)
                if RECORDING.fullmatch(line.path):
                    yield line
                else:
                    log.error("%s names no recording: %s", path, line.path)
