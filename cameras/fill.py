"""Gaps filled later, out of a camera's own card or a copy somebody brings: marked as such, hashed when taken.

The film's pictures are copied, not decoded, and only where nothing was recorded; each stretch begins at the film's
first key frame within the gap. What was recorded is never replaced, and the gap stays a fact of its own.
"""

import asyncio
import contextlib
import hashlib
import logging
import shutil
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError

from appliance.base.errors import Corrupt, NotFound, Refused, Unavailable
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.base.settings import Settings
from appliance.base.sizes import size
from appliance.base.sockets import Handler
from appliance.wire.fill import INCOMING, Filled, FillGaps, Stretch
from cameras.index import Index, Segment, micros
from cameras.index.untold import Asked
from cameras.media import FILLED, packet_span, packets
from cameras.recorder.segment import SegmentWriter

log = logging.getLogger("examsite.recorder")

LEAST = timedelta(seconds=1)
"""A shorter hole is none: two connections' pictures do not join more closely."""
LONGEST = timedelta(days=2)
RESERVE = 1024**3
"""Free bytes (or 5 % of a small disk) below which no gap is filled: recording goes before."""
Span = tuple[datetime, datetime]


def holes(recorded: Sequence[Span], start: datetime, end: datetime) -> list[Span]:
    """Where nothing was recorded between two times. Pure. `recorded`: stretches, in any order, overlapping or not."""
    found, covered = [], start
    for first, last in sorted(recorded):
        if min(first, end) - covered >= LEAST:
            found.append((covered, min(first, end)))
        covered = max(covered, last)
    if end - covered >= LEAST:
        found.append((covered, end))
    return found


def film_span(path: Path, start: datetime) -> Span:
    """From when to when a film shows. Raises Corrupt when it is none."""
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            base, first, last = float(stream.time_base or 0), None, 0
            for packet in packets(container):
                first = packet.pts if first is None else min(first, packet.pts)
                last = max(last, packet.pts + (packet.duration or 0))
    except (FFmpegError, OSError, IndexError) as error:
        raise _no_film(path) from error
    if first is None or not base:
        raise _no_film(path)
    return start, start + timedelta(seconds=(last - first) * base)


class Filler:
    """Answers FillGaps, one film of a camera after the other. `index`: the recorder's own."""

    def __init__(self, settings: Settings, index: Index, told: Callable[[Filled, str], None]) -> None:
        self._settings = settings
        self._media = Path(settings.recorder.media)
        self._index = index
        self._told = told
        self.turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """Held while a camera's gaps are being filled."""
        self.leaving = threading.Event()
        for left in (self._media / INCOMING).glob(
            "*"
        ):  # of somebody who waits no longer, when the recorder ended
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > LONGEST.total_seconds():
                    left.unlink()

    def handlers(self) -> dict[type, Handler]:
        """By what is asked."""
        return {FillGaps: self.fill}

    async def fill(self, asked: FillGaps) -> Filled:
        """FillGaps."""
        async with self.turns[asked.camera]:
            try:
                return await asyncio.to_thread(self._fill, asked, datetime.now(UTC))
            except (OSError, sqlite3.Error, FFmpegError) as error:
                raise unusable(error) from error

    def stop(self) -> None:
        """Close what is being filled, soon."""
        self.leaving.set()

    def _fill(self, asked: FillGaps, now: datetime) -> Filled:
        camera = asked.camera
        if camera not in {one.code for one in self._settings.cameras} | set(self._index.cameras()):
            raise NotFound("no_camera", N_("There is no camera {camera}."), camera=camera)
        if Path(asked.file).name != asked.file or asked.file in ("", "..", "."):
            raise Corrupt("bad_film_name", N_("A film lies in the folder for incoming films."))
        path = self._media / INCOMING / asked.file
        try:
            return self._fill_from(path, asked, now)
        finally:
            with contextlib.suppress(
                OSError
            ):  # whoever laid it there may have gone; it is read anew for each hole
                path.unlink()

    def _fill_from(self, path: Path, asked: FillGaps, now: datetime) -> Filled:
        camera = asked.camera
        start, end = film_span(path, asked.start.astimezone(UTC))
        if end > now or end - start > LONGEST:
            raise Refused(
                "bad_film_times",
                N_("The film would show {start} to {end}: it ends before now and is at most two days long."),
                N_("Name the time of its first picture with --start."),
                start=start.isoformat(timespec="seconds"),
                end=end.isoformat(timespec="seconds"),
            )
        missing = holes(recorded(self._index, self._media, camera, (start, end), now), start, end)
        with path.open("rb") as film:
            sha256 = hashlib.file_digest(film, "sha256").hexdigest()
        filled = Filled(
            camera=camera,
            film_start=start,
            film_end=end,
            sha256=sha256,
            missing_s=round(sum((last - first).total_seconds() for first, last in missing), 1),
            filled=[],
        )
        who = Asked("filled", asked.by, now)
        try:
            for hole in missing:
                for made in self._copy(camera, path, start, hole, f"{asked.source}:{sha256}", who):
                    filled.filled.append(made)
        finally:
            log.warning("camera %s: %d stretches filled from %s", camera, len(filled.filled), asked.source)
            if filled.filled:
                self._told(filled, asked.by)
        return filled

    def _copy(
        self, camera: str, path: Path, start: datetime, hole: Span, cause: str, who: Asked
    ) -> Iterator[Stretch]:
        """The film's pictures within a hole, in files as long as recorded ones."""
        run, open_now = "", None
        try:
            with av.open(str(path)) as container:
                stream = container.streams.video[0]
                base, first = float(stream.time_base or 0), None
                for packet in packets(container):
                    first = packet.pts if first is None else first
                    at = start + timedelta(seconds=(packet.pts - first) * base)
                    if at >= hole[1] or self.leaving.is_set():
                        break
                    if packet.is_keyframe and at >= hole[0]:
                        if open_now and at - open_now.start >= self._length:
                            yield open_now.close(at)
                            open_now = None
                        if open_now is None:
                            if not run:
                                run = new_id()
                                context = stream.codec_context
                                size = context.width, context.height
                                self._index.open_run(run, camera, at, context.name.upper(), *size)
                            open_now = FilledFile(
                                self._index, self._media, camera, run, at, stream, cause, who
                            )
                    if open_now:
                        open_now.write(packet, at, base)
                if open_now:
                    yield open_now.close(min(open_now.end, hole[1]))
            if run:
                self._index.close_run(run, hole[1], "filled")
        except BaseException:
            if open_now:
                open_now.leave()
            raise

    @property
    def _length(self) -> timedelta:
        return timedelta(seconds=self._settings.recorder.segment)


