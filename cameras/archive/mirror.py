"""What proves and finds the recordings, a second time beside every copy: chain, seals, references, the archive's list.

Without it a place would hold files nobody can prove once the recording disk is gone. It lies in `proof.d` of each
place; the list comes back from there by itself, the chain by hand (docs/operations.md).
"""

import contextlib
import hashlib
import logging
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from appliance.base.settings import Settings
from cameras.archive.places import (
    INVENTORY,
    REMOVED,
    FolderPlace,
    Pace,
    Place,
    mounted_disks,
    mounted_folder,
    sync_folder,
)
from cameras.archive.reach import site_code
from cameras.archive.store import FILE, Archive
from cameras.chain import FOLDER as CHAIN
from cameras.chain import ChainFiles
from cameras.index import micros, moment
from cameras.index.rebuild import INSIDE

log = logging.getLogger("examsite.archive")

PROOF = "proof.d"
REFERENCES = "references.d"
"""Stills the recorder's own looks are held against (cameras/reference.py)."""
CHAIN_EVERY, LIST_EVERY = timedelta(hours=1), timedelta(days=1)
UNREAD = moment(0)
"""When a copy of a list that was taken in was verified last: never."""
RECORDING = re.compile(f"[A-Za-z0-9][A-Za-z0-9_-]*/{INSIDE.pattern}")
"""Camera, day and name: a line of an inventory names nothing else."""


class Mirror:
    """Brings the proof to one place after the other."""

    def __init__(self, media: Path, archive: Archive, pace: Pace) -> None:
        self._media, self._archive, self._pace = media, archive, pace

    def bring(self, place: Place, now: datetime) -> bool:
        """What has changed since the last time; False: there is never more to do at once."""
        if self._due(f"proof:{place.name}", now, CHAIN_EVERY):
            for camera in ChainFiles(self._media).cameras():
                self._chain(place, camera)
            for file in self._files(REFERENCES):
                if place.size(f"{PROOF}/{file}") != (self._media / file).stat().st_size:
                    self._put(place, self._media / file, str(file))
            self._archive.keep(f"proof:{place.name}", str(micros(now)))
        if self._due(f"list:{place.name}", now, LIST_EVERY):
            self._list(place)
            self._archive.keep(f"list:{place.name}", str(micros(now)))
        return False

    def _due(self, name: str, now: datetime, every: timedelta) -> bool:
        last = moment(int(self._archive.kept(name) or 0))
        return not last <= now < last + every

    def _files(self, folder: str) -> Iterator[Path]:
        top = self._media / folder
        if top.is_dir():
            yield from sorted(one.relative_to(self._media) for one in top.rglob("*") if one.is_file())

    def _chain(self, place: Place, camera: str) -> None:
        """Files are added to one after the other: those before the last one brought are complete."""
        name = f"chain:{place.name}:{camera}"
        last = self._archive.kept(name)
        files = [one for one in ChainFiles(self._media).files(camera) if one.name >= last]
        seals = self._media / CHAIN / camera / "seals"
        for file in [*files, *([seals] if seals.exists() else [])]:
            self._put(place, file, f"{CHAIN}/{camera}/{file.name}")
        if files:
            self._archive.keep(name, files[-1].name)

    def _put(self, place: Place, source: Path, path: str) -> None:
        """As it is now: the recorder may be adding to it."""
        scratch = self._scratch()
        body = source.read_bytes()
        scratch.write_bytes(body)
        try:
            place.put(scratch, f"{PROOF}/{path}", hashlib.sha256(body).hexdigest(), self._pace)
        finally:
            scratch.unlink()

    def _list(self, place: Place) -> None:
        scratch = self._scratch()
        try:
            self._archive.copy_to(scratch)
            with open(scratch, "rb") as source:
                digest = hashlib.file_digest(source, "sha256").hexdigest()
            place.put(scratch, f"{PROOF}/{FILE}", digest, self._pace)
        finally:
            scratch.unlink(missing_ok=True)

    def _scratch(self) -> Path:
        folder = self._media / ".fetched"
        folder.mkdir(exist_ok=True)
        return folder / "proof.new"


def bring_back(settings: Settings) -> Path | None:
    """Where there is no list of archived recordings, the newest a place of this site holds; returns whence it came."""
    media, site, storage = Path(settings.recorder.media), site_code(settings), settings.storage
    if (media / FILE).exists():
        return None
    roots = [mounted_folder(Path(one.folder), one.name, site) for one in storage.places if one.kind != "s3"]
    roots += mounted_disks(Path(storage.offline), site).values()
    kept = [root / PROOF / FILE for root in roots if root and (root / PROOF / FILE).exists()]
    for source in sorted(kept, key=lambda path: path.stat().st_mtime, reverse=True):
        media.mkdir(parents=True, exist_ok=True)
        new = media / f"{FILE}.new"
        shutil.copyfile(source, new)
        try:
            link = sqlite3.connect(new)
            try:
                whole = link.execute("PRAGMA quick_check").fetchone()[0] == "ok"
            finally:
                link.close()
        except sqlite3.Error:
            whole = False
        if whole:
            os.replace(new, media / FILE)
            sync_folder(media)
            log.warning("the list of archived recordings was brought back from %s", source)
            return source
        new.unlink()
    return None


class _Line(msgspec.Struct):
    path: str
    bytes: int = 0
    sha256: str = ""


def take_in(archive: Archive, place: FolderPlace) -> int:
    """An off-line disk this list knows nothing of, and what its inventory says, which nobody has signed: a recording
    on it counts, and is no longer missed, once it was read (Scrubber). A disk with an inventory is not filled any more.
    """
    gone = {line.path for line in _lines(place.root / REMOVED)}
    lines = [line for line in _lines(place.root / INVENTORY) if line.path not in gone]
    state = "full" if place.size(INVENTORY) else "filling"
    with archive.transaction() as link:
        link.execute("INSERT INTO place(name, kind, state) VALUES (?, 'offline', ?)", (place.name, state))
        for line in lines:
            archive.keep_copy(place.name, line.path, line.bytes, line.sha256, UNREAD)
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
