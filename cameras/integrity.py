"""`recordings verify`: every segment read again and hashed, chain and seals followed; what is missing, altered or added
is named. Works on any machine from the recordings' folder alone: a lost index is built again from the chain's files.
"""

import hashlib
import logging
import os
import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from appliance.wire.recorder import Check, CheckedFile
from appliance.wire.seals import Remembered
from cameras.archive.locate import Lies, Locator
from cameras.archive.store import EVERYWHERE, ArchiveReader
from cameras.archive.store import FILE as ARCHIVE
from cameras.archive.told import Told
from cameras.chain import FOLDER as CHAIN
from cameras.chain import ChainFiles
from cameras.chain.check import ChainCheck, ChainCode
from cameras.index import FILE, LONGEST, Index, Reader, Segment
from cameras.index.rebuild import agree
from cameras.media import FILLED, plain
from cameras.reference import FOLDER, STATEMENT

log = logging.getLogger("examsite.clips")

Code = Literal["missing", "altered", "added", "left_open"] | ChainCode
LEFT = 900.0
"""Seconds after which no file that is being written stands still: the recorder has closed it (recorder/left.py)."""
Read = Literal["whole", "altered", "missing", "unreadable", "open"]
"""What reading a file tells."""
OWN = (FILE, ARCHIVE, ".fetched")
"""Databases beside the recordings, with what SQLite adds to their names; copies out of object storage for an hour."""
AWAY: dict[Lies, Check] = {"deleted": "deleted", "missing": "missing"}
CHUNK = 1 << 20


class Finding(msgspec.Struct, kw_only=True):
    """One difference. `path` is relative to the media folder."""

    code: Code
    camera: str
    path: str


class Verified(msgspec.Struct, kw_only=True):
    """The JSON of `recordings verify`. `links`: recordings and gaps whose place in the chain was checked; `journaled`:
    seals of the box's journal that the chain has, None: there was no journal to ask.

    `elsewhere`: recordings that left this disk for a place not readable here; `deleted`: by order, after their date;
    `never`: begun and not on the disk when the recorder started again: the chain says so, and the journal. `open`:
    being written just now, so without a hash yet.
    """

    ok: bool
    checked: int
    links: int = 0
    journaled: int | None = None
    elsewhere: int = 0
    deleted: int = 0
    never: int = 0
    open: int = 0
    findings: list[Finding]


def file_sha256(path: Path) -> str:
    """SHA-256 (hex) of a file, read in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as source:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def verify(
    media: Path,
    sample: int | None = None,
    authority: bytes | None = None,
    now: datetime | None = None,
    locator: Locator | None = None,
    known: Remembered | None = None,
) -> Verified:
    """Check the chain, its seals, the index against both, and all finished segments, or `sample` of them chosen at
    random; added files are looked for in any case. `authority`: PEM certificate of the site's authority; None: seals
    are held against the chain, and not who signed them. `locator`: finds what has moved to another place. `known`:
    what the journal of the box knows.
    """
    now = now or datetime.now(UTC)
    if (media / FILE).exists() or not ChainFiles(media).cameras():
        return _verify(media, Reader(media), sample, authority, now, locator, known)
    with tempfile.TemporaryDirectory() as scratch:
        index = Index(Path(scratch))
        agree(index, ChainFiles(media), mend=False)
        try:
            return _verify(media, index, sample, authority, now, locator, known)
        finally:
            index.close()


def _verify(
    media: Path,
    index: Reader,
    sample: int | None,
    authority: bytes | None,
    now: datetime,
    locator: Locator | None,
    known: Remembered | None,
) -> Verified:
    chosen = None if sample is None else _chosen(index, sample)
    only = None if chosen is None else _links(index, chosen)
    chain = ChainCheck(media, index, authority, now, known.heads if known else (), only)
    findings = [Finding(code=one.code, camera=one.camera, path=one.path) for one in chain.findings()]
    archive, checked, elsewhere, deleted, never = ArchiveReader(media), 0, 0, 0, 0
    told = Told(archive, index, known.deletions if known else None)
    for segment in index.every() if chosen is None else chosen:
        if segment.state == "open":
            continue
        code = check(media, segment)
        if code == "missing" and segment.state == "missing":
            never += 1
            continue
        if code == "missing" and (removed := archive.removals(segment.path)):
            gone = removed.get(EVERYWHERE)
            if gone and told.lawful(segment, gone, now):
                deleted += 1
                continue
            where = locator.where(segment) if locator and not gone else None
            if not gone and (where is None or (where.path is None and where.lies != "missing")):
                elsewhere += 1
                continue
            code = check_file(where.path, segment) if where and where.path else "missing"
        checked += 1
        if code == "missing" or code == "altered" or code == "unreadable":
            findings.append(Finding(code=code, camera=segment.camera, path=segment.path))
    begun = index.unfinished()
    left = [one for one in begun if not _being_written(media, index, one, now)]
    still = {one.id for one in index.unfinished()} if left else set()  # and not just closed
    left = [one for one in left if one.id in still]
    findings += [Finding(code="left_open", camera=one.camera, path=one.path) for one in left]
    findings += _added(media, index, None if chosen is None else _days(chosen, now))
    return Verified(
        ok=not findings,
        checked=checked,
        links=chain.links,
        journaled=None if known is None else chain.journaled.held,
        elsewhere=elsewhere,
        deleted=deleted,
        never=never,
        open=len(begun) - len(left),
        findings=findings,
    )


def _being_written(media: Path, index: Reader, segment: Segment, now: datetime) -> bool:
    """Is the recorder at this open row just now? Of each camera it writes one file, the newest, and what is put into a
    gap; that was written within minutes, and the newest began within an hour of it. What it left it closes within
    minutes (recorder/left.py).
    """
    try:
        written = (media / segment.path).stat().st_mtime
    except FileNotFoundError:
        written = segment.start.timestamp()  # the row comes first
    except OSError:
        return False
    if abs(now.timestamp() - written) >= LEFT:
        return False
    if segment.path.endswith(FILLED):
        return True
    later = index.rows(
        "SELECT 1 FROM segment WHERE camera = ? AND rowid > (SELECT rowid FROM segment WHERE id = ?)"
        f" AND path NOT LIKE '%{FILLED}' AND"
        " run NOT IN (SELECT id FROM run WHERE cause IN ('restored', 'adopted')) LIMIT 1",
        *(segment.camera, segment.id),
    )
    return not later and abs(written - segment.start.timestamp()) < LONGEST.total_seconds()


def _chosen(index: Reader, sample: int) -> list[Segment]:
    """By row, so that three years need not be read to choose a handful."""
    last = index.rows("SELECT coalesce(max(rowid), 0) FROM segment")[0][0]
    numbers = sorted(random.sample(range(1, last + 1), min(sample, last)))
    return [one for number in numbers for one in index.numbered(number)]


def _links(index: Reader, chosen: list[Segment]) -> dict[str, dict[int, str]]:
    """Of each camera the numbers of these recordings' links, with their ids; one without a link has the number 0."""
    found: dict[str, dict[int, str]] = {}
    for one in chosen:
        if one.state != "open":
            n = index.rows("SELECT coalesce(n, 0) FROM segment WHERE id = ?", one.id)[0][0]
            found.setdefault(one.camera, {})[n] = one.id
    return found


