"""One MP4 out of several segments without writing anything: its index is computed from theirs, its bytes are read
from their files as somebody asks for them. It begins at once however long it is, any byte can be asked for, and any
player moves about in it.
"""

import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_
from cameras.clips.boxes import BadBoxes, Run, Track, codec, read_runs, read_tracks
from cameras.clips.film_index import FilmTrack, front
from cameras.index import Segment

CHUNK = 1 << 20
FRAGMENT = 1 << 12
"""Bytes read at once where a fragment begins: its moof nearly always fits."""
MOOF = 1 << 24
"""No moof is longer."""
Piece = bytes | memoryview
"""Of a film; a view is good until the next piece is asked for."""
Locate = Callable[[Segment], Path]
"""Where a segment's file can be read: cameras.archive.locate, or simply below the media folder (`lying`)."""
SPOILED = 3600.0
"""Seconds for which a file the disk did not give is not tried again."""
KEPT = 300
"""Indexes of files kept in memory: five hours of one camera, about 10 kB each."""


class Span(msgspec.Struct, frozen=True):
    """Bytes of a recorded file."""

    path: Path
    at: int
    size: int


class Recorded(msgspec.Struct, kw_only=True):
    """What a segment file holds, as far as it is whole."""

    tracks: dict[int, Track]
    runs: list[Run]
    """In the order in which they lie in the file."""


class Film(msgspec.Struct, kw_only=True, weakref=True):
    """An MP4 that nobody has written. `front`: its first bytes; `spans`: where the rest lies."""

    start: datetime
    end: datetime
    codec: str
    """Of its picture, as browsers name it (RFC 6381)."""
    frame_s: float
    """Seconds from one picture to the next, as most are apart."""
    front: bytes
    spans: list[Span]
    size: int

    def read(self, offset: int = 0, chunk: int = CHUNK) -> Iterator[bytes]:
        """Its bytes from `offset` on. Raises Corrupt where a file has become shorter, is gone, or cannot be read."""
        if offset < len(self.front):
            yield self.front[offset:]
        skip = max(0, offset - len(self.front))
        name, file = Path(), -1
        try:
            for span in self.spans:
                if skip >= span.size:
                    skip -= span.size
                    continue
                if span.path != name:
                    if file >= 0:
                        os.close(file)
                        file = -1
                    file, name = _open(span.path), span.path
                at, left = span.at + skip, span.size - skip
                skip = 0
                while left:
                    try:
                        body = os.pread(file, min(chunk, left), at)
                    except OSError as error:
                        raise spoiled(span.path) from error
                    if not body:
                        raise unreadable(span.path)
                    yield body
                    at, left = at + len(body), left - len(body)
        finally:
            if file >= 0:
                os.close(file)


def lying(media: Path) -> Locate:
    """Files that have not moved: those being written, and stores without an archive."""
    return lambda segment: media / segment.path


def unreadable(path: Path | str) -> Corrupt:
    """A file of the store is not what it should be."""
    return Corrupt(
        "segment_unreadable",
        N_("The recording {path} cannot be read."),
        N_("Run examsite recordings verify and call the system administrator."),
        path=str(path),
    )


_spoiled: dict[tuple[Path, int, int], float] = {}


def spoiled(path: Path) -> Corrupt:
    """The disk does not give this file's pictures, whole though its index is. The next film ends before it."""
    with suppress(OSError):
        _spoiled[_state(path)] = time.monotonic()
    return unreadable(path)


def is_spoiled(path: Path) -> bool:
    """Was it so within the last hour, and has the file stayed the same? Raises OSError."""
    since = _spoiled.get(_state(path))
    return since is not None and time.monotonic() - since < SPOILED


def _state(path: Path) -> tuple[Path, int, int]:
    state = os.stat(path)
    return path, state.st_size, state.st_mtime_ns


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise unreadable(path) from error


def recorded(locate: Locate, segment: Segment) -> Recorded | None:
    """The samples of a segment's file; None for one just begun. Raises Corrupt for a closed one without any."""
    try:
        path = locate(segment)
        if is_spoiled(path):
            raise unreadable(segment.path)
        return _recorded(*_state(path))
    except (OSError, BadBoxes) as error:
        if segment.end is None:
            return None
        raise unreadable(segment.path) from error


@lru_cache(maxsize=KEPT)
def _recorded(path: Path, size: int, _changed: int) -> Recorded:
    tracks: dict[int, Track] = {}
    runs: list[Run] = []
    at = 0
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while at + 8 <= size:
            begin = os.pread(file, FRAGMENT, at)
            length, kind = struct.unpack_from(">I4s", begin)
            if length == 1 and len(begin) >= 16:
                (length,) = struct.unpack_from(">Q", begin, 8)
            if length < 8 or at + length > size or not kind.isalnum():
                break  # as far as a crash, or the writer, has come
            if kind in (b"moov", b"moof"):
                if length > MOOF:
                    break
                whole = begin[:length] if length <= len(begin) else os.pread(file, length, at)
                if kind == b"moov":
                    tracks = read_tracks(whole)
                else:
                    found = read_runs(whole, at, tracks)
                    after = _mdat_end(file, at + length, size)
                    if any(run.at < at or run.at + int(run.sizes.sum()) > after for run in found):
                        break
                    runs += found
            at += length
    except BadBoxes:
        if not tracks:
            raise
    finally:
        os.close(file)
    if not tracks:
        raise BadBoxes("no header")
    return Recorded(tracks=tracks, runs=runs)


