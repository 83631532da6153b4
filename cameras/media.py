"""Reading packets of a segment file, whole or still growing."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import av
from av.container import InputContainer
from av.error import FFmpegError

from cameras.fragments import whole_boxes, whole_length

FILLED = ".filled.mp4"
"""How the name of a file ends that was put into a gap later (cameras/fill.py),"""
CARD = ".card.filled.mp4"
"""and of one that the camera itself had kept on its card (cameras/card)."""


def plain(path: Path) -> str:
    """A name that can be kept and told, also where its bytes are no text."""
    return os.fsencode(path).decode(errors="replace")


class Part(io.FileIO):
    """The first `length` bytes of a file, to be read as if it ended there."""

    def __init__(self, path: Path, length: int) -> None:
        super().__init__(path)
        self._length = length

    def read(self, size: int | None = -1, /) -> bytes:
        """Bytes up to the end of the part."""
        left = max(0, self._length - self.tell())
        return super().read(left if size is None or size < 0 else min(size, left))

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Within the part."""
        if whence == io.SEEK_END:
            offset, whence = self._length + offset, io.SEEK_SET
        return super().seek(offset, whence)


def open_segment(path: Path) -> InputContainer:
    """Open a segment for reading. Raises FFmpegError or OSError."""
    try:
        return av.open(str(path), format="mp4")
    except FFmpegError:
        if not path.stat().st_size:
            raise  # just begun: nothing has reached the disk yet
        # A power cut may leave the head of a fragment at the end, which FFmpeg takes for a broken file.
        with open(path, "rb") as source:
            whole = whole_length(whole_boxes(source.fileno()))
        if not whole:
            raise
        return cast(InputContainer, av.open(Part(path, whole), format="mp4"))


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
