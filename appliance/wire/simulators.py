"""Messages to the simulated reader, relay board and ticket printer: control sockets, demo sites and tests only."""

from datetime import datetime
from typing import Literal

import msgspec

Misbehaviour = Literal[
    "noise", "bad_checksum", "cut", "glued", "silent", "read_failed", "read_bad_checksum", "sam_failed"
]
BoardMode = Literal["normal", "silent", "deaf", "refusing"]
"""silent = acts and does not answer.

Deaf = neither acts nor answers; refusing = answers with an exception.
"""


class PutCard(msgspec.Struct, tag="reader.put", kw_only=True):
    """Put a card on the simulated reader.

    `text` 256 bytes, `photo` 1024, `fingerprint` 0, 512 or 1024. `seconds`: taken away after; 0 = stays.
    """

    text: bytes
    photo: bytes = bytes(1024)
    fingerprint: bytes = b""
    address: str = ""
    """Appended address, at most 35 characters."""
    seconds: float = 0.0


class TakeCard(msgspec.Struct, tag="reader.take"):
    """Take the card away."""


class Misbehave(msgspec.Struct, tag="reader.misbehave", kw_only=True):
    """Spoil the next `count` answers.

    Noise before them, a wrong check byte, only half, glued between parts of other frames, none, a failed read, or
    a security module that failed. `cut`, `read_failed` and `read_bad_checksum` wait for the next reads.
    """

    how: Misbehaviour
    count: int = 1


class Plug(msgspec.Struct, tag="reader.plug", kw_only=True):
    """Unplug the reader, or plug it in again at the same path.

    `after_bytes`: unplug in the middle of an answer.
    """

    plugged: bool
    after_bytes: int = 0


class GetReader(msgspec.Struct, tag="reader.state"):
    """Ask what the simulated reader has done."""


class ReaderDid(msgspec.Struct, kw_only=True):
    """The simulated reader: what it is and what it was asked."""

    plugged: bool
    card: bool
    requests: dict[str, int]
    """Times each command was asked, by its name."""
    reads: int
    """Cards handed over whole."""


class SetBoard(msgspec.Struct, tag="board.set", kw_only=True):
    """Change the simulated relay board: how it answers, and its inputs by number."""

    mode: BoardMode = "normal"
    inputs: dict[int, bool] = {}


class GetBoard(msgspec.Struct, tag="board.state"):
    """Ask what the simulated relay board has done."""


class Edge(msgspec.Struct, kw_only=True):
    """A coil that closed, when, and for how long (None while it is closed)."""

    coil: int
    at: datetime
    seconds: float | None = None


class BoardDid(msgspec.Struct, kw_only=True):
    """The simulated relay board: every pulse it gave, in order, and the frames it saw."""

    mode: BoardMode
    coils: list[bool]
    pulses: list[Edge]
    frames: int


PrinterMode = Literal["normal", "silent", "paper_end", "cover_open", "runs_out", "mute"]
"""silent = does nothing and says nothing; mute = prints and says nothing.

runs_out = the roll ends in the middle of the next slip; it is paper_end from then on.
"""


class SetPrinter(msgspec.Struct, tag="printer.set", kw_only=True):
    """Change how the simulated ticket printers behave."""

    mode: PrinterMode = "normal"


class GetPrinter(msgspec.Struct, tag="printer.state"):
    """Ask what the simulated ticket printers have done."""


class PrinterDid(msgspec.Struct, kw_only=True):
    """The simulated ticket printers: the slips that were cut off, in order, as files; bytes that were no command."""

    mode: PrinterMode
    slips: list[str]
    unknown: int = 0


CameraView = Literal["normal", "black", "blurred", "turned"]
"""Lens covered, out of focus, camera turned away; its own clock stays in the picture."""


CameraEvent = Literal["tamper", "scene", "motion"]
"""What a camera tells by ONVIF events: its lens is covered, its scene changed, something moves."""


CardMode = Literal["normal", "none", "empty", "stops", "times"]
"""A simulated camera's card: as it should be, no Profile G, empty, stops in the middle of a replay, has wrong times."""


class SetCamera(msgspec.Struct, tag="camera.set", kw_only=True):
    """Change a simulated camera; None leaves a thing as it is. `drop`: cut every viewer off once.

    `stalled`: it sends no pictures and keeps the connections. `silent`: its ONVIF service takes questions and does not
    answer. `jump`: seconds by which its time stamps jump now. `crf`: quality of the picture, 0 (best) to 51: the bit
    rate jumps. `skew`: seconds its clock is ahead. `reboot`: gone for so many seconds; its time stamps begin anew.
    `sends_to`, `soap_sends_to`: address to which it sends whoever asks for the stream, or its ONVIF service; empty =
    nowhere. `event`: what its own look at its picture finds now, or with `event_on` false no more. `empty_options`: it
    says nothing about what its encoder can do.
    """

    plugged: bool | None = None
    frozen: bool | None = None
    hung: bool | None = None
    """Its sensor shows nothing new, its clock goes on."""
    drop: bool = False
    view: CameraView | None = None
    stalled: bool | None = None
    silent: bool | None = None
    jump: float = 0.0
    crf: int | None = None
    skew: float | None = None
    password: str | None = None
    reboot: float | None = None
    screen: str | None = None
    """The code the screen in its view shows, as digits; empty = it is dark."""
    sends_to: str | None = None
    soap_sends_to: str | None = None
    event: CameraEvent | None = None
    event_on: bool = True
    empty_options: bool | None = None
    card: CardMode | None = None


class GetCamera(msgspec.Struct, tag="camera.state"):
    """Ask what the simulated camera is doing."""


class CameraDid(msgspec.Struct, kw_only=True):
    """The simulated camera: plugged in or not, its viewers, the last ONVIF operations asked of it."""

    plugged: bool
    viewers: int
    calls: list[str]
    frozen: bool = False
    subscriptions: int = 0
    """Subscriptions to its events that are open."""
