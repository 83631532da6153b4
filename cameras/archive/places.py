"""Places where copies lie: mounted folders (second disk, NAS, off-line disk) and S3-compatible object storage.

A folder is a place only while its mark file lies in it: a mount that is missing leaves an empty folder behind, and
nothing may be written there.
"""

import contextlib
import errno
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import msgspec

MARK = "examsite-place.json"
INVENTORY = "inventory.jsonl"
REMOVED = "removed.jsonl"
PROOF = "proof.d"
"""Folder of a place in which the proof of the recordings lies, each list's in a folder of its own (mirror.py)."""
PART = ".part"
ALTERED = ".altered"
CHUNK = 1 << 20
RESERVE = 1 << 30
"""Bytes left free on a place (or 2 % of a small one)."""


class PlaceSilent(Exception):
    """The place cannot be reached or does not take anything now."""


class Stopping(PlaceSilent):
    """The process ends; nothing is wrong with the place."""


class PlaceFull(Exception):
    """No room for one more recording."""


class Mark(msgspec.Struct, kw_only=True):
    """What lies in a place's folder. `kind` offline: `name` is the disk's label."""

    form: str = "examsite-place 1"
    name: str
    kind: str
    site: str


def read_mark(folder: Path) -> Mark | None:
    """The mark in a folder, if there is one."""
    try:
        return msgspec.json.decode((folder / MARK).read_bytes(), type=Mark)
    except (OSError, msgspec.DecodeError):
        return None


def mounted_folder(folder: Path | None, name: str, site: str) -> Path | None:
    """`folder`, while it is mounted and is the place of this name of this site."""
    mark = read_mark(folder) if folder else None
    return folder if mark and mark.kind != "offline" and (mark.name, mark.site) == (name, site) else None


def mounted_disks(root: Path, site: str) -> dict[str, Path]:
    """Off-line disks of this site plugged in now: label to folder. Two of one label are both refused."""
    try:
        folders = sorted(path for path in root.iterdir() if path.is_dir())
    except OSError:
        return {}
    found: dict[str, list[Path]] = {}
    for folder in folders:
        mark = read_mark(folder)
        if mark and mark.kind == "offline" and mark.site == site:
            found.setdefault(mark.name, []).append(folder)
    return {label: same[0] for label, same in found.items() if len(same) == 1}


class Pace:
    """Holds a stream of bytes to a rate; `leaving` ends the waiting."""

    def __init__(self, rate: float, leaving: Callable[[float], bool] | None = None) -> None:
        self._rate = rate
        self._wait = leaving or (lambda seconds: time.sleep(seconds) or False)  # type: ignore[func-returns-value]
        self._at = 0.0

    def took(self, size: int) -> None:
        """So many bytes have gone by: waits when that was too fast."""
        now = time.monotonic()
        self._at = max(self._at, now - 1.0) + size / self._rate
        if self._at > now and self._wait(self._at - now):
            raise Stopping("stopping")


class Place(Protocol):
    """Somewhere copies lie. Every call may raise PlaceSilent."""

    name: str
    kind: str

    def size(self, path: str) -> int | None:
        """Bytes of a copy; None when it is not there."""

    def put(self, source: Path, path: str, sha256: str, pace: Pace) -> str:
        """Copy, read back, and only then give it its name; returns the source's SHA-256.

        When that is not `sha256` nothing is left behind. Raises PlaceFull.
        """

    def digest(self, path: str, pace: Pace) -> str:
        """SHA-256 of a copy, read from the place itself. Raises FileNotFoundError, OSError."""

    def set_aside(self, path: str) -> None:
        """Keep an altered copy under another name."""

    def remove(self, path: str) -> None:
        """Delete a copy for good; one that is gone already is fine."""

    def fetch(self, path: str, target: Path) -> None:
        """Bring a copy to a file."""

    def space(self) -> tuple[int, int]:
        """Bytes and free bytes; (0, 0) where nobody knows."""

    def proofs(self, name: str) -> list[tuple[float, str]]:
        """When it was put (seconds since 1970) and path of each file of this name in a folder of PROOF."""


