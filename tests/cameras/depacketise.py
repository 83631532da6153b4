"""The receiving end of cameras.rtp, written from RFC 6184 alone: packets in, NAL units of pictures out."""

import struct


def pictures(packets: list[bytes]) -> list[tuple[int, list[bytes]]]:
    """(timestamp, NAL units) per picture; a hole in the sequence numbers is an error."""
    found: list[tuple[int, list[bytes]]] = []
    units: list[bytes] = []
    part = b""
    expected = None
    for packet in packets:
        first, second, sequence, timestamp, _ssrc = struct.unpack(">BBHII", packet[:12])
        assert first == 0x80 and second & 0x7F == 96
        assert expected in (None, sequence), "sequence number"
        expected = sequence + 1 & 0xFFFF
        body = packet[12:]
        kind = body[0] & 0x1F
        if kind == 24:
            at = 1
            while at < len(body):
                (size,) = struct.unpack(">H", body[at : at + 2])
                units.append(body[at + 2 : at + 2 + size])
                at += 2 + size
        elif kind == 28:
            start, end = body[1] & 0x80, body[1] & 0x40
            if start:
                part = bytes([body[0] & 0xE0 | body[1] & 0x1F])
            part += body[2:]
            if end:
                units.append(part)
        else:
            units.append(body)
        if second & 0x80:
            found.append((timestamp, units))
            units = []
    assert not units, "no marker at the end"
    return found
