"""What a lane's entry screen shows (入口屏): what the person before it does now. Never a reason, nor anybody else."""

from dataclasses import dataclass
from typing import Literal

Shown = Literal["fire", "face", "go", "staff", "security", "closed", "card"]
ADMIT_S, LOOK_S, WAIT_S = 8, 12, 30
"""Seconds for which letting in, any other decision, and a case that waits stay on the screen."""
UNDECIDED_S = 20
"""Seconds after which a card that was put down and never decided is forgotten."""


@dataclass(frozen=True, kw_only=True)
class Decided:
    """The newest card of the lane. `age`: seconds since it was decided."""

    age: float
    result: str
    """admit, review or refuse; what a person decided, when one did."""
    ticket: bool
    gate: str = ""
    """Outcome of the order to the gate, empty while it is under way."""
    waits: bool = False
    """Its case is open."""
    security: bool = False
    """It waits for nothing but the security check."""


def shown(
    *,
    last: Decided | None,
    fire: bool = False,
    reader: str = "ok",
    camera: str = "ok",
    newer: float | None = None,
) -> Shown:
    """`newer`: seconds since a card was put down that is newer than `last`; None = there is none.

    A person at the camera sees their own check, whatever stands there for the one before. A camera without a picture
    closes no lane: the card is put down as ever, and the staff decide.
    """
    if fire:
        return "fire"
    if newer is not None and newer < UNDECIDED_S:
        return "face"
    if last is not None:
        failed = last.gate in ("unknown", "not_done")
        if last.result == "admit" and last.ticket and not failed:
            if last.age < ADMIT_S:
                return "go"
        elif last.age < LOOK_S or (last.waits and last.age < WAIT_S):
            return "security" if last.security else "staff"
    if camera == "busy":
        return "face"
    return "closed" if reader in ("silent", "missing", "fault") else "card"