class FilledFile:
    """One file being filled; its row says `filled` once it is whole. `cause`: where it comes from; `who`: asked
    for it, which the journal is told.

    Raises Unavailable when the disk would be too full for the recordings.
    """

    def __init__(
        self,
        index: Index,
        media: Path,
        camera: str,
        run: str,
        at: datetime,
        stream: Any,
        cause: str,
        who: Asked,
        ending: str = FILLED,
    ) -> None:
        total, _used, free = shutil.disk_usage(media)
        if free < min(RESERVE, total // 20):
            raise Unavailable(
                "too_full_to_fill",
                N_("There is too little room on the recordings' disk to fill gaps: {free}."),
                N_("Make room for the recordings first."),
                free=size(free),
            )
        segment = Segment(
            id=new_id(),
            run=run,
            camera=camera,
            path=_free_path(index, camera, at, ending),
            start=at,
            end=None,
            bytes=0,
            sha256="",
            state="open",
        )
        self._index, self._segment, self._cause = index, segment, cause
        self.start = self.end = at
        index.open_segment(segment)
        # Said at once: whoever closes the row after a crash has only what stands in it.
        with index.transaction() as link:
            link.execute("UPDATE segment SET cause = ? WHERE id = ?", (cause, segment.id))
            link.execute(
                "INSERT INTO filling(segment, kind, by, at) VALUES (?, ?, ?, ?)",
                (segment.id, who.kind, who.by, micros(who.at)),
            )
        self._writer = SegmentWriter(media / segment.path, stream, 2.0)

    def write(self, packet: Any, at: datetime, base: float) -> None:
        """One packet."""
        length = float(packet.duration or 0) * base
        dts = packet.dts if packet.dts is not None else packet.pts
        self._writer.write(packet, packet.pts, dts)
        self.end = max(self.end, at + timedelta(seconds=length))

    def close(self, end: datetime) -> Stretch:
        """It is whole."""
        sha256, size = self._writer.finish(), self._writer.file.size
        if self._writer.file.failure:
            raise self._writer.file.failure  # the row stays open: what the disk truly holds is found out later
        self._index.close_segment(self._segment.id, self.start, end, size, sha256, "filled", self._cause)
        return Stretch(start=self.start, end=end)

    def leave(self) -> None:
        """Let go of the file; its row stays open until the recorder has looked what the disk holds of it."""
        with contextlib.suppress(Exception):  # whatever went wrong before is being told
            self._writer.finish()


def _free_path(index: Index, camera: str, at: datetime, ending: str) -> str:
    """The same pictures have the same time again where filling them failed before: then a microsecond later."""
    while True:
        path = f"{camera}/{at:%Y%m%d}/{at:%Y%m%dT%H%M%S.%f}Z{ending}"
        if not index.rows("SELECT 1 FROM segment WHERE path = ?", path):
            return path
        at += timedelta(microseconds=1)


def recorded(index: Index, media: Path, camera: str, span: Span, now: datetime) -> list[Span]:
    """Stretches of a camera within `span` that are on record. The newest file may be growing; another one that is
    still open was left so, and counts for what it holds.
    """
    newest = index.newest(camera)
    found = []
    for one in index.between(camera, *span):
        end = one.end or now
        if one.end is None and newest and one.id != newest.id:
            end = one.start
            with contextlib.suppress(FFmpegError, OSError, ValueError, IndexError):
                end += timedelta(seconds=packet_span(media / one.path))
        found.append((one.start, end))
    return found


def unusable(error: Exception) -> Unavailable:
    """The disk does not take what is to be put into a gap."""
    return Unavailable(
        "media_unusable_now",
        N_("The recordings' disk takes nothing now: {detail}"),
        N_("Exams go on. The system administrator looks at the recording disk."),
        detail=str(error),
    )


def _no_film(path: Path) -> Corrupt:
    return Corrupt(
        "no_film",
        N_("{file} is no film that can be read."),
        N_("Copy it from the camera's card again."),
        file=path.name,
    )
