"""exam-recorder as it is run by the bench that measures its delays: its own `main`, wrapped by two stop watches.

`python -m bench.recorder_process CONFIG OUT`: at its end OUT holds (MessagePack) the delays of every picture and of
every sync, each with the monotonic second at which it was seen.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from appliance.base.settings import load
from cameras.recorder import main
from cameras.recorder.copying import Copier
from cameras.recorder.segment import SegmentFile


class Delays(msgspec.Struct):
    """(monotonic seconds, seconds of delay)."""

    pictures: list[tuple[float, float]] = []
    """From the source's time stamp until it was in the file's muxer, beyond the fastest picture of the same camera."""
    syncs: list[tuple[float, float]] = []


def run(config: Path, out: Path) -> None:
    """Until SIGTERM."""
    raw: list[tuple[int, float, float]] = []
    syncs: list[tuple[float, float]] = []
    picture, sync = Copier.picture, SegmentFile.sync_when_due

    def timed_picture(self: Copier, packet: Any, now: float) -> None:
        stamp = self.seconds(packet) if packet.pts is not None else None  # the muxer changes it
        picture(self, packet, now)
        done = time.monotonic()
        if stamp is not None:
            raw.append((id(self), done, done - stamp))

    def timed_sync(self: SegmentFile) -> None:
        last, began = self._synced, time.monotonic()
        sync(self)
        if self._synced != last:
            syncs.append((began, time.monotonic() - began))

    Copier.picture = timed_picture  # type: ignore[method-assign]
    SegmentFile.sync_when_due = timed_sync  # type: ignore[method-assign]
    asyncio.run(main(load(config)))
    fastest: dict[int, float] = {}
    for camera, _, delay in raw:
        fastest[camera] = min(delay, fastest.get(camera, delay))
    pictures = [(at, delay - fastest[camera]) for camera, at, delay in raw]
    out.write_bytes(msgspec.msgpack.encode(Delays(pictures, syncs)))


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
