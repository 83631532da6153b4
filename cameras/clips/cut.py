"""One MP4 out of several segments: packets copied, nothing decoded, cut at key frames."""

import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import av
import msgspec
from av.error import FFmpegError

from appliance.base.errors import Corrupt, NotFound, Refused
from appliance.base.i18n import N_
from appliance.wire.recorder import ClipHead
from cameras.clips.find import stretches
from cameras.index import Reader, Segment
from cameras.media import open_segment, packets

LONGEST = timedelta(hours=4)


class Cut(msgspec.Struct, weakref=True):
    """A finished clip: what it covers, and an open file that nobody else sees and that vanishes when
    closed.
    """

    head: ClipHead
    file: Any


Prove = Callable[[Path, ClipHead, list[Segment]], ClipHead]
"""Writes a proof at the end of a clip's file, given what it covers and was cut from; returns the new head."""


def cut(
    index: Reader, media: Path, camera: str, start: datetime, end: datetime, prove: Prove | None = None
) -> Cut:
    """The first unbroken stretch within start..end, from the key frame at or before `start`.

    A clip never runs over a gap: what is asked beyond it is another clip. The file plays in browsers: its
    index lies at the front.
    """
    if not start < end <= start + LONGEST:
        raise Refused(
            "bad_clip_times",
            N_("A clip ends after it begins and is not longer than {hours} hours."),
            N_("Ask for a shorter one."),
            hours=int(LONGEST.total_seconds() // 3600),
        )
    found = next(iter(stretches(media, index.between(camera, start, end))), None)
    if found is None:
        raise NotFound(
            "no_recording",
            N_("Camera {camera} has no recording at that time."),
            N_("Look at the list of gaps for the cause."),
            camera=camera,
        )
    scratch = tempfile.NamedTemporaryFile(suffix=".mp4", delete=False)  # noqa: SIM115 (outlives this call)
    scratch.close()
    try:
        first, last = _copy(media, found[2], start, end, Path(scratch.name))
        head = ClipHead(camera=camera, start=first, end=last, bytes=os.stat(scratch.name).st_size)
        if prove:
            head = prove(Path(scratch.name), head, found[2])
        file = open(scratch.name, "rb")  # noqa: SIM115 (the caller reads and closes it)
    finally:
        os.unlink(scratch.name)
    return Cut(head, file)


def timed(media: Path, segment: Segment) -> Iterator[tuple[datetime, Any, Any]]:
    """(time, packet, stream) of one segment file."""
    try:
        container = open_segment(media / segment.path)
    except (FFmpegError, OSError) as error:
        if segment.end is None:
            return  # just begun: no whole fragment yet
        raise Corrupt(
            "segment_unreadable",
            N_("The recording {path} cannot be read."),
            N_("Run examsite recordings verify and call the system administrator."),
            path=segment.path,
        ) from error
    try:
        stream = container.streams.video[0]
        base = float(stream.time_base or 0)
        for packet in packets(container):
            yield segment.start + timedelta(seconds=packet.pts * base), packet, stream
    finally:
        container.close()


def _copy(
    media: Path, segments: list[Segment], start: datetime, end: datetime, target: Path
) -> tuple[datetime, datetime]:
    output: Any = None
    out_stream: Any = None
    held: list[tuple[datetime, Any, Any]] = []
    first: datetime | None = None
    last = start
    last_dts = -1
    offset = 0
    try:
        for segment in segments:
            for number, (at, packet, stream) in enumerate(timed(media, segment)):
                if at >= end:
                    break
                if first is None:
                    if packet.is_keyframe and at <= start:
                        held.clear()
                    if held or packet.is_keyframe:
                        held.append((at, packet, stream))
                    if at < start or not held:
                        continue
                else:
                    held.append((at, packet, stream))
                if output is None:
                    first = held[0][0]
                    output = av.open(str(target), "w", format="mp4", options={"movflags": "faststart"})
                    output.metadata["creation_time"] = first.isoformat()
                    output.metadata["title"] = segment.camera
                    out_stream = output.add_stream_from_template(stream, opaque=True)
                    out_stream.time_base = stream.time_base
                assert first is not None
                for held_at, held_packet, held_stream in held:
                    base = held_stream.time_base
                    if number == 0 or held_at == first:
                        # Within a segment time stamps rule, between segments the time of arrival does.
                        offset = round((held_at - first).total_seconds() / base) - held_packet.pts
                    dts = held_packet.dts if held_packet.dts is not None else held_packet.pts
                    dts = max(dts + offset, last_dts + 1)
                    pts = max(held_packet.pts + offset, dts)
                    length = held_packet.duration or 0
                    held_packet.dts, held_packet.pts, last_dts = dts, pts, dts
                    held_packet.time_base = base
                    held_packet.stream = out_stream
                    output.mux(held_packet)
                    last = max(last, held_at + timedelta(seconds=float(length * base)))
                held.clear()
    finally:
        if output is not None:
            output.close()
    if first is None:
        raise NotFound(
            "no_picture_yet",
            N_("The picture of that moment is not on the disk yet."),
            N_("Ask again in a few seconds."),
        )
    return first, last
