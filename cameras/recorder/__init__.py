"""exam-recorder: every camera of the site to files, in one process, whatever the other processes do."""

import asyncio
import logging
import os
import re
import signal
import sqlite3
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance.base import sockets
from appliance.base.errors import Corrupt, ExamError
from appliance.base.i18n import N_
from appliance.base.notify import supervised
from appliance.base.settings import CameraSettings, Settings
from appliance.wire.live import GetKeys
from appliance.wire.recorder import CameraStatus, GetStatus, Status
from cameras.camera_password import password_of
from cameras.index import Index, behind
from cameras.index.rebuild import file_held, readable
from cameras.live.second import SecondStreams
from cameras.own_disk import require_own_disk
from cameras.recorder.alarms import AlarmRows
from cameras.recorder.alone import only_one
from cameras.recorder.camera import CameraRecorder, disk_space
from cameras.recorder.duty import Duty
from cameras.recorder.reconcile import complete, reconcile
from cameras.recorder.telling import Telling
from cameras.set_up import SetUp

log = logging.getLogger("examsite.recorder")

CHANGED = ("missing", "adopted", "unknown_file", "row_added", "seals_lost", "restored", "unreadable")
"""Findings that no crash explains (a row is durable before its line is in the chain's file), or that stay until
somebody sees to the disk,"""
SHOWN = timedelta(days=7)
"""and for how long they are shown: whoever starts the recorder again does not take them away."""

