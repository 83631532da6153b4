"""The serial protocol of second-generation ID-card readers (SAM_V / SDT): bytes in, events out.

Source: vendors' protocol manuals and public drivers that agree with each other. Both directions start with
the preamble AA AA AA 96 69 and a big-endian length; the last byte is the XOR of everything between the
preamble and itself. A request carries CMD and PARA, a response SW1 SW2 SW3. A read response carries a text
block of 256 bytes (UTF-16LE), a photo block of 1024 and, when asked for, a fingerprint block of up to 1024.

Nothing here knows a serial port, a socket or a clock. The decoder never raises on input: whatever arrives
becomes `Request`, `Response` or `BadFrame` events and a count of bytes that belonged to no frame.
"""

from enum import IntEnum
from typing import Literal

import msgspec

from appliance.base.i18n import N_
from appliance.devices.cardreader.layouts import FINDINGS

PREAMBLE = bytes.fromhex("AAAAAA9669")
MAX_LENGTH = 0x090A
"""Longest valid length field: text, photo and 1024 bytes of fingerprint."""
TEXT_BYTES = 256
PHOTO_BYTES = 1024
ADDRESS_BYTES = 70
SAM_ID_BYTES = 16


class Command(IntEnum):
    """CMD and PARA of a request as one number."""

    RESET = 0x10FF
    STATUS = 0x11FF
    SAM_ID = 0x12FF
    FIND = 0x2001
    SELECT = 0x2002
    READ = 0x3001
    READ_ADDRESS = 0x3003
    READ_WITH_FINGERPRINT = 0x3010


class Cause(msgspec.Struct, frozen=True):
    """A status byte's meaning: stable code, sentence for staff (message id), and whether it means success."""

    code: str
    sentence: str
    ok: bool = False


CAUSES: dict[int, Cause] = {
    0x90: Cause("ok", N_("Done."), True),
    0x9F: Cause("card_found", N_("A card is on the reader."), True),
    0x10: Cause("checksum_error", N_("The reader received a damaged request. Check the cable.")),
    0x11: Cause("length_error", N_("The reader received a request of the wrong length. Check the cable.")),
    0x21: Cause("bad_command", N_("The reader does not know this request, or it came at the wrong time.")),
    0x23: Cause("no_privilege", N_("The reader is not allowed to do this.")),
    0x24: Cause("unknown_error", N_("The reader reports an error it has no name for.")),
    0x31: Cause("card_refused_sam", N_("The card does not trust this reader. Try another reader.")),
    0x32: Cause("card_not_genuine", N_("The reader cannot verify the card: it may not be genuine.")),
    0x33: Cause("verify_failed", N_("The card's content fails its verification.")),
    0x40: Cause("unknown_card_type", N_("This is not an identity card the reader knows.")),
    0x41: Cause("read_failed", N_("The card could not be read. Put it down again and hold it still.")),
    0x47: Cause("random_failed", N_("The reader could not begin with the card. Put it down again.")),
    0x60: Cause("sam_failed", N_("The reader failed its own test and accepts nothing. Replace it.")),
    0x66: Cause("sam_not_authorised", N_("The reader's security module is not authorised. Replace it.")),
    0x80: Cause("no_card", N_("There is no card on the reader.")),
    0x81: Cause("select_failed", N_("The card left the reader too early. Put it down again.")),
    0x91: Cause("item_empty", N_("The card does not hold this item.")),
    0xFF: Cause("link_fault", N_("The connection to the reader is disturbed. Check the cable.")),
}
UNNAMED = Cause("unknown_status", N_("The reader answered with a status that is not in its manual."))
DAMAGED = N_("The card's data arrived damaged. Take the card away and put it down again.")
ILLEGIBLE = N_("The card's text cannot be understood. Use the manual way.")
NOT_READ = {
    **{one.code: one.sentence for one in (*CAUSES.values(), UNNAMED) if not one.ok},
    "damaged": DAMAGED,
    **dict.fromkeys(("bad_text", "bad_date", "bad_sex", "empty_field", "unknown_card"), ILLEGIBLE),
    **FINDINGS,
}
"""Why a card was not read, by stable code -> sentence for staff (message id)."""


