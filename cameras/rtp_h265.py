"""RTP for H.265 (RFC 7798): payloads of pictures. Pure: bytes and numbers only.

Small parameter sets go together as an aggregation packet (4.4.2), big slices are cut into fragmentation units (4.4.3),
everything else is a single NAL unit packet; no DONL fields (sprop-max-don-diff 0).
"""

import struct

AP, FU = 48, 49
VPS, SPS, PPS, PREFIX_SEI = 32, 33, 34, 39
SETS = (VPS, SPS, PPS)
FIRST_KEY, LAST_KEY = 16, 21
"""Types of pictures that can be decoded alone (ITU-T H.265, table 7-1: BLA, IDR, CRA)."""


def kind(unit: bytes) -> int:
    """nal_unit_type."""
    return unit[0] >> 1 & 0x3F


def is_key(units: list[bytes]) -> bool:
    """Does this picture begin a group that can be decoded by itself?"""
    return any(FIRST_KEY <= kind(unit) <= LAST_KEY for unit in units)


def payloads(units: list[bytes], limit: int) -> list[bytes]:
    """RTP payloads of at most `limit` bytes for the NAL units of one picture (limit >= 5)."""
    made: list[bytes] = []
    waiting: list[bytes] = []

    def flush() -> None:
        if len(waiting) == 1:
            made.append(waiting[0])
        elif waiting:
            parts = b"".join(struct.pack(">H", len(unit)) + unit for unit in waiting)
            made.append(_header(waiting[0], AP) + parts)
        waiting.clear()

    for unit in units:
        together = 2 + sum(2 + len(other) for other in waiting) + 2 + len(unit)
        if kind(unit) in (*SETS, PREFIX_SEI) and together <= limit:
            waiting.append(unit)
            continue
        flush()
        if len(unit) <= limit:
            made.append(unit)
            continue
        body, size = memoryview(unit)[2:], limit - 3
        for at in range(0, len(body), size):
            first, last = at == 0, at + size >= len(body)
            mark = (0x80 if first else 0) | (0x40 if last else 0) | kind(unit)
            made.append(_header(unit, FU) + bytes([mark]) + body[at : at + size])
    flush()
    return made


def _header(unit: bytes, number: int) -> bytes:
    """The unit's own header with another type: forbidden bit, layer and temporal id stay."""
    return bytes([unit[0] & 0x81 | number << 1, unit[1]])
