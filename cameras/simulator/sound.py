"""The sound of a simulated camera: a tone whose pitch tells the camera, for the first quarter of each second of the
camera's own clock, so that tests hear whose sound it is and whether it keeps step with the picture.
"""

import os
import threading
import time
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta

import av
import msgspec
import numpy as np

from cameras import g711, rtp
from cameras.simulator.kinds import Sound

BLOCK = {"g711a": 320, "g711u": 320, "aac": 1024}
"""Samples of a packet."""
RATE = {"g711a": 8000, "g711u": 8000, "aac": 16000}
LAWS = {"g711a": "pcm_alaw", "g711u": "pcm_mulaw"}
TYPES = {"g711u": 0, "g711a": 8, "aac": 97}
"""RTP payload types (RFC 3551, 6; the last one is free)."""
LOUD = 8000
SOUNDS = 0.25
"""Seconds of each second in which the tone is heard."""
REPORT_EVERY = 5.0


class Heard(msgspec.Struct, frozen=True):
    """One packet's body, its first sample's RTP ticks and time by the camera's clock."""

    body: bytes
    ticks: int
    at: datetime


def pitch(code: str) -> int:
    """Hz of a camera's tone: 400 to 1950 in steps of 50, by its code."""
    return 400 + 50 * (zlib.crc32(code.encode()) % 32)


class SoundSource:
    """Makes sound in its own thread while somebody listens. `now`: the camera's clock."""

    def __init__(self, code: str, kind: Sound, now: Callable[[], datetime]) -> None:
        self.kind = kind
        self.rate = RATE[kind]
        self.jumped = 0.0
        """Seconds added to its time stamps."""
        self._pitch = pitch(code)
        self._now = now
        self._viewers: list[Callable[[Heard], None]] = []
        self._wake = threading.Event()
        self._ended = False
        self._coder = self._encoder() if kind == "aac" else None
        self.config = bytes(self._coder.extradata or b"").hex() if self._coder else ""
        """AudioSpecificConfig of AAC."""
        self._thread = threading.Thread(target=self._run, name=f"sound-{code}", daemon=True)
        self._thread.start()

    def add(self, viewer: Callable[[Heard], None]) -> None:
        """Start to hand sound to `viewer`, who is called in the thread."""
        self._viewers = [*self._viewers, viewer]
        self._wake.set()

    def remove(self, viewer: Callable[[Heard], None]) -> None:
        """Stop it."""
        self._viewers = [one for one in self._viewers if one != viewer]

    def stop(self) -> None:
        """End the thread."""
        self._ended = True
        self._wake.set()
        self._thread.join(timeout=2)

    def _encoder(self) -> "av.AudioCodecContext":
        made = av.CodecContext.create("aac", "w")
        assert isinstance(made, av.AudioCodecContext)
        made.sample_rate, made.layout, made.format, made.bit_rate = self.rate, "mono", "fltp", 32_000
        made.open()
        return made

    def _run(self) -> None:
        size, number, begun = BLOCK[self.kind], 0, time.monotonic()
        while not self._ended:
            if not self._viewers:
                self._wake.wait()
                self._wake.clear()
                number, begun = 0, time.monotonic()
                continue
            passed = begun + number * size / self.rate
            wait = passed + size / self.rate - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            at = self._now() - timedelta(seconds=time.monotonic() - passed)
            base = int((begun + self.jumped) * self.rate)
            for offset, body in self._coded(self._tone(number * size, size, at)):
                moment = at + timedelta(seconds=(offset - number * size) / self.rate)
                heard = Heard(body, base + offset, moment)
                for viewer in self._viewers:
                    viewer(heard)
            number += 1

    def _tone(self, first: int, size: int, at: datetime) -> tuple[int, g711.Samples]:
        """First sample's number and the samples."""
        numbers = np.arange(size)
        second = (at.microsecond / 1e6 + numbers / self.rate) % 1.0
        wave = LOUD * np.sin(2 * np.pi * self._pitch * (first + numbers) / self.rate)
        return first, np.where(second < SOUNDS, wave, 0).astype(np.int16)

    def _coded(self, made: tuple[int, g711.Samples]) -> list[tuple[int, bytes]]:
        """Number of the first sample and body of each packet."""
        first, samples = made
        if self._coder is None:
            return [(first, g711.encode(samples, LAWS[self.kind]))]
        frame = av.AudioFrame.from_ndarray(
            (samples / np.float32(32768)).astype(np.float32)[np.newaxis, :], format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts = self.rate, first
        coded = []
        for packet in self._coder.encode(frame):
            size = packet.size
            # RFC 3640, 3.3.6 (AAC-hbr): one access unit, its header of 13 bits size and 3 bits index.
            coded.append((packet.pts or 0, b"\x00\x10" + (size << 3).to_bytes(2, "big") + bytes(packet)))
        return coded


class SoundLine:
    """The sound of one viewer. `send`: bytes for its connection, called in the loop by `call`."""

    def __init__(
        self, source: SoundSource, call: Callable[..., object], send: Callable[[bytes], None]
    ) -> None:
        self._source = source
        self._call, self._send = call, send
        self.channels: tuple[int, int] | None = None
        """Those of its SETUP; None: it was not asked for."""
        self.packetiser = rtp.Packetiser(
            int.from_bytes(os.urandom(4)),
            int.from_bytes(os.urandom(2)),
            cut=lambda units, _limit: units,
            kind=TYPES[source.kind],
        )
        self._reported = 0.0

    def lines(self) -> list[str]:
        """Its part of the SDP (RFC 3551, 6; RFC 3640, 4.1)."""
        kind, rate = TYPES[self._source.kind], self._source.rate
        lines = [f"m=audio 0 RTP/AVP {kind}"]
        if self._source.kind == "aac":
            form = (
                "streamtype=5;profile-level-id=15;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3"
            )
            lines += [
                f"a=rtpmap:{kind} mpeg4-generic/{rate}/1",
                f"a=fmtp:{kind} {form};config={self._source.config}",
            ]
        else:
            lines.append(f"a=rtpmap:{kind} {'PCMA' if self._source.kind == 'g711a' else 'PCMU'}/{rate}")
        return [*lines, "a=control:trackID=2"]

    def start(self) -> None:
        """Play, when it was asked for."""
        if self.channels:
            self._source.add(self._take)

    def stop(self) -> None:
        """Play no more."""
        self._source.remove(self._take)

    def _take(self, heard: Heard) -> None:
        self._call(self._write, heard)

    def _write(self, heard: Heard) -> None:
        if not self.channels:
            return
        media, control = self.channels
        packets = [rtp.interleaved(media, one) for one in self.packetiser.picture([heard.body], heard.ticks)]
        if time.monotonic() - self._reported > REPORT_EVERY:
            self._reported = time.monotonic()
            packets.insert(0, rtp.interleaved(control, self.packetiser.sender_report(heard.at, heard.ticks)))
        self._send(b"".join(packets))
