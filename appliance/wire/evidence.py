"""An evidence package: recordings, stills and records about one matter in one ZIP, with a signed list of them."""

from datetime import datetime
from typing import Literal

import msgspec

from appliance.wire.recorder import AlarmSpan, Gap, Kept, Sealing
from appliance.wire.sheets import RoomAlarm

MANIFEST = "manifest.json"
"""Name of the list in the ZIP: the JSON of a SignedManifest."""
PROCESS = "web"
"""Whose key signs it."""
FileKind = Literal["clip", "copy", "still", "screen", "record", "cover"]
Photo = Literal["live", "chip", "roster"]


class PackageFile(msgspec.Struct, kw_only=True):
    """One file of a package. `start`, `end`: what a clip or copy truly covers, when a still was taken. `kept`: of the
    recordings a clip was cut from, those that were not simply recorded, each one (`Kept`). `lost`: pictures of a copy's
    original that could not be decoded and are not in it. `film`: SHA-256 of the pictures of a clip, or of those of a
    copy's original, as their own proofs state it. `photo`: which photograph of the candidate it is.
    """

    path: str
    kind: FileKind
    bytes: int
    sha256: str
    camera: str = ""
    start: datetime | None = None
    end: datetime | None = None
    kept: list[Kept] = []
    lost: int = 0
    film: str = ""
    photo: Photo | Literal[""] = ""


class Broken(msgspec.Struct, kw_only=True):
    """A recording that was not as recorded when clip `path` was cut from it; `code`: what it was found to be."""

    path: str
    source: str
    code: str


class LeftOut(msgspec.Struct, kw_only=True):
    """What belongs here and could not be had, and why (an error code). Of a recording: which camera, from when to when;
    `path`: the name it would have had.
    """

    path: str
    code: str
    camera: str = ""
    start: datetime | None = None
    end: datetime | None = None


class Manifest(msgspec.Struct, kw_only=True):
    """What exam-web signs about a package. Times are UTC; `zone` is the site's. Ids, never personal data."""

    form: Literal["examsite-package 1"] = "examsite-package 1"
    site: str
    site_name: str
    mark: str
    """DEMO on demo sites."""
    zone: str
    of: Literal["candidate", "seat", "room", "case"]
    id: str
    candidate: str
    asked_start: datetime
    asked_end: datetime
    cameras: list[str]
    files: list[PackageFile]
    gaps: list[Gap]
    alarms: list[AlarmSpan] = []
    """What was wrong with these cameras while they recorded."""
    left_out: list[LeftOut]
    broken: list[Broken] = []
    sealing: Sealing | None = None
    """Of the recordings its clips were cut from. None: there is no clip, or an earlier version made it."""
    journal_seq: int
    """The journal's head when it was made, and its hash: later entries cannot have been known."""
    journal_hash: str
    made_at: datetime
    made_by: str
    """Actor, as the journal has it."""


class SignedManifest(msgspec.Struct, kw_only=True):
    """`body`: the JSON of a Manifest exactly as it was signed (Ed25519 over its UTF-8 bytes, hex).

    `certificate`: of the process `web`, X.509 DER in Base64, issued by the site authority.
    """

    body: str
    signature: str
    certificate: str


class PlainHeading(msgspec.Struct, kw_only=True, frozen=True):
    """What a sheet says at its top that belongs to no single sitting."""

    site_code: str
    site_name: str
    demo: bool
    timezone: str
    made_at: datetime
    made_by: str = ""


class RecordLine(msgspec.Struct, kw_only=True, frozen=True):
    """One journal entry on paper, in words. `at`: when it was written; `happened`: when what it tells of was, where
    that is another second. `cover`: what the cover tells of it.
    """

    seq: int
    at: datetime
    happened: datetime | None = None
    what: str
    more: str
    actor: str
    hash: str
    cover: str = ""


class Unseen(msgspec.Struct, kw_only=True, frozen=True):
    """A place and time no camera of this site saw. `kind`: as of a stay; `name`: the seat's, or empty."""

    kind: str
    name: str
    start: datetime
    end: datetime


class Held(msgspec.Struct, kw_only=True, frozen=True):
    """A legal hold in force over recordings of a package: of which sitting, since when, by whom (both), and why.
    `entry`: its number in the journal; 0: none found.
    """

    starts_at: datetime
    number: int
    room: str
    since: datetime
    by: list[str]
    reason: str
    entry: int


class FoundBefore(msgspec.Struct, kw_only=True, frozen=True):
    """A line of what a check of before found of a package's recordings, in words. `at`, `entry`: when it ended, and its
    number in the journal. `camera`, `start`, `end`: where it names them.
    """

    at: datetime
    entry: int
    what: str
    camera: str = ""
    start: datetime | None = None
    end: datetime | None = None


class EvidenceSheet(msgspec.Struct, kw_only=True, frozen=True):
    """Facts of the cover and the records of a package."""

    heading: PlainHeading
    name: str
    more: str
    """Masked number, or where it was."""
    start: datetime
    end: datetime
    files: list[PackageFile]
    gaps: list[Gap]
    alarms: list[RoomAlarm] = []
    left_out: list[LeftOut]
    broken: list[Broken] = []
    sealing: Sealing | None = None
    held: list[Held] = []
    before: list[FoundBefore] = []
    unseen: list[Unseen] = []
    idle: list[str] = []
    """Cameras that were asked for and saw nothing of this in this time."""
    cameras: dict[str, str]
    lines: list[RecordLine]
    portrayed: bool = False
    """It is about one candidate: photographs of them belong into it."""
    package: str = ""
    """The package's own name."""
    authority: str = ""
    """Fingerprint of the site's root certificate."""
    journal_seq: int
    journal_hash: str
