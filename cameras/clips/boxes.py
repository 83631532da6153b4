"""The boxes of an MP4 (ISO/IEC 14496-12): read those of a recorded segment, write those of a film. Pure: bytes in,
bytes out. A segment is fragmented (moov without samples, then moof and mdat); a film has one index at its front.
"""

import struct
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

NOT_SYNC = 0x10000
"""sample_is_non_sync_sample of a sample's flags (8.8.3.1)."""


class BadBoxes(ValueError):
    """These bytes are no whole segment header or fragment."""


class Track(msgspec.Struct, kw_only=True):
    """What a segment's moov says of one track. `entry`: its stsd; `default_*`: its trex."""

    id: int
    scale: int
    """Ticks a second."""
    handler: bytes
    """vide, soun ..."""
    entry: bytes
    width: int
    """16.16 fixed point, as tkhd has it."""
    height: int
    default_duration: int = 0
    default_size: int = 0
    default_flags: int = 0


class Run(msgspec.Struct, kw_only=True):
    """Samples that lie side by side: one trun. Times in the track's ticks, from the segment's first sample."""

    track: int
    at: int
    """Offset of the first byte in the file."""
    dts: Numbers
    durations: Numbers
    shifts: Numbers
    """Presentation minus decoding time."""
    sizes: Numbers
    sync: NDArray[np.bool_]


def boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, first byte of the body and end of every box between two offsets."""
    at = start
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= end:
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        if size < head or at + size > end:
            raise BadBoxes(f"box at {at}")
        yield kind, at + head, at + size
        at += size


def _find(data: bytes, start: int, end: int, *path: bytes) -> tuple[int, int]:
    for kind, first, last in boxes(data, start, end):
        if kind == path[0]:
            return (first, last) if len(path) == 1 else _find(data, first, last, *path[1:])
    raise BadBoxes(path[0].decode())


def read_tracks(moov: bytes) -> dict[int, Track]:
    """The tracks of a segment; `moov`: the box with its head. Raises BadBoxes."""
    found: dict[int, Track] = {}
    try:
        for kind, first, last in boxes(moov, 8, len(moov)):
            if kind == b"trak":
                track = _track(moov, first, last)
                found[track.id] = track
        start, end = _find(moov, 8, len(moov), b"mvex")
        for kind, first, _last in boxes(moov, start, end):
            if kind == b"trex":
                one, _index, duration, size, flags = struct.unpack_from(">IIIII", moov, first + 4)
                if one in found:
                    found[one].default_duration, found[one].default_size = duration, size
                    found[one].default_flags = flags
    except struct.error as error:
        raise BadBoxes(str(error)) from error
    if not any(track.handler == b"vide" for track in found.values()):
        raise BadBoxes("no picture")
    return found


def _track(moov: bytes, start: int, end: int) -> Track:
    head, head_end = _find(moov, start, end, b"tkhd")
    long = moov[head] == 1
    (number,) = struct.unpack_from(">I", moov, head + (20 if long else 12))
    width, height = struct.unpack_from(">II", moov, head_end - 8)
    media, _ = _find(moov, start, end, b"mdia", b"mdhd")
    (scale,) = struct.unpack_from(">I", moov, media + (20 if moov[media] == 1 else 12))
    handler, _ = _find(moov, start, end, b"mdia", b"hdlr")
    entry, entry_end = _find(moov, start, end, b"mdia", b"minf", b"stbl", b"stsd")
    if not scale:
        raise BadBoxes("no time scale")
    return Track(
        id=number,
        scale=scale,
        handler=moov[handler + 8 : handler + 12],
        entry=moov[entry - 8 : entry_end],
        width=width,
        height=height,
    )


def read_runs(moof: bytes, at: int, tracks: dict[int, Track]) -> list[Run]:
    """The samples of one fragment. `at`: where its moof begins in the file. Raises BadBoxes."""
    found: list[Run] = []
    try:
        for kind, first, last in boxes(moof, 8, len(moof)):
            if kind == b"traf":
                found += _traf(moof, first, last, at, tracks)
    except (struct.error, ValueError) as error:
        raise BadBoxes(str(error)) from error
    return found


def _traf(moof: bytes, start: int, end: int, at: int, tracks: dict[int, Track]) -> list[Run]:
    found: list[Run] = []
    track: Track | None = None
    base, clock = at, 0
    duration = size = flags = 0
    next_at = at
    for kind, first, last in boxes(moof, start, end):
        if kind == b"tfhd":
            said, number = struct.unpack_from(">II", moof, first)
            track = tracks.get(number)
            if track is None:
                return []
            said &= 0xFFFFFF
            duration, size, flags = track.default_duration, track.default_size, track.default_flags
            place = first + 8
            if said & 0x1:
                (base,) = struct.unpack_from(">Q", moof, place)
                place += 8
            place += 4 if said & 0x2 else 0
            for bit in (0x8, 0x10, 0x20):
                if said & bit:
                    (value,) = struct.unpack_from(">I", moof, place)
                    place += 4
                    duration = value if bit == 0x8 else duration
                    size = value if bit == 0x10 else size
                    flags = value if bit == 0x20 else flags
        elif kind == b"tfdt":
            (clock,) = struct.unpack_from(">Q" if moof[first] == 1 else ">I", moof, first + 4)
        elif kind == b"trun" and track:
            run, next_at = _trun(moof, first, last, base, next_at, clock, (duration, size, flags), track.id)
            if len(run.sizes):
                clock = int(run.dts[-1] + run.durations[-1])
                found.append(run)
    return found


def _trun(
    moof: bytes,
    first: int,
    last: int,
    base: int,
    next_at: int,
    clock: int,
    defaults: tuple[int, int, int],
    track: int,
) -> tuple[Run, int]:
    said, count = struct.unpack_from(">II", moof, first)
    version, said = said >> 24, said & 0xFFFFFF
    place = first + 8
    if said & 0x1:
        (offset,) = struct.unpack_from(">i", moof, place)
        place, next_at = place + 4, base + offset
    first_flags: int | None = None
    if said & 0x4:
        (first_flags,) = struct.unpack_from(">I", moof, place)
        place += 4
    fields = [bit for bit in (0x100, 0x200, 0x400, 0x800) if said & bit]
    if place + 4 * count * len(fields) > last:
        raise BadBoxes("trun")
    table = np.frombuffer(moof, ">u4", count * len(fields), place).reshape(count, len(fields))

    def column(bit: int, default: int, kind: Any = np.int64) -> Any:
        if bit in fields:
            return table[:, fields.index(bit)].astype(kind)
        return np.full(count, default, kind)

    durations, sizes = column(0x100, defaults[0]), column(0x200, defaults[1])
    flags = column(0x400, defaults[2])
    if first_flags is not None and count:
        flags[0] = first_flags
    shifts = column(0x800, 0, np.uint32)
    run = Run(
        track=track,
        at=next_at,
        dts=clock + np.concatenate([[0], np.cumsum(durations)[:-1]]).astype(np.int64)[:count],
        durations=durations,
        shifts=shifts.astype(np.int32).astype(np.int64) if version else shifts.astype(np.int64),
        sizes=sizes,
        sync=(flags & NOT_SYNC) == 0,
    )
    return run, next_at + int(sizes.sum())


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box with its head."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def table(values: Any) -> bytes:
    """32-bit numbers, unsigned, as a table has them."""
    body: bytes = np.ascontiguousarray(values, dtype=">u4").tobytes()
    return body


def runs_of(values: Numbers) -> tuple[Numbers, Numbers]:
    """Run lengths: how often each value stands there, and the values."""
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    counts = np.diff(np.concatenate([starts, [len(values)]]))
    return counts, values[starts]


def codec(stsd: bytes) -> str:
    """What browsers call the first sample entry of an stsd (RFC 6381; ISO/IEC 14496-15, E.3 for H.265)."""
    kind = stsd[20:24]
    if kind in (b"avc1", b"avc3") and (at := stsd.find(b"avcC")) > 0:
        return f"{kind.decode()}.{stsd[at + 5 : at + 8].hex()}"
    if kind in (b"hvc1", b"hev1") and (at := stsd.find(b"hvcC")) > 0:
        first, fits = stsd[at + 5], int.from_bytes(stsd[at + 6 : at + 10], "big")
        space = ("", "A", "B", "C")[first >> 6]
        tier = "H" if first & 0x20 else "L"
        backwards = int(f"{fits:032b}"[::-1], 2)
        limits = stsd[at + 10 : at + 16].rstrip(b"\0")
        more = "".join(f".{one:X}" for one in limits)
        return f"{kind.decode()}.{space}{first & 0x1F}.{backwards:X}.{tier}{stsd[at + 16]}{more}"
    return kind.decode("latin-1")
