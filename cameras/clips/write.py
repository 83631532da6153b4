"""A clip or copy written straight into a file that whoever asked for it has opened."""

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

SYNCED = 32 << 20
"""Bytes written between two syncs: a slow stick never has more than twice this still to take, and what was written last
does not hold up the recorder's own.
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
    syncing: Future[None] | None = None
    with ThreadPoolExecutor(1) as disk:
        for piece in pieces:
            before, size = size, size + _put(file, piece)
            if size // SYNCED > before // SYNCED:
                if syncing:
                    _done(syncing)
                syncing = disk.submit(os.fdatasync, file)
            if time.monotonic() - told >= TOLD:
                yield msgspec.msgpack.encode(Written(bytes=size))
                told = time.monotonic()
        if syncing:
            _done(syncing)
        _done(disk.submit(os.fsync, file))
    assert made.written
    yield msgspec.msgpack.encode(made.written)


def _put(file: int, piece: Piece) -> int:
    view = memoryview(piece)
    try:
        while view:
            view = view[os.write(file, view) :]
    except OSError as error:
        raise _unwritable(error) from error
    return len(piece)


def _done(syncing: "Future[None]") -> None:
    try:
        syncing.result()
    except OSError as error:
        raise _unwritable(error) from error


def _unwritable(error: OSError) -> Unavailable:
    return Unavailable(
        "file_unwritable",
        N_("The file cannot be written: {detail}."),
        N_("Check the disk it lies on, or name a file on another one."),
        detail=error.strerror or str(error),
    )
