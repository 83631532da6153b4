"""The index at the front of a film (moov, ISO/IEC 14496-12): which sample is shown when and where it lies. Pure."""

import struct
from datetime import UTC, datetime
from typing import Any, Self

import msgspec
import numpy as np

from cameras.clips.boxes import Track, box, full, runs_of, table

MOVIE_SCALE = 1000
EPOCH_1904 = datetime(1904, 1, 1, tzinfo=UTC)
MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
FTYP = box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2avc1mp41")


class Piece(msgspec.Struct, kw_only=True):
    """Samples that lie side by side in a segment's file: one chunk of a film."""

    segment: int
    at: int
    size: int
    samples: int
    track: int
    description: int
    """Number of its stsd entry, from 1."""


class FilmTrack(msgspec.Struct, kw_only=True):
    """One track of a film. `shift`: ticks from the first decoding time to the first picture; `delay`: ticks by which
    it begins after the film.
    """

    track: Track
    scale: int
    dts: Any
    pts: Any
    last: int
    """How long its last sample lasts."""
    sizes: Any
    sync: Any
    delay: int
    shift: int
    pieces: list[Piece]
    entries: list[bytes]

    @classmethod
    def of(cls, laid: Any, low: int, high: int, origin: int, origin_scale: int) -> Self:
        """The samples low..high of a `film.Laid`. `origin`: when the film begins."""
        picture = laid.track.handler == b"vide"
        entries: list[bytes] = []
        pieces: list[Piece] = []
        for number, first, last, run, stsd in laid.runs:
            one, two = max(first, low), min(last, high)
            if one >= two:
                continue
            entry = stsd[16:]
            if entry not in entries:
                entries.append(entry)
            sizes = laid.sizes[first:last]
            pieces.append(
                Piece(
                    segment=number,
                    at=run.at + int(sizes[: one - first].sum()),
                    size=int(sizes[one - first : two - first].sum()),
                    samples=two - one,
                    track=0 if picture else 1,
                    description=entries.index(entry) + 1,
                )
            )
        begin = int(laid.dts[low])
        return cls(
            track=laid.track,
            scale=laid.scale,
            dts=laid.dts[low:high],
            pts=laid.pts[low:high],
            last=max(1, int(laid.durations[high - 1])),
            sizes=laid.sizes[low:high],
            sync=laid.sync[low:high],
            delay=0 if picture else max(0, begin - origin * laid.scale // origin_scale),
            shift=int(laid.pts[low]) - begin if picture else 0,
            pieces=pieces,
            entries=entries,
        )

    @property
    def ticks(self) -> int:
        """How long it lasts, from its first decoding time."""
        return int(self.dts[-1] - self.dts[0]) + self.last


def front(tracks: list[FilmTrack], pieces: list[Piece], start: datetime) -> bytes:
    """ftyp, moov and the head of the mdat in which the pieces follow in this order."""
    size = sum(one.size for one in pieces)
    head = struct.pack(">I4sQ", 1, b"mdat", 16 + size)
    # The offsets do not change the length of the index: once to learn it, once with the true ones.
    length = len(FTYP) + len(_moov(tracks, pieces, start, 0)) + len(head)
    return FTYP + _moov(tracks, pieces, start, length) + head


def _moov(tracks: list[FilmTrack], pieces: list[Piece], start: datetime, first: int) -> bytes:
    offsets: list[list[int]] = [[] for _ in tracks]
    at = first
    for piece in pieces:
        offsets[piece.track].append(at)
        at += piece.size
    made = int((start - EPOCH_1904).total_seconds())
    longest = max((one.ticks + one.delay) * MOVIE_SCALE // one.scale for one in tracks)
    mvhd = full(
        b"mvhd",
        struct.pack(">QQIQ", made, made, MOVIE_SCALE, longest),
        struct.pack(">IH10x", 0x10000, 0x100),
        MATRIX,
        bytes(24),
        struct.pack(">I", len(tracks) + 1),
        version=1,
    )
    traks = [_trak(one, number + 1, offsets[number], made) for number, one in enumerate(tracks)]
    return box(b"moov", mvhd, *traks)


def _trak(one: FilmTrack, number: int, offsets: list[int], made: int) -> bytes:
    picture = one.track.handler == b"vide"
    shown = max(1, (one.ticks - one.shift) * MOVIE_SCALE // one.scale)
    delay = one.delay * MOVIE_SCALE // one.scale
    tkhd = full(
        b"tkhd",
        struct.pack(">QQIIQ", made, made, number, 0, shown + delay),
        bytes(8),
        struct.pack(">HHHH", 0, 0, 0 if picture else 0x100, 0),
        MATRIX,
        struct.pack(">II", one.track.width, one.track.height),
        version=1,
        flags=3,
    )
    edits = [struct.pack(">Qqi", delay, -1, 0x10000)] if delay else []
    edits.append(struct.pack(">Qqi", shown, one.shift, 0x10000))
    elst = full(b"elst", struct.pack(">I", len(edits)), *edits, version=1)
    mdhd = full(b"mdhd", struct.pack(">QQIQHH", made, made, one.scale, one.ticks, 0x55C4, 0), version=1)
    name = b"picture\0" if picture else b"sound\0"
    hdlr = full(b"hdlr", bytes(4), one.track.handler, bytes(12), name)
    kind = full(b"vmhd", bytes(8), flags=1) if picture else full(b"smhd", bytes(4))
    dinf = box(b"dinf", full(b"dref", struct.pack(">I", 1), full(b"url ", flags=1)))
    minf = box(b"minf", kind, dinf, _stbl(one, offsets))
    return box(b"trak", tkhd, box(b"edts", elst), box(b"mdia", mdhd, hdlr, minf))


def _stbl(one: FilmTrack, offsets: list[int]) -> bytes:
    count = len(one.sizes)
    lengths = np.append(np.diff(one.dts), one.last)
    times, each = runs_of(lengths)
    parts = [
        full(b"stsd", struct.pack(">I", len(one.entries)), *one.entries),
        full(b"stts", struct.pack(">I", len(times)), table(np.column_stack([times, each]))),
    ]
    shifts = one.pts - one.dts
    if shifts.any():
        times, each = runs_of(shifts)
        parts.append(full(b"ctts", struct.pack(">I", len(times)), table(np.column_stack([times, each]))))
    if not one.sync.all():
        keys = np.flatnonzero(one.sync) + 1
        parts.append(full(b"stss", struct.pack(">I", len(keys)), table(keys)))
    chunks = [(piece.samples, piece.description) for piece in one.pieces]
    changes = [number for number, two in enumerate(chunks) if not number or two != chunks[number - 1]]
    rows = [(number + 1, *chunks[number]) for number in changes]
    parts += [
        full(b"stsc", struct.pack(">I", len(rows)), table(rows)),
        full(b"stsz", struct.pack(">II", 0, count), table(one.sizes)),
        full(b"co64", struct.pack(">I", len(offsets)), np.array(offsets, dtype=">u8").tobytes()),
    ]
    return box(b"stbl", *parts)
