"""Clips: the part of a recording between two times, cut at key frames, nothing decoded; and its single packets."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from av.error import FFmpegError

from appliance.base.errors import Corrupt, ExamError, NotFound, Refused
from appliance.base.i18n import N_
from appliance.wire.recorder import ClipHead
from cameras.clips.film import Film, Locate, film, lying, no_picture_yet, recorded, unreadable
from cameras.clips.find import stretches
from cameras.index import Reader, Segment
from cameras.media import open_segment, packets

LONGEST = timedelta(hours=4)


class Cut(msgspec.Struct, weakref=True):
    """A clip: what it covers, its film, the segments it was cut from, and where each (by its id) lay then."""

    head: ClipHead
    film: Film
    segments: list[Segment]
    paths: dict[str, Path]


def cut(
    index: Reader,
    media: Path,
    camera: str,
    start: datetime,
    end: datetime,
    locate: Locate | None = None,
    run: str = "",
) -> Cut:
    """The first unbroken stretch within start..end, from the key frame at or before `start`.

    A clip never runs over a gap, nor over a file that is gone or cannot be read: what is asked beyond it is another
    clip. The file plays in browsers: its index lies at the front. `locate`: for recordings that may have moved to
    another tier. `run`: of this connection alone; after a step of the clock two may have recorded the same times.
    """
    if not start < end <= start + LONGEST:
        raise Refused(
            "bad_clip_times",
            N_("A clip ends after it begins and is not longer than {hours} hours."),
            N_("Ask for a shorter one."),
            hours=int(LONGEST.total_seconds() // 3600),
        )
    wanted = [one for one in index.between(camera, start, end) if run in ("", one.run)]
    found = next(iter(stretches(media, wanted)), None)
    if found is None:
        raise NotFound(
            "no_recording",
            N_("Camera {camera} has no recording at that time."),
            N_("Look at the list of gaps for the cause."),
            camera=camera,
        )
    paths: dict[str, Path] = {}
    find = locate or lying(media)

    def once(segment: Segment) -> Path:
        """The archive may move it meanwhile: one film is made of one place."""
        return paths.setdefault(segment.id, find(segment))

    wrong: ExamError | None = None
    for part, error in _sound(once, found.segments):
        wrong = wrong or error
        try:
            made = film(once, part, start, end)
        except NotFound as nothing:  # there is no picture of these times in it
            wrong = wrong or nothing
            continue
        head = ClipHead(camera=camera, start=made.start, end=made.end, bytes=made.size)
        return Cut(head, made, part, paths)
    raise wrong or no_picture_yet()


def _sound(locate: Locate, segments: list[Segment]) -> Iterator[tuple[list[Segment], ExamError | None]]:
    """Segments in a row that can be read, and what is wrong with the one after them, if there is one."""
    part: list[Segment] = []
    for segment in segments:
        try:
            recorded(locate, segment)
        except (Corrupt, NotFound) as error:
            yield part, error
            part = []
        else:
            part.append(segment)
    yield part, None


def timed(media: Path, segment: Segment) -> Iterator[tuple[datetime, Any, Any]]:
    """(time, packet, stream) of one segment file."""
    try:
        container = open_segment(media / segment.path)
    except (FFmpegError, OSError) as error:
        if segment.end is None:
            return  # just begun: no whole fragment yet
        raise unreadable(segment.path) from error
    try:
        stream = container.streams.video[0]
        base = float(stream.time_base or 0)
        for packet in packets(container):
            yield segment.start + timedelta(seconds=packet.pts * base), packet, stream
    finally:
        container.close()
