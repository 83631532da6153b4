"""A clip or copy written straight into a file that whoever asked for it has opened."""

import errno
import fcntl
import mmap
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from appliance.wire.playback import Written
from cameras.clips.copy import Copied
from cameras.clips.film import Piece
from cameras.clips.proof import Proven

BLOCK = 4 << 20
"""Bytes written at once: a multiple of what any disk wants."""
SYNCED = 32 << 20
"""Bytes between two syncs where the file system writes through its cache alone: a slow stick never has more than this
still to take, and what was written last does not hold up the recorder's own.
"""
TOLD = 5.0
"""Seconds after which the asker is told how far it is in any case: a copy of a room where nothing moves is small, and
takes as long as any.
"""


def write(made: Proven | Copied, pieces: Iterator[Piece], file: int) -> Iterator[bytes]:
    """Write and sync what `made` gives as `pieces`; gives a `Written` every few seconds, and the whole one at the end.

    Raises Unavailable when the file cannot be written.
    """
    size, told = 0, time.monotonic()
    with ThreadPoolExecutor(1) as disk:
        target = Target(file, disk)
        for piece in pieces:
            size += len(piece)
            target.put(piece)
            if time.monotonic() - told >= TOLD:
                yield msgspec.msgpack.encode(Written(bytes=size))
                told = time.monotonic()
        target.finish()
    assert made.written
    yield msgspec.msgpack.encode(made.written)


class Target:
    """An open file, written in order while more is made. Every method raises Unavailable when it cannot be written.

    Past the page cache (open(2), O_DIRECT) where the file system allows it: to copy hours of film into it costs as much
    as their hash, and pushes out what others read.
    """

    def __init__(self, file: int, disk: ThreadPoolExecutor) -> None:
        """`disk`: the one thread that writes."""
        self._file, self._disk = file, disk
        self._flags = fcntl.fcntl(file, fcntl.F_GETFL)
        self._direct = True
        try:
            fcntl.fcntl(file, fcntl.F_SETFL, self._flags | os.O_DIRECT)
        except OSError:
            self._direct = False
        # Memory maps begin at a page, as such writes have to.
        self._block, self._other = memoryview(mmap.mmap(-1, BLOCK)), memoryview(mmap.mmap(-1, BLOCK))
        self._filled = self._unsynced = 0
        self._writing: Future[None] | None = None

    def put(self, piece: Piece) -> None:
        """Take it over; it may change afterwards."""
        view = memoryview(piece)
        while view:
            room = min(len(view), BLOCK - self._filled)
            self._block[self._filled : self._filled + room] = view[:room]
            view, self._filled = view[room:], self._filled + room
            if self._filled == BLOCK:
                self._hand_over()

    def finish(self) -> None:
        """Write what is left; all of it is on the disk when this returns."""
        self._hand_over()
        self._wait()
        self._writing = self._disk.submit(os.fsync, self._file)
        self._wait()

    def _hand_over(self) -> None:
        self._wait()
        self._writing = self._disk.submit(self._write, self._block[: self._filled])
        self._block, self._other, self._filled = self._other, self._block, 0

    def _wait(self) -> None:
        try:
            if self._writing:
                self._writing.result()
        except OSError as error:
            raise Unavailable(
                "file_unwritable",
                N_("The file cannot be written: {detail}."),
                N_("Check the disk it lies on, or name a file on another one."),
                detail=error.strerror or str(error),
            ) from error

    def _write(self, view: memoryview) -> None:
        if len(view) < BLOCK:
            self._through_the_cache()  # the file's end is no whole block
        while view:
            try:
                written = os.write(self._file, view)
            except OSError as error:
                if error.errno != errno.EINVAL or not self._direct:
                    raise
                self._through_the_cache()  # this disk wants it otherwise
                continue
            view = view[written:]
            self._unsynced += written
        if not self._direct and self._unsynced >= SYNCED:
            os.fdatasync(self._file)
            self._unsynced = 0

    def _through_the_cache(self) -> None:
        fcntl.fcntl(self._file, fcntl.F_SETFL, self._flags)
        self._direct = False
