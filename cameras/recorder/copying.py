"""From packets to segments: what one camera sends is copied into one file after the other, nothing is decoded."""

import contextlib
import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from av.error import FFmpegError

from appliance.base.clock import Clock
from appliance.base.ids import new_id
from appliance.base.settings import RecorderSettings
from cameras.index import LONGEST, Index, Segment
from cameras.index.rebuild import newest_end
from cameras.recorder.arrival import ArrivalClock, wall
from cameras.recorder.ending import RETRY_AT_ONCE, Ended
from cameras.recorder.facts import CLOCK_STEP, Facts, clock_set
from cameras.recorder.reconcile import measure
from cameras.recorder.segment import SegmentFile, SegmentWriter
from cameras.recorder.sound import kept

log = logging.getLogger("examsite.recorder")

WITHOUT_KEY = (LONGEST - timedelta(minutes=1)).total_seconds()
"""Seconds after which a file ends although no key frame comes: a longer one would not be found."""
STALL = 5.0
"""Seconds without a picture that are no recording, whatever the sound does."""
APART = 5.0
"""Sound whose time stamps are so many seconds from the picture's counts from another zero."""


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
    began: float
    """Seconds since 1970 of the first picture, as well as is known by now."""

    def start(self) -> datetime:
        """The same as a time."""
        return wall(self.began)


