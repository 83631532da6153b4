"""What exam-recorder answers to the set-up page and the command line, on the socket it has anyway."""

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from appliance.base.camera_settings import CameraSettings
from appliance.base.errors import Unavailable
from appliance.base.settings import Settings
from appliance.base.sockets import Handler
from appliance.wire.cameras import (
    CameraAlarm,
    CheckReport,
    GetJob,
    GetJobStill,
    GetNotes,
    GetReports,
    KeepReports,
    Notes,
    RemoveCamera,
    SaveCamera,
    Saved,
    SaveMarks,
    StartJob,
    TellDone,
)
from cameras.address import normal
from cameras.camera_password import password_of
from cameras.jobs import Job, Jobs
from cameras.kept import Kept
from cameras.listening import Listener, TellStanding, nobody
from cameras.notes import Notebook
from cameras.patience import never
from cameras.reports import ReportStore

log = logging.getLogger("examsite.recorder")


class SetUp:
    """Jobs, the kept cameras, and a listener to the events of each. `changed`: so that recording follows; `looked`:
    somebody looked at a kept camera (its code, empty = all) and may have set its clock; `alarms`: told what the cameras
    report; `held`: is the recording of a camera refused? `needed`: does what a camera sees belong to a running sitting?

    Used from the event loop; `stop` ends what it began.
    """

    def __init__(
        self,
        settings: Settings,
        changed: Callable[[], object],
        looked: Callable[[str], object] = lambda _camera: None,
        alarms: TellStanding = nobody,
        held: Callable[[str], bool] = never,
        needed: Callable[[CameraSettings], bool] = lambda _camera: False,
    ) -> None:
        self._held = held
        self._one, self._due = asyncio.Lock(), threading.Event()
        self._alarms = alarms
        self._settings = settings
        self._looked = looked
        self._changed = changed
        self.notes = Notebook(settings.cameras_file.with_name("notes.db"))
        self.jobs = Jobs(settings, self._job_done)
        self.reports = ReportStore(settings)
        self.kept = Kept(settings, self.notes, self._due.set, needed)
        self.listeners: dict[str, Listener] = {}
        for code, _alarm in self.notes.standing():  # whoever listened is gone; what stands is told anew
            self._end(code)
        self._listen()

    def handlers(self) -> dict[type, Handler]:
        """By what is asked."""
        return {
            StartJob: self.jobs.start,
            GetJob: self.jobs.get,
            GetJobStill: self.jobs.still,
            SaveCamera: self.save,
            RemoveCamera: self.remove,
            SaveMarks: self.mark,
            GetNotes: self.get_notes,
            GetReports: self.reports.get,
            KeepReports: self.reports.take,
            TellDone: self.did,
        }

    def alarms(self, camera: str) -> list[CameraAlarm]:
        """What this camera itself reports now."""
        found = self.listeners.get(camera)
        return found.alarms if found else []

    async def save(self, order: SaveCamera) -> Saved:
        """SaveCamera."""
        password = order.password
        job = self.jobs.job(order.job) if order.job else None
        looked = job is not None and job.asked.address == normal(order.camera.address)
        if password is None and job and looked:
            password = job.asked.password
        await self._keep(lambda: self.kept.save(order, password))
        if job and looked and job.state.kind == "probe" and job.state.state == "done":
            camera, state = order.camera, job.state
            self.reports.keep(
                CheckReport(
                    camera=camera.code,
                    name=camera.name,
                    room=camera.room,
                    address=camera.address,
                    model=state.model,
                    at=datetime.now(UTC),
                    by=order.by,
                    checks=state.checks,
                )
            )
        return Saved(camera=order.camera.code)

    async def _keep(self, work: Callable[[], None]) -> None:
        """One change at a time, in a thread: the disk may take its time, and the event loop feeds the watchdog."""
        async with self._one:
            try:
                await asyncio.to_thread(work)
            finally:
                if self._due.is_set():
                    self._due.clear()
                    self._follow()

    async def remove(self, order: RemoveCamera) -> Saved:
        """RemoveCamera."""
        await self._keep(lambda: self.kept.remove(order))
        return Saved(camera=order.camera)

    async def mark(self, order: SaveMarks) -> Saved:
        """SaveMarks."""
        await self._keep(lambda: self.kept.mark(order))
        return Saved(camera=order.camera)

    async def did(self, told: TellDone) -> Saved:
        """TellDone."""
        for camera in told.cameras:
            self.notes.add(told.kind, camera, told.by, datetime.now(UTC))
        if told.kind == "clock_set":
            self._looked("")
        return Saved(camera="")

    async def get_notes(self, asked: GetNotes) -> Notes:
        """GetNotes."""
        return await asyncio.to_thread(self.notes.after, asked.epoch, asked.after)

    async def stop(self) -> None:
        """End every job and listener."""
        for one in self.listeners.values():
            one.stop()
        await self.jobs.stop()

    def _job_done(self, job: Job) -> None:
        for report in job.state.reports if job.state.state == "done" else []:
            self.reports.keep(report)
        asked = job.asked
        if asked.kind == "check" or (asked.kind == "clock" and asked.camera):
            self._looked(asked.camera)
        if asked.kind == "clock" and asked.camera and job.state.state == "done":
            self.notes.add("clock_set", asked.camera, asked.by, datetime.now(UTC))
        if asked.kind == "reference" and job.state.checks and all(one.ok for one in job.state.checks):
            self.notes.add("reference_taken", asked.camera, asked.by, datetime.now(UTC))

    def _follow(self) -> None:
        self._listen()
        self._changed()

    def _listen(self) -> None:
        """A listener for every camera that has ONVIF, and none for any other."""
        wanted = {one.code: one for one in self._settings.cameras if "://" not in one.address}
        for code, listener in list(self.listeners.items()):
            if code not in wanted or not _alike(listener.camera, wanted[code]):
                listener.stop()
                del self.listeners[code]
                self._end(code)  # nobody listens any more
        for code, camera in wanted.items():
            if code not in self.listeners:
                made = Listener(camera, self._password(camera), self.notes, self._alarms, self._held)
                self.listeners[code] = made
                made.start()

    def _end(self, code: str) -> None:
        """What this camera reported is over as far as anybody knows."""
        self._alarms(code, [], datetime.now(UTC))
        try:
            for camera, alarm in self.notes.standing():
                if camera == code:
                    self.notes.add("alarm_over", code, "process:recorder", datetime.now(UTC), alarm)
        except Unavailable as error:  # recording begins all the same
            log.error("camera %s: the end of its alarms is not noted: %s", code, error)

    def deaf(self, camera: str) -> bool:
        """Are its events wanted, and do not come?"""
        found = self.listeners.get(camera)
        return found is not None and found.deaf

    def _password(self, camera: CameraSettings) -> Callable[[], str]:
        return lambda: password_of(camera, self._settings)


def _alike(one: CameraSettings, other: CameraSettings) -> bool:
    return (one.address, one.user, one.password_sealed, one.password_file) == (
        other.address,
        other.user,
        other.password_sealed,
        other.password_file,
    )