def cause(status: int) -> Cause:
    """The named cause of a third status byte; every byte has one."""
    return CAUSES.get(status, UNNAMED)


class Request(msgspec.Struct, frozen=True):
    """A whole frame from the host: the simulator's input."""

    command: int


class Response(msgspec.Struct, frozen=True):
    """A whole frame from the reader. `data` is what follows the three status bytes."""

    sw1: int
    sw2: int
    status: int
    data: bytes = b""

    @property
    def cause(self) -> Cause:
        """What the status byte says; statuses passed through from the card are a failed read."""
        if (self.sw1 or self.sw2) and cause(self.status).ok:
            return CAUSES[0x41]
        return cause(self.status)


class BadFrame(msgspec.Struct, frozen=True):
    """Something that began like a frame and is none."""

    code: Literal["bad_checksum", "bad_length", "truncated"]
    size: int
    """Bytes given up with it."""


Event = Request | Response | BadFrame


class CardData(msgspec.Struct, frozen=True):
    """The blocks of a successful read."""

    text: bytes
    photo: bytes
    fingerprint: bytes = b""


def checksum(body: bytes) -> int:
    """XOR of all bytes after the preamble, the check byte excluded."""
    value, size = int.from_bytes(body), len(body)
    while size > 1:  # folded in half: a file made of nothing but wrong check bytes is still read in seconds
        size = (size + 1) // 2
        value = (value >> 8 * size) ^ (value & ((1 << 8 * size) - 1))
    return value


def _frame(content: bytes) -> bytes:
    body = (len(content) + 1).to_bytes(2) + content
    return PREAMBLE + body + bytes([checksum(body)])


def request(command: Command) -> bytes:
    """The frame that asks the reader for `command`."""
    return _frame(int(command).to_bytes(2))


def response(status: int, data: bytes = b"", sw1: int = 0, sw2: int = 0) -> bytes:
    """The frame a reader answers with."""
    return _frame(bytes([sw1, sw2, status]) + data)


def card_response(card: CardData, with_fingerprint: bool = False) -> bytes:
    """The answer to a successful read, as the reader sends it."""
    head = len(card.text).to_bytes(2) + len(card.photo).to_bytes(2)
    if with_fingerprint:
        head += len(card.fingerprint).to_bytes(2)
        return response(0x90, head + card.text + card.photo + card.fingerprint)
    return response(0x90, head + card.text + card.photo)


def card_data(data: bytes) -> CardData | None:
    """The blocks inside a read response's data, or None when it is not one. Only the real sizes are taken."""
    if data[:4] != TEXT_BYTES.to_bytes(2) + PHOTO_BYTES.to_bytes(2):
        return None
    rest = data[4:]
    if len(rest) == TEXT_BYTES + PHOTO_BYTES:
        return CardData(rest[:TEXT_BYTES], rest[TEXT_BYTES:])
    size = int.from_bytes(rest[:2])
    blocks = rest[2:]
    if size in (0, 512, 1024) and len(blocks) == TEXT_BYTES + PHOTO_BYTES + size:
        end = TEXT_BYTES + PHOTO_BYTES
        return CardData(blocks[:TEXT_BYTES], blocks[TEXT_BYTES:end], blocks[end:])
    return None


def sam_id(data: bytes) -> str | None:
    """The reader's number as printed on it, from the 16 bytes of its answer; None when they are not 16."""
    if len(data) != SAM_ID_BYTES:
        return None
    first, second = int.from_bytes(data[0:2], "little"), int.from_bytes(data[2:4], "little")
    day, serial, random = (int.from_bytes(data[i : i + 4], "little") for i in (4, 8, 12))
    return f"{first:02X}.{second:02X}-{day:d}-{serial:010d}-{random:010d}"


