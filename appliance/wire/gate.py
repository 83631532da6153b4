"""Messages between the entry process (exam-gate) and whoever asks it (UNIX socket `gate`)."""

from datetime import date, datetime
from typing import Literal

import msgspec

Part = Literal["ok", "missing", "silent", "fault", "busy", "none"]
"""ok; missing = not plugged in; silent = plugged in, no answer; fault = answers with an error; busy = at work now;
none = the lane has no such part."""
Alarm = Literal["forced_open", "held_open", "fire"]
"""The door opened and nobody had been let in; it stays open; the fire alarm system's signal stands."""


class GetLanes(msgspec.Struct, tag="gate.lanes"):
    """Ask exam-gate how its lanes are. The answer is a `list[LaneState]`."""


class LaneState(msgspec.Struct, kw_only=True):
    """One lane (通道) and its devices. `kind`: which sittings it admits to, theory or practical."""

    lane: str
    name: str
    kind: str
    reader: Part = "ok"
    gate: Part = "ok"
    camera: Part = "ok"
    printer: Part = "none"
    prompt: str = ""
    """What the person before the camera should do now (faces.prompts), empty for nothing."""
    last_tap_at: datetime | None = None
    alarms: list[Alarm] = []
    """What holds at the gate now. Fire stands for every lane: all are free."""
    messages: dict[str, str] = {}
    """What is wrong, by part (card, reader, camera, gate, printer), as message ids; a part in order is not in it."""
    slips: dict[str, str] = {}
    """What came of the last ticket slips, by tap: `printing`, `ok`, or why not (devices.printer.port)."""


class GetView(msgspec.Struct, tag="gate.view", frozen=True):
    """Ask what the camera of a lane sees while a face is looked at. The answer is a `View`."""

    lane: str


class View(msgspec.Struct, frozen=True):
    """A small JPEG for the person who stands there; empty when nobody is looked at. Kept nowhere."""

    picture: bytes = b""


class PaperByHand(msgspec.Struct, tag="gate.paper", kw_only=True, frozen=True):
    """A member of staff typed what stands on a paper: decide, as for a card; nobody is compared by the machine.

    `tap`: id given by the page, so that a second click is no second tap. The answer is `PaperTaken`.
    """

    tap: str
    lane: str
    name: str
    number: str
    paper: str
    """rules.papers.Paper"""
    valid_to: date | None = None
    picture: str = ""
    """SHA-256 of the sealed picture of the paper; empty when it was held into the lane's camera."""
    actor: str
    """`account:ID` of the member of staff."""


class PaperTaken(msgspec.Struct, kw_only=True):
    """The lane has it: a tap with this id will be decided."""

    tap: str


class PhotographCard(msgspec.Struct, tag="gate.card", frozen=True):
    """Take a picture with the lane's camera now: the person holds the printed card beside the face or before the lens.

    Nothing is compared. The answer is `CardPhotographed`, or Unavailable when the camera gives no picture.
    """

    lane: str


class CardPhotographed(msgspec.Struct, frozen=True):
    """`picture`: SHA-256 of the sealed picture. Nothing points to it yet."""

    picture: str


class PrintTicket(msgspec.Struct, tag="gate.print", frozen=True):
    """Print the queue ticket of a tap on a lane's printer. The answer is `TicketPrinted`, or a DeviceFault.

    It comes when the slip is out, or some seconds later.
    """

    lane: str
    tap: str


class TicketPrinted(msgspec.Struct, frozen=True):
    """The slip is out."""

    tap: str