class Copier:
    """One camera's pictures and sound into segments. `found`: told when the first picture of a file has come.

    `begin` with each connection, then `picture` and `sound` as they come, then `close`.
    """

    def __init__(
        self,
        camera: str,
        settings: RecorderSettings,
        index: Index,
        facts: Facts,
        clock: Clock,
        found: Callable[[datetime], None],
    ) -> None:
        self._camera = camera
        self._settings = settings
        self._media = Path(settings.media)
        self._index = index
        self._facts = facts
        self._clock = clock
        self._found = found
        self._run = ""
        self._mute = False
        self.running: Running | None = None
        self.offset = self._offset()
        """Our wall clock minus our monotonic one, by which `end` is told."""
        last = newest_end(index, camera)
        self._ended = last.timestamp() if last else None
        self.codec, self.width, self.height = "", 0, 0
        self.heard = ""
        """Codec of its sound (FFmpeg's name), empty: it sends none; `-` before it: it is not kept."""
        self.frames: deque[float] = deque(maxlen=100)
        """Time stamps of the last pictures."""

    @property
    def end(self) -> datetime | None:
        """End of the newest picture kept."""
        return None if self._ended is None else wall(self._ended)

    def begin(self, container: Any) -> list[Any]:
        """A connection has been made; gives the streams to be read."""
        self._video = container.streams.video[0]
        self._base = float(self._video.time_base or 0)
        self._audio = None
        self._shift: float | None = None
        self.arrival = ArrivalClock()
        heard = ""
        for stream in container.streams.audio[:1]:
            heard = stream.codec_context.name
            if kept(heard) and not self._mute:
                self._audio = stream
            else:
                heard = f"-{heard}"
        if heard.startswith("-") and heard != self.heard:
            log.warning("camera %s: its sound (%s) is not kept", self._camera, heard[1:])
        self.heard = heard
        self._picture_is, self._sound_is = self._video.index, self._audio.index if self._audio else -1
        return [self._video, self._audio] if self._audio else [self._video]

    def seconds(self, packet: Any) -> float:
        """A picture's time stamp."""
        return float(packet.pts) * self._base

    def is_picture(self, packet: Any) -> bool:
        """Is this packet one of the recorded picture?"""
        return bool(packet.size) and packet.stream_index == self._picture_is

    def is_sound(self, packet: Any) -> bool:
        """Is this packet of the second stream?"""
        return bool(packet.stream_index == self._sound_is)

    def sound(self, packet: Any) -> None:
        """A packet of sound; what comes before the first picture is left out."""
        running = self.running
        if running is None or packet.pts is None:
            return
        stamp = packet.pts * float(packet.time_base or 0)
        if self._shift is None or abs(stamp + self._shift - running.last) > APART:
            self._shift = 0.0 if abs(stamp - running.last) <= APART else running.last - stamp
        at = stamp + self._shift - running.first
        if at < 0:
            return
        try:
            running.writer.write_sound(packet, at)
        except Exception as error:
            raise self._unkept(running.writer.file, error, by_sound=True) from error

    def picture(self, packet: Any, now: float) -> None:
        """A packet of the picture that came at `now` (monotonic)."""
        if packet.pts is None:
            raise Ended("camera", "a packet without a time stamp", wait=RETRY_AT_ONCE)
        stamp = self.seconds(packet)
        if not self.arrival.see(stamp, now):
            raise Ended("camera", "the camera's time stamps jumped", wait=RETRY_AT_ONCE)
        running = self.running
        if running and stamp - running.last > STALL:
            lost = f"no picture for {stamp - running.last:.0f} s"
            raise Ended("camera", lost, wait=RETRY_AT_ONCE)
        if running and stamp - running.first > WITHOUT_KEY:
            raise Ended("camera", "no key frame, and so no new file", wait=RETRY_AT_ONCE)
        if packet.is_keyframe:
            if running and abs(self._offset() - running.offset) > CLOCK_STEP:
                self._step(running, self.arrival.at(stamp))
                running = None
            elif running and stamp - running.first >= self._settings.segment - 0.05:
                self._close_segment(running, self.arrival.at(stamp) + running.offset)
                running = None
            running = running or self._open_segment(stamp)
        if running is None:
            return  # pictures before the first key frame cannot be shown
        dts = packet.dts if packet.dts is not None else packet.pts
        try:
            running.writer.write(packet, packet.pts, dts)
        except (FFmpegError, ValueError) as error:
            head = running.last == running.first  # its first packet writes it, and it is of the sound too
            raise self._unkept(running.writer.file, error, by_sound=head) from error
        running.last = stamp + float(packet.duration or 0) * self._base
        running.began = self.arrival.at(running.first) + running.offset
        self._ended = self.arrival.at(running.last) + running.offset
        self.frames.append(stamp)

    def _unkept(self, file: SegmentFile | None, error: Exception, by_sound: bool) -> Ended:
        """`by_sound`: the file's sound, where it has any, may be what was not taken: the picture counts, and goes on
        without it, which `heard` says. Where it goes on no better, the sound comes back.
        """
        if file and file.failure:
            return Ended("disk", str(file.failure))
        if by_sound:
            self._mute = self._audio is not None
        return Ended("camera", f"a packet that cannot be kept: {error}", wait=RETRY_AT_ONCE)

    def _offset(self) -> float:
        """Our wall clock minus our monotonic one."""
        return self._clock.now().timestamp() - self._clock.monotonic()

    def _step(self, running: Running, arrived: float) -> None:
        """Somebody has set our clock: the run ends by the old one, what follows is a run by the new one."""
        before, after = wall(arrived + running.offset), wall(arrived + self._offset())
        self._ended = before.timestamp()
        self.close(Ended("clock", "the clock was set"))
        self._ended, self.offset = after.timestamp(), self._offset()
        clock_set(self._facts, self._index, self._camera, before, after)
        self._facts.settle()

    def _open_segment(self, stamp: float) -> Running:
        offset = self._offset()
        start = wall(self.arrival.at(stamp) + offset)
        if not self._run:
            self._run = new_id()
            context = self._video.codec_context
            self.codec, self.width, self.height = context.name.upper(), context.width, context.height
            values = self._run, self._camera, start, self.codec, self.width, self.height
            self._facts.add(self._index.open_run, *values)
        name = f"{start:%Y%m%d}/{start:%Y%m%dT%H%M%S.%f}Z.mp4"
        segment = Segment(
            id=new_id(),
            run=self._run,
            camera=self._camera,
            path=f"{self._camera}/{name}",
            start=start,
            end=None,
            bytes=0,
            sha256="",
            state="open",
        )
        self._facts.add(self._index.open_segment, segment)
        self._facts.settle()
        path = self._media / segment.path
        try:
            writer = SegmentWriter(
                path, self._video, self._settings.fragment, self._audio, self._clock.monotonic
            )
        except OSError:
            if not path.exists():  # the disk does not take it: nobody needs to look for it later
                self._facts.add(self._index.miss_segment, segment)
            raise
        except (FFmpegError, ValueError) as error:
            raise self._unkept(None, error, by_sound=True) from error
        self.running = Running(segment, writer, stamp, offset, stamp, start.timestamp())
        self.offset = offset
        self._found(start)
        return self.running

    def _close_segment(self, running: Running, end: float) -> None:
        self.running = None
        self._ended = end
        sha256, failure = running.writer.finish(), running.writer.file.failure
        self._closed(running, self._taken(running, wall(end)), sha256, "disk" if failure else "")
        self._facts.settle()
        if failure:
            raise Ended("disk", str(failure))

    def _taken(self, running: Running, end: datetime) -> datetime:
        """Where the file ends. When the disk did not take the last fragment: claim only what is there."""
        if running.writer.file.failure:
            with contextlib.suppress(OSError):
                _, _, seconds = measure(running.writer.file.path)
                end = running.start() + timedelta(seconds=seconds)
                self._ended = end.timestamp()
        return end

    def _closed(self, running: Running, end: datetime, sha256: str, cause: str) -> None:
        start = running.start()
        values = running.segment.id, start, max(end, start), running.writer.file.size, sha256, "closed", cause
        self._facts.add(self._index.close_segment, *values)

    def close(self, ended: Ended) -> bool:
        """Close the open segment and the run; True when this connection had delivered pictures."""
        running, self.running = self.running, None
        run, self._run = self._run, ""
        self.frames.clear()
        if running:
            segment, writer = running.segment, running.writer
            end = self.end or running.start()
            try:
                sha256 = writer.finish()
            except Exception as error:
                log.error("camera %s: closing %s: %s", self._camera, segment.path, error)
                # The row stays open: what the disk truly holds is found out later (recorder/left.py).
            else:
                self._closed(running, self._taken(running, end), sha256, ended.cause)
        if run:
            self._facts.add(self._index.close_run, run, self.end or self._clock.now(), ended.cause)
        return bool(run)
