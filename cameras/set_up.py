"""What exam-recorder answers to the set-up page and the command line, on the socket it has anyway."""

from collections.abc import Callable
from datetime import UTC, datetime

from appliance.base.camera_settings import CameraSettings
from appliance.base.settings import Settings
from appliance.base.sockets import Handler
from appliance.wire.cameras import (
    CameraAlarm,
    GetJob,
    GetJobStill,
    GetNotes,
    Notes,
    RemoveCamera,
    SaveCamera,
    Saved,
    SaveMarks,
    StartJob,
)
from appliance.wire.fill import Filled
from cameras.camera_password import password_of
from cameras.jobs import Job, Jobs
from cameras.kept import Kept
from cameras.listening import Listener
from cameras.notes import Notebook


class SetUp:
    """Jobs, the kept cameras, and a listener to the events of each. `changed`: so that recording follows.

    Used from the event loop; `stop` ends what it began.
    """

    def __init__(self, settings: Settings, changed: Callable[[], object]) -> None:
        self._settings = settings
        self._changed = changed
        self.notes = Notebook(settings.cameras_file.with_name("notes.db"))
        self.jobs = Jobs(settings, self._job_done)
        self.kept = Kept(settings, self.notes, self._follow)
        self.listeners: dict[str, Listener] = {}
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
        }

    def alarms(self, camera: str) -> list[CameraAlarm]:
        """What this camera itself reports now."""
        found = self.listeners.get(camera)
        return found.alarms if found else []

    async def save(self, order: SaveCamera) -> Saved:
        """SaveCamera."""
        password = order.password
        if password is None and order.job:
            password = self.jobs.job(order.job).asked.password
        self.kept.save(order, password)
        return Saved(camera=order.camera.code)

    async def remove(self, order: RemoveCamera) -> Saved:
        """RemoveCamera."""
        self.kept.remove(order)
        return Saved(camera=order.camera)

    async def mark(self, order: SaveMarks) -> Saved:
        """SaveMarks."""
        self.kept.mark(order)
        return Saved(camera=order.camera)

    async def get_notes(self, asked: GetNotes) -> Notes:
        """GetNotes."""
        return self.notes.after(asked.epoch, asked.after)

    def filled(self, made: Filled, by: str) -> None:
        """Gaps of a camera were filled."""
        seconds = sum((one.end - one.start).total_seconds() for one in made.filled)
        self.notes.add("filled", made.camera, by, datetime.now(UTC), count=round(seconds))

    async def stop(self) -> None:
        """End every job and listener."""
        for one in self.listeners.values():
            one.stop()
        await self.jobs.stop()

    def _job_done(self, job: Job) -> None:
        if job.asked.kind == "reference" and job.state.checks and all(one.ok for one in job.state.checks):
            self.notes.add("reference_taken", job.asked.camera, job.asked.by, datetime.now(UTC))

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
        for code, camera in wanted.items():
            if code not in self.listeners:
                made = Listener(camera, self._password(camera), self.notes)
                self.listeners[code] = made
                made.start()

    def _password(self, camera: CameraSettings) -> Callable[[], str]:
        return lambda: password_of(camera, self._settings)


def _alike(one: CameraSettings, other: CameraSettings) -> bool:
    return (one.address, one.user, one.password_sealed, one.password_file) == (
        other.address,
        other.user,
        other.password_sealed,
        other.password_file,
    )
