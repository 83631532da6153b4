"""What the cameras of the recorder's bench send: one film encoded beforehand at a camera's bit rate, played again and
again by every one of them from a place of its own, so that their key frames do not come together.

Run by itself (`python -m bench.film_source FILM CAMERAS`): serves the film over RTSP and prints one address a line.
"""

import asyncio
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import av

from cameras import rtp
from cameras.rtp import CLOCK, PPS, SPS, split_annex_b
from cameras.simulator.picture import Coded, PictureSource
from cameras.simulator.rtsp_server import PATH, RtspServer
from cameras.simulator.scene import Room

FPS = 25
KEY_EVERY = 2
"""Seconds between key frames, as cameras of the shops are set."""
MBPS = 4
SECONDS = 20

Film = list[tuple[list[bytes], bool]]
"""Each picture's NAL units, and whether it can be decoded alone."""


def encode(path: Path) -> None:
    """Make the film: 1080p25 H.264 with noise, as dim rooms give it, at 4 Mb/s."""
    rate = f"{MBPS}M"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-t", str(SECONDS)]
    command += ["-i", f"testsrc2=size=1920x1080:rate={FPS},noise=alls=12:allf=t", "-pix_fmt", "yuv420p"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-b:v", rate, "-maxrate", rate, "-bufsize", rate]
    command += ["-g", str(FPS * KEY_EVERY), "-bf", "0", "-sc_threshold", "0"]
    command += ["-x264-params", "nal-hrd=cbr:repeat-headers=1", "-f", "h264", str(path)]
    subprocess.run(command, check=True)


def read(path: Path) -> Film:
    """The film's pictures."""
    with av.open(str(path), format="h264") as container:
        coded = [split_annex_b(bytes(packet)) for packet in container.demux(video=0) if packet.size]
    return [(units, rtp.is_key(units)) for units in coded]


class FilmSource(PictureSource):
    """Plays the film from its picture `first`, in the place of drawn and encoded pictures."""

    def __init__(self, film: Film, first: int) -> None:
        self._film, self._next = film, first
        super().__init__(Room("FILM", "", "theory"), lambda: datetime.now(UTC), FPS, KEY_EVERY)

    def parameter_sets(self) -> list[bytes]:
        """Those of the film."""
        by_kind = {unit[0] & 0x1F: unit for unit in self._film[0][0]}
        return [by_kind[SPS], by_kind[PPS]]

    def _run(self) -> None:
        due = time.monotonic()
        while not self._ended:
            due += 1 / FPS
            time.sleep(max(0.0, due - time.monotonic()))
            units, key = self._film[self._next]
            self._next = (self._next + 1) % len(self._film)
            with self._lock:
                viewers = list(self._viewers)
            coded = Coded(units, int(time.monotonic() * CLOCK), datetime.now(UTC), key)
            for viewer in viewers:
                viewer(coded)


async def serve(film: Film, cameras: int) -> None:
    """One RTSP server per camera, each on a port of its own, until killed."""
    for number in range(cameras):
        source = FilmSource(film, number * len(film) // cameras)
        server = RtspServer(source, "", "")
        await server.start("127.0.0.1")
        print(f"rtsp://127.0.0.1:{server.port}{PATH}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(read(Path(sys.argv[1])), int(sys.argv[2])))
