"""Living pictures for pages (in exam-clips): second streams' key frames as JPEG, each decoded once for all who look.

A camera without a second stream is shown by stills from its recording, more seldom: those are big pictures.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import av
import cv2
import msgspec
from av.error import FFmpegError

from appliance.base import sockets
from appliance.base.errors import ExamError
from appliance.base.sockets import Streamed
from appliance.wire.live import GetKeys, GetLive, KeyFrame, Keys, LiveHead, LivePicture

log = logging.getLogger("examsite.clips")

WIDTH = 640
"""Pictures are at most so wide."""
QUALITY = 70
EVERY = 0.5
"""Seconds between two questions to the recorder."""
STILL_EVERY = 6.0
"""Seconds between two stills of a camera without a second stream."""
LONGEST = 300.0
"""Seconds after which the page asks again: whoever may no longer look does not go on looking."""
TIMEOUT = 4.0

Still = Callable[[str], Awaitable[LivePicture]]


class LivePictures:
    """All cameras that are looked at. `still`: a camera's newest still from the store."""

    def __init__(self, recorder: Path, cameras: Callable[[], list[str]], still: Still) -> None:
        self._recorder = recorder
        self._cameras = cameras
        self._still = still
        self._viewers: dict[object, list[str]] = {}
        self._newest: dict[str, tuple[int, LivePicture]] = {}
        """By camera: a count that only grows, and the picture."""
        self._have: dict[str, int] = {}
        self._stills: dict[str, float] = {}
        self._count = 0
        self._changed = asyncio.Condition()
        self._work: asyncio.Task[None] | None = None
        self._decoders: dict[str, tuple[str, bytes, Any]] = {}
        self._told = ""
        """Code of the error the recorder answered with last."""

    async def live(self, asked: GetLive) -> Streamed:
        """GetLive."""
        known = self._cameras()
        cameras = [one for one in asked.cameras if one in known]
        return Streamed(LiveHead(cameras=cameras), self._pictures(cameras))

    async def _pictures(self, cameras: list[str]) -> AsyncIterator[bytes]:
        """The newest picture of each camera as it comes; a slow viewer gets fewer, never old ones."""
        me, shown = object(), dict.fromkeys(cameras, 0)
        self._viewers[me] = cameras
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._run())
        until = time.monotonic() + LONGEST
        try:
            while time.monotonic() < until:
                fresh = [
                    (number, one)
                    for camera in cameras
                    for number, one in [self._newest.get(camera, (0, None))]
                    if one and number > shown[camera]
                ]
                for number, one in fresh:
                    shown[one.camera] = number
                    yield msgspec.msgpack.encode(one)
                if not fresh:
                    async with asyncio.timeout(until - time.monotonic() + 1), self._changed:
                        await self._changed.wait()
        except TimeoutError:
            return
        finally:
            del self._viewers[me]

    async def _run(self) -> None:
        """While somebody looks."""
        while self._viewers:
            began = time.monotonic()
            try:
                await self._round()
            except Exception:
                log.exception("live view: not foreseen")
            await asyncio.sleep(max(0.05, EVERY - (time.monotonic() - began)))
        self._newest.clear()
        self._decoders.clear()
        self._have.clear()

    async def _round(self) -> None:
        wanted = sorted({camera for cameras in self._viewers.values() for camera in cameras})
        try:
            asked = GetKeys(cameras=wanted, have=self._have)
            keys = await sockets.ask(self._recorder, asked, Keys, TIMEOUT)
            self._told = ""
        except ExamError as error:
            if error.code != self._told:
                log.warning("live view: %s", error)
            self._told = error.code
            keys = Keys(frames=[], faults=dict.fromkeys(wanted, "no_second"))
        pictures = await asyncio.to_thread(self._decoded, keys.frames)
        pictures += await self._stills_of(list(keys.faults))
        if not pictures:
            return
        for picture in pictures:
            self._count += 1
            self._newest[picture.camera] = self._count, picture
        async with self._changed:
            self._changed.notify_all()

    async def _stills_of(self, cameras: list[str]) -> list[LivePicture]:
        found = []
        for camera in cameras:
            if time.monotonic() - self._stills.get(camera, -STILL_EVERY) < STILL_EVERY:
                continue
            self._stills[camera] = time.monotonic()
            try:
                still = await self._still(camera)
                before = self._newest.get(camera)
                # That of a camera that is gone stays as old as it is; after a step of the clock the new one is earlier.
                if before is None or still.at != before[1].at:
                    found.append(still)
            except ExamError as error:
                log.info("live view: camera %s: %s", camera, error)
            except Exception:  # one camera's nonsense must not end the live view of the others
                log.exception("live view: camera %s: not foreseen", camera)
        return found

    def _decoded(self, frames: list[KeyFrame]) -> list[LivePicture]:
        found = []
        for frame in frames:
            self._have[frame.camera] = frame.number
            try:
                jpeg = self._jpeg(frame)
            except (FFmpegError, ValueError, cv2.error) as error:
                log.info("live view: camera %s: a picture that cannot be shown: %s", frame.camera, error)
                self._decoders.pop(frame.camera, None)
                continue
            if jpeg:
                found.append(LivePicture(camera=frame.camera, at=frame.at, jpeg=jpeg))
        return found

    def _jpeg(self, frame: KeyFrame) -> bytes:
        kept = self._decoders.get(frame.camera)
        if kept is None or kept[:2] != (frame.codec, frame.extradata):
            context: Any = av.CodecContext.create(frame.codec, "r")
            context.extradata = frame.extradata or None
            context.thread_count = 1
            context.flags |= av.codec.context.Flags.low_delay
            kept = self._decoders[frame.camera] = frame.codec, frame.extradata, context
        context = kept[2]
        shown = list(context.decode(av.Packet(frame.packet)))
        if not shown:
            shown = list(context.decode(None))
            del self._decoders[frame.camera]  # a decoder that was emptied takes nothing more
        if not shown:
            return b""
        last = shown[-1]
        width = min(WIDTH, last.width) // 2 * 2
        height = max(2, round(last.height * width / last.width)) // 2 * 2
        body = cv2.imencode(
            ".jpg",
            last.to_ndarray(format="bgr24", width=width, height=height),
            [cv2.IMWRITE_JPEG_QUALITY, QUALITY],
        )[1]
        return bytes(body)
