"""One segment file: fragmented MP4, copied without transcoding, hashed while it is written.

Each fragment is handed to the operating system whole and synced every few seconds, so that a killed process
or a power cut costs the last seconds and never an earlier one.
"""

import contextlib
import errno
import hashlib
import os
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import OutputContainer

from cameras.chain.files import make_folder, sync_folder
from cameras.recorder.sound import sound_track

SYNC_EVERY = 5.0
BUFFER = 1 << 18
INTERLEAVE = 1.0
"""Seconds by which the muxer waits for sound to sort it among the pictures."""


class SegmentFile:
    """Where the muxer writes: no seeking, so what was written is never changed again."""

    def __init__(self, path: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        make_folder(path.parent)
        self.path = path
        self._monotonic = monotonic
        self.size = 0
        self.failure: OSError | None = None
        """The disk did not take everything: what was counted and hashed is what it took."""
        self._unsynced: OSError | None = None
        """The disk lost something it had taken. It says so once: nothing of this file is known any more."""
        self._hash = hashlib.sha256()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        self._synced = monotonic()
        try:
            sync_folder(path.parent)
        except OSError:  # nobody has this file to close it, and it holds nothing
            os.close(self._file)
            path.unlink(missing_ok=True)
            raise

    def write(self, data: Any) -> int:
        """Called by the muxer. Counts and hashes only what the disk took."""
        rest = memoryview(data)
        whole = len(rest)
        if self.failure:
            raise self.failure
        try:
            while rest:
                done = os.write(self._file, rest)
                if not done:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                self._hash.update(rest[:done])
                self.size += done
                rest = rest[done:]
        except OSError as error:
            self.failure = error
            raise
        return whole

    def sync_when_due(self) -> None:
        """fdatasync when the last one is some seconds ago."""
        if self._monotonic() - self._synced >= SYNC_EVERY:
            try:
                os.fdatasync(self._file)
            except OSError as error:
                self._unsynced = error
                raise
            self._synced = self._monotonic()

    def finish(self) -> str:
        """Sync and close; returns the SHA-256 (hex) of everything written. Raises OSError when the disk may have lost
        any of it.
        """
        try:
            if self._unsynced:
                raise self._unsynced
            os.fsync(self._file)
        finally:
            os.close(self._file)
        sync_folder(self.path.parent)
        return self._hash.hexdigest()


class SegmentWriter:
    """Copies packets of one stream, and of its sound when there is any, into a new file. `fragment`: seconds per
    fragment; `monotonic`: the clock by which the file is synced.
    """

    def __init__(
        self,
        path: Path,
        template: Any,
        fragment: float,
        sound: Any | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.file = SegmentFile(path, monotonic)
        self._time_base: Fraction = template.time_base
        try:
            self._container: OutputContainer = av.open(
                self.file,
                mode="w",
                format="mp4",
                buffer_size=BUFFER,
                options={
                    "movflags": "frag_keyframe+empty_moov+default_base_moof",
                    "frag_duration": str(int(fragment * 1_000_000)),
                    "min_frag_duration": str(int(fragment * 900_000)),
                    "flush_packets": "1",
                    # A camera whose sound stops for a while does not hold back its pictures.
                    "max_interleave_delta": str(int(INTERLEAVE * 1_000_000)),
                },
            )
            self._stream = self._container.add_stream_from_template(template, opaque=True)
            self._stream.time_base = self._time_base
            self._sound = sound_track(self._container, sound) if sound else None
        except BaseException:
            with contextlib.suppress(OSError):
                self.file.finish()
            raise
        self._base: int | None = None
        self._last_dts = -1

    def write(self, packet: Any, pts: int, dts: int) -> None:
        """One packet; time stamps in the stream's time base, first one becomes 0."""
        if self._base is None:
            self._base = dts
        dts -= self._base
        # Some cameras repeat time stamps; the muxer refuses those.
        dts = max(dts, self._last_dts + 1)
        self._last_dts = dts
        packet.pts, packet.dts = max(pts - self._base, dts), dts
        packet.time_base = self._time_base
        packet.stream = self._stream
        self._container.mux(packet)
        self.file.sync_when_due()

    def write_sound(self, packet: Any, at: float) -> None:
        """One packet of sound, `at` seconds after the first picture."""
        assert self._sound
        self._sound.write(packet, at)

    def finish(self) -> str:
        """Write what is buffered, sync, close; returns the SHA-256. The file is closed even when that
        fails.
        """
        trouble: Exception | None = None
        try:
            if self._sound:
                self._sound.flush()
        except Exception as error:
            trouble = error
        try:
            self._container.close()
        except Exception as error:  # the disk is full: keep what there is
            trouble = error
        sha256 = self.file.finish()
        if trouble and not self.file.failure:
            raise trouble
        return sha256
