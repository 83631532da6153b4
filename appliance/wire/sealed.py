"""A file of sealed papers, or of a sealed bank, as the province makes it: one line, then MessagePack.

What stations may fetch before the start lies in it piece by piece, each sealed with its own key: papers, pictures. All
those keys, and the right answers, lie in `secret`, sealed with the key behind the code of the sitting (base/sealing.py:
argon2id of the code's digits and `salt`; AES-256-GCM). A sealed bank has everything in `secret`.
"""

from datetime import UTC, datetime

import msgspec

MAGIC = b"examsite-sealed 1\n"
MOST = 256 * 1024 * 1024
"""Bytes of a file; more is not taken."""


class SealedBody(msgspec.Struct, kw_only=True):
    """One paper: wire.station.Paper as JSON, sealed; names (SHA-256) of the sealed pictures it shows."""

    body: bytes
    pictures: list[str] = []


class Container(msgspec.Struct, kw_only=True):
    """The whole file. `papers`: in the order of `SealedPapers.numbers` in the signed message."""

    salt: bytes
    papers: list[SealedBody] = []
    pictures: list[bytes] = []
    """Every sealed picture some paper shows."""
    secret: bytes


class PaperSecret(msgspec.Struct, kw_only=True):
    """What opens and marks one paper; `choices` as in records.theory.Paper."""

    key: bytes
    right: list[str]
    choices: str


class PapersSecret(msgspec.Struct, kw_only=True, tag="papers"):
    """In the order of the papers. `blueprint`: rules.paper.Blueprint as JSON, by which they are marked."""

    blueprint: bytes
    papers: list[PaperSecret]


class BankSecret(msgspec.Struct, kw_only=True, tag="bank"):
    """A bank to draw from: flow.freeze_bank.Frozen as JSON, its pictures by name, the blueprint of its papers."""

    name: str
    blueprint: bytes
    frozen: bytes
    pictures: dict[str, bytes] = {}


Secret = PapersSecret | BankSecret


def about(site: str, room: str, starts_at: datetime, what: str) -> bytes:
    """What `secret` is authenticated as: it opens at no other site and for no other sitting."""
    moment = starts_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"examsite-sealed 1|{site}|{room}|{moment}|{what}".encode()


def pack(container: Container) -> bytes:
    """As a file."""
    return MAGIC + msgspec.msgpack.encode(container)


def unpack(file: bytes) -> Container:
    """Read a file. ValueError when it is none."""
    if not file.startswith(MAGIC) or len(file) > MOST:
        raise ValueError("not a file of sealed papers")
    return msgspec.msgpack.decode(file[len(MAGIC) :], type=Container)
