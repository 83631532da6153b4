"""Screens in the views of cameras, read again from what was recorded: one key frame of each minute."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.base.sockets import Streamed
from appliance.wire.screens import ReadScreens, ScreenRead, ScreensHead
from cameras import screen_code
from cameras.clips.cut import timed
from cameras.index import Reader, Segment
from cameras.measure import decode_alone, grey

MINUTE = timedelta(minutes=1)
SETTLED = timedelta(seconds=15)
"""Into the minute: the screen has changed by then, also where a camera's pictures come late."""
LONGEST = timedelta(hours=12)


class ScreenReader:
    """Answers ReadScreens. `locate`: where a recording's file lies now."""

    def __init__(self, index: Reader, media: Path, locate: Callable[[Segment], Path]) -> None:
        self._index = index
        self._media = media
        self._locate = locate
        self._turn = asyncio.Lock()

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
        first = start.replace(second=0, microsecond=0)
        minutes = [first + MINUTE * n for n in range((end - first) // MINUTE + 1) if first + MINUTE * n < end]
        return Streamed(ScreensHead(minutes=len(minutes)), self._read(asked.camera, minutes, start, end))

    async def _read(
        self, camera: str, minutes: list[datetime], start: datetime, end: datetime
    ) -> AsyncIterator[bytes]:
        for minute in minutes:
            async with self._turn:
                found = await asyncio.to_thread(
                    self._one, camera, max(minute + SETTLED, start), min(minute + MINUTE, end)
                )
            if found:
                yield msgspec.msgpack.encode(found)

    def _one(self, camera: str, start: datetime, end: datetime) -> ScreenRead | None:
        """The first key frame between two times that can be decoded."""
        for segment in self._index.between(camera, start, end) if start < end else []:
            there = msgspec.structs.replace(segment, path=str(self._locate(segment)))
            for at, packet, stream in timed(self._media, there):
                if at >= end:
                    break
                if packet.is_keyframe and at >= start:
                    frame = decode_alone(packet, stream)
                    if frame is not None:
                        return ScreenRead(at=at, number=screen_code.read(grey(frame)))
        return None