CLOCK_FIRST, CLOCK_EVERY = 20.0, 600.0
"""Seconds from the start to the first look at the cameras' clocks, and from one to the next."""
FOLLOW_EVERY = 60.0
HELD_AGAIN = 600.0
"""Seconds until lines are tried again of a chain that could not be read."""
PAUSE = 0.05
"""Seconds between two steps of what is done beside the recording."""
STOP, CARD_STOP = 2.0, 1.0
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class Recorder:
    """All cameras of a site. `start`, then `status` at any time, then `stop`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.media = Path(settings.recorder.media)
        for camera in settings.cameras:
            if not CODE.fullmatch(camera.code):
                raise Corrupt(
                    "bad_camera_code",
                    N_("{camera} cannot be a camera's code: letters, digits, _ and - only."),
                    camera=camera.code,
                )
        self.index: Index | None = None
        self.cameras: list[CameraRecorder] = []
        self._following = threading.Lock()
        self._ending = threading.Event()
        self._completing = threading.Lock()

    def start(self) -> None:
        """Open the index, put it right, start a thread per camera."""
        if self.settings.recorder.own_disk:
            require_own_disk(self.media, self.settings.state)
        self._only = only_one(self.media)
        self.index = self._opened()
        self.duty = Duty(self.settings, self.index)
        self._note_behind()
        for camera in self.settings.cameras:
            self._begin(camera)

    def _opened(self) -> Index:
        """The index, in agreement with the files; one that proves damaged meanwhile is built again from them."""
        index, now = Index(self.media), datetime.now(UTC)
        try:
            reconcile(self.media, index, now)
        except (ExamError, sqlite3.Error):
            if not index.broken:
                raise
            index.close()
            index = Index(self.media)
            reconcile(self.media, index, now)
        return index

    def complete(self) -> None:
        """Beside the recording: what a lost index of many days still lacks, and the chain's files; one that cannot be
        read is tried again until it can, and only then all is gone through once more.
        """
        assert self.index
        index, chain, again = self.index, self.index.chain, True
        with self._completing:
            while again:
                complete(self.media, index, datetime.now(UTC), lambda: self._ending.wait(PAUSE))
                again = False
                while (index.held or index.unread) and not again and not self._ending.wait(HELD_AGAIN):
                    again = self._readable_again(index.unread or ())
                    file_held(index, chain, lambda: self._ending.wait(PAUSE))

    def _readable_again(self, unread: Iterable[str]) -> bool:
        """Whether one of these can be read now. A disk that dies takes long for each, and recording needs it too."""
        assert self.index
        for name in unread:
            if self._ending.wait(PAUSE):
                return False
            if readable(self.index.chain, name):
                return True
        return False

    def _note_behind(self) -> None:
        """What stands behind each code from now on; recording does not wait for it, and no card is asked without it."""
        assert self.index
        try:
            behind.follow(self.index, self.settings.cameras, datetime.now(UTC))
        except (ExamError, sqlite3.Error) as error:
            log.error("what stands behind the cameras' codes is not kept: %s", error)

    def _begin(self, camera: CameraSettings) -> None:
        assert self.index
        password = partial(password_of, camera, self.settings)
        recorder = CameraRecorder(
            camera,
            self.settings.recorder,
            self.index,
            password,
            plan=self.duty.wanted,
            missed=self.duty.missed,
        )
        self.cameras.append(recorder)
        recorder.start()

    def follow(self) -> None:
        """Record the cameras as they are kept now: new ones begin, changed ones begin anew, the others go on."""
        with self._following:
            self._note_behind()
            wanted = {one.code: one for one in self.settings.cameras}
            for recorder in list(self.cameras):
                camera = wanted.pop(recorder.camera.code, None)
                if camera and _same_stream(camera, recorder.camera):
                    recorder.camera = camera
                    recorder.status.name, recorder.status.room = camera.name, camera.room
                    continue
                self.cameras.remove(recorder)
                recorder.stop()
                recorder.join(STOP)
                if recorder.is_alive():
                    recorder.finish()
                if camera:
                    wanted[camera.code] = camera
            for camera in wanted.values():
                try:
                    self._begin(camera)
                except Exception:  # the others begin all the same; the next round tries it again
                    log.exception("camera %s does not begin to record", camera.code)

    async def keep_following(self) -> None:
        """Every minute too: a camera that could not begin when it was set up begins later."""
        while True:
            await asyncio.sleep(FOLLOW_EVERY)
            await asyncio.to_thread(self.followed)

    def followed(self) -> None:
        """`follow`, with what went wrong in the log: nobody waits for its answer."""
        try:
            self.follow()
        except Exception:
            log.exception("the cameras as they are kept now could not be followed")

    def stop(self) -> None:
        """Close every segment, also of cameras that hang."""
        self._ending.set()
        for camera in self.cameras:
            camera.stop()
        deadline = time.monotonic() + STOP
        for camera in self.cameras:
            camera.join(max(0.0, deadline - time.monotonic()))
        for camera in self.cameras:
            if camera.is_alive():
                camera.finish()
        if self.index:
            self.duty.seal_all()
            with self._completing:
                self.index.close()
            os.close(self._only)

    def healthy(self) -> bool:
        """Every camera's thread lives, and the index is the file that was opened, and whole."""
        broken = self.index is not None and self.index.broken
        return not (broken or self.duty.unplugged) and all(camera.is_alive() for camera in self.cameras)

    def status(self) -> Status:
        """How every camera is, and the disk."""
        assert self.index
        now = datetime.now(UTC)
        zone = ZoneInfo(self.settings.site.timezone)
        midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
        total, free = disk_space(self.media)
        changed = self.index.found(now - SHOWN, CHANGED)
        running = list(self.cameras)
        return Status(
            now=now,
            cameras=[self._status(one, midnight, changed) for one in running] + self._missing(now),
            disk_total=total,
            disk_free=free,
            media=str(self.media),
        )

    def refused(self, code: str) -> bool:
        """Does this camera refuse the recording its password? Then nobody else tries it."""
        return any(one.camera.code == code and one.status.refused for one in list(self.cameras))

    def _missing(self, now: datetime) -> list[CameraStatus]:
        """Cameras that are kept and that nobody records."""
        begun = {one.camera.code for one in self.cameras}
        return [
            CameraStatus(
                camera=one.code, name=one.name, room=one.room, state="stopped", since=now, cause="stopped"
            )
            for one in self.settings.cameras
            if one.code not in begun
        ]

    def _status(self, camera: CameraRecorder, midnight: datetime, changed: dict[str, int]) -> CameraStatus:
        assert self.index
        status, start, size = camera.snapshot()
        done, seconds = self.index.sums(camera.camera.code, midnight)
        status.bytes_today = done + size
        going = (status.last_frame_at - start).total_seconds() if start and status.last_frame_at else 0.0
        status.changed = changed.get(status.camera, 0)
        status.sealed = self.duty.sealed()
        status.recorded_s = round(seconds + max(0.0, going), 1)
        return status

    async def watch_clocks(self) -> None:
        """Compare the cameras' clocks with ours now and then."""
        wait = CLOCK_FIRST
        while True:
            await asyncio.sleep(wait)
            wait = CLOCK_EVERY
            await asyncio.to_thread(self.read_clocks)

    def read_clocks(self, code: str = "") -> None:
        """Compare the clock of one camera, or of all, with ours."""
        for camera in list(self.cameras):
            if code not in ("", camera.camera.code):
                continue
            try:
                camera.read_clock(at_once=bool(code))
            except ExamError as error:
                log.info("camera %s: clock not read: %s", camera.camera.code, error)


