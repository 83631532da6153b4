"""What a player asks exam-clips for before it plays: where recordings begin and end, and what plays them."""

from datetime import datetime
from typing import Literal

import msgspec

from appliance.wire.recorder import AlarmSpan, CameraSpan, Gap, GetClip


class GetReels(msgspec.Struct, tag="clips.reels", kw_only=True):
    """Ask for the pieces of these spans, in this order."""

    spans: list[CameraSpan]


class Piece(msgspec.Struct, kw_only=True):
    """A clip to be asked for with exactly these times: it begins with a picture of `start` (microseconds since 1970,
    as `end`). `codec`: of its picture (RFC 6381); empty = its files cannot be read. `frame_s`: seconds a picture.
    """

    start: int
    end: int
    codec: str
    frame_s: float
    away: bool = False
    """It does not lie on a disk of the box: it is fetched when it is asked for, or cannot be."""
    where: str = ""
    """Label of the disk that has to be put in first; empty = it can be read now."""
    run: str = ""
    """The connection it was recorded in, for GetClip."""
    filled: bool = False
    """Put into a gap later, out of a camera's card or a copy."""
    lost: Literal["", "missing", "unreadable", "deleted"] = ""
    """Why nothing of it can be played: its file is gone, is not to be read, or was deleted by order after its date."""


class Reel(msgspec.Struct, kw_only=True):
    """One camera between two times: pieces of about ten minutes, made of whole segments, the holes, and its alarms."""

    camera: str
    pieces: list[Piece]
    gaps: list[Gap]
    alarms: list[AlarmSpan] = []
    first: datetime | None = None
    """Of which time the oldest recording of the box is."""


class Reels(msgspec.Struct, kw_only=True):
    """The answer to GetReels."""

    reels: list[Reel]


class GetCopy(msgspec.Struct, tag="clips.copy", kw_only=True):
    """Ask for a copy encoded anew, with site, camera and time in the picture. The reply is the ClipHead of the original
    it is made from; the bytes follow as they are made, how many is not known before.
    """

    camera: str
    start: datetime
    end: datetime
    run: str = ""


class WriteClip(msgspec.Struct, tag="clips.write", kw_only=True):
    """Ask for a clip with its proof, or a copy, in a file that is handed over when the ClipHead has come
    (`appliance.base.handover`). `Written` tells how far it is and, with its hash, what the file holds.
    """

    asked: GetClip | GetCopy


class Written(msgspec.Struct, kw_only=True):
    """So much lies in the file. The last one has the file's SHA-256 (hex) and, as `finding path`, the first few
    recordings that were not as recorded when it was cut from them.
    """

    bytes: int
    sha256: str = ""
    broken: list[str] = []
    lost: int = 0
    """As CopyProof has it."""


class CopyProof(msgspec.Struct, kw_only=True):
    """What exam-clips signs about such a copy. `film`, `film_bytes`: of the copy; `original*`: of the film it was made
    from, as `ClipProof.film` of a clip of the same times has it. Times as in ClipProof. `lost`: pictures of it that
    could not be decoded and are not in the copy.
    """

    form: Literal["examsite-copy 1"] = "examsite-copy 1"
    site: str
    site_name: str
    mark: str
    zone: str
    camera: str
    camera_name: str
    asked_start: datetime
    asked_end: datetime
    start: datetime
    end: datetime
    film: str
    film_bytes: int
    original: str
    original_bytes: int
    lost: int = 0
    made_at: datetime
