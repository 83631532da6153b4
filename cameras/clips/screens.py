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
LEAST = timedelta(seconds=10)
"""Every camera that records sends a key frame in so long."""
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
        looks = windows(start, end)
        return Streamed(ScreensHead(minutes=len(looks)), self._read(asked.camera, looks))

    async def _read(self, camera: str, looks: list[tuple[datetime, datetime]]) -> AsyncIterator[bytes]:
        for start, end in looks:
            async with self._turn:
                found = await asyncio.to_thread(self._one, camera, start, end)
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