def _same_stream(one: CameraSettings, other: CameraSettings) -> bool:
    """Do both say the same of where the pictures come from?"""
    parts = ("address", "user", "profile", "password_file", "password_sealed")
    return all(getattr(one, part) == getattr(other, part) for part in parts)


async def main(settings: Settings) -> None:
    """`examsite run recorder`: until SIGTERM."""
    # Here, because they write with this package's parts.
    from cameras.card.fill import CardFiller
    from cameras.card.watch import CardWatch
    from cameras.fill import Filler

    recorder = Recorder(settings)
    await asyncio.to_thread(recorder.start)

    loop = asyncio.get_running_loop()
    assert recorder.index
    alarms = AlarmRows(recorder.index)
    set_up = SetUp(
        settings,
        lambda: loop.run_in_executor(None, recorder.followed),
        lambda camera: loop.run_in_executor(None, recorder.read_clocks, camera),
        alarms.of_events,
        recorder.refused,
        recorder.duty.needed,
    )

    async def whole_index() -> None:
        try:
            await asyncio.to_thread(recorder.complete)
        except Exception:  # recording goes on, and the next start goes on with it
            log.exception("the index is not whole yet")

    async def status(_asked: GetStatus) -> Status:
        found = await asyncio.to_thread(recorder.status)
        for camera in found.cameras:
            camera.alarms = set_up.alarms(camera.camera)
            camera.deaf = set_up.deaf(camera.camera)
        return found

    seconds = SecondStreams(
        lambda: settings.cameras, lambda camera: password_of(camera, settings), recorder.refused
    )
    handlers: dict[type, sockets.Handler] = {GetStatus: status, GetKeys: seconds.keys, **set_up.handlers()}
    handlers |= recorder.duty.handlers() | alarms.handlers()
    filler = Filler(settings, recorder.index, lambda made, _by: telling.tell(made.camera))
    telling = Telling(recorder.index, set_up.notes, lambda camera: filler.turns[camera].locked())
    handlers |= filler.handlers()
    cards = CardFiller(
        settings,
        recorder.index,
        lambda one: password_of(one, settings),
        lambda made, _by: telling.tell(made.camera),
        filler,
    )
    handlers |= cards.handlers()
    watch = CardWatch(
        settings,
        recorder.index,
        cards,
        lambda: [one.snapshot()[0] for one in list(recorder.cameras)],
        lambda: recorder.duty.book.current,
    )
    server = await sockets.serve(settings.socket("recorder"), handlers)
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    clocks = asyncio.create_task(recorder.watch_clocks())
    duties = asyncio.create_task(recorder.duty.run())
    following = asyncio.create_task(recorder.keep_following())
    asking = asyncio.create_task(watch.run())
    completing = asyncio.create_task(whole_index())
    noting = asyncio.create_task(telling.run())
    try:
        async with supervised(recorder.healthy):
            await ending.wait()
    finally:
        for task in (clocks, duties, asking, following, completing, noting):
            task.cancel()
        await asyncio.gather(clocks, duties, asking, following, completing, noting, return_exceptions=True)
        server.close()
        seconds.stop()
        await set_up.stop()
        await asyncio.to_thread(cards.stop, CARD_STOP)
        await asyncio.to_thread(recorder.stop)