def _mdat_end(file: int, at: int, size: int) -> int:
    """Where the media data that follow a moof end, or 0 when they are not whole."""
    head = os.pread(file, 16, at)
    if len(head) < 16 or head[4:8] != b"mdat":
        return 0
    (length,) = struct.unpack_from(">I", head)
    if length == 1:
        (length,) = struct.unpack_from(">Q", head, 8)
    return at + length if at + length <= size else 0


class Laid(msgspec.Struct):
    """One kind of track (picture, sound) of all segments in a row; times in ticks since the first segment began."""

    scale: int
    dts: Any
    pts: Any
    durations: Any
    sizes: Any
    sync: Any
    runs: list[tuple[int, int, int, Run, bytes]]
    """Number of the segment, first sample and sample after the last, the run, and its track's stsd."""
    track: Track


def lay(parts: list[tuple[Segment, Recorded]], handler: bytes) -> Laid | None:
    """The samples of one kind of track. Within a segment time stamps rule, between segments the time of arrival."""
    columns: list[list[NDArray[Any]]] = [[], [], [], [], []]
    runs: list[tuple[int, int, int, Run, bytes]] = []
    first: Track | None = None
    count = 0
    for number, (segment, part) in enumerate(parts):
        track = next((one for one in part.tracks.values() if one.handler == handler), None)
        if track is None:
            continue
        first = first or track
        base = round((segment.start - parts[0][0].start).total_seconds() * first.scale)
        for run in (one for one in part.runs if one.track == track.id):
            dts = run.dts * first.scale // track.scale + base
            pts = (run.dts + run.shifts) * first.scale // track.scale + base
            lengths = run.durations * first.scale // track.scale
            for column, values in zip(columns, (dts, pts, lengths, run.sizes, run.sync), strict=True):
                column.append(values)
            runs.append((number, count, count + len(dts), run, track.entry))
            count += len(dts)
    if not count or first is None:
        return None
    dts, pts, lengths, sizes, sync = (np.concatenate(column) for column in columns)
    steps = np.arange(count)
    dts = np.maximum.accumulate(dts - steps) + steps  # each later than the one before
    return Laid(first.scale, dts, np.maximum(pts, dts), lengths, sizes, sync, runs, first)


def film(locate: Locate, segments: list[Segment], start: datetime, end: datetime) -> Film:
    """From the key frame at or before `start` up to `end`. `segments`: one unbroken stretch."""
    parts = [(segment, part) for segment in segments if (part := recorded(locate, segment))]
    picture = lay(parts, b"vide") if parts else None
    if picture is None:
        raise no_picture_yet()
    epoch = parts[0][0].start
    from_tick = round((start - epoch).total_seconds() * picture.scale)
    to_tick = (end - epoch).total_seconds() * picture.scale
    keys = np.flatnonzero(picture.sync)
    inside = np.flatnonzero(picture.pts < to_tick)
    if not len(keys) or not len(inside):
        raise no_picture_yet()
    # Times go about as microseconds: what was rounded must find its own key frame again.
    before = keys[picture.pts[keys] <= from_tick + picture.scale // 500]
    low, high = int(before[-1] if len(before) else keys[0]), int(inside[-1]) + 1
    lasts = picture.pts[low:high] + picture.durations[low:high]
    if high <= low or int(lasts.max()) <= from_tick:
        raise no_picture_yet()
    origin = int(picture.pts[low])
    tracks = [FilmTrack.of(picture, low, high, origin, picture.scale)]
    if sound := lay(parts, b"soun"):
        begins = np.flatnonzero(sound.dts * picture.scale >= origin * sound.scale)
        ends = np.flatnonzero(sound.dts * picture.scale < to_tick * sound.scale)
        if len(begins) and len(ends) and ends[-1] >= begins[0]:
            tracks.append(FilmTrack.of(sound, int(begins[0]), int(ends[-1]) + 1, origin, picture.scale))
    first = epoch + timedelta(seconds=origin / picture.scale)
    pieces = sorted((piece for one in tracks for piece in one.pieces), key=lambda one: (one.segment, one.at))
    begin = front(tracks, pieces, first)
    return Film(
        start=first,
        end=epoch + timedelta(seconds=int(lasts.max()) / picture.scale),
        codec=codec(picture.track.entry),
        frame_s=float(np.median(picture.durations[low:high])) / picture.scale,
        front=begin,
        spans=[Span(locate(parts[one.segment][0]), one.at, one.size) for one in pieces],
        size=len(begin) + sum(one.size for one in pieces),
    )


def no_picture_yet() -> NotFound:
    """The moment asked for is still on its way to the disk."""
    return NotFound(
        "no_picture_yet",
        N_("The picture of that moment is not on the disk yet."),
        N_("Ask again in a few seconds."),
    )
