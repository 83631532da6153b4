"""Messages by which the set-up page and the command line ask exam-recorder to find, check, keep and forget cameras.

Looking at a camera takes seconds: it is a job, asked for with StartJob and looked after with GetJob.
"""

from datetime import datetime
from typing import Literal

import msgspec

from appliance.base.camera_settings import CameraSettings, Mark
from appliance.base.i18n import _

JobKind = Literal["discover", "probe", "check", "reference", "clock"]
Step = Literal["begin", "search", "clock", "device", "profiles", "stream", "password", "picture", "done"]
"""What a job is at."""


class StartJob(msgspec.Struct, tag="cameras.start", kw_only=True):
    """Begin to look. `addresses`: HOST[:PORT] to ask as well (discover); `address`, `user`, `password`: of a camera
    that is not kept yet (probe, clock); `camera`: the code of a kept one (check, reference, clock), of a check empty =
    all of them. The password of a probe is kept in memory for SaveCamera, so that nobody sends it twice. `job`: an
    earlier look whose password is used again; `by`: who asks; `language`: of why it failed.
    """

    kind: JobKind
    address: str = ""
    user: str = ""
    password: str = ""
    camera: str = ""
    job: str = ""
    addresses: list[str] = []
    by: str = ""
    language: str = "zh_CN"


class GetJob(msgspec.Struct, tag="cameras.job", kw_only=True):
    """How far is it?"""

    id: str


class FoundCamera(msgspec.Struct, kw_only=True):
    """A camera discovery found."""

    address: str
    name: str = ""
    hardware: str = ""


class Sentence(msgspec.Struct, kw_only=True):
    """A sentence by its message id, translated where it is shown. `params`: its fields; the words of a list are message
    ids too.
    """

    message: str
    params: dict[str, str | list[str]] = {}

    @property
    def text(self) -> str:
        """In the current language."""
        return _(self.message).format(
            **{
                name: value if isinstance(value, str) else _(", ").join(_(word) for word in value)
                for name, value in self.params.items()
            }
        )


def worded(detail: list[Sentence] | str) -> str:
    """Sentences in the current language; text as it is."""
    return detail if isinstance(detail, str) else " ".join(one.text for one in detail)


def in_one_line(model: list[Sentence] | str) -> str:
    """What a camera says it is, in the current language; text (of earlier versions' reports) as it is."""
    return model if isinstance(model, str) else " · ".join(one.text for one in model)


class CheckLine(msgspec.Struct, kw_only=True):
    """One check. `ok` None: not determined. `word`: what is checked (message id); `detail`: what was found.

    In reports of earlier versions both are text in the language of whoever asked.
    """

    code: str
    ok: bool | None
    word: str
    detail: list[Sentence] | str

    @property
    def text(self) -> str:
        """The detail in the current language."""
        return worded(self.detail)


class CheckReport(msgspec.Struct, kw_only=True):
    """What a look at one camera found: its compliance report. `at`: when it was over; `by`: who asked for it."""

    camera: str
    name: str
    room: str
    address: str
    at: datetime
    by: str
    model: list[Sentence] | str = []
    """Maker, model, firmware and serial number. In reports of earlier versions text, as above."""
    checks: list[CheckLine] = []

    @property
    def device(self) -> str:
        """The model in the current language."""
        return in_one_line(self.model)

    @property
    def ok(self) -> bool:
        """Nothing fails."""
        return all(one.ok is not False for one in self.checks)


class JobState(msgspec.Struct, kw_only=True):
    """A job. `share`: 0..1, about; `fault`: why it failed, and what to do."""

    id: str
    kind: JobKind
    address: str = ""
    user: str = ""
    camera: str = ""
    state: Literal["running", "done", "failed"] = "running"
    step: Step = "begin"
    share: float = 0.0
    cameras: list[FoundCamera] = []
    silent: list[str] = []
    model: list[Sentence] = []
    """Maker, model, firmware and serial number."""
    clock_offset_s: float | None = None
    time_server: bool = False
    """The clock that was set follows a time server."""
    clock_was_off: bool = False
    """It was off by more than CLOCK_OFF before, though it followed one: that server is wrong or out of reach."""
    checks: list[CheckLine] = []
    reports: list[CheckReport] = []
    """Of a check of all cameras."""
    has_still: bool = False
    fault: str = ""
    fault_code: str = ""
    fault_next: str = ""

    @property
    def device(self) -> str:
        """The model in the current language."""
        return in_one_line(self.model)


