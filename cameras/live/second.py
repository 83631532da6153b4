"""Second streams of the cameras: opened while somebody looks, the newest key frame of each kept, nothing decoded.

They live in exam-recorder, which alone has the passwords and a way to the cameras' network; what it hands out is
decoded by exam-clips, so that a look costs the recording next to nothing.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from av.error import FFmpegError

from appliance.base.errors import ExamError, Refused
from appliance.base.settings import CameraSettings
from appliance.wire.live import GetKeys, KeyFrame, Keys, LiveFault
from cameras.address import with_credentials
from cameras.media2 import Profile
from cameras.onvif import OnvifCamera
from cameras.patience import HELD, never, wait_refused
from cameras.stream import open_stream, stream_fault

log = logging.getLogger("examsite.recorder")

WIDEST = 704
"""Pixels: wider streams cost more to send and decode than sixteen small pictures on a page need."""
LEASE = 8.0
"""Seconds after the last question for which a stream stays open."""
RETRY = 3.0
NONE = "none"


def second_of(profiles: Sequence[Profile], main: str) -> Profile | None:
    """The stream for the live view: the largest at most `WIDEST` wide, else the smallest; never the recorded one."""
    if not profiles:
        return None
    recorded = next((one for one in profiles if one.token == main), profiles[0])
    pixels = recorded.width * recorded.height
    others = [one for one in profiles if one.uri and one.token != recorded.token and one.width > 0]
    small = [one for one in others if one.width <= WIDEST]
    if small:
        return max(small, key=lambda one: one.width * one.height)
    smaller = [one for one in others if one.width * one.height < pixels]
    return min(smaller, key=lambda one: one.width * one.height, default=None)


class SecondStream(threading.Thread):
    """One camera's second stream, for as long as it is asked for."""

    _one_asks = threading.Lock()
    """ONVIF questions cost half a second of our time each: sixteen cameras are asked one after the other."""

    def __init__(
        self,
        camera: CameraSettings,
        password: Callable[[], str],
        known: dict[str, str],
        held: Callable[[str], bool] = never,
    ) -> None:
        super().__init__(name=f"second-{camera.code}", daemon=True)
        self.camera = camera
        self._password = password
        self._held = held
        self._refused = 0
        self._known = known
        """Addresses found so far, by camera; empty = it has no second stream."""
        self._leaving = threading.Event()
        self._number = 0
        self.asked = time.monotonic()
        self.newest: KeyFrame | None = None
        self.fault: LiveFault | None = None

    def stop(self) -> None:
        """End soon."""
        self._leaving.set()

    @property
    def wanted(self) -> bool:
        """Has somebody asked lately?"""
        return not self._leaving.is_set() and time.monotonic() - self.asked < LEASE

    def run(self) -> None:
        """The thread."""
        while self.wanted:
            wait = RETRY
            if self._held(self.camera.code):  # it would refuse us too
                self.fault = "password"
                self._leaving.wait(HELD)
                continue
            try:
                uri = self._uri()
                if not uri:
                    self.fault = "no_second"
                    return
                self._follow(uri)
            except Refused as error:
                self._refused += 1
                self.fault, wait = "password", wait_refused(self._refused)
                log.info("camera %s: second stream: %s", self.camera.code, error)
            except ExamError as error:
                self.fault = "silent"
                self._known.pop(self.camera.code, None)
                log.info("camera %s: second stream: %s", self.camera.code, error)
            except Exception:  # one camera's nonsense must not end the live view of the others
                self.fault = "silent"
                log.exception("camera %s: not foreseen", self.camera.code)
            self._leaving.wait(wait)

    def _uri(self) -> str:
        camera = self.camera
        if camera.second == NONE or (camera.address.startswith("rtsp://") and not camera.second):
            return ""
        if camera.second.startswith("rtsp://"):
            return camera.second
        if camera.code not in self._known:
            with self._one_asks:
                asked = OnvifCamera(camera.address, camera.user, self._password())
                if camera.second:
                    uri = asked.stream_uri(camera.second)
                else:
                    chosen = second_of(asked.profiles(), camera.profile)
                    uri = chosen.uri if chosen else ""
            self._known[camera.code] = uri
        return self._known[camera.code]

    def _follow(self, uri: str) -> None:
        container = open_stream(with_credentials(uri, self.camera.user, self._password()), uri)
        try:
            stream = container.streams.video[0]
            for packet in container.demux(stream):
                if not self.wanted:
                    return
                if packet.size and packet.is_keyframe:
                    self._number += 1
                    self.fault, self._refused = None, 0
                    self.newest = KeyFrame(
                        camera=self.camera.code,
                        number=self._number,
                        at=datetime.now(UTC),
                        codec=stream.codec_context.name,
                        extradata=bytes(stream.codec_context.extradata or b""),
                        packet=bytes(packet),
                    )
        except FFmpegError as error:
            raise stream_fault(error, uri) from None
        finally:
            container.close()


class SecondStreams:
    """All second streams of a site. `cameras`: read anew with each question, for settings may change; `held`: is the
    recording of a camera refused?
    """

    def __init__(
        self,
        cameras: Callable[[], Sequence[CameraSettings]],
        password: Callable[[CameraSettings], str],
        held: Callable[[str], bool] = never,
    ) -> None:
        self._held = held
        self._cameras = cameras
        self._password = password
        self._open: dict[str, SecondStream] = {}
        self._known: dict[str, str] = {}

    async def keys(self, asked: GetKeys) -> Keys:
        """GetKeys."""
        return await asyncio.to_thread(self._keys, asked)

    def _keys(self, asked: GetKeys) -> Keys:
        found = Keys(frames=[], faults={})
        for camera in self._cameras():
            if camera.code not in asked.cameras:
                continue
            stream = self._of(camera)
            stream.asked = time.monotonic()
            newest = stream.newest
            if stream.fault:
                found.faults[camera.code] = stream.fault
            elif newest and newest.number != asked.have.get(camera.code):
                found.frames.append(newest)
        return found

    def _of(self, camera: CameraSettings) -> SecondStream:
        stream = self._open.get(camera.code)
        if stream and stream.camera == camera and (stream.is_alive() or stream.fault == "no_second"):
            return stream
        if stream:
            stream.stop()
        if not stream or stream.camera != camera:
            self._known.pop(camera.code, None)
        stream = self._open[camera.code] = SecondStream(
            camera, lambda: self._password(camera), self._known, self._held
        )
        stream.start()
        return stream

    def stop(self) -> None:
        """End all of them."""
        for stream in self._open.values():
            stream.stop()
