"""Recordings between two processes of the box at about the speed at which files are copied.

The frames are those of `appliance.base.sockets`; here a thread on either side sends and takes them, so that nothing is
gathered and copied on the way and the loops of both processes stay free.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from appliance.base import sockets
from appliance.base.errors import Corrupt, ExamError
from appliance.base.i18n import N_

SILENT = 120.0
"""Seconds without a byte after which either side gives up."""
Answer = TypeVar("Answer")


class Poured(sockets.Streamed):
    """What a handler returns to send a struct first and then bytes made by a thread. `pieces` is closed in the end."""

    def __init__(self, head: Any, pieces: Iterator[bytes]) -> None:
        self.head = head
        self.pieces = pieces

    async def send(self, writer: asyncio.StreamWriter) -> None:
        """Raw frames and an empty one, or why there are no more."""
        await _pour(writer, self.pieces)


async def _pour(writer: asyncio.StreamWriter, pieces: Iterator[bytes]) -> None:
    writer.transport.set_write_buffer_limits(0)
    await writer.drain()  # the reply has gone before a thread writes into the same line
    line = socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno()))
    line.settimeout(SILENT)  # stays non-blocking for the loop that shares it
    sending = asyncio.create_task(asyncio.to_thread(_send, line, pieces))
    try:
        await asyncio.shield(sending)
    except asyncio.CancelledError:  # this process is stopping
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        await asyncio.wait([sending])
        raise
    finally:
        line.close()


def _send(line: socket.socket, pieces: Iterator[bytes]) -> None:
    try:
        for piece in pieces:
            if piece:
                line.sendall(struct.pack(">I", len(piece)))
                line.sendall(piece)
        line.sendall(sockets.frame(b""))
    except ExamError as error:
        line.sendall(sockets.failed(error))
    except TimeoutError as error:
        raise ConnectionError("the asker takes nothing") from error
    finally:
        pieces.close()  # type: ignore[attr-defined]


class Taken:
    """The bytes that follow a reply, as views of one buffer: each is good until the next. Close it."""

    def __init__(self, path: Path, line: socket.socket) -> None:
        self._path, self._line = path, line
        self._buffer = bytearray(sockets.BUFFER)

    def __iter__(self) -> Iterator[memoryview]:
        """Raises the far side's error, or Unavailable when it falls silent."""
        with _told(self._path):
            while length := _length(self._line):
                if length == sockets.FAILED:
                    sockets.raise_failure(_bytes(self._line, _length(self._line)))
                if length > sockets.LIMIT:
                    raise Corrupt(
                        "frame_too_long", N_("A message of {length} bytes is too long."), length=length
                    )
                if length > len(self._buffer):
                    self._buffer = bytearray(length)
                view = memoryview(self._buffer)[:length]
                _fill(self._line, view)
                yield view

    def close(self) -> None:
        """Whoever does not read to the end calls this as well."""
        self._line.close()


def take(path: Path, request: Any, answer: type[Answer]) -> tuple[Answer, Taken]:
    """Like `sockets.ask_stream`, for a thread that may wait."""
    line = socket.socket(socket.AF_UNIX)
    try:
        with _told(path):
            line.settimeout(SILENT)
            line.connect(str(path))
            line.sendall(sockets.frame(msgspec.msgpack.encode(request)))
            head, _stream = sockets.head_of(path, _bytes(line, _length(line)), answer)
    except BaseException:
        line.close()
        raise
    return head, Taken(path, line)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """A line that ends or says nothing is a silent process."""
    try:
        yield
    except OSError as error:
        raise sockets.silent(path) from error


def _fill(line: socket.socket, view: memoryview) -> None:
    while view:
        taken = line.recv_into(view)
        if not taken:
            raise ConnectionError("the line ended")
        view = view[taken:]


def _bytes(line: socket.socket, length: int) -> bytes:
    body = bytearray(length)
    _fill(line, memoryview(body))
    return bytes(body)


def _length(line: socket.socket) -> int:
    (length,) = struct.unpack(">I", _bytes(line, 4))
    return int(length)
