"""RTP from a camera's replay (RFC 3550, RFC 6184, RFC 7798): packets in, pictures with their times out. Pure.

The time of a picture stands in the header extension 0xABAC of its first packet (ONVIF Streaming Specification, replay):
an NTP time, then the flags C (decodable alone), E (the last before a gap of the card's recording), D (does not follow
the one before), T (the last of all), and the low byte of the number of the PLAY that asked for it.
"""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from cameras import rtp, rtp_h265

REPLAY = 0xABAC
NTP_EPOCH, NTP_ERA = datetime(1900, 1, 1, tzinfo=UTC), 2**32
LONGEST = 16 * 1024 * 1024
"""Bytes of one picture; what is longer is nonsense."""
Codec = Literal["h264", "h265"]


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """What the extension says of a picture. `asked`: low byte of the PLAY's CSeq."""

    at: datetime
    clean: bool = False
    ends: bool = False
    apart: bool = False
    last: bool = False
    asked: int = 0


class Packet(msgspec.Struct, frozen=True, kw_only=True):
    """One RTP packet; `stamp` None where it carries none."""

    kind: int
    marker: bool
    sequence: int
    timestamp: int
    stamp: Stamp | None
    body: bytes


class Picture(msgspec.Struct, frozen=True):
    """One access unit: NAL units without start codes; `key`: it can be decoded alone."""

    units: list[bytes]
    key: bool
    stamp: Stamp


def read_stamp(told: bytes) -> Stamp | None:
    """The extension's content, without its own head; None when it is too short or its time is none."""
    if len(told) < 12:
        return None
    seconds, fraction, flags, asked = struct.unpack(">IIBB", told[:10])
    if not seconds:
        return None
    if seconds < NTP_ERA // 2:
        seconds += NTP_ERA  # from 7 February 2036 on (RFC 4330, 3)
    micros = (fraction * 1_000_000 + NTP_ERA // 2) // NTP_ERA
    return Stamp(
        at=NTP_EPOCH + timedelta(seconds=seconds, microseconds=micros),
        clean=bool(flags & 0x80),
        ends=bool(flags & 0x40),
        apart=bool(flags & 0x20),
        last=bool(flags & 0x10),
        asked=asked,
    )


def write_stamp(stamp: Stamp) -> bytes:
    """The whole extension with its head."""
    since = stamp.at - NTP_EPOCH
    seconds = (since.days * 86_400 + since.seconds) % NTP_ERA
    fraction = since.microseconds * NTP_ERA // 1_000_000
    flags = (stamp.clean and 0x80) | (stamp.ends and 0x40) | (stamp.apart and 0x20) | (stamp.last and 0x10)
    return struct.pack(">HHIIBBH", REPLAY, 3, seconds, fraction, flags, stamp.asked, 0)


def read_packet(data: bytes) -> Packet | None:
    """Take a packet apart; None when it is none."""
    if len(data) < 12 or data[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp = struct.unpack(">BBHI", data[:8])
    at = 12 + 4 * (first & 0x0F)
    stamp = None
    if first & 0x10:
        if len(data) < at + 4:
            return None
        name, words = struct.unpack(">HH", data[at : at + 4])
        if name == REPLAY:
            stamp = read_stamp(data[at + 4 : at + 4 + 4 * words])
        at += 4 + 4 * words
    end = len(data) - (data[-1] if first & 0x20 else 0)
    if at >= end:
        return None
    return Packet(
        kind=second & 0x7F,
        marker=bool(second & 0x80),
        sequence=sequence,
        timestamp=timestamp,
        stamp=stamp,
        body=data[at:end],
    )


class Gathering:
    """Pictures out of the packets of one stream, in order. A picture without a time, or with a hole, is left out, and
    after a hole everything up to the next one that can be decoded alone.
    """

    def __init__(self, codec: Codec, kind: int) -> None:
        self._codec = codec
        self._kind = kind
        self._units: list[bytes] = []
        self._part = bytearray()
        self._size = 0
        self._stamp: Stamp | None = None
        self._timestamp: int | None = None
        self._sequence: int | None = None
        self._broken = False
        self._waits = True

    def feed(self, packet: Packet) -> Iterator[Picture]:
        """One packet: the pictures that are whole now."""
        if packet.kind != self._kind:
            return
        if self._sequence is not None and packet.sequence != self._sequence:
            self._broken = self._waits = True
        self._sequence = packet.sequence + 1 & 0xFFFF
        if self._timestamp is not None and packet.timestamp != self._timestamp:
            yield from self._flush()
        self._timestamp = packet.timestamp
        self._stamp = self._stamp or packet.stamp
        self._size += len(packet.body)
        if self._size > LONGEST or not self._take(packet.body):
            self._broken = True
            self._units, self._part = [], bytearray()
        if packet.marker:
            yield from self._flush()

    def _flush(self) -> Iterator[Picture]:
        units, stamp = self._units, self._stamp
        whole = bool(units) and not self._broken and not self._part
        self._units, self._part, self._size = [], bytearray(), 0
        self._stamp, self._timestamp, self._broken = None, None, False
        if not whole or stamp is None:
            self._waits = self._waits or bool(units) or not whole
            return
        key = rtp.is_key(units) if self._codec == "h264" else rtp_h265.is_key(units)
        self._waits = self._waits and not key
        if not self._waits:
            yield Picture(units, key, stamp)

    def _take(self, body: bytes) -> bool:
        """False: a payload that cannot be read."""
        if self._codec == "h264":
            kind, whole, cut, head = body[0] & 0x1F, rtp.STAP_A, rtp.FU_A, 1
        else:
            kind, whole, cut, head = rtp_h265.kind(body), rtp_h265.AP, rtp_h265.FU, 2
        if len(body) <= head:
            return False
        if kind == whole:
            return self._several(body[head:])
        if kind == cut:
            return self._piece(body, head)
        if kind > whole or (self._codec == "h264" and not kind):
            return False
        self._units.append(body)
        return True

    def _several(self, body: bytes) -> bool:
        at = 0
        while at + 2 <= len(body):
            size = int.from_bytes(body[at : at + 2], "big")
            unit = body[at + 2 : at + 2 + size]
            if not size or len(unit) < size:
                return False
            self._units.append(unit)
            at += 2 + size
        return at == len(body)

    def _piece(self, body: bytes, head: int) -> bool:
        mark = body[head]
        if mark & 0x80:
            if self._codec == "h264":
                first = bytes([body[0] & 0xE0 | mark & 0x1F])
            else:
                first = bytes([body[0] & 0x81 | (mark & 0x3F) << 1, body[1]])
            self._part = bytearray(first)
        elif not self._part:
            return False
        self._part += body[head + 1 :]
        if mark & 0x40:
            self._units.append(bytes(self._part))
            self._part = bytearray()
        return True
