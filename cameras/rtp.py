"""RTP for H.264 (RFC 3550, RFC 6184): pictures in, packets out. Pure: bytes and numbers only.

Small parameter sets go together as STAP-A, big slices are cut into FU-A, everything else is a single NAL unit
packet (packetization-mode 1).
"""

import struct
from collections.abc import Callable
from datetime import UTC, datetime

PAYLOAD_TYPE = 96
CLOCK = 90_000
"""RTP ticks per second for video (RFC 6184, 8.1)."""
STAP_A, FU_A = 24, 28
SPS, PPS, IDR, SEI = 7, 8, 5, 6
NTP_EPOCH = datetime(1900, 1, 1, tzinfo=UTC)


def split_annex_b(stream: bytes) -> list[bytes]:
    """The NAL units of an Annex B byte stream (ITU-T H.264, B.1), without start codes."""
    units: list[bytes] = []
    start = stream.find(b"\x00\x00\x01")
    while start >= 0:
        begin = start + 3
        start = stream.find(b"\x00\x00\x01", begin)
        # rstrip: the zero byte of a four-byte start code, and trailing zeros; a NAL unit never ends in one.
        unit = (stream[begin:start] if start >= 0 else stream[begin:]).rstrip(b"\x00")
        if unit:
            units.append(unit)
    return units


def is_key(units: list[bytes]) -> bool:
    """Does this picture begin a group that can be decoded by itself?"""
    return any(unit[0] & 0x1F == IDR for unit in units)


def payloads(units: list[bytes], limit: int) -> list[bytes]:
    """RTP payloads of at most `limit` bytes for the NAL units of one picture (limit >= 4)."""
    made: list[bytes] = []
    waiting: list[bytes] = []

    def flush() -> None:
        if len(waiting) == 1:
            made.append(waiting[0])
        elif waiting:
            importance = max(unit[0] & 0x60 for unit in waiting)
            parts = b"".join(struct.pack(">H", len(unit)) + unit for unit in waiting)
            made.append(bytes([importance | STAP_A]) + parts)
        waiting.clear()

    for unit in units:
        if unit[0] & 0x1F in (SPS, PPS, SEI):
            together = 1 + sum(2 + len(other) for other in waiting) + 2 + len(unit)
            if together <= limit:
                waiting.append(unit)
                continue
        flush()
        if len(unit) <= limit:
            made.append(unit)
            continue
        indicator = unit[0] & 0x60 | FU_A
        kind = unit[0] & 0x1F
        body = memoryview(unit)[1:]
        size = limit - 2
        for at in range(0, len(body), size):
            first, last = at == 0, at + size >= len(body)
            header = bytes([indicator, (0x80 if first else 0) | (0x40 if last else 0) | kind])
            made.append(header + body[at : at + size])
    flush()
    return made


class Packetiser:
    """Numbers the packets of one stream. `ssrc`: 32 bits; `first`: first sequence number; `cut`: of its codec; `kind`:
    payload type.
    """

    def __init__(
        self,
        ssrc: int,
        first: int = 0,
        limit: int = 1400,
        cut: Callable[[list[bytes], int], list[bytes]] = payloads,
        kind: int = PAYLOAD_TYPE,
    ) -> None:
        self._kind = kind
        self.ssrc = ssrc
        self._cut = cut
        self.limit = limit
        self.sequence = first & 0xFFFF
        self.packets = 0
        self.octets = 0
        self.timestamp = 0

    def picture(self, units: list[bytes], timestamp: int, extension: bytes = b"") -> list[bytes]:
        """RTP packets of one picture; the last carries the marker bit. `timestamp`: 90 kHz ticks,
        wrapped here; `extension`: of the first packet's header, with its own head (RFC 3550, 5.3.1).
        """
        self.timestamp = timestamp & 0xFFFFFFFF
        made = []
        bodies = self._cut(units, self.limit)
        for number, body in enumerate(bodies):
            marker = 0x80 if number == len(bodies) - 1 else 0
            first = 0x80 if number or not extension else 0x90
            head = struct.pack(">BBHII", first, marker | self._kind, self.sequence, self.timestamp, self.ssrc)
            made.append(head + (b"" if number else extension) + body)
            self.sequence = self.sequence + 1 & 0xFFFF
            self.packets += 1
            self.octets += len(body)
        return made

    def sender_report(self, at: datetime, timestamp: int) -> bytes:
        """RTCP sender report (RFC 3550, 6.4.1): this wall time is this RTP time; then the name (6.5)."""
        since = at - NTP_EPOCH
        seconds = since.days * 86_400 + since.seconds
        fraction = since.microseconds * 2**32 // 1_000_000
        report = struct.pack(
            ">BBHIIIIII",
            0x80,
            200,
            6,
            self.ssrc,
            seconds & 0xFFFFFFFF,
            fraction,
            timestamp & 0xFFFFFFFF,
            self.packets & 0xFFFFFFFF,
            self.octets & 0xFFFFFFFF,
        )
        name = b"examsite"
        chunk = struct.pack(">IBB", self.ssrc, 1, len(name)) + name
        chunk += b"\x00" * (4 - len(chunk) % 4)
        return report + struct.pack(">BBH", 0x81, 202, len(chunk) // 4) + chunk


def interleaved(channel: int, packet: bytes) -> bytes:
    """An RTP or RTCP packet inside an RTSP connection (RFC 2326, 10.12)."""
    return struct.pack(">cBH", b"$", channel, len(packet)) + packet
