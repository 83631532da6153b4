"""What the entry process knows of a gate, whoever made it."""

from datetime import datetime
from typing import Protocol

import msgspec

from appliance.devices.gate.protocol import Outcome


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one order to open."""

    outcome: Outcome
    code: str
    """ok, expired, missing, silent or refused."""
    sentence: str = ""
    """Message id for staff; empty when all went well."""
    sent_at: datetime | None = None
    """When the closing write left the box; None when it did not."""
    seconds: float = 0.0
    """From the order to the answer."""


class Gate(Protocol):
    """One lane's gate."""

    async def open_once(self, until: float) -> Opened:
        """Open at most once, never from `until` on (monotonic seconds of the gate's clock).

        Never raises for a fault of the device, never repeats.
        """
        ...

    async def rest(self) -> None:
        """End a pulse nobody ended: a process killed in the middle of it, or a board silent at its end.

        Does nothing once that is done. Raises DeviceFault while the board does not answer.
        """
        ...

    async def released(self) -> bool:
        """Wait until no pulse runs; False when the relay could not be released (the gate may stay open)."""
        ...

    async def inputs(self, count: int = 8) -> list[bool]:
        """The board's inputs (door, fire), from number 0. Raises DeviceFault when it does not answer."""
        ...

    async def close(self) -> None:
        """Free the device."""
        ...
