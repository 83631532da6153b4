"""What exists between two times: unbroken stretches, and holes with their causes."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from appliance.wire.recorder import Clip, Found, Gap, Origin
from cameras.clips.film import lay, lying, recorded
from cameras.index import Reader, Segment
from cameras.media import CARD

WITHIN_RUN = timedelta(seconds=1)
"""Arrival times of two segments of one connection may differ by this without anything missing."""
BETWEEN_RUNS = timedelta(milliseconds=200)
STRETCH = timedelta(seconds=2)
"""A cause's own ends are known as well as that: the times of its pictures creep."""
LAG = timedelta(seconds=10)
"""The segment being written reaches to within this of now; its last pictures are still on their way to
disk.
"""


def end_of(media: Path, segment: Segment) -> datetime:
    """Where a segment ends, measured when it is still being written."""
    if segment.end is not None:
        return segment.end
    part = recorded(lying(media), segment)
    laid = lay([(segment, part)], b"vide") if part else None
    if laid is None:
        return segment.start  # its first fragment is not there yet
    return segment.start + timedelta(seconds=int((laid.pts + laid.durations).max()) / laid.scale)


class Stretch(NamedTuple):
    """Segments that follow one another within one connection."""

    start: datetime
    end: datetime
    segments: list[Segment]


def stretches(media: Path, segments: list[Segment]) -> list[Stretch]:
    """In order of their start. Two connections may lie over one another: the clock was set back between them."""
    found: list[Stretch] = []
    growing: dict[str, int] = {}
    for segment in segments:
        end = end_of(media, segment)
        at = growing.get(segment.run)
        if at is not None and segment.start - found[at].end <= WITHIN_RUN:
            found[at].segments.append(segment)
            found[at] = found[at]._replace(end=max(found[at].end, end))
        else:
            growing[segment.run] = len(found)
            found.append(Stretch(segment.start, end, [segment]))
    return found


def find(index: Reader, media: Path, camera: str, start: datetime, end: datetime, now: datetime) -> Found:
    """Stretches and holes of one camera within start..end. What lies in the future is no hole."""
    clips: list[Clip] = []
    gaps: list[Gap] = []
    covered = start
    going_on = False
    for first, last, group in stretches(media, index.between(camera, start, end)):
        first, last = max(first, start), min(last, end)
        if last <= first:
            continue
        if first - covered > (BETWEEN_RUNS if clips else timedelta()):
            gaps += _causes(index, camera, covered, first)
        size = round(sum(_share(media, segment, first, last) for segment in group))
        filled = group[0].state == "filled"
        origin = _origin(group[0])
        clips.append(
            Clip(
                camera=camera,
                start=first,
                end=last,
                bytes=size,
                filled=filled,
                origin=origin,
                run=group[0].run,
            )
        )
        if filled:  # the gap is a fact all the same
            gaps += [
                msgspec.structs.replace(gap, filled=True, origin=origin)
                for gap in _causes(index, camera, first, last)
            ]
        covered = max(covered, last)
        going_on = group[-1].end is None
    until = min(end, now)
    if until - covered > (LAG if going_on else timedelta()):
        gaps += _causes(index, camera, covered, until)
    return Found(clips=clips, gaps=gaps, alarms=index.alarms(camera, start, end))


def _origin(segment: Segment) -> Origin:
    """Where a file comes from that was put into a gap later; empty for one that was recorded here."""
    if segment.state != "filled":
        return ""
    return "card" if segment.path.endswith(CARD) else "copy"


def _share(media: Path, segment: Segment, start: datetime, end: datetime) -> float:
    """About how many of a segment's bytes lie within start..end."""
    size = segment.bytes
    if segment.end is None:
        path = media / segment.path
        return float(path.stat().st_size) if path.exists() else 0.0
    length = (segment.end - segment.start).total_seconds()
    inside = (min(end, segment.end) - max(start, segment.start)).total_seconds()
    return size * max(0.0, inside) / length if length > 0 else 0.0


def _causes(index: Reader, camera: str, start: datetime, end: datetime) -> list[Gap]:
    """One hole as the recorder explained it; an empty cause where it said nothing."""
    rows = index.gaps(camera, start, end)
    pieces = [
        Gap(
            camera=camera,
            start=max(start, row.start),
            end=end if row.end is None else min(end, row.end),
            cause=row.cause,
        )
        for row in rows
    ]
    return explained([piece for piece in pieces if piece.end > piece.start], camera, start, end)


def explained(pieces: list[Gap], camera: str, start: datetime, end: datetime) -> list[Gap]:
    """A hole from `start` to `end`, whole: what the pieces leave open has an empty cause. Pure. A cause begins and ends
    with a picture, give or take STRETCH; it explains nothing beyond: files and rows that are gone are no rest by plan.
    """
    found, at = list[Gap](), start
    for piece in pieces:
        if piece.start - at > STRETCH:
            found.append(Gap(camera=camera, start=at, end=piece.start, cause=""))
        elif piece.start > at:
            piece.start = at
        found.append(piece)
        at = max(at, piece.end)
    if end - at > STRETCH or not found:
        found.append(Gap(camera=camera, start=at, end=end, cause=""))
    elif end > at:
        found[-1].end = end
    return found
