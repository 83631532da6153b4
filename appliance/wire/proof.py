"""The box with the proof at the end of a clip, as it lies in the file (written and checked by cameras.clips.proof)."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

import msgspec

from appliance.wire.playback import CopyProof
from appliance.wire.recorder import CheckedFile, ClipProof, Sealing, SignedProof

BOX = b"uuid" + hashlib.sha256(b"examsite clip proof").digest()[:16]
"""Type and extended type of the box; its four bytes of length lie before it."""


def proof_at_end(last: bytes) -> ClipProof | None:
    """What is stated in the last bytes of a clip as exam-clips gives it out; None for a copy. Nothing is checked."""
    return _at_end(last, ClipProof)


def copy_at_end(last: bytes) -> CopyProof | None:
    """The same of a copy; None for a clip."""
    return _at_end(last, CopyProof)


def lost_at_end(last: bytes) -> int:
    """How many pictures of its original are not in a copy."""
    stated = copy_at_end(last)
    return stated.lost if stated else 0


Stated = TypeVar("Stated", ClipProof, CopyProof)


def _at_end(last: bytes, kind: type[Stated]) -> Stated | None:
    if last[4 : 4 + len(BOX)] != BOX:
        return None
    try:
        signed = msgspec.json.decode(last[4 + len(BOX) :], type=SignedProof)
        return msgspec.json.decode(signed.body, type=kind)
    except msgspec.DecodeError:
        return None


NAMED = 20


def broken_names(stated: ClipProof | None) -> list[str]:
    """The first few of them as `finding path`, for the journal and for whoever took the clip."""
    return [f"{one.found} {one.path}" for one in broken_sources(stated)][:NAMED]


def broken_sources(stated: ClipProof | None) -> list[CheckedFile]:
    """Recordings that were not as recorded when the clip was cut from them."""
    sources = stated.sources if stated else []
    return [one for one in sources if one.found not in ("whole", "open")]


def sealing(sources: Iterable[CheckedFile]) -> Sealing | None:
    """What seals lay over recordings when they were given out, each counted once; None: their clips do not say.

    One that was not as recorded is no unsealed one: its seal may be false or gone, and no later one mends it.
    """
    said = {one.path: one for one in sources if one.sealed is not msgspec.UNSET}
    if not said:
        return None
    times = [one.sealed for one in said.values() if isinstance(one.sealed, datetime)]
    return Sealing(
        sources=len(said),
        unsealed=sum(one.found == "whole" and one.sealed is None for one in said.values()),
        open=sum(one.found == "open" for one in said.values()),
        newest=max(times, default=None),
    )
