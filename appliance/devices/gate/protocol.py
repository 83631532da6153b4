"""Opening a gate through a relay board: what is written, and what the answers mean. Pure.

Modbus RTU (FC01 read coils, FC02 read inputs, FC05 write coil). A relay that closes for a moment opens the
gate. The write that closes the relay is sent once, whatever happens: nobody knows whether an unanswered one
was obeyed, and a second one might let a second person in. Writes that open the relay again may be repeated:
they let nobody in, and a relay that stays closed would leave the gate open.
"""

from typing import Literal

import msgspec

Outcome = Literal["done", "not_done", "unknown"]
"""done = the relay closed; not_done = it certainly did not; unknown = nobody can say."""
Reply = Literal["echo", "refused", "none", "not_sent"]
"""What came of a write: its echo, an exception frame, nothing in time, or it never left the box."""

FLASH_STEP_MS = 100
ON, OFF = 0xFF00, 0x0000


class Write(msgspec.Struct, frozen=True):
    """One write-coil frame: coil address and the 16-bit value."""

    address: int
    value: int


class Pulse(msgspec.Struct, frozen=True):
    """How one opening is carried out: the single write that closes the relay, how long it stays closed, and, when
    the board does not end the pulse by itself, the write that ends it."""

    close: Write
    hold_ms: int
    """Milliseconds, whoever ends it: another write within them would make one pulse longer instead of a second."""
    release: Write | None = None


def plan(coil: int, pulse_ms: int, flash_base: int | None) -> Pulse:
    """The pulse of `coil`. `flash_base`: first address of the board's timed coils, or None when it has none.

    Timed coils are safer: the board ends the pulse even when this machine dies in the middle. They count in
    steps of 100 ms, rounded up, at least one.
    """
    if flash_base is None:
        return Pulse(Write(coil, ON), pulse_ms, Write(coil, OFF))
    steps = min(max(1, -(-pulse_ms // FLASH_STEP_MS)), 0x7FFF)
    return Pulse(Write(flash_base + coil, steps), steps * FLASH_STEP_MS)


def settle(reply: Reply, coil_on: bool | None, timed: bool) -> Outcome:
    """What happened, from the reply to the closing write and the coil read back after an unanswered one.

    `coil_on` is None when it was not read or could not be. A coil seen open proves something only when the
    board does not end pulses by itself.
    """
    if reply == "echo" or coil_on:
        return "done"
    if reply in ("refused", "not_sent"):
        return "not_done"
    if coil_on is False and not timed:
        return "not_done"
    return "unknown"