def _days(chosen: list[Segment], now: datetime) -> set[str]:
    """The days' folders (CAMERA/DAY) in which these recordings lie, and those of yesterday and today."""
    folders = {one.path.rpartition("/")[0] for one in chosen}
    cameras = {one.camera for one in chosen}
    return folders | {
        f"{camera}/{now - timedelta(days=back):%Y%m%d}" for camera in cameras for back in (0, 1)
    }


def _added(media: Path, index: Reader, days: set[str] | None) -> Iterator[Finding]:
    """Files nobody has recorded; of the days' folders only `days`, or all."""
    for top in sorted(media.iterdir()):
        if top.name.startswith(OWN) or top.name == CHAIN:
            continue
        if top.is_file():
            yield Finding(code="added", camera=plain(Path(top.name)), path=plain(Path(top.name)))
            continue
        for folder, below, names in os.walk(top):
            below.sort()
            inside = plain(Path(folder).relative_to(media))
            if inside.startswith(f"{FOLDER}/"):
                yield from _references(media, Path(folder), names)
                continue
            if days is not None and inside.count("/") == 1 and inside not in days:
                below.clear()
                continue
            # The recorder writes the row first: a file without one is foreign.
            there = {f"{inside}/{plain(Path(name))}" for name in names}
            for path in sorted(there - index.known_paths(f"{inside}/") if there else ()):
                yield Finding(code="added", camera=plain(Path(top.name)), path=path)


def _references(media: Path, folder: Path, names: list[str]) -> Iterator[Finding]:
    for name in sorted(names):
        if wrong := reference_file(folder / name):
            path = plain((folder / name).relative_to(media))
            yield Finding(code=wrong, camera=path.split("/")[1], path=path)


def reference_file(path: Path) -> Code | None:
    """What is wrong with a file among the reference stills; a still is named by its own hash."""
    if path.name == STATEMENT:
        return None
    if path.suffix != ".jpg":
        return "added"
    try:
        return None if file_sha256(path) == path.stem else "altered"
    except OSError as error:
        log.error("%s cannot be read: %s", path, error)
        return "unreadable"


def check(media: Path, segment: Segment) -> Read:
    """Read one file again and hold it against the hash of its recording."""
    return "open" if segment.state == "open" else check_file(media / segment.path, segment)


def check_file(path: Path, segment: Segment) -> Read:
    """`check` of a file wherever it lies."""
    try:
        if path.stat().st_size != segment.bytes:
            return "altered"
        return "whole" if file_sha256(path) == segment.sha256 else "altered"
    except FileNotFoundError:
        return "missing"
    except OSError as error:  # a bad sector, or a right that is lacking: neither whole nor changed by anybody
        log.error("%s cannot be read: %s", path, error)
        return "unreadable"


def checked(locator: Locator, segment: Segment) -> CheckedFile:
    """What a file is found to be wherever it lies, with what the index knows of it. Nothing is fetched."""
    if segment.state == "open":
        return stated(segment, "open")
    where = locator.where(segment)
    if where.path is not None:
        return stated(segment, check_file(where.path, segment))
    return stated(segment, AWAY.get(where.lies, "elsewhere"))


def stated(segment: Segment, found: Check) -> CheckedFile:
    """What the index knows of a file, and what it was found to be."""
    return CheckedFile(
        camera=segment.camera,
        path=segment.path,
        start=segment.start,
        end=segment.end,
        bytes=segment.bytes,
        sha256=segment.sha256,
        state=segment.state,
        found=found,
    )
