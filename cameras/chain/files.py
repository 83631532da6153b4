"""The chain's own files beside the recordings: `chain.d/CAMERA/0000000001.links` ... and `chain.d/CAMERA/seals`.

From them the index is built again, and the recordings are verified, on any machine. They are only ever added to; a line
torn by a power cut is cut off before the next one.
"""

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = "chain.d"
"""In the media folder; no camera's code has a dot."""
PER_FILE = 1440
"""Links of a file: about a day and night of one camera."""
NUMBERED = re.compile(r"[0-9]{10}\.links")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
"""Of a camera. Any other name lies there by chance."""
SEALS = "seals"
TAIL = 1 << 14
"""Bytes of a file's end in which its last line is looked for first."""


class ChainFiles:
    """Reads and adds to the files of all cameras. Methods raise OSError."""

    def __init__(self, media: Path) -> None:
        self.folder = media / FOLDER

    def cameras(self) -> list[str]:
        """Cameras with a chain."""
        there = self.folder.iterdir() if self.folder.is_dir() else ()
        return sorted(path.name for path in there if CODE.fullmatch(path.name))

    def files(self, camera: str, after: int = 0) -> list[Path]:
        """The links' files of a camera, in order; those in which links after `after` lie."""
        first = self.holding(camera, after + 1)
        there = (self.folder / camera).glob("*.links")
        return sorted(path for path in there if path >= first and NUMBERED.fullmatch(path.name))

    def lines(self, camera: str, newest: int | None = None, after: int = 0) -> Iterator[tuple[Path, bytes]]:
        """Every whole line of a camera's chain with its file; only of the `newest` files when given, or of those in
        which links after `after` lie.
        """
        files = self.files(camera, after)
        for path in files if newest is None else files[-newest:]:
            for line in whole_lines(path):
                yield path, line

    def seals(self, camera: str) -> list[bytes]:
        """The lines of a camera's seals."""
        path = self.folder / camera / SEALS
        return list(whole_lines(path)) if path.exists() else []

    def newest_seal(self, camera: str) -> bytes:
        """The last line of a camera's seals, or empty."""
        path = self.folder / camera / SEALS
        return self.newest(path) if path.exists() else b""

    def newest(self, path: Path) -> bytes:
        """The last whole line of a file, or empty."""
        return _tail(path)[0]

    def holding(self, camera: str, n: int) -> Path:
        """The file in which link `n` of a camera lies, or would lie."""
        return self.folder / camera / f"{(n - 1) // PER_FILE * PER_FILE + 1:010d}.links"

    def last_with(self, n: int) -> int:
        """The last link that lies, or would lie, in one file with link `n`."""
        return (n - 1) // PER_FILE * PER_FILE + PER_FILE

    def expected(self, camera: str, until: int) -> list[Path]:
        """The files in which links 1 to `until` of a camera lie."""
        return [self.holding(camera, n) for n in range(1, until + 1, PER_FILE)]

    def before(self, path: Path) -> Path | None:
        """The file before one of a camera's; None: it is the first."""
        n = int(path.stem)
        return self.holding(path.parent.name, n - 1) if n > 1 else None

    def mend(self, camera: str) -> None:
        """Cut off the torn line a power cut may have left at the end of a file."""
        for path in [*self.files(camera)[-1:], self.folder / camera / SEALS]:
            if path.exists() and (torn := _tail(path)[1]):
                os.truncate(path, path.stat().st_size - torn)

    def add_link(self, camera: str, n: int, line: bytes) -> None:
        """`line`, or several of one file from link `n` on: durable when the call returns."""
        self._add(self.holding(camera, n), line)

    def add_seal(self, camera: str, line: bytes) -> None:
        """One line, or several: durable when the call returns."""
        self._add(self.folder / camera / SEALS, line)

    def _add(self, path: Path, line: bytes) -> None:
        make_folder(path.parent)
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        try:
            before = os.fstat(target).st_size
            try:
                if os.write(target, line) != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
                os.fdatasync(target)
                if not before:
                    sync_folder(path.parent)
            except OSError:  # it will be added again: twice it would break the chain
                os.ftruncate(target, before)
                raise
        finally:
            os.close(target)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each entry durable: a new day's folder must not go with the power."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        sync_folder(one.parent)


def sync_folder(folder: Path) -> None:
    """Make a folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _tail(path: Path) -> tuple[bytes, int]:
    """The last whole line of a file, and how many bytes follow it. Three years of seals are 30 MB for each camera."""
    size, length = path.stat().st_size, TAIL
    while True:
        with open(path, "rb") as source:
            source.seek(max(0, size - length))
            lines = source.read().splitlines(keepends=True)
        torn = len(lines.pop()) if lines and not lines[-1].endswith(b"\n") else 0
        if len(lines) > 1 or length >= size:
            return (lines[-1] if lines else b""), torn
        length *= 8


def whole_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file that are complete."""
    with open(path, "rb") as source:
        for line in source:
            if line.endswith(b"\n"):
                yield line
