"""Big bytes (papers, captures, sheets) as files named by their SHA-256, never rows.

`put` writes to a temporary name, syncs the file and its folder, then renames: a name that exists is whole.
Pictures of people are encrypted; their name is the hash of the clear bytes, so a swapped file is noticed.
"""

import contextlib
import errno
import hashlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from appliance.base.crypto import DataKey
from appliance.base.errors import Corrupt, NotFound, Unavailable
from appliance.base.i18n import N_

log = logging.getLogger("examsite.files")
SCRAP = ".new"
"""Ending of files that are being written."""


class Files:
    """A folder of content-addressed files; `key` for those that must be encrypted."""

    def __init__(self, folder: Path, key: DataKey) -> None:
        self.folder = folder
        self._key = key

    def put(self, body: bytes, secret: bool = False) -> str:
        """Keep `body`; returns its SHA-256 (hex). Raises Unavailable when the disk does not take it."""
        name = hashlib.sha256(body).hexdigest()
        path = self._path(name, secret)
        if _touched(path):
            return name
        scratch = path.with_suffix(f".{os.getpid()}.{os.urandom(4).hex()}{SCRAP}")
        try:
            self._folder(path.parent)
            try:
                with open(scratch, "wb") as target:
                    target.write(self._key.encrypt(body) if secret else body)
                    target.flush()
                    os.fsync(target.fileno())
                scratch.rename(path)
            except OSError:
                scratch.unlink(missing_ok=True)
                raise
            _sync(path.parent)
        except OSError as error:
            raise _not_kept(error) from error
        return name

    def _folder(self, folder: Path) -> None:
        """Make a folder whose own name outlives a power cut, as its files do."""
        if folder.is_dir():
            return
        if folder != self.folder:
            self._folder(folder.parent)
        folder.mkdir(parents=True, exist_ok=True)
        _sync(folder.parent)

    def get(self, name: str, secret: bool = False) -> bytes:
        """The bytes of `name`; Corrupt when they are not what the name promises."""
        try:
            body = self._path(name, secret).read_bytes()
        except FileNotFoundError:
            raise NotFound("no_file", N_("The file {name} is missing."), name=name) from None
        if secret:
            try:
                body = self._key.decrypt(body)
            except Corrupt as error:
                raise _altered(name) from error
        if hashlib.sha256(body).hexdigest() != name:
            raise _altered(name)
        return body

    def sealed(self, before: float) -> Iterator[str]:
        """Names of encrypted files that were put last before this time (seconds since 1970)."""
        for path in self.folder.glob("sealed/??/*"):
            if path.suffix != SCRAP and path.stat().st_mtime < before:
                yield path.name

    def clear_scraps(self, before: float) -> None:
        """Delete what a `put` that was cut off before this time left behind."""
        for path in self.folder.glob(f"*/??/*{SCRAP}"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()

    def remove(self, name: str, secret: bool = False, before: float | None = None) -> bool:
        """Delete `name`, so that it stays deleted after a power cut; False when it was gone already.

        `before`: only when it was put last before this time (seconds since 1970).
        """
        path = self._path(name, secret)
        try:
            if before is not None and path.stat().st_mtime >= before:
                return False
            path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _not_kept(error) from error
        _sync(path.parent)
        return True

    def _path(self, name: str, secret: bool) -> Path:
        if len(name) != 64 or not all(c in "0123456789abcdef" for c in name):
            raise Corrupt("bad_file_name", N_("Not the name of a kept file: {name}"), name=name)
        return self.folder / ("sealed" if secret else "open") / name[:2] / name


def _touched(path: Path) -> bool:
    """Is it there? Then it is as young as one put now: whoever deletes old files lets it be."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    except OSError:  # a disk that takes nothing: what is there is there
        return path.exists()
    return True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _altered(name: str) -> Corrupt:
    log.error("the file %s was altered on disk", name)  # whoever asked for it
    return Corrupt(
        "file_altered",
        N_("The file {name} was altered on disk."),
        N_("Keep the machine as it is and call the inspector."),
        name=name,
    )


def _not_kept(error: OSError) -> Unavailable:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Unavailable(
            "disk_full",
            N_("The disk of the box is full: nothing more can be saved."),
            N_("The system administrator frees space now; stations keep their answers until then."),
        )
    return Unavailable(
        "disk_fault",
        N_("The disk of the box does not take a file: {detail}"),
        N_("Call the system administrator."),
        detail=os.strerror(error.errno or 0),
    )
