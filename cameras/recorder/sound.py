"""Sound beside the picture: copied where MP4 carries it as it is; G.711, which players do not know in MP4, becomes FLAC
and loses nothing by it. What is neither (G.722, G.726) is not kept, and the camera's state says so.
"""

from fractions import Fraction
from typing import Any, Protocol

import av
import numpy as np
from av.container import OutputContainer

from cameras import g711

COPIED = {"aac", "mp3", "opus"}
"""Sound that MP4 carries as it is. (Of AC-3 its head tells what only a packet says, and the head is written first.)"""
SLACK = 0.06
"""Seconds by which time stamps of sound may waver before a hole becomes silence, or what overlaps is left out."""
TOGETHER = 0.5
"""Seconds of sound coded at a time: a packet holds some hundredths only."""


def kept(codec: str) -> bool:
    """Is sound of this codec (FFmpeg's name) recorded?"""
    return codec in COPIED or codec in g711.LEVELS


class SoundTrack(Protocol):
    """The sound of one file. `write`: a packet that begins `at` seconds after the first picture."""

    def write(self, packet: Any, at: float) -> None:
        """One packet."""

    def flush(self) -> None:
        """What is held back."""


class Copied:
    """Packets as they come."""

    def __init__(self, container: OutputContainer, template: Any) -> None:
        self._container = container
        self._stream = container.add_stream_from_template(template, opaque=True)
        self._last = -1

    def write(self, packet: Any, at: float) -> None:
        """One packet."""
        base = packet.time_base
        stamp = max(round(at / float(base)), self._last + 1)
        self._last = stamp
        packet.pts = packet.dts = stamp
        packet.time_base = base
        packet.stream = self._stream
        self._container.mux(packet)

    def flush(self) -> None:
        """Nothing is held back."""


class Flac:
    """G.711 as FLAC. It begins with the picture, as silence until the first packet: the muxer keeps no later start."""

    def __init__(self, container: OutputContainer, template: Any) -> None:
        context = template.codec_context
        self._container = container
        self._law: str = context.name
        self._rate: int = context.sample_rate
        self._channels: int = context.channels
        self._layout = "mono" if self._channels == 1 else "stereo"
        self._stream = container.add_stream("flac", rate=self._rate, layout=self._layout)
        self._stream.format = "s16"
        self._held: list[g711.Samples] = []
        self._until = 0
        """Samples taken so far."""
        self._sent = 0

    def write(self, packet: Any, at: float) -> None:
        """One packet."""
        whole = g711.decode(packet, self._law)
        samples = whole[: len(whole) // self._channels * self._channels].reshape(-1, self._channels)
        apart = round(at * self._rate) - self._until
        if apart > SLACK * self._rate or (apart > 0 and not self._until):
            self._take(np.zeros((apart, self._channels), np.int16))
        elif apart < -SLACK * self._rate:
            samples = samples[-apart:]
        self._take(samples)
        if self._until - self._sent >= TOGETHER * self._rate:
            self._code()

    def flush(self) -> None:
        """The rest."""
        if self._held:
            self._code()
        for packet in self._stream.encode(None):
            self._container.mux(packet)

    def _take(self, samples: g711.Samples) -> None:
        self._held.append(samples)
        self._until += len(samples)

    def _code(self) -> None:
        samples = np.concatenate(self._held)
        self._held.clear()
        if not len(samples):
            return
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout=self._layout)
        frame.sample_rate, frame.pts = self._rate, self._sent
        frame.time_base = Fraction(1, self._rate)
        self._sent += len(samples)
        for packet in self._stream.encode(frame):
            self._container.mux(packet)


def sound_track(container: OutputContainer, template: Any) -> SoundTrack:
    """The track of a file for a camera's sound. `template`: the camera's stream, of a codec that is `kept`."""
    made = Flac if template.codec_context.name in g711.LEVELS else Copied
    return made(container, template)
