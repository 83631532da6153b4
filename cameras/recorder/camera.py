"""One camera's thread: connect, copy, begin a new segment at a key frame, connect again; every gap is a
fact.
"""

import contextlib
import logging
import shutil
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from av.error import FFmpegError

from appliance.base.clock import Clock, SystemClock
from appliance.base.errors import ExamError, Refused
from appliance.base.ids import new_id
from appliance.base.settings import CameraSettings, RecorderSettings
from appliance.wire.recorder import CameraStatus, Cause
from cameras.address import with_credentials
from cameras.index import GapRow, Index, Segment
from cameras.onvif import OnvifCamera
from cameras.recorder.arrival import ArrivalClock, wall
from cameras.recorder.ending import CAUSES, RETRY_AT_ONCE, Ended, wait_refused
from cameras.recorder.reconcile import measure
from cameras.recorder.segment import SegmentWriter
from cameras.stream import open_stream, stream_fault

log = logging.getLogger("examsite.recorder")

SETTLE = 0.5
"""Seconds of packets held back after connecting: what was buffered meanwhile comes in a burst, and only the
first packet that comes by itself tells when pictures truly arrive."""
RESERVE = 64 * 1024 * 1024
"""Free bytes left to the index: recording pauses below them (or below 2 % of a small disk)."""
CLOCK_STEP = 1.0
"""Our wall clock was set by more than this: a new segment takes the new time."""


class Running(msgspec.Struct):
    """The segment being written and what is known of its times (monotonic seconds; `offset`: wall -
    monotonic).
    """

    segment: Segment
    writer: SegmentWriter
    first: float
    """Time stamp of the first packet, seconds."""
    offset: float
    last: float
    """Time stamp of the end of the last packet."""


