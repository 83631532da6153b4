"""exam-clips: finds, cuts and shows recordings. A process of its own, so that a reader never disturbs
the recorder.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from appliance.base import sockets
from appliance.base.notify import supervised
from appliance.base.settings import Settings
from appliance.base.sockets import Streamed
from appliance.wire.recorder import FindClips, Found, GetClip, GetStill, SpanHead, StillHead, VerifySpans
from cameras.clips.cut import Cut, cut
from cameras.clips.find import find
from cameras.clips.proof import prover
from cameras.clips.still import still
from cameras.index import Reader, Segment
from cameras.integrity import checked

CHUNK = 256 * 1024
CUTS_AT_ONCE = 2
STILL_KEPT = 1.0
"""Seconds one still serves everybody who asks."""


class ClipServer:
    """Answers from the recorder's store, read only. Times asked without a zone are refused by the wire."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._media = Path(settings.recorder.media)
        self._index = Reader(self._media)
        self._cameras = [camera.code for camera in settings.cameras]
        self._turn = asyncio.Semaphore(CUTS_AT_ONCE)
        self._reading = asyncio.Lock()
        self._stills: dict[tuple[str, int], tuple[float, StillHead, bytes]] = {}

    async def find_clips(self, asked: FindClips) -> Found:
        """FindClips."""
        cameras = asked.cameras or self._cameras
        start, end, now = asked.start.astimezone(UTC), asked.end.astimezone(UTC), datetime.now(UTC)
        whole = Found(clips=[], gaps=[])
        for camera in cameras:
            part = await asyncio.to_thread(find, self._index, self._media, camera, start, end, now)
            whole.clips += part.clips
            whole.gaps += part.gaps
        return whole

    async def get_clip(self, asked: GetClip) -> Streamed:
        """GetClip."""
        start, end = asked.start.astimezone(UTC), asked.end.astimezone(UTC)
        async with self._turn:
            prove = await asyncio.to_thread(prover, self._settings, start, end) if asked.proof else None
            made = await asyncio.to_thread(cut, self._index, self._media, asked.camera, start, end, prove)
        return Streamed(made.head, _read(made))

    async def verify_spans(self, asked: VerifySpans) -> Streamed:
        """VerifySpans: each file once, however many spans touch it."""
        files: dict[str, Segment] = {}
        for span in asked.spans:
            times = span.start.astimezone(UTC), span.end.astimezone(UTC)
            found = await asyncio.to_thread(self._index.between, span.camera, *times, True)
            files |= {segment.path: segment for segment in found}
        head = SpanHead(files=len(files), bytes=sum(segment.bytes for segment in files.values()))
        return Streamed(head, self._check(list(files.values())))

    async def _check(self, segments: list[Segment]) -> AsyncIterator[bytes]:
        for segment in segments:
            # One file at a time for everybody: two readers at once slow the disk for the recorder.
            async with self._reading:
                found = await asyncio.to_thread(checked, self._media, segment)
            yield msgspec.msgpack.encode(found)

    async def get_still(self, asked: GetStill) -> Streamed:
        """GetStill."""
        key = asked.camera, asked.width
        kept = self._stills.get(key)
        if kept is None or time.monotonic() - kept[0] > STILL_KEPT:
            async with self._turn:
                made = await asyncio.to_thread(still, self._index, self._media, asked.camera, asked.width)
            kept = time.monotonic(), *made
            self._stills[key] = kept
            while len(self._stills) > 100:
                del self._stills[next(iter(self._stills))]
        return Streamed(kept[1], _once(kept[2]))


async def _read(made: Cut) -> AsyncIterator[bytes]:
    try:
        while chunk := await asyncio.to_thread(made.file.read, CHUNK):
            yield chunk
    finally:
        made.file.close()


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def serve(settings: Settings) -> asyncio.Server:
    """Open the socket `clips`."""
    clips = ClipServer(settings)
    return await sockets.serve(
        settings.socket("clips"),
        {
            FindClips: clips.find_clips,
            GetClip: clips.get_clip,
            GetStill: clips.get_still,
            VerifySpans: clips.verify_spans,
        },
    )


async def main(settings: Settings) -> None:
    """`examsite run clips`: until SIGTERM."""
    server = await serve(settings)
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    try:
        async with supervised():
            await ending.wait()
    finally:
        server.close()
