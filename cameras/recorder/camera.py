"""One camera's thread: connect, copy, connect again; rest when its plan says so. Every gap is a fact."""

import ctypes
import logging
import shutil
import sqlite3
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from av.error import FFmpegError

from appliance.base.clock import Clock, SystemClock
from appliance.base.errors import ExamError, Refused
from appliance.base.settings import CameraSettings, RecorderSettings
from appliance.wire.recorder import CameraStatus, Cause
from cameras.address import with_credentials
from cameras.index import Index
from cameras.onvif import OnvifCamera
from cameras.onvif_plain import PlainCamera
from cameras.patience import wait_refused
from cameras.recorder.at_rest import AtRest
from cameras.recorder.copying import STALL, Copier
from cameras.recorder.ending import CAUSES, REFUSED, Ended
from cameras.recorder.facts import CameraGap, Facts
from cameras.stream import open_stream, stream_fault

log = logging.getLogger("examsite.recorder")

SETTLE = 0.5
"""Seconds of packets held back after connecting: what was buffered meanwhile comes in a burst, and only the
first packet that comes by itself tells when pictures truly arrive."""
RESERVE = 64 * 1024 * 1024
"""Free bytes left to the index: recording pauses below them (or below 2 % of a small disk)."""
CLOCK_REFUSED = 600.0
"""Seconds, doubled with each refusal, after which a clock is asked for again: its pictures need no ONVIF, and a camera
counts each wrong password.
"""
LOOK_EVERY = 1.0
"""Seconds after which space and plan are looked at again."""
Plan = Callable[[CameraSettings, datetime], bool]
"""Does this camera record at that time?"""
Missed = Callable[[CameraSettings, datetime, datetime], datetime | None]
"""From when on it would have recorded between two times at the first of which it rested; None: it would not."""


def always(_camera: CameraSettings, _now: datetime) -> bool:
    """The plan of a recorder without orders."""
    return True


def since_then(_camera: CameraSettings, since: datetime, _now: datetime) -> datetime | None:
    """`missed` of a recorder without orders."""
    return since


