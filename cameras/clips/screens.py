"""Screens in the views of cameras, read again from what was recorded: one key frame of each minute."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from av.error import FFmpegError

from appliance.base.errors import ExamError, Refused
from appliance.base.i18n import N_
from appliance.base.sockets import Streamed
from appliance.wire.screens import ReadScreens, ScreenRead, ScreensHead
from cameras import screen_code
from cameras.archive.locate import Locator, absent
from cameras.clips.bring import Bringer
from cameras.clips.cut import timed
from cameras.index import Reader, Segment
from cameras.measure import decode_alone, grey

log = logging.getLogger("examsite.clips")

MINUTE = timedelta(minutes=1)
SETTLED = timedelta(seconds=15)
"""Into the minute: the screen has changed by then, also where a camera's pictures come late."""
LEAST = timedelta(seconds=10)
"""Every camera that records sends a key frame in so long."""
LONGEST = timedelta(hours=12)


class ScreenReader:
    """Answers ReadScreens. `turn`: whoever reads recordings has it, one after the other. What lies in object storage is
    brought before, nothing is fetched while somebody has the turn.
    """

    def __init__(
        self,
        index: Reader,
        media: Path,
        locator: Locator,
        bringer: Bringer,
        turn: threading.Lock,
        threads: Executor | None = None,
    ) -> None:
        self._index = index
        self._media = media
        self._locator = locator
        self._bringer = bringer
        self._turn = turn
        self._threads = threads

    async def read(self, asked: ReadScreens) -> Streamed:
        """ReadScreens."""
        start, end = asked.start.astimezone(UTC), asked.end.astimezone(UTC)
        if not start < end <= start + LONGEST:
            raise Refused(
                "bad_screen_times",
                N_("Screens are read for at most {hours} hours at once."),
                N_("Ask for a shorter time."),
                hours=int(LONGEST.total_seconds() // 3600),
            )
        try:
            await self._bringer.bring((asked.camera, start, end, ""))
        except ExamError as error:
            if error.code == "being_fetched":
                raise
            log.warning("camera %s: recordings cannot be fetched: %s", asked.camera, error)
        looks = windows(start, end)
        return Streamed(ScreensHead(minutes=len(looks)), self._read(asked.camera, looks))

    async def _read(self, camera: str, looks: list[tuple[datetime, datetime]]) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        for start, end in looks:
            if found := await loop.run_in_executor(self._threads, self._one, camera, start, end):
                yield msgspec.msgpack.encode(found)

    def _one(self, camera: str, start: datetime, end: datetime) -> ScreenRead | None:
        """The first key frame between two times that can be decoded, or why a file of this time gives none."""
        problem = ""
        for segment in self._index.between(camera, start, end) if start < end else []:
            try:
                with self._turn:
                    if found := self._in(segment, start, end):
                        return found
            except ExamError as error:
                problem = error.code
            except (FFmpegError, OSError) as error:
                log.warning("%s cannot be read: %s", segment.path, error)
                problem = "segment_unreadable"
        return ScreenRead(at=start, numbers=[], problem=problem) if problem else None

    def _in(self, segment: Segment, start: datetime, end: datetime) -> ScreenRead | None:
        where = self._locator.where(segment)
        if where.path is None:
            raise absent(where, segment)
        there = msgspec.structs.replace(segment, path=str(where.path))
        for at, packet, stream in timed(self._media, there):
            if at >= end:
                break
            if packet.is_keyframe and at >= start:
                frame = decode_alone(packet, stream)
                if frame is not None:
                    return ScreenRead(at=at, numbers=screen_code.read(grey(frame)))
        return None


def windows(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Where in each minute a picture is looked for. Minutes of which too little is asked for are left out, unless there
    are no others.
    """
    first = start.replace(second=0, microsecond=0)
    minutes = [first + MINUTE * number for number in range((end - first) // MINUTE + 1)]
    found = [(max(one + SETTLED, start), min(one + MINUTE, end)) for one in minutes]
    there = [(begin, until) for begin, until in found if begin < until]
    return [(begin, until) for begin, until in there if until - begin >= LEAST] or there