class CameraRecorder(threading.Thread):
    """Records one camera until `stop`. `password`: read anew for each attempt; `free`: bytes of the
    disk, free.
    """

    def __init__(
        self,
        camera: CameraSettings,
        settings: RecorderSettings,
        index: Index,
        password: Callable[[], str],
        clock: Clock | None = None,
        free: Callable[[Path], tuple[int, int]] | None = None,
    ) -> None:
        super().__init__(name=f"camera-{camera.code}", daemon=True)
        self.camera = camera
        self._settings = settings
        self._media = Path(settings.media)
        self._index = index
        self._password = password
        self._free = free or disk_space
        self._clock: Clock = clock or SystemClock()
        self._leaving = threading.Event()
        self._lock = threading.Lock()
        self._hands = threading.Lock()
        """Held while a packet is written."""
        self._facts: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        """Facts the disk has not taken yet, in order."""
        self._gap = index.open_gap(camera.code)
        self._end = index.last_end(camera.code)
        """End of the newest picture kept."""
        self._running: Running | None = None
        self._run = ""
        self._frames: deque[float] = deque(maxlen=100)
        self._free_checked = 0.0
        self._refused = 0
        self.status = CameraStatus(
            camera=camera.code,
            name=camera.name,
            room=camera.room,
            state="connecting",
            since=self._clock.now(),
            cause=self._gap.cause if self._gap else "",
        )

    def stop(self) -> None:
        """Ask the thread to close its segment and end."""
        self._leaving.set()

    def finish(self) -> None:
        """Close the segment in place of the thread, which hangs in a camera that says nothing (after
        `stop`).
        """
        with self._hands:
            self._part()

    def _part(self) -> None:
        """The last facts. Does nothing the second time."""
        ended = Ended("stopped", "the recorder was stopped")
        self._close_run(ended)
        self._lose(ended.cause, ended.detail)
        try:
            self._settle()
        except Ended as error:
            log.error("camera %s: %d facts could not be kept: %s", self.camera.code, len(self._facts), error)

    def run(self) -> None:
        """The thread."""
        if self._end and not self._gap:
            self._lose("stopped", "the recorder did not run")
        try_cached = True
        while not self._leaving.is_set():
            try:
                self._settle()
                self._check_space()
                self._record(self._uri(try_cached))
                ended = Ended("network", "the stream ended")
            except Ended as error:
                ended = error
            except Refused as error:
                self._refused += 1
                ended = Ended("camera", error.code, wait=wait_refused(self._refused))
            except ExamError as error:
                ended = Ended(CAUSES.get(error.code, "network"), error.code)
            except (OSError, sqlite3.Error) as error:
                ended = Ended("disk", str(error))
            except Exception as error:
                # One camera's nonsense must not end its recording for good, nor that of the others.
                log.exception("camera %s: not foreseen", self.camera.code)
                ended = Ended("camera", f"{type(error).__name__}: {error}")
            if self._leaving.is_set():
                break
            had_pictures = self._close_run(ended)
            try_cached = had_pictures or not try_cached
            self._lose(ended.cause, ended.detail)
            self._leaving.wait(ended.wait)
        self.finish()

    def _uri(self, try_cached: bool) -> str:
        """The stream's address without credentials: the one known, else asked by ONVIF."""
        address = self.camera.address
        if address.startswith("rtsp://"):
            return address
        known = self._index.stream(self.camera.code, address)
        if known and try_cached:
            return known
        asked = OnvifCamera(address, self.camera.user, self._password())
        self.status.clock_offset_s = asked.read_clock()
        uri = asked.stream_uri(self.camera.profile) if self.camera.profile else asked.profiles()[0].uri
        self._fact(self._index.keep_stream, self.camera.code, address, uri, self._clock.now())
        self._settle()
        return uri

    def read_clock(self) -> None:
        """Compare the camera's clock with ours (called from another thread now and then)."""
        if not self.camera.address.startswith("rtsp://") and self.status.state == "recording":
            asked = OnvifCamera(self.camera.address, self.camera.user, "")
            self.status.clock_offset_s = asked.read_clock()

    def _record(self, uri: str) -> None:
        """Copy one connection's packets until it ends or the recorder stops."""
        container = open_stream(with_credentials(uri, self.camera.user, self._password()), uri)
        try:
            stream = container.streams.video[0]
            arrival = ArrivalClock()
            base = float(stream.time_base or 0)
            early: list[tuple[Any, float]] | None = []
            for packet in container.demux(stream):
                now = self._clock.monotonic()
                if self._leaving.is_set():
                    return
                if not packet.size:
                    continue
                if early is None:
                    with self._hands:
                        if not self._leaving.is_set():
                            self._packet(packet, stream, arrival, base, now)
                    continue
                early.append((packet, now))
                if now - early[0][1] < SETTLE:
                    continue
                stamp_early([held for held, _ in early])
                for held, arrived in early:
                    arrival.see(held.pts * base, arrived)
                with self._hands:
                    for held, arrived in early:
                        self._packet(held, stream, arrival, base, arrived)
                early = None
        except FFmpegError as error:
            raise stream_fault(error, uri) from None
        finally:
            container.close()

    def _packet(self, packet: Any, stream: Any, arrival: ArrivalClock, base: float, now: float) -> None:
        if packet.pts is None:
            raise Ended("camera", "a packet without a time stamp", wait=RETRY_AT_ONCE)
        stamp = packet.pts * base
        if not arrival.see(stamp, now):
            raise Ended("camera", "the camera's time stamps jumped", wait=RETRY_AT_ONCE)
        running = self._running
        if packet.is_keyframe and (running is None or self._is_full(running, stamp)):
            if running:
                self._close_segment(running, arrival.at(stamp) + running.offset, "")
            running = self._open_segment(stream, stamp, arrival.at(stamp))
        if running is None:
            return  # pictures before the first key frame cannot be shown
        dts = packet.dts if packet.dts is not None else packet.pts
        try:
            running.writer.write(packet, packet.pts, dts)
        except FFmpegError as error:
            if running.writer.file.failure:
                raise Ended("disk", str(running.writer.file.failure)) from error
            raise Ended("camera", f"a packet that cannot be kept: {error}", wait=RETRY_AT_ONCE) from error
        running.last = stamp + float(packet.duration or 0) * base
        running.segment.start = wall(arrival.at(running.first) + running.offset)
        self._end = wall(arrival.at(running.last) + running.offset)
        self._frames.append(stamp)
        with self._lock:
            self.status.last_frame_at = self._clock.now()
        if now - self._free_checked > 1.0:
            self._free_checked = now
            self._check_space()

    def _is_full(self, running: Running, stamp: float) -> bool:
        stepped = abs(self._clock.now().timestamp() - self._clock.monotonic() - running.offset) > CLOCK_STEP
        return stepped or stamp - running.first >= self._settings.segment - 0.05

    def _open_segment(self, stream: Any, stamp: float, arrived: float) -> Running:
        offset = self._clock.now().timestamp() - self._clock.monotonic()
        start = wall(arrived + offset)
        context = stream.codec_context
        if not self._run:
            self._run = new_id()
            codec, size = context.name.upper(), (context.width, context.height)
            self._fact(self._index.open_run, self._run, self.camera.code, start, codec, *size)
            with self._lock:
                self.status.codec, self.status.width, self.status.height = codec, *size
        name = f"{start:%Y%m%d}/{start:%Y%m%dT%H%M%S.%f}Z.mp4"
        segment = Segment(
            id=new_id(),
            run=self._run,
            camera=self.camera.code,
            path=f"{self.camera.code}/{name}",
            start=start,
            end=None,
            bytes=0,
            sha256="",
            state="open",
        )
        self._fact(self._index.open_segment, segment)
        self._settle()
        writer = SegmentWriter(self._media / segment.path, stream, self._settings.fragment)
        self._running = Running(segment, writer, stamp, offset, stamp)
        self._found(start)
        return self._running

    def _close_segment(self, running: Running, end: float, cause: Cause) -> None:
        self._running = None
        self._end = wall(end)
        sha256 = running.writer.finish()
        segment = running.segment
        start, size = segment.start, running.writer.file.size
        end_at = max(self._end, start)
        self._fact(self._index.close_segment, segment.id, start, end_at, size, sha256, "closed", cause)
        self._settle()

    def _close_run(self, ended: Ended) -> bool:
        """Close the open segment and the run; True when this connection had delivered pictures."""
        running, self._running = self._running, None
        run, self._run = self._run, ""
        if running:
            end = self._end or running.segment.start
            try:
                sha256 = running.writer.finish()
            except (OSError, FFmpegError) as error:
                log.error("camera %s: closing %s: %s", self.camera.code, running.segment.path, error)
                # The row stays open: what the disk truly holds is found out at the next start.
            else:
                size = running.writer.file.size
                start = running.segment.start
                if running.writer.file.failure:
                    # The disk did not take the last fragment: claim only what is there.
                    with contextlib.suppress(OSError):
                        _, _, seconds = measure(running.writer.file.path)
                        end = self._end = start + timedelta(seconds=seconds)
                end = max(end, start)
                self._fact(
                    self._index.close_segment,
                    running.segment.id,
                    start,
                    end,
                    size,
                    sha256,
                    "closed",
                    ended.cause,
                )
        if run:
            self._fact(self._index.close_run, run, self._end or self._clock.now(), ended.cause)
        return bool(run)

    def _lose(self, cause: Cause, detail: str) -> None:
        """Nothing is being recorded: say so once per cause, as a fact and in the log."""
        now = self._clock.now()
        state = "stopped" if cause in ("stopped", "disk") else "connecting"
        with self._lock:
            if self.status.state != state or self.status.cause != cause:
                self.status.since = now
            self.status.state, self.status.cause = state, cause  # type: ignore[assignment]
        self._frames.clear()
        if self._gap and self._gap.cause == cause:
            return
        level = logging.INFO if cause == "stopped" else logging.WARNING
        log.log(level, "camera %s: not recording (%s: %s)", self.camera.code, cause, detail)
        start = now
        if self._gap:
            self._fact(self._index.close_gap, self._gap.id, now)
        elif self._end:
            start = min(self._end, now + timedelta(seconds=1))
        self._gap = GapRow(id=new_id(), camera=self.camera.code, start=start, end=None, cause=cause)
        self._fact(self._index.open_gap_row, self._gap.id, self.camera.code, start, cause, detail)

    def _found(self, start: datetime) -> None:
        """Recording (again) from `start` on."""
        self._refused = 0
        with self._lock:
            if self.status.state != "recording":
                self.status.since = start
            self.status.state, self.status.cause = "recording", ""
        if self._gap:
            log.warning("camera %s: recording again", self.camera.code)
            self._fact(self._index.close_gap, self._gap.id, start)
            self._gap = None
            self._settle()

    def _fact(self, write: Callable[..., None], *values: Any) -> None:
        self._facts.append((write, values))

    def _settle(self) -> None:
        """Write the facts that wait, in order. Raises Ended("disk") while the disk does not take them."""
        while self._facts:
            write, values = self._facts[0]
            try:
                write(*values)
            except sqlite3.Error as error:
                raise Ended("disk", str(error)) from error
            self._facts.popleft()

    def _check_space(self) -> None:
        total, free = self._free(self._media)
        if free < min(RESERVE, total // 50):
            raise Ended("disk", f"{free} bytes free")

    def snapshot(self) -> tuple[CameraStatus, datetime | None, int]:
        """Status, and of the segment being written its start and bytes."""
        with self._lock:
            status = msgspec.structs.replace(self.status)
        frames = list(self._frames)
        if len(frames) > 1 and frames[-1] > frames[0]:
            status.fps = round((len(frames) - 1) / (frames[-1] - frames[0]), 1)
        running = self._running
        if running is None:
            return status, None, 0
        return status, running.segment.start, running.writer.file.size


def stamp_early(packets: list[Any]) -> None:
    """Give time stamps to the first packets of a connection, which may come without, from the next ones."""
    stamped = next((number for number, packet in enumerate(packets) if packet.pts is not None), None)
    if stamped is None:
        raise Ended("camera", "packets without time stamps")
    for number in range(stamped - 1, -1, -1):
        following = packets[number + 1].pts
        packets[number].pts = following - (packets[number].duration or 1)


def disk_space(folder: Path) -> tuple[int, int]:
    """Bytes of the disk and bytes free."""
    usage = shutil.disk_usage(folder)
    return usage.total, usage.free
