"""A recording written by one process into a file of another, which hands over the open file (`unix(7)`, SCM_RIGHTS).

It goes at about the speed at which files are copied: nothing of it crosses the socket. The frames are those of
`appliance.base.sockets`; after the reply a frame of one byte says that the file may come, then come the frames of
whoever writes: how far it is, and what was written.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from appliance.base import sockets
from appliance.base.errors import Corrupt, ExamError
from appliance.base.i18n import N_

SILENT = 120.0
"""Seconds without a byte after which either side gives up."""
READY = b"\1"
Answer = TypeVar("Answer")
Write = Callable[[int], Iterator[bytes]]
"""Writes into this file while it is read; gives what the asker is told meanwhile. It does not close the file."""


class Handover(sockets.Streamed):
    """What a handler returns to send a struct first and then write, in a thread, into the file handed over."""

    def __init__(self, head: Any, write: Write, threads: Executor | None = None) -> None:
        """`threads`: one of them is taken as long as it lasts; None: of those of the loop."""
        self.head = head
        self._write = write
        self._threads = threads

    async def send(self, writer: asyncio.StreamWriter) -> None:
        """What follows the struct."""
        transport: Any = writer.transport
        transport.set_write_buffer_limits(0)
        await writer.drain()  # the reply has gone before a thread writes into the same line
        transport.pause_reading()  # the loop would take the byte the file comes with, and let the file go
        line = socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno()))
        line.settimeout(SILENT)  # stays non-blocking for the loop that shares it
        writing = asyncio.get_running_loop().run_in_executor(self._threads, _serve, line, self._write)
        try:
            await asyncio.shield(writing)
            transport.resume_reading()
        except asyncio.CancelledError:  # this process is stopping
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            await asyncio.wait([writing])
            raise
        finally:
            line.close()


def _serve(line: socket.socket, write: Write) -> None:
    try:
        line.sendall(sockets.frame(READY))
        came, files, _flags, _address = socket.recv_fds(line, 1, 1)
        if not came:
            raise ConnectionError("the asker has gone away")
        if not files:
            raise Corrupt("no_file_handed", N_("No file was handed over."))
        try:
            with contextlib.closing(write(files[0])) as told:  # type: ignore[type-var]
                for body in told:
                    line.sendall(sockets.frame(body))
        finally:
            os.close(files[0])
        line.sendall(sockets.frame(b""))
    except ExamError as error:
        line.sendall(sockets.failed(error))
    except TimeoutError as error:
        raise ConnectionError("the asker takes nothing") from error


class Asked:
    """The line after a reply. Close it: whoever writes then stops."""

    def __init__(self, path: Path, line: socket.socket) -> None:
        self._path, self._line = path, line

    def write_to(self, file: int) -> Iterator[bytes]:
        """Hand over an open file; what the writer tells. Raises its error, or Unavailable when it falls silent."""
        with _told(self._path):
            self._frame()
            socket.send_fds(self._line, [READY], [file])
            while body := self._frame():
                yield body

    def _frame(self) -> bytes:
        length = _length(self._line)
        if length == sockets.FAILED:
            sockets.raise_failure(_bytes(self._line, _length(self._line)))
        return _bytes(self._line, length)

    def close(self) -> None:
        """Whoever does not read to the end calls this as well, from any thread."""
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits for the next frame
        self._line.close()


def ask_to_write(path: Path, request: Any, answer: type[Answer]) -> tuple[Answer, Asked]:
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
    return head, Asked(path, line)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """A line that ends or says nothing is a silent process."""
    try:
        yield
    except OSError as error:
        raise sockets.silent(path) from error


def _bytes(line: socket.socket, length: int) -> bytes:
    if length > sockets.LIMIT:
        raise Corrupt("frame_too_long", N_("A message of {length} bytes is too long."), length=length)
    body = bytearray(length)
    view = memoryview(body)
    while view:
        taken = line.recv_into(view)
        if not taken:
            raise ConnectionError("the line ended")
        view = view[taken:]
    return bytes(body)


def _length(line: socket.socket) -> int:
    (length,) = struct.unpack(">I", _bytes(line, 4))
    return int(length)
