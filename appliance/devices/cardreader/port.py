"""What the entry process knows of a card reader, whoever made it."""

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Literal, Protocol

import msgspec

from appliance.devices.cardreader.layouts import Card


class TypedCard(msgspec.Struct, frozen=True, kw_only=True):
    """What a member of staff typed from a document: the last resort, when no reader takes the card.

    There is no chip behind it, hence no photograph that would admit by itself: a person always looks.
    """

    name: str
    number: str
    """Normalised, check character right."""
    typed_by: str
    """`account:ID` of who typed it."""
    kind: str
    """rules.papers.Paper"""
    valid_from: date | None = None
    valid_to: date | None = None
    picture: str = ""
    """SHA-256 of the sealed picture of the paper; empty when there is none."""


class Tap(msgspec.Struct, frozen=True, kw_only=True):
    """One card put down and read. `tap_id` is the idempotency key of everything that follows from it."""

    tap_id: str
    at: datetime
    card: Card | TypedCard
    sam_id: str
    """Number of the reader's security module; empty when the reader does not tell it."""
    photo: bytes = b""
    """The chip's photo block (1024 bytes, coded by the maker); never decoded in this process."""


class TapFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A card was put down and could not be read; told once per card. `sentence` is a message id."""

    tap_id: str
    at: datetime
    code: str
    sentence: str
    sam_id: str = ""


class ReaderLost(msgspec.Struct, frozen=True, kw_only=True):
    """The reader went away; told once.

    `code`: missing (not plugged in), in_use, not_allowed, silent (does not answer), one_lost (one of two; the other
    reads), or the named cause of a reader that answers and cannot read, such as sam_not_authorised.
    """

    at: datetime
    code: str
    sentence: str

    @property
    def part(self) -> Literal["missing", "silent", "ok", "fault"]:
        """The state of the lane's reader, as `wire.gate.LaneState` tells it."""
        return PARTS.get(self.code, "fault")


class ReaderReady(msgspec.Struct, frozen=True, kw_only=True):
    """The reader answers: at the start, and once after each loss."""

    at: datetime
    sam_id: str


PARTS: dict[str, Literal["missing", "silent", "ok"]] = {
    "missing": "missing",
    "in_use": "missing",
    "not_allowed": "missing",
    "silent": "silent",
    "one_lost": "ok",
}
"""What a loss means for the lane; every other code is a fault of a reader that answers."""


ReaderEvent = Tap | TapFailed | ReaderLost | ReaderReady


class CardReader(Protocol):
    """A reader that reports cards until it is closed."""

    def events(self) -> AsyncIterator[ReaderEvent]:
        """Everything that happens at the reader, in order; never ends by itself, never raises for a fault."""
        ...

    def close(self) -> None:
        """Stop reading and free the device."""
        ...
