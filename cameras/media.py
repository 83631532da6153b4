"""Reading packets of a segment file, whole or still growing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError


FILLED = ".filled.mp4"
"""How the name of a file ends that was put into a gap later (cameras/fill.py)."""


def open_segment(path: Path) -> InputContainer:
    """Open a segment for reading. Raises FFmpegError or OSError."""
    return av.open(str(path), format="mp4")


def packets(container: InputContainer) -> Iterator[Any]:
    """Packets with time stamps up to the end, or up to where a crash or the writer has come."""
    try:
        for packet in container.demux(container.streams.video[0]):
            if packet.pts is not None and packet.size:
                yield packet
    except FFmpegError:
        return  # the last fragment is cut off: everything before it was given


def packet_span(path: Path) -> float:
    """Seconds from the first picture to the end of the last whole one."""
    container = open_segment(path)
    try:
        end = 0
        for packet in packets(container):
            end = max(end, packet.pts + (packet.duration or 0))
        return end * float(container.streams.video[0].time_base or 0)
    finally:
        container.close()
