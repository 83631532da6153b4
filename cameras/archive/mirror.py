"""What proves and finds the recordings, a second time beside every copy: chain, seals, references, the archive's list.

Without it a place would hold files nobody can prove once the recording disk is gone. It lies in a folder of `proof.d`
of each place; the list comes back from there by itself (lost.py), the chain by hand (docs/operations.md). What does not
continue what lies there never replaces it: it gets a folder of its own, and so does whatever a new list brings.
"""

import errno
import hashlib
import logging
import shutil
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from appliance.base.ids import new_id
from cameras.archive.places import PROOF, RESERVE, Pace, Place, PlaceFull, file_digest
from cameras.archive.store import FILE, Archive
from cameras.chain import FOLDER as CHAIN
from cameras.chain import ChainFiles
from cameras.index import micros, moment

log = logging.getLogger("examsite.archive")

REFERENCES = "references.d"
"""Stills the recorder's own looks are held against (cameras/reference.py)."""
CHAIN_EVERY, LIST_EVERY = timedelta(hours=1), timedelta(days=1)
TURN = 60.0
"""Seconds after which the other steps have their turn: three years of a chain are brought anew into a new folder."""
PAGES = 4096
SMALL = 4 << 20
"""Bytes of a camera's seals up to which they are brought every hour, and every day when they are more."""


class OtherProof(Exception):
    """What lies on a place is not the beginning of what would be brought."""


class Mirror:
    """Brings the proof to one place after the other."""

    def __init__(self, media: Path, archive: Archive, pace: Pace) -> None:
        self._media, self._archive, self._pace = media, archive, pace

    def bring(self, place: Place, now: datetime) -> bool:
        """What has changed since the last time; True: there is more to do at once."""
        folder = self._folder(place, now)
        name = f"{place.name}:{folder}"
        try:
            if self._due(f"proof:{name}", now, CHAIN_EVERY):
                until = time.monotonic() + TURN
                for camera in ChainFiles(self._media).cameras():
                    if not self._chain(place, folder, camera, now, until):
                        return True
                for file in self._files(REFERENCES):
                    self._put(place, file, f"{folder}/{file.relative_to(self._media)}")
                self._archive.keep(f"proof:{name}", str(micros(now)))
        except OtherProof as error:
            self._archive.find(place.name, str(error), "altered", now)
            self._archive.keep(f"proofs:{place.name}", "")
            log.error("%s: %s is not continued by what lies on the recording disk", place.name, error)
            return True
        if self._due(f"list:{name}", now, LIST_EVERY):
            self._archive.keep(f"list:{name}", str(micros(now - LIST_EVERY + CHAIN_EVERY)))  # when it fails
            self._list(place, f"{folder}/{FILE}")
            self._archive.keep(f"list:{name}", str(micros(now)))
        return False

    def _folder(self, place: Place, now: datetime) -> str:
        """Where this list's proof lies on a place."""
        if not (kept := self._archive.kept(f"proofs:{place.name}")):
            kept = f"{now:%Y%m%d}-{new_id()[-8:]}"
            self._archive.keep(f"proofs:{place.name}", kept)
        return f"{PROOF}/{kept}"

    def _due(self, name: str, now: datetime, every: timedelta) -> bool:
        last = moment(int(self._archive.kept(name) or 0))
        return not last <= now < last + every

    def _files(self, folder: str) -> Iterator[Path]:
        top = self._media / folder
        if top.is_dir():
            yield from sorted(one for one in top.rglob("*") if one.is_file())

    def _chain(self, place: Place, folder: str, camera: str, now: datetime, until: float) -> bool:
        """Files are added to one after the other: those before the last one brought are complete. False: `until` (of
        the monotonic clock) is over before all is brought.
        """
        name, there = f"chain:{place.name}:{folder}:{camera}", f"{folder}/{CHAIN}/{camera}"
        last, files = self._archive.kept(name), ChainFiles(self._media).files(camera)
        if last and last not in {one.name for one in files}:
            raise OtherProof(f"{there}/{last}")
        for file in files:
            if file.name >= last:
                if time.monotonic() > until:
                    return False
                self._put(place, file, f"{there}/{file.name}", grows=True)
                self._archive.keep(name, file.name)
        seals, daily = self._media / CHAIN / camera / "seals", f"seals:{place.name}:{folder}:{camera}"
        if seals.exists() and (seals.stat().st_size < SMALL or self._due(daily, now, LIST_EVERY)):
            self._put(place, seals, f"{there}/{seals.name}", grows=True)
            self._archive.keep(daily, str(micros(now)))
        return True

    def _put(self, place: Place, source: Path, path: str, grows: bool = False) -> None:
        """As it is now: the recorder may be adding a line to one that `grows`."""
        body = source.read_bytes()
        if grows:
            body = body[: body.rfind(b"\n") + 1]
        there = place.size(path)
        if there is not None and (grows or there == len(body)):
            same = there <= len(body) and (
                place.digest(path, self._pace) == hashlib.sha256(body[:there]).hexdigest()
            )
            if same and there == len(body):
                return
            if grows and not same:
                raise OtherProof(path)
        scratch = self._scratch()
        scratch.write_bytes(body)
        try:
            place.put(scratch, path, hashlib.sha256(body).hexdigest(), self._pace)
        finally:
            scratch.unlink()

    def _list(self, place: Place, path: str) -> None:
        """Raises PlaceFull, or OSError when the recording disk has no room for another one: recording goes first."""
        size, scratch = self._archive.path.stat().st_size, self._scratch()
        usage, (total, free) = shutil.disk_usage(self._media), place.space()
        if total and free - size < min(RESERVE, total // 50):
            raise PlaceFull(place.name)
        if usage.free - size < 2 * min(RESERVE, usage.total // 50):
            raise OSError(errno.ENOSPC, "no room for a copy of the list", str(self._media))
        try:
            copy_list(self._archive.path, scratch, self._pace)
            place.put(scratch, path, file_digest(scratch, self._pace), self._pace)
        finally:
            scratch.unlink(missing_ok=True)

    def _scratch(self) -> Path:
        folder = self._media / ".fetched"
        folder.mkdir(exist_ok=True)
        return folder / "proof.new"


def copy_list(source: Path, target: Path, pace: Pace) -> None:
    """The list as it is now, as a file of its own. What is written meanwhile is not in it, and does not make the
    copying begin anew (https://sqlite.org/c3ref/backup_finish.html), for the transaction holds what was there.
    """
    reading = sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=5.0, isolation_level=None)
    writing = sqlite3.connect(target)
    try:
        reading.execute("BEGIN")
        reading.execute("SELECT 1 FROM place LIMIT 1").fetchall()
        size = PAGES * reading.execute("PRAGMA page_size").fetchone()[0]
        reading.backup(writing, pages=PAGES, progress=lambda *_counts: pace.took(size))
        writing.execute("PRAGMA journal_mode = DELETE")
    finally:
        writing.close()
        reading.close()
