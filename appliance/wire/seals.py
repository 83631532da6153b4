"""What exam-clips tells exam-web of the recorder's seals, so that the journal knows how long each chain was; what the
journal knows of the recordings when they are verified.
"""

from datetime import datetime

import msgspec


class SealedHead(msgspec.Struct, kw_only=True, frozen=True):
    """The newest link of a camera's chain as exam-recorder signed it: seal `number` names link `n`, whose hash is
    `head` (hex). `sitting`: after which it was made; empty: the hour was over, or the recorder stopped.
    """

    camera: str
    number: int
    n: int
    head: str
    at: datetime
    sitting: str = ""


class GetSealed(msgspec.Struct, tag="clips.sealed"):
    """Ask exam-clips, which is there while the recorder is stopped too, for the seals of each camera after the one that
    is known of it (number and `head`); of a camera that is not named, the newest. Each was checked: signed by
    exam-recorder, and its link is in the chain.
    """

    known: dict[str, tuple[int, str]] = {}


class Sealed(msgspec.Struct, kw_only=True):
    """The answer to GetSealed, some at once: whoever knows these asks for the next ones."""

    heads: list[SealedHead]


class Deletion(msgspec.Struct, kw_only=True, frozen=True):
    """Recordings an order took, as the journal has it: they began from `first` to `last`. `at`: when told. `list`:
    SHA-256 of their paths and hashes (cameras/archive/lawful.py).
    """

    first: datetime
    last: datetime
    at: datetime
    list: str = ""


class Remembered(msgspec.Struct, kw_only=True, frozen=True):
    """What the journal knows of the recordings."""

    heads: list[SealedHead]
    deletions: list[Deletion]
