"""Pieces a player can ask for: whole segments in a row, so that each begins with a key frame at a known time."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from appliance.base.errors import ExamError
from appliance.wire.playback import Piece, Reel
from cameras.archive.locate import Locator
from cameras.clips.boxes import codec
from cameras.clips.film import Recorded, is_spoiled, lay, recorded
from cameras.clips.find import end_of, find, stretches
from cameras.index import Reader, Segment, micros

LONG = timedelta(minutes=10)
"""A piece ends with the segment in which it becomes this long: who watched what is known as exactly as this."""


def reel_of(
    index: Reader, media: Path, camera: str, start: datetime, end: datetime, now: datetime, locator: Locator
) -> Reel:
    """What there is of a camera between two times. A file that is gone or not as long as it was is a piece of its own,
    which cannot be played: those before and after it can.
    """
    taken: dict[str, set[str]] = {}

    def damaged(segment: Segment) -> bool:
        try:
            path = media / segment.path
            return segment.end is not None and (path.stat().st_size != segment.bytes or is_spoiled(path))
        except OSError:
            folder = segment.path.rpartition("/")[0]
            if folder not in taken:
                taken[folder] = locator.taken(folder)
            return segment.path not in taken[folder]

    there = find(index, media, camera, start, end, now)
    found = Reel(camera=camera, pieces=[], gaps=there.gaps, alarms=there.alarms, first=index.first_start())
    for _first, _last, group in stretches(media, index.between(camera, start, end)):
        for members in _pieces(group, damaged):
            found.pieces.append(_piece(media, locator, members, micros(end)))
    found.pieces = [one for one in found.pieces if one.start < one.end]
    newest: dict[str, Piece] = {}
    for piece in found.pieces:  # pieces of one connection follow one another
        if before := newest.get(piece.run):
            before.end = min(before.end, piece.start)
        newest[piece.run] = piece
    return found


def _pieces(group: list[Segment], damaged: Callable[[Segment], bool]) -> Iterator[list[Segment]]:
    part: list[Segment] = []
    for segment in group:
        alone = damaged(segment)
        if part and (alone or segment.start - part[0].start >= LONG):
            yield part
            part = []
        part.append(segment)
        if alone:
            yield part
            part = []
    if part:
        yield part


def _piece(media: Path, locator: Locator, segments: list[Segment], until: int) -> Piece:
    begin = micros(segments[0].start)
    first = segments[0]
    end = micros(end_of(media, segments[-1]))
    piece = Piece(start=begin, end=end, codec="", frame_s=0.0, run=first.run, filled=first.state == "filled")
    piece.end = max(piece.start, min(piece.end, until))
    try:
        found = locator.where(segments[0])
        if found.path is None:
            piece.where = found.place if found.lies == "offline" else ""
            piece.away = found.lies in ("s3", "offline", "silent")
            if found.lies == "missing" or found.lies == "deleted":
                piece.lost = found.lies
            return piece
        path = found.path
        _look(piece, segments[0], recorded(lambda _segment: path, segments[0]))
    except ExamError:
        piece.lost = "unreadable"
    return piece


def _look(piece: Piece, segment: Segment, part: Recorded | None) -> None:
    laid = lay([(segment, part)], b"vide") if part else None
    if laid is None or not laid.sync.any():
        piece.end = piece.start
        return
    first = int(laid.pts[int(np.flatnonzero(laid.sync)[0])])
    piece.start += round(first * 1_000_000 / laid.scale)
    piece.codec = codec(laid.track.entry)
    piece.frame_s = float(np.median(laid.durations)) / laid.scale
