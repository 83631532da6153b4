"""What the entry process knows of a card reader, whoever made it."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

import msgspec

from appliance.devices.cardreader.layouts import Card


class Tap(msgspec.Struct, frozen=True, kw_only=True):
    """One card put down and read. `tap_id` is the idempotency key of everything that follows from it."""

    tap_id: str
    at: datetime
    card: Card
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
    """The reader went away; told once. `code`: missing (not plugged in) or silent (does not answer)."""

    at: datetime
    code: str
    sentence: str


class ReaderReady(msgspec.Struct, frozen=True, kw_only=True):
    """The reader answers: at the start, and once after each loss."""

    at: datetime
    sam_id: str


ReaderEvent = Tap | TapFailed | ReaderLost | ReaderReady


class CardReader(Protocol):
    """A reader that reports cards until it is closed."""

    def events(self) -> AsyncIterator[ReaderEvent]:
        """Everything that happens at the reader, in order; never ends by itself, never raises for a fault."""
        ...

    def close(self) -> None:
        """Stop reading and free the device."""
        ...
