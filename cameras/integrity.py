"""`recordings verify`: every segment read again and hashed; what is missing, altered or added is named."""

import hashlib
import logging
import random
from pathlib import Path
from typing import Literal

import msgspec

from appliance.wire.recorder import Check, CheckedFile
from cameras.index import FILE, Reader, Segment
from cameras.reference import FOLDER, STATEMENT

log = logging.getLogger("examsite.clips")

Code = Literal["missing", "altered", "unreadable", "added"]
CHUNK = 1 << 20


class Finding(msgspec.Struct, kw_only=True):
    """One difference. `path` is relative to the media folder."""

    code: Code
    camera: str
    path: str


class Verified(msgspec.Struct, kw_only=True):
    """The JSON of `recordings verify`."""

    ok: bool
    checked: int
    findings: list[Finding]


def file_sha256(path: Path) -> str:
    """SHA-256 (hex) of a file, read in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as source:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def verify(media: Path, sample: int | None = None) -> Verified:
    """Check all finished segments, or `sample` of them chosen at random; added files are looked for in
    any case.
    """
    index = Reader(media)
    every = list(index.every())
    finished = [segment for segment in every if segment.state != "open"]
    chosen = finished if sample is None else random.sample(finished, min(sample, len(finished)))
    findings = []
    for segment in sorted(chosen, key=lambda one: one.path):
        code = check(media, segment)
        if code != "whole" and code != "open":
            findings.append(Finding(code=code, camera=segment.camera, path=segment.path))
    known = {segment.path for segment in every}
    there = (str(path.relative_to(media)) for path in sorted(media.rglob("*")) if path.is_file())
    for path in there:
        if path.startswith(f"{FOLDER}/"):
            wrong = reference_file(media / path)
            if wrong:
                findings.append(Finding(code=wrong, camera=path.split("/")[1], path=path))
            continue
        if path not in known and not path.startswith(FILE):
            # The recorder writes the row first: a file without one was not there when the rows were read, or
            # is foreign.
            if index.rows("SELECT 1 FROM segment WHERE path = ?", path):
                continue
            findings.append(Finding(code="added", camera=path.partition("/")[0], path=path))
    return Verified(ok=not findings, checked=len(chosen), findings=findings)


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


def check(media: Path, segment: Segment) -> Check:
    """Read one file again and hold it against the hash of its recording."""
    if segment.state == "open":
        return "open"
    path = media / segment.path
    try:
        if path.stat().st_size != segment.bytes:
            return "altered"
        return "whole" if file_sha256(path) == segment.sha256 else "altered"
    except FileNotFoundError:
        return "missing"
    except OSError as error:  # a bad sector, or a right that is lacking: neither whole nor changed by anybody
        log.error("%s cannot be read: %s", path, error)
        return "unreadable"


def checked(media: Path, segment: Segment) -> CheckedFile:
    """`check`, with what the index knows of the file."""
    return CheckedFile(
        camera=segment.camera,
        path=segment.path,
        start=segment.start,
        end=segment.end,
        bytes=segment.bytes,
        sha256=segment.sha256,
        state=segment.state,
        found=check(media, segment),
    )