class GetJobStill(msgspec.Struct, tag="cameras.job_still", kw_only=True):
    """The picture a probe, a check or a reference saw."""

    id: str


class Still(msgspec.Struct, kw_only=True):
    """A JPEG."""

    jpeg: bytes


class GetReports(msgspec.Struct, tag="cameras.reports"):
    """Ask for the newest compliance report of each camera."""


class Reports(msgspec.Struct, kw_only=True):
    """In the order of the cameras; a camera nobody has checked has none."""

    reports: list[CheckReport]


class KeepReports(msgspec.Struct, tag="cameras.keep_reports", kw_only=True):
    """Keep what the command line found."""

    reports: list[CheckReport]


class TellDone(msgspec.Struct, tag="cameras.did", kw_only=True):
    """Somebody did this to cameras with the command line: the journal has to know."""

    kind: Literal["reference_taken", "clock_set"]
    cameras: list[str]
    by: str


class SaveCamera(msgspec.Struct, tag="cameras.save", kw_only=True):
    """Keep a camera, new or changed. Its password: `password`, else of the probe `job`, else the one it has.

    `by`: login of whoever does it. Of a camera that is known its marks stay.
    """

    camera: CameraSettings
    by: str
    job: str = ""
    password: str | None = None
    new: bool = False
    """Somebody set up what they take for a camera nobody has yet: its code must not be another one's."""


class RemoveCamera(msgspec.Struct, tag="cameras.remove", kw_only=True):
    """Record it no more. Its recordings stay."""

    camera: str
    by: str


class SaveMarks(msgspec.Struct, tag="cameras.mark", kw_only=True):
    """What a camera sees, in place of what was marked before. `room`: whose seats were marked; `exchanged`: of the
    picture that was marked on (CameraSettings.exchanged); None: as it is kept.
    """

    camera: str
    place: Literal["", "front", "back"]
    marks: list[Mark]
    by: str
    room: str | None = None
    exchanged: float | None = None


class Saved(msgspec.Struct, kw_only=True):
    """It is kept; recording follows without a restart."""

    camera: str


NoteKind = Literal[
    "added",
    "changed",
    "removed",
    "password_set",
    "marked",
    "reference_taken",
    "clock_set",
    "alarm",
    "alarm_over",
    "motion",
    "filled",
    "card_filled",
    "found",
]
CLOCK_OFF = 2.0
"""Seconds a camera's clock may be off."""
CameraAlarm = Literal["tamper", "scene"]
"""What a camera itself reports: its lens is covered, blurred or dazzled; its scene changed all over."""


class Note(msgspec.Struct, kw_only=True):
    """Something about a camera that the journal has to know. `by`: login, `process:recorder` or `cli:USER`.

    `number` counts within `GetNotes.epoch`; `alarm`, `count` (of motions since the last note): of events; of gaps
    filled `count` is in seconds.
    """

    number: int
    at: datetime
    kind: NoteKind
    camera: str
    by: str
    alarm: str = ""
    count: int = 0
    room: str = ""
    seats: str = ""
    place: str = ""
    """Of a camera that was set up, changed or marked: what it looks at from then on."""


class GetNotes(msgspec.Struct, tag="cameras.notes", kw_only=True):
    """Ask for what happened after note `after` of this epoch; of another epoch: for everything."""

    epoch: str = ""
    after: int = 0


class Notes(msgspec.Struct, kw_only=True):
    """At most a hundred, oldest first."""

    epoch: str
    notes: list[Note]


class HoleLine(msgspec.Struct, kw_only=True):
    """What no camera sees, or what is not marked yet (kinds `door` and `unmarked`) or not anew (`exchanged`)."""

    kind: str
    detail: str


class RoomCoverage(msgspec.Struct, kw_only=True):
    """What the cameras see of one room or entrance. `ok` None: nothing is unseen, but not everything is marked."""

    room: str
    name: str
    ok: bool | None
    holes: list[HoleLine] = []
    whole: str = ""
    """What is said when there is no hole."""
