"""A camera that needs no line: packets of a small film, again and again, as fast as they are taken."""

import io
import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np

from appliance.base.clock import FakeClock
from appliance.base.settings import RecorderSettings
from cameras.index import Index
from cameras.recorder.copying import Copier
from cameras.recorder.facts import CameraGap, Facts

RATE = 5
SECONDS = 30
START = datetime(2026, 11, 21, 1, 0, 0, tzinfo=UTC)


def film(sound: bool = False) -> bytes:
    """Half a minute, a key frame each second; `sound`: with AAC."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "g": str(RATE)})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        voice = out.add_stream("aac", rate=16000, layout="mono") if sound else None
        for number in range(SECONDS * RATE):
            picture = np.full((48, 64, 3), number * 7 % 256, dtype=np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            if voice:
                tone = np.sin(np.arange(16000 // RATE) / 8).astype(np.float32)[None, :]
                frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
                frame.sample_rate = 16000
                out.mux(voice.encode(frame))
        out.mux(stream.encode(None))
        if voice:
            out.mux(voice.encode(None))
    return target.getvalue()


class Reel:
    """Feeds a copier; its clock goes with the film. `fed`: seconds of film so far."""

    def __init__(
        self, media: Path, index: Index, body: bytes, segment: float = 8.0, camera: str = "C1"
    ) -> None:
        self.clock = FakeClock(START)
        self.index = index
        self.facts = Facts()
        self.gap = CameraGap(camera, index, self.facts, self.clock)
        settings = RecorderSettings(media=str(media), segment=segment, fragment=2.0)
        self.copier = Copier(camera, settings, index, self.facts, self.clock, self.found)
        self.fed = 0.0
        self._body = body
        self._containers: list[Any] = []

    def found(self, start: datetime) -> None:
        """The first picture of a file."""
        self.gap.close(start)

    def packets(self) -> Iterator[Any]:
        """Packets for ever, time stamps going on."""
        for round_ in itertools.count():
            container: Any = av.open(io.BytesIO(self._body))
            self._containers = [*self._containers[-1:], container]
            for packet in container.demux(self.begin(container) if not round_ else container.streams.video):
                if packet.pts is None:
                    continue
                shift = round(round_ * SECONDS / packet.time_base)
                packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                yield packet

    def begin(self, container: Any) -> list[Any]:
        """A new connection."""
        return self.copier.begin(container)

    def feed(self, seconds: float, each: Callable[[], None] = lambda: None) -> None:
        """So many seconds of film; `each`: called after every picture."""
        self._going = getattr(self, "_going", None) or self.packets()
        until = self.fed + seconds
        while self.fed < until - 1e-6:
            packet = next(self._going)
            if self.copier.is_sound(packet):
                self.copier.sound(packet)
                continue
            self.clock.advance(1 / RATE)
            self.copier.picture(packet, self.clock.monotonic())
            self.fed += 1 / RATE
            each()


def later(seconds: float) -> datetime:
    """The time of the film's second."""
    return START + timedelta(seconds=seconds)
