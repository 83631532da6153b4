"""One link of a camera's chain. Pure: bytes in, bytes out.

Every finished recording and every gap of a camera is a link, numbered from 1 in the order in which they ended. A link's
`chained` is SHA-256 over the `chained` of the link before (32 bytes; zeros before the first) and the link's own JSON.
So a link that is altered, taken out or put in does not fit what follows, and what follows is signed: a seal names the
newest link of its camera and is signed by exam-recorder every hour and at the end of each sitting.

A line of a chain's file is `chained` in hexadecimal, a blank and the JSON: `sha256sum` is enough to follow it.
"""

import hashlib
from datetime import datetime
from typing import Literal

import msgspec

from appliance.wire.recorder import Cause, Kept, SignedProof

START = bytes(32)
"""What the first link is chained to."""
LINKS = 10**10
"""A file of the chain is named by a number of ten digits."""
LATEST = 221_845_392_000 * 1_000_000
"""The year 9000: nobody recorded then, and no calendar goes much farther."""


class SegmentLink(msgspec.Struct, kw_only=True, frozen=True, tag="segment"):
    """A finished recording, as its row has it. Times: microseconds since 1970, UTC."""

    camera: str
    n: int
    id: str
    run: str
    path: str
    start: int
    end: int
    bytes: int
    sha256: str
    state: Kept
    cause: str


class GapLink(msgspec.Struct, kw_only=True, frozen=True, tag="gap"):
    """A gap that is over."""

    camera: str
    n: int
    id: str
    start: int
    end: int
    cause: Cause
    detail: str


Link = SegmentLink | GapLink


class Seal(msgspec.Struct, kw_only=True, frozen=True):
    """What exam-recorder signs of a camera's chain. `head`: `chained` (hex) of link `n`; `number` counts its seals from
    1, `previous`: SHA-256 (hex) of the seal before as it was signed, so that none is taken out.
    """

    form: Literal["examsite-seal 1"] = "examsite-seal 1"
    site: str
    camera: str
    number: int
    previous: str
    n: int
    head: str
    at: datetime
    sitting: str = ""
    """The sitting that had ended; empty: the hour was over, or the recorder stopped."""


class BadLine(ValueError):
    """A line that is no link, or no seal."""


def encode(link: Link) -> bytes:
    """The JSON that is hashed: no blanks, fields in the order of the struct, its kind (`type`) first."""
    return msgspec.json.encode(link)


def chained(previous: bytes, body: bytes) -> bytes:
    """SHA-256 (32 bytes) of a link's JSON after the link before."""
    return hashlib.sha256(previous + body).digest()


def link_line(head: bytes, body: bytes) -> bytes:
    """A line of a chain's file."""
    return head.hex().encode() + b" " + body + b"\n"


_link = msgspec.json.Decoder(Link)


def read_line(line: bytes) -> tuple[bytes, bytes, Link]:
    """`chained`, the JSON and the link of a line. Raises BadLine."""
    head, blank, body = line.rstrip(b"\n").partition(b" ")
    try:
        if len(head) != 64 or not blank:
            raise ValueError("no hash")
        said, link = bytes.fromhex(head.decode()), _link.decode(body)
        if not (0 < link.n < LINKS and 0 <= link.start <= LATEST and 0 <= link.end <= LATEST):
            raise ValueError("no time, or no number")
        return said, body, link
    except (ValueError, msgspec.DecodeError) as error:
        raise BadLine(str(error)) from error


def read_seal(line: bytes) -> tuple[SignedProof, Seal]:
    """A line of a seals' file, and what it states. Raises BadLine."""
    try:
        signed = msgspec.json.decode(line, type=SignedProof)
        return signed, msgspec.json.decode(signed.body, type=Seal)
    except (ValueError, msgspec.DecodeError) as error:
        raise BadLine(str(error)) from error
