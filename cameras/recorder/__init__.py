"""exam-recorder: every camera of the site to files, in one process, whatever the other processes do."""

import asyncio
import contextlib
import logging
import re
import signal
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance.base import sockets
from appliance.base.errors import Corrupt, ExamError, NotFound
from appliance.base.i18n import N_
from appliance.base.notify import supervised
from appliance.base.settings import CameraSettings, Settings
from appliance.wire.recorder import CameraStatus, GetStatus, Status
from cameras.index import Index
from cameras.recorder.camera import CameraRecorder, disk_space
from cameras.recorder.reconcile import reconcile

log = logging.getLogger("examsite.recorder")

CLOCK_EVERY = 600.0
STOP = 2.0
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def password_of(camera: CameraSettings) -> str:
    """The camera's password from its file; empty when none is named."""
    if not camera.password_file:
        return ""
    try:
        return Path(camera.password_file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(
            "no_camera_password",
            N_("The password file of camera {camera} cannot be read: {path}"),
            N_("Write the password into that file and let only exam-recorder read it."),
            camera=camera.code,
            path=camera.password_file,
        ) from error


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

    def start(self) -> None:
        """Open the index, put it right, start a thread per camera."""
        self.index = Index(self.media)
        reconcile(self.media, self.index, datetime.now(UTC))
        for camera in self.settings.cameras:
            password = partial(password_of, camera)
            recorder = CameraRecorder(camera, self.settings.recorder, self.index, password)
            self.cameras.append(recorder)
            recorder.start()

    def stop(self) -> None:
        """Close every segment, also of cameras that hang."""
        for camera in self.cameras:
            camera.stop()
        deadline = time.monotonic() + STOP
        for camera in self.cameras:
            camera.join(max(0.0, deadline - time.monotonic()))
        for camera in self.cameras:
            if camera.is_alive():
                camera.finish()
        if self.index:
            self.index.close()

    def healthy(self) -> bool:
        """Every camera's thread lives."""
        return all(camera.is_alive() for camera in self.cameras)

    def status(self) -> Status:
        """How every camera is, and the disk."""
        now = datetime.now(UTC)
        zone = ZoneInfo(self.settings.site.timezone)
        midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
        total, free = disk_space(self.media)
        return Status(
            now=now,
            cameras=[self._status(camera, midnight) for camera in self.cameras],
            disk_total=total,
            disk_free=free,
            media=str(self.media),
        )

    def _status(self, camera: CameraRecorder, midnight: datetime) -> CameraStatus:
        assert self.index
        status, start, size = camera.snapshot()
        done, seconds = self.index.sums(camera.camera.code, midnight)
        status.bytes_today = done + size
        going = (status.last_frame_at - start).total_seconds() if start and status.last_frame_at else 0.0
        status.recorded_s = round(seconds + max(0.0, going), 1)
        return status

    async def watch_clocks(self) -> None:
        """Compare the cameras' clocks with ours now and then."""
        while True:
            await asyncio.sleep(CLOCK_EVERY)
            for camera in self.cameras:
                try:
                    await asyncio.to_thread(camera.read_clock)
                except ExamError as error:
                    log.info("camera %s: clock not read: %s", camera.camera.code, error)


async def main(settings: Settings) -> None:
    """`examsite run recorder`: until SIGTERM."""
    recorder = Recorder(settings)
    await asyncio.to_thread(recorder.start)

    async def status(_asked: GetStatus) -> Status:
        return await asyncio.to_thread(recorder.status)

    server = await sockets.serve(settings.socket("recorder"), {GetStatus: status})
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    clocks = asyncio.create_task(recorder.watch_clocks())
    try:
        async with supervised(recorder.healthy):
            await ending.wait()
    finally:
        clocks.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await clocks
        server.close()
        await asyncio.to_thread(recorder.stop)