def appended_address(data: bytes) -> str:
    """The text of an appended address: 35 cells of UTF-16LE, blanks behind it."""
    return data.decode("utf-16-le", errors="replace").replace("\0", " ").strip(" \u3000")


class Decoder:
    """Turns a stream of bytes into events. One decoder serves one connection, either direction.

    A frame with a length field of 3 is a request, anything longer a response. A preamble inside a frame ends
    it: a cut frame with a good one glued behind costs only itself, and the two never pass for one.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._owed = 0
        self.skipped = 0
        """Bytes so far that belonged to no frame, good or bad."""

    @property
    def pending(self) -> int:
        """Bytes kept because they may be the beginning of a frame."""
        return len(self._buffer)

    def feed(self, chunk: bytes) -> list[Event]:
        """Take more bytes; return the events they complete."""
        self._buffer += chunk
        events: list[Event] = []
        while (event := self._next()) is not None:
            events.append(event)
        return events

    def end(self) -> list[Event]:
        """No more bytes will come (end of file, time-out): report what is left and be empty."""
        events: list[Event] = []
        while self._buffer:
            if bytes(self._buffer[: len(PREAMBLE)]) == PREAMBLE:
                events.append(self._give_up("truncated", len(self._buffer)))
                while (event := self._next()) is not None:
                    events.append(event)
            else:
                self._drop(len(self._buffer))
        return events

    def _next(self) -> Event | None:
        buffer = self._buffer
        start = buffer.find(PREAMBLE)
        if start < 0:
            self._drop(len(buffer) - _tail(buffer))
            return None
        self._drop(start)
        if len(buffer) < len(PREAMBLE) + 2:
            return None
        length = int.from_bytes(buffer[5:7])
        if not 3 <= length <= MAX_LENGTH:
            return self._give_up("bad_length", len(PREAMBLE))
        total = len(PREAMBLE) + 2 + length
        inner = buffer.find(PREAMBLE, 1, total + len(PREAMBLE) - 1)
        if (
            0 < inner < total
        ):  # cut off: neither text nor photo holds a preamble, and one in 256 would pass the XOR
            return self._give_up("truncated", inner)
        if len(buffer) < total:
            return None
        body = bytes(buffer[len(PREAMBLE) : total])
        if checksum(body[:-1]) != body[-1]:
            return self._give_up("bad_checksum", total)
        self._take(total)
        if length == 3:
            return Request(int.from_bytes(body[2:4]))
        return Response(body[2], body[3], body[4], body[5:-1])

    def _give_up(self, code: Literal["bad_checksum", "bad_length", "truncated"], size: int) -> BadFrame:
        """Leave a bad frame of `size` bytes, but go on at a preamble that begins inside it."""
        found = self._buffer.find(PREAMBLE, 1)
        keep = found if 0 <= found < size else size
        if keep == size and size > len(PREAMBLE) and code == "bad_checksum" and size <= len(self._buffer):
            tail = _tail(self._buffer[:size])
            follows = self._buffer[size : size + len(PREAMBLE) - tail]
            if tail and PREAMBLE[tail:].startswith(bytes(follows)):
                self._take(size - tail)
                self._owed = tail
                return BadFrame(code, size)
        self._take(keep)
        return BadFrame(code, keep)

    def _take(self, count: int) -> None:
        del self._buffer[:count]
        self._owed = max(0, self._owed - count)

    def _drop(self, count: int) -> None:
        self.skipped += max(0, count - self._owed)
        self._take(count)


def _tail(buffer: bytearray) -> int:
    """Length of the longest end of `buffer` that may be the beginning of a preamble."""
    for size in range(min(len(PREAMBLE) - 1, len(buffer)), 0, -1):
        if buffer.endswith(PREAMBLE[:size]):
            return size
    return 0
