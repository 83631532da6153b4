"""ESC/POS, as far as a ticket needs it: what a printer's status bytes say, and what a printer is told.

Bytes in, events out. Source: Epson's ESC/POS command reference (ESC @, ESC d, GS v 0, GS V, GS r, DLE EOT), which
the makers of compatible printers follow. The commands themselves are made by python-escpos (driver.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

PRINTER, OFFLINE, PAPER = 1, 2, 4
"""What DLE EOT n asks for: the printer, why it is off line, the paper sensors."""
ASK = b"\x10\x04"
"""DLE EOT: answered at once, whatever is in the printer's buffer."""
RECEIPT = b"\x1dr\x01"
"""GS r 1: answered in its turn, after everything sent before it has been printed."""

Status = Literal["ok", "offline", "paper_end", "cover_open", "fault"]


def is_status(byte: int) -> bool:
    """Is it an answer to DLE EOT? Its fixed bits are 0..1..10."""
    return byte & 0x93 == 0x12


def is_receipt(byte: int) -> bool:
    """Is it an answer to GS r 1? Bits 4 and 7 are 0, so that it cannot be taken for one to DLE EOT."""
    return byte & 0x90 == 0


def status(which: int, byte: int) -> Status:
    """What an answer to DLE EOT `which` says."""
    if which == PRINTER:
        return "offline" if byte & 0x08 else "ok"
    if which == OFFLINE:
        if byte & 0x04:
            return "cover_open"
        if byte & 0x20:
            return "paper_end"
        return "fault" if byte & 0x40 else "ok"
    return "paper_end" if byte & 0x60 else "ok"


@dataclass(frozen=True)
class Reset:
    """ESC @."""


@dataclass(frozen=True)
class Raster:
    """GS v 0: a picture of `width` bytes by `height` lines, the leftmost dot in the highest bit, 1 = black."""

    mode: int
    width: int
    height: int
    data: bytes


@dataclass(frozen=True)
class Feed:
    """ESC d n, or a line feed: `lines` of paper."""

    lines: int


@dataclass(frozen=True)
class Cut:
    """GS V."""


@dataclass(frozen=True)
class Asked:
    """DLE EOT n."""

    which: int


@dataclass(frozen=True)
class ReceiptAsked:
    """GS r n."""


@dataclass(frozen=True)
class Unknown:
    """Bytes that are no command of a ticket: a printer would print them as letters."""

    data: bytes


Command = Reset | Raster | Feed | Cut | Asked | ReceiptAsked | Unknown


class Commands:
    """Takes apart what a printer is sent, in whatever pieces it comes; keeps at most one command that is not whole."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> Iterator[Command]:
        """Every whole command so far."""
        self._buffer += data
        while self._buffer:
            found = _first(self._buffer)
            if found is None:
                return
            used, command = found
            self._buffer = self._buffer[used:]
            yield command


def _first(data: bytes) -> tuple[int, Command] | None:
    """The first command and its length; None while it is not whole."""
    for start, length, build in _FIXED:
        if data.startswith(start[: len(data)]):
            if len(data) < length:
                return None
            return length, build(data)
    if data.startswith(b"\x1dv0"[: len(data)]):
        return _raster(data)
    if data.startswith(b"\x1dV"[: len(data)]):
        if len(data) < 3:
            return None
        return (4 if data[2] >= 65 else 3, Cut()) if data[2] < 65 or len(data) > 3 else None
    return 1, Unknown(data[:1])


_FIXED = (
    (b"\x1b@", 2, lambda _data: Reset()),
    (b"\x1bd", 3, lambda data: Feed(data[2])),
    (b"\n", 1, lambda _data: Feed(1)),
    (ASK, 3, lambda data: Asked(data[2])),
    (b"\x1dr", 3, lambda _data: ReceiptAsked()),
)


def _raster(data: bytes) -> tuple[int, Command] | None:
    if len(data) < 8:
        return None
    width, height = int.from_bytes(data[4:6], "little"), int.from_bytes(data[6:8], "little")
    end = 8 + width * height
    return (end, Raster(data[3], width, height, data[8:end])) if len(data) >= end else None
