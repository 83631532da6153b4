"""The picture of a simulated camera: drawn and encoded once by one thread, handed to every viewer.

Real H.264 or H.265 at 1920x1080 by libx264 or libx265 (ultrafast, zerolatency). Nothing is encoded while
nobody looks; a new viewer gets a key frame at once, as good cameras do.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from fractions import Fraction

import av
import msgspec
from av.video.frame import PictureType

from cameras import rtp, rtp_h265
from cameras.rtp import CLOCK, PPS, SPS, split_annex_b
from cameras.simulator.kinds import Codec, View
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
    """libx264 or libx265 for one picture source. `key_every`: seconds between key frames; `crf`: 0 (best) to 51."""

    def __init__(
        self,
        fps: int,
        key_every: float,
        crf: int = CRF,
        codec: Codec = "h264",
        size: tuple[int, int] = (WIDTH, HEIGHT),
    ) -> None:
        self._codec = av.CodecContext.create("libx264" if codec == "h264" else "libx265", "w")
        group = f"keyint={max(1, round(fps * key_every))}:scenecut=0:repeat-headers=1"
        self._codec.width, self._codec.height = self._size = size
        self._codec.pix_fmt = "yuv420p"
        self._codec.time_base = Fraction(1, CLOCK)
        self._codec.framerate = Fraction(fps)
        self._codec.thread_count = 1
        self._codec.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "crf": str(crf),
            "forced-idr": "1",
            "x264-params": f"{group}:aq-mode=0",
            "x265-params": f"{group}:open-gop=0:frame-threads=1:pools=none:log-level=none",
        }
        del self._codec.options["x265-params" if codec == "h264" else "x264-params"]

    def encode(self, room: Room, at: datetime, ticks: int, key: bool = False) -> list[bytes]:
        """NAL units of the room at this time."""
        frame = av.VideoFrame.from_ndarray(room.picture(at), format="yuv420p")
        if self._size != (WIDTH, HEIGHT):
            frame = frame.reformat(width=self._size[0], height=self._size[1])
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
        codec: Codec = "h264",
        size: tuple[int, int] = (WIDTH, HEIGHT),
        drawing: "threading.Lock | None" = None,
    ) -> None:
        self.room = room
        self._size = size
        self.codec: Codec = codec
        self.fps = fps
        self.key_every = key_every
        self.crf = crf
        self._now = now
        self._viewers: list[Callable[[Coded], None]] = []
        self._lock = threading.Lock()
        self.drawing = drawing or threading.Lock()
        """Held while the room is drawn; two sources of one room share it."""
        self._wake = threading.Event()
        self._ended = False
        self._key_wanted = False
        self.frozen = False
        """Show the same moment again and again, as a broken camera does."""
        self.jumped = 0.0
        """Seconds added to its time stamps."""
        self.stalled = False
        """Say nothing, and keep the connections open."""
        self._sets: list[bytes] = []
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

    def spoil(self, view: View) -> None:
        """What the lens does."""
        with self.drawing:
            self.room.spoil(view)

    def show(self, number: int | None) -> None:
        """What the screen in its view shows."""
        with self.drawing:
            self.room.show(number)

    def parameter_sets(self) -> list[bytes]:
        """Parameter sets of this stream for the SDP: sequence and picture; with H.265 video, sequence, picture."""
        if not self._sets:
            with self.drawing:
                units = self._encoder().encode(self.room, self._now(), 0)
            h264 = self.codec == "h264"
            by_kind = {(unit[0] & 0x1F if h264 else rtp_h265.kind(unit)): unit for unit in units}
            self._sets = [by_kind[one] for one in ((SPS, PPS) if h264 else rtp_h265.SETS)]
        return self._sets

    def _encoder(self) -> Encoder:
        return Encoder(self.fps, self.key_every, self.crf, self.codec, self._size)

    def jpeg(self) -> bytes:
        """The picture of this moment as JPEG."""
        with self.drawing:
            return self.room.jpeg(self._now())

    def _run(self) -> None:
        encoder, crf = self._encoder(), self.crf
        is_key = rtp.is_key if self.codec == "h264" else rtp_h265.is_key
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
            moment = time.monotonic()  # at once before its clock is read: they must tell the same moment
            if not self.frozen:
                at = self._now()
            if self.stalled:
                continue
            if crf != self.crf:  # another quality: the bit rate jumps
                encoder, crf, key = self._encoder(), self.crf, True
            ticks = int((moment + self.jumped) * CLOCK)
            with self.drawing:
                units = encoder.encode(self.room, at, ticks, key)
            if not units:
                continue
            coded = Coded(units, ticks, at, is_key(units))
            for viewer in viewers:
                viewer(coded)
