"""What exists between two times: unbroken stretches, and holes with their causes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from appliance.wire.recorder import Clip, Found, Gap
from cameras.clips.film import lay, lying, recorded
from cameras.index import Reader, Segment

WITHIN_RUN = timedelta(seconds=1)
"""Arrival times of two segments of one connection may differ by this without anything missing."""
BETWEEN_RUNS = timedelta(milliseconds=200)
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


def stretches(media: Path, segments: list[Segment]) -> Iterator[tuple[datetime, datetime, list[Segment]]]:
    """Group segments that follow one another within one connection: start, end, segments."""
    group: list[Segment] = []
    start = end = datetime.min
    for segment in segments:
        segment_end = end_of(media, segment)
        if group and segment.run == group[-1].run and segment.start - end <= WITHIN_RUN:
            group.append(segment)
            end = max(end, segment_end)
            continue
        if group:
            yield start, end, group
        group, start, end = [segment], segment.start, segment_end
    if group:
        yield start, end, group


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
        clips.append(Clip(camera=camera, start=first, end=last, bytes=size, filled=filled))
        if filled:  # the gap is a fact all the same
            gaps += [msgspec.structs.replace(gap, filled=True) for gap in _causes(index, camera, first, last)]
        covered = max(covered, last)
        going_on = group[-1].end is None
    until = min(end, now)
    if until - covered > (LAG if going_on else timedelta()):
        gaps += _causes(index, camera, covered, until)
    return Found(clips=clips, gaps=gaps, alarms=index.alarms(camera, start, end))


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
    pieces = [piece for piece in pieces if piece.end > piece.start]
    if not pieces:
        return [Gap(camera=camera, start=start, end=end, cause="")]
    pieces[0].start, pieces[-1].end = start, end
    return pieces