class CameraRecorder(threading.Thread):
    """Records one camera until `stop`. `password`: read anew for each attempt; `free`: bytes of the
    disk, free; `plan`: when it records; `missed`: when it would have.
    """

    def __init__(
        self,
        camera: CameraSettings,
        settings: RecorderSettings,
        index: Index,
        password: Callable[[], str],
        clock: Clock | None = None,
        free: Callable[[Path], tuple[int, int]] | None = None,
        plan: Plan = always,
        missed: Missed = since_then,
    ) -> None:
        super().__init__(name=f"camera-{camera.code}", daemon=True)
        self.camera = camera
        self._media = Path(settings.media)
        self._index = index
        self._password = password
        self._free = free or disk_space
        self._plan = plan
        self._missed = missed
        self._clock: Clock = clock or SystemClock()
        self._leaving = threading.Event()
        self._lock = threading.Lock()
        self._hands = threading.Lock()
        """Held while a packet is written."""
        self._facts = Facts()
        self._gap = CameraGap(camera.code, index, self._facts, self._clock)
        self._copier = Copier(camera.code, settings, index, self._facts, self._clock, self._found)
        self._looked = 0.0
        self._pictured: float | None = None
        """When the last picture was kept (monotonic)."""
        self._refused = 0
        self._used = ""
        self._clock_refused, self._clock_after = 0, 0.0
        """How often in a row it refused to tell its time, and until when it is not asked (monotonic)."""
        self._proven: str | None = None
        """The password last used, and the one with which pictures came."""
        self._rest = AtRest(camera, self._uri, self._secret, self._clock.monotonic)
        self.status = CameraStatus(
            camera=camera.code,
            name=camera.name,
            room=camera.room,
            state="connecting",
            since=self._clock.now(),
            cause=self._gap.current.cause if self._gap.current else "",
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
        self._close(ended)
        self._lose(ended.cause, ended.detail)
        try:
            self._facts.settle()
        except Ended as error:
            log.error("camera %s: %d facts could not be kept: %s", self.camera.code, len(self._facts), error)

    def run(self) -> None:
        """The thread."""
        self._begin()
        try_cached = True
        while not self._leaving.is_set():
            try:
                self._facts.settle()
                self._look()
                self._record(self._uri(try_cached))
                ended = Ended("network", "the stream ended")
            except Ended as error:
                ended = error
            except Refused as error:
                self._refused += 1
                ended = Ended(
                    "camera", error.code, wait=wait_refused(self._refused, self._used == self._proven)
                )
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
            had_pictures = self._close(ended)
            try_cached = had_pictures or not try_cached
            self._lose(ended.cause, ended.detail)
            if ended.cause == "resting" and (told := self._rest.look()):
                with self._lock:
                    self.status.unready, self.status.refused = told
            self._leaving.wait(ended.wait)
        self.finish()

    def _close(self, ended: Ended) -> bool:
        if self._gap.current is None:
            self._gap.offset = (
                self._copier.offset
            )  # the last picture, and so the gap's beginning, is told by it
        return self._copier.close(ended)

    def _begin(self) -> None:
        """What lies between the last picture and this start: the recorder did not run."""
        now = self._clock.now()
        self._gap.begin_anew(now)
        gap = self._gap.current
        if gap is None:
            if self._copier.end:
                self._lose("stopped", "the recorder did not run")
        elif gap.cause == "resting":
            # It was killed while the camera rested: had it run, from when on would it have recorded?
            at = self._missed(self.camera, gap.start, now)
            if at and at < now:
                self._gap.open("stopped", "the recorder did not run", None, at)
        elif (alive := self._index.newest_end()) and gap.start < alive < now:
            # It was killed while this camera was away: what it recorded of the others says when.
            self._gap.open("stopped", "the recorder did not run", None, alive)

    def _secret(self) -> str:
        self._used = self._password()
        return self._used

    def _uri(self, try_cached: bool) -> str:
        """The stream's address without credentials: the one known, else asked by ONVIF."""
        address = self.camera.address
        if address.startswith("rtsp://"):
            return address
        # Another profile is another question: the address of the one before is no answer to it.
        asked_for = f"{address} {self.camera.profile}".strip()
        known = self._index.stream(self.camera.code, asked_for)
        if known and try_cached:
            return known
        asked = OnvifCamera(address, self.camera.user, self._secret())
        profile = self.camera.profile
        uri = asked.stream_uri(profile) if profile else asked.chosen(asked.profiles(), "").uri
        # Its time was asked for first; a camera that tells none is recorded all the same.
        self.status.clock_offset_s, self.status.clock_unknown = asked.clock_offset, asked.clock_offset is None
        self._facts.add(self._index.keep_stream, self.camera.code, asked_for, uri, self._clock.now())
        self._facts.settle()
        return uri

    def read_clock(self, at_once: bool = False) -> None:
        """Compare the camera's clock with ours (called from another thread now and then). `at_once`: somebody has just
        looked at it: it may refuse no longer, and one that rests may have been set right.
        """
        asked_now = self.status.state == "recording" or (at_once and self.status.state == "resting")
        if self.camera.address.startswith("rtsp://") or not asked_now:
            return
        if not at_once and self._clock.monotonic() < self._clock_after:
            return
        # With its password: a camera that tells its time to nobody else is not asked with an empty one.
        asked = PlainCamera(self.camera.address, self.camera.user, self._password())
        try:
            self.status.clock_offset_s, self.status.clock_unknown = asked.read_clock(), False
            self._clock_refused = 0
        except ExamError as error:
            self.status.clock_offset_s, self.status.clock_unknown = None, True
            if isinstance(error, Refused):
                self._clock_refused += 1
                self._clock_after = self._clock.monotonic() + CLOCK_REFUSED * 2 ** min(self._clock_refused, 6)
            raise

    def _record(self, uri: str) -> None:
        """Copy one connection's packets until it ends or the recorder stops."""
        container = open_stream(with_credentials(uri, self.camera.user, self._secret()), uri)
        try:
            copier = self._copier
            mine = {stream.index for stream in copier.begin(container)}
            early: list[tuple[Any, float]] | None = []
            without: float | None = None  # since when nothing but other streams comes
            # All streams: a time-out begins anew with each packet read, also of those nobody asked for.
            for packet in container.demux():
                now = self._clock.monotonic()
                if self._leaving.is_set():
                    return
                without = None if copier.is_picture(packet) else without or now
                if without and now - without > STALL:
                    raise Ended("camera", "no picture comes, while other streams go on")
                if not packet.size or packet.stream_index not in mine:
                    continue
                if early is None:
                    self._packets([(packet, now)])
                    continue
                early.append((packet, now))
                pictures = [(held, arrived) for held, arrived in early if not copier.is_sound(held)]
                # Sound may come at once, and the picture with the next key frame: STALL is how long it may take.
                if not pictures or now - pictures[0][1] < SETTLE:
                    continue
                stamp_early([held for held, _ in pictures])
                for held, arrived in pictures:
                    copier.arrival.see(copier.seconds(held), arrived)
                self._packets(early)
                early = None
                give_back()
        except FFmpegError as error:
            raise stream_fault(error, uri) from None
        finally:
            container.close()

    def _packets(self, came: list[tuple[Any, float]]) -> None:
        """Write packets with the moments they came at."""
        with self._hands:
            if self._leaving.is_set():
                return
            pictures = False
            for packet, now in came:
                if self._copier.is_sound(packet):
                    self._copier.sound(packet)
                else:
                    self._copier.picture(packet, now)
                    pictures = True
        if pictures and self._copier.running:
            self._pictured = came[-1][1]
        if came[-1][1] - self._looked >= LOOK_EVERY:
            self._look()

    def _lose(self, cause: Cause, detail: str) -> None:
        """Nothing is being recorded: say so once per cause, as a fact and in the log."""
        now = self._clock.now()
        state = (
            "resting" if cause == "resting" else "stopped" if cause in ("stopped", "disk") else "connecting"
        )
        with self._lock:
            if self.status.state != state or self.status.cause != cause:
                self.status.since = now
            self.status.state, self.status.cause = state, cause  # type: ignore[assignment]
            # What is known of it at rest stands until it is asked again.
            self.status.refused = detail in REFUSED or (cause == "resting" and self.status.refused)
            self.status.unready = self.status.unready if cause == "resting" else ""
        self._gap.open(cause, detail, self._copier.end)

    def _found(self, start: datetime) -> None:
        """Recording (again) from `start` on."""
        self._refused, self._proven = 0, self._used
        with self._lock:
            if self.status.state != "recording":
                self.status.since = start
            self.status.state, self.status.cause = "recording", ""
            self.status.refused, self.status.unready = False, ""
            copier = self._copier
            self.status.codec, self.status.width, self.status.height = (
                copier.codec,
                copier.width,
                copier.height,
            )
        if self._gap.close(start):
            self._facts.settle()

    def _look(self) -> None:
        """Raises Ended while the camera rests by its plan, and while there is no room on the disk."""
        self._looked = self._clock.monotonic()
        if not self._plan(self.camera, self._clock.now()):
            raise Ended("resting", "by plan")
        total, free = self._free(self._media)
        if free < min(RESERVE, total // 50):
            raise Ended("disk", f"{free} bytes free")

    def snapshot(self) -> tuple[CameraStatus, datetime | None, int]:
        """Status, and of the segment being written its start and bytes."""
        with self._lock:
            status = msgspec.structs.replace(self.status, sound=self._copier.heard)
        if self._pictured is not None:
            ago = timedelta(seconds=self._clock.monotonic() - self._pictured)
            status.last_frame_at = self._clock.now() - ago
        frames = list(self._copier.frames)
        if len(frames) > 1 and frames[-1] > frames[0]:
            status.fps = round((len(frames) - 1) / (frames[-1] - frames[0]), 1)
        running = self._copier.running
        if running is None:
            return status, None, 0
        return status, running.start(), running.writer.file.size


def give_back() -> None:
    """Memory that the opening of a stream needed (a decoder's pictures, to see what it carries) goes back to the
    system: glibc keeps several megabytes of each camera otherwise.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)


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