def sync_folder(folder: Path) -> None:
    """Make a folder's names durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, top: Path) -> None:
    """A folder below `top`, whose own name outlives a power cut. `top` itself is never made: it is a mount point."""
    if folder.is_dir():
        return
    if folder == top:
        raise FileNotFoundError(errno.ENOENT, "not mounted", str(top))
    make_folder(folder.parent, top)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def hashed(source: BinaryIO, pace: Pace, target: BinaryIO | None = None) -> str:
    """SHA-256 of what is read, on its way to `target`. The page cache is left to the recorder."""
    digest, done = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        if target:
            target.write(chunk)
        done += len(chunk)
        pace.took(len(chunk))
    os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return digest.hexdigest()


def file_digest(path: Path, pace: Pace) -> str:
    """SHA-256 of a file, from the disk and not from memory."""
    with open(path, "rb", buffering=0) as source:
        os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return hashed(source, pace)


def remove_file(path: Path) -> None:
    """Delete, and see to it that it stays deleted."""
    try:
        path.unlink()
    except FileNotFoundError:
        return
    sync_folder(path.parent)


class FolderPlace:
    """A mounted folder; copies have the recording's own path below it."""

    def __init__(self, name: str, kind: str, root: Path) -> None:
        self.name, self.kind, self.root = name, kind, root

    def _file(self, path: str) -> Path:
        """Where a copy lies. Raises PlaceSilent for a link: what is read, moved or deleted lies on the place itself."""
        file = os.path.join(self.root, path)
        if os.path.realpath(file) != os.path.join(os.path.realpath(self.root), path):
            raise PlaceSilent(f"a link leads elsewhere: {path}")
        return Path(file)

    @contextlib.contextmanager
    def _reached(self) -> Iterator[None]:
        """A disk that goes away in the middle is told as such."""
        try:
            yield
        except FileNotFoundError:
            if read_mark(self.root) is None:
                raise PlaceSilent("gone") from None
            raise
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise PlaceFull(str(error)) from error
            if read_mark(self.root) is None or error.errno in (errno.EROFS, errno.ESTALE, errno.EACCES):
                raise PlaceSilent(str(error)) from error
            raise

    def size(self, path: str) -> int | None:
        """Bytes of a copy."""
        with self._reached():
            try:
                return self._file(path).stat().st_size
            except FileNotFoundError:
                if read_mark(self.root) is None:
                    raise
                return None

    def put(self, source: Path, path: str, sha256: str, pace: Pace) -> str:
        """A copy gets its name when it was read back whole."""
        target = self._file(path)
        part = target.with_name(target.name + PART)
        with (
            open(source, "rb") as reading,
            self._reached(),
        ):  # what the source refuses is not the place's fault
            total, free = self.space()
            if free - os.fstat(reading.fileno()).st_size < min(RESERVE, total // 50):
                raise PlaceFull(self.name)
            make_folder(target.parent, self.root)
            try:
                with open(part, "wb") as writing:
                    found = hashed(reading, pace, writing)
                    writing.flush()
                    os.fsync(writing.fileno())
                if found != sha256:
                    return found
                if file_digest(part, pace) != sha256:
                    raise OSError(errno.EIO, "what was written is not what is read back", str(part))
                os.replace(part, target)
                sync_folder(target.parent)
                return found
            finally:
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)

    def digest(self, path: str, pace: Pace) -> str:
        """From the disk."""
        with self._reached():
            return file_digest(self._file(path), pace)

    def set_aside(self, path: str) -> None:
        """`NAME.altered` beside it."""
        with self._reached():
            target = self._file(path)
            if target.exists():
                os.replace(target, target.with_name(target.name + ALTERED))
                sync_folder(target.parent)

    def remove(self, path: str) -> None:
        """Delete a copy for good."""
        with self._reached():
            remove_file(self._file(path))

    def fetch(self, path: str, target: Path) -> None:
        """A plain copy."""
        with self._reached():
            shutil.copyfile(self._file(path), target)

    def space(self) -> tuple[int, int]:
        """Of the disk it lies on."""
        with self._reached():
            usage = shutil.disk_usage(self.root)
            return usage.total, usage.free

    def proofs(self, name: str) -> list[tuple[float, str]]:
        """By the place's own clock."""
        with self._reached():
            found = [f"{PROOF}/{one.parent.name}/{name}" for one in (self.root / PROOF).glob(f"*/{name}")]
            return [(self._file(one).stat().st_mtime, one) for one in found]

    def list_copy(self, line: dict[str, Any]) -> None:
        """One more line of the inventory, durable before the copy counts."""
        self._add(INVENTORY, line)

    def list_removal(self, line: dict[str, Any]) -> None:
        """Why a recording is gone from this disk, before it goes."""
        self._add(REMOVED, line)

    def _add(self, name: str, line: dict[str, Any]) -> None:
        """A line torn by a power cut stays a line of its own."""
        with self._reached(), open(self.root / name, "ab+") as out:
            if out.tell():
                out.seek(-1, os.SEEK_END)
                torn = out.read(1) != b"\n"
            else:
                torn = False
            out.write((b"\n" if torn else b"") + msgspec.json.encode(line) + b"\n")
            out.flush()
            os.fsync(out.fileno())
