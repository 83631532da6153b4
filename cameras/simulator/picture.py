"""The picture of a simulated camera: drawn and encoded once by one thread, handed to every viewer.

Real H.264 at 1920x1080 by libx264 (ultrafast, zerolatency). Nothing is encoded while nobody looks; a new
viewer gets a key frame at once, as good cameras do.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from fractions import Fraction

import av
import msgspec
from av.video.frame import PictureType

from cameras.rtp import CLOCK, PPS, SPS, is_key, split_annex_b
from cameras.simulator.scene import Room
from cameras.timecode import HEIGHT, WIDTH

CRF = 27


class Coded(msgspec.Struct, frozen=True):
    """One coded picture: its NAL units, RTP ticks (90 kHz), the time it shows, whether it can be
    decoded alone.
    """

    units: list[bytes]
    ticks: int
    at: datetime
    key: bool


class Encoder:
    """libx264 for one picture source. `key_every`: seconds between key frames; `crf`: 0 (best) to 51."""

    def __init__(self, fps: int, key_every: float, crf: int = CRF) -> None:
        self._codec = av.CodecContext.create("libx264", "w")
        self._codec.width, self._codec.height = WIDTH, HEIGHT
        self._codec.pix_fmt = "yuv420p"
        self._codec.time_base = Fraction(1, CLOCK)
        self._codec.framerate = Fraction(fps)
        self._codec.thread_count = 1
        self._codec.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "crf": str(crf),
            "forced-idr": "1",
            "x264-params": f"keyint={max(1, round(fps * key_every))}:scenecut=0:aq-mode=0:repeat-headers=1",
        }

    def encode(self, room: Room, at: datetime, ticks: int, key: bool = False) -> list[bytes]:
        """NAL units of the room at this time."""
        frame = av.VideoFrame.from_ndarray(room.picture(at), format="yuv420p")
        frame.pts, frame.time_base = ticks, Fraction(1, CLOCK)
        if key:
            frame.pict_type = PictureType.I
        return split_annex_b(b"".join(bytes(packet) for packet in self._codec.encode(frame)))


class PictureSource:
    """Draws and encodes in its own thread while there are viewers.

    `now`: the camera's own clock, which may be wrong on purpose. Viewers are called in that thread.
    """

    def __init__(
        self,
        room: Room,
        now: Callable[[], datetime],
        fps: int = 10,
        key_every: float = 1.0,
        crf: int = CRF,
    ) -> None:
        self.room = room
        self.fps = fps
        self.key_every = key_every
        self.crf = crf
        self._now = now
        self._viewers: list[Callable[[Coded], None]] = []
        self._lock = threading.Lock()
        self._drawing = threading.Lock()
        self._wake = threading.Event()
        self._ended = False
        self._key_wanted = False
        self.frozen = False
        """Show the same moment again and again, as a broken camera does."""
        self._sets: tuple[bytes, bytes] | None = None
        self._thread = threading.Thread(target=self._run, name=f"picture-{room.code}", daemon=True)
        self._thread.start()

    def add(self, viewer: Callable[[Coded], None]) -> None:
        """Start to hand pictures to `viewer`, a key frame first."""
        with self._lock:
            self._viewers.append(viewer)
            self._key_wanted = True
        self._wake.set()

    def remove(self, viewer: Callable[[Coded], None]) -> None:
        """Stop it."""
        with self._lock:
            if viewer in self._viewers:
                self._viewers.remove(viewer)

    def stop(self) -> None:
        """End the thread."""
        self._ended = True
        self._wake.set()
        self._thread.join(timeout=2)

    def parameter_sets(self) -> tuple[bytes, bytes]:
        """Sequence and picture parameter set of this stream (for the SDP)."""
        if self._sets is None:
            with self._drawing:
                units = Encoder(self.fps, self.key_every, self.crf).encode(self.room, self._now(), 0)
            by_kind = {unit[0] & 0x1F: unit for unit in units}
            self._sets = by_kind[SPS], by_kind[PPS]
        return self._sets

    def jpeg(self) -> bytes:
        """The picture of this moment as JPEG."""
        with self._drawing:
            return self.room.jpeg(self._now())

    def _run(self) -> None:
        encoder = Encoder(self.fps, self.key_every, self.crf)
        due = time.monotonic()
        at = self._now()
        while not self._ended:
            with self._lock:
                viewers = list(self._viewers)
                key, self._key_wanted = self._key_wanted and bool(viewers), False
            if not viewers:
                self._wake.wait()
                self._wake.clear()
                due = time.monotonic()
                continue
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            due = max(due + 1 / self.fps, time.monotonic() - 1.0)
            if not self.frozen:
                at = self._now()
            ticks = int(time.monotonic() * CLOCK)
            with self._drawing:
                units = encoder.encode(self.room, at, ticks, key)
            if not units:
                continue
            coded = Coded(units, ticks, at, is_key(units))
            for viewer in viewers:
                viewer(coded)
