"""Messages between the recorder, the clip server and whoever asks them (UNIX sockets)."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from appliance.wire.cameras import CameraAlarm
from appliance.wire.seals import SealedHead

Cause = Literal["network", "camera", "disk", "stopped", "resting", "clock", ""]
"""Why there is no picture. resting: by plan (cameras/plan.py); clock: the box's clock was set ahead, no picture carries
these times.
"""


class GetStatus(msgspec.Struct, tag="recorder.status"):
    """Ask exam-recorder how it is."""


PictureFault = Literal["black", "frozen", "blurred", "moved"]
"""What can be wrong with a camera's picture; blurred and moved: against its reference still."""


ScreenCode = Literal["", "ok", "late", "other", "unknown", "missing"]
"""The code on the screen in a camera's view: not looked for, right, of an earlier minute, of another screen, none of
this site's, none to be read (appliance/rules/screen_code.py).
"""


class CameraStatus(msgspec.Struct, kw_only=True):
    """One camera: recording or not, since when and why not."""

    camera: str
    name: str
    room: str
    state: Literal["recording", "connecting", "stopped", "resting"]
    since: datetime
    cause: Cause = ""
    refused: bool = False
    """It refuses user or password; asked again ever more rarely, so that it does not lock itself."""
    unready: Cause = ""
    """Why a camera that rests by its plan would not record if it had to: it is asked now and then. Empty: it would."""
    last_frame_at: datetime | None = None
    width: int = 0
    height: int = 0
    fps: float = 0.0
    codec: str = ""
    sound: str = ""
    """Codec of its sound (FFmpeg's name); empty: it sends none; with `-` before it: it is not kept."""
    changed: int = 0
    """Files of its recordings that the recorder found gone, or written by somebody else, in the last days."""
    sealed: bool = True
    """False: its recordings are chained, and nobody signs the chain, or not for hours."""
    clock_offset_s: float | None = None
    clock_unknown: bool = False
    """It was asked for its time and did not tell it."""
    bytes_today: int = 0
    recorded_s: float = 0.0
    """Seconds recorded since the start of the local day."""
    picture_faults: list[PictureFault] = []
    """Filled in by exam-web from what exam-clips sees."""
    reference_lost: bool = False
    """Its reference still was altered, or was taken and is not there. Filled in by exam-web."""
    alarms: list[CameraAlarm] = []
    """What the camera itself reports."""
    deaf: bool = False
    """It offers events, and none can be heard: nobody would know of its being covered but by its picture."""
    screen_code: ScreenCode = ""
    """Filled in by exam-web from what exam-clips reads."""


class Status(msgspec.Struct, kw_only=True):
    """The recorder's answer. Bytes of the media disk."""

    now: datetime
    cameras: list[CameraStatus]
    disk_total: int
    disk_free: int
    media: str


AlarmKind = Literal["tamper", "scene", "black", "frozen", "blurred", "moved", "code"]
"""What was wrong with a camera that recorded: it reported so itself, its picture was so, or the code of the screen in
its view was not to be seen.
"""
Watcher = Literal["events", "picture", "screen"]
"""Who found it: the camera, exam-clips' look at the picture, exam-web's look at the screens' codes."""


class TellAlarms(msgspec.Struct, tag="recorder.alarms", kw_only=True):
    """Tell exam-recorder what stands at this camera by this watcher at `at`; what he told before and is not among
    `kinds` is over. Told twice, or after one that got lost, it comes to the same.
    """

    camera: str
    by: Watcher
    kinds: list[AlarmKind]
    at: datetime


class AlarmsKept(msgspec.Struct):
    """`kept`: they are in the recorder's index; False: its disk did not take them, tell them again."""

    kept: bool = True


class AlarmSpan(msgspec.Struct, kw_only=True):
    """From when to when something was wrong with a camera; `end` None: it stands."""

    camera: str
    kind: AlarmKind
    start: datetime
    end: datetime | None


class GetPictures(msgspec.Struct, tag="clips.pictures"):
    """Ask exam-clips what its own looks at the cameras' pictures found, one key frame a minute each."""


class PictureStatus(msgspec.Struct, kw_only=True):
    """The last look at one camera; `at`: when its picture was taken. Faults that two looks in a row found."""

    camera: str
    at: datetime
    faults: list[PictureFault]
    screen_numbers: list[int] = []
    """What the screens in its view show; empty when none was read, or none is looked for."""


Reference = Literal["kept", "none", "altered"]
"""A camera's reference still: as it was kept, not there, or altered or unreadable. Without it blurred and moved are not
looked for.
"""


class Pictures(msgspec.Struct, kw_only=True):
    """The answer to GetPictures: cameras that have been looked at in the last minutes, and the reference still of every
    camera by its code, also of those that rest.
    """

    cameras: list[PictureStatus]
    references: dict[str, Reference] = {}


class FindClips(msgspec.Struct, tag="clips.find", kw_only=True):
    """Ask exam-clips what exists of `cameras` (empty = all) between two times."""

    cameras: list[str]
    start: datetime
    end: datetime


Origin = Literal["", "copy", "card"]
"""Where pictures come from that were put into a gap later: a film somebody brought, or the camera's own card."""


class Clip(msgspec.Struct, kw_only=True):
    """A stretch of unbroken recording. `filled`: put into a gap later, it was not recorded here. `run`: the connection
    it was recorded in, for GetClip.
    """

    camera: str
    start: datetime
    end: datetime
    bytes: int
    filled: bool = False
    origin: Origin = ""
    run: str = ""


class Gap(msgspec.Struct, kw_only=True):
    """A stretch with nothing on record, and why. `filled`: pictures from elsewhere were put there later."""

    camera: str
    start: datetime
    end: datetime
    cause: Cause
    filled: bool = False
    origin: Origin = ""


class Found(msgspec.Struct, kw_only=True):
    """The answer to FindClips. `alarms`: those that touch these times."""

    clips: list[Clip]
    gaps: list[Gap]
    alarms: list[AlarmSpan] = []


class GetClip(msgspec.Struct, tag="clips.get", kw_only=True):
    """Ask exam-clips for one MP4 (stream copy, cut at key frames) that covers start..end; bytes follow the reply.

    `proof`: the files it is cut from are hashed again and held against the chain, with `heads`, seals the journal
    knows; a signed proof lies at its end (`ClipProof`).
    `offset`: bytes left out at the front of what follows; the head tells of the whole clip. `run`: of this connection
    alone; empty = the first that has pictures of then.
    """

    camera: str
    start: datetime
    end: datetime
    proof: bool = False
    heads: list[SealedHead] = []
    offset: Annotated[int, msgspec.Meta(ge=0)] = 0
    run: str = ""


class ClipHead(msgspec.Struct, kw_only=True):
    """What the MP4 that follows truly covers; total bytes, and their SHA-256 (hex) when it carries a proof."""

    camera: str
    start: datetime
    end: datetime
    bytes: int
    sha256: str = ""


Check = Literal["whole", "altered", "row_altered", "missing", "unreadable", "open", "elsewhere", "deleted"]
"""A file read again just now: as it was recorded, not so, as the index says but not as the chain does, not there, the
disk does not give it, or not its place in the chain; open = still being written, no hash yet; elsewhere = it has moved
to a place that is not read for this (an off-line disk, object storage); deleted = by order, after its date."""
Kept = Literal["open", "closed", "recovered", "adopted", "missing", "filled"]
"""How a file came into the index. recovered: ended by a crash, hashed at the restart; adopted: the index had lost
it, hashed when it was found again; filled: put into a gap later out of a camera's card or a copy, hashed when it was
taken. For these the hash proves nothing about the time before."""


class CameraSpan(msgspec.Struct, kw_only=True):
    """One camera between two times."""

    camera: str
    start: datetime
    end: datetime


class VerifySpans(msgspec.Struct, tag="clips.verify", kw_only=True):
    """Ask exam-clips to read every file of these spans again and hold it against the hash of its recording.

    The reply is SpanHead; a frame with one CheckedFile (MessagePack) follows for each file. `heads`: seals the journal
    knows, to be held against the chain's files.
    """

    spans: list[CameraSpan]
    heads: list[SealedHead] = []


class SpanHead(msgspec.Struct, kw_only=True):
    """How much is going to be read. Of the heads asked about `broken`: those the chain does not have; `unread`: so many
    of which nobody knows, for the disk does not give the chain's file.
    """

    files: int
    bytes: int
    broken: list[SealedHead] = []
    unread: int = 0


class CheckedFile(msgspec.Struct, kw_only=True):
    """One file of the store, read again. `path` is relative to the media folder; `end` None: being written. `sealed`:
    in a clip's proof, when exam-recorder signed the link of this recording or one after it; None: not yet.
    """

    camera: str
    path: str
    start: datetime
    end: datetime | None
    bytes: int
    sha256: str
    state: Kept
    found: Check
    sealed: datetime | msgspec.UnsetType | None = msgspec.UNSET
    """Unset: not asked. Clips given out by earlier versions do not say."""


class Sealing(msgspec.Struct, kw_only=True):
    """Of recordings that were given out: how many there are, how many of them were as recorded and no seal of
    exam-recorder lay over them yet, how many were still being written, and the newest seal over the others.
    """

    sources: int
    unsealed: int
    open: int = 0
    newest: datetime | None = None


class ClipProof(msgspec.Struct, kw_only=True):
    """What exam-clips signs about a clip. `film`: SHA-256 (hex) of the first `film_bytes` bytes of its file.

    Times are UTC: asked_* as it was asked for, start and end as the film covers it; `zone` is the site's, in which
    its pages and the picture itself show them. `sources`: the files of the
    store it was cut from, with the hash of their recording and what they were found to be when it was cut.
    """

    form: Literal["examsite-clip 1"] = "examsite-clip 1"
    site: str
    site_name: str
    mark: str
    """DEMO on demo sites."""
    zone: str = "UTC"
    camera: str
    camera_name: str
    asked_start: datetime
    asked_end: datetime
    start: datetime
    end: datetime
    film: str
    film_bytes: int
    sources: list[CheckedFile]
    made_at: datetime


class SignedProof(msgspec.Struct, kw_only=True):
    """`body`: the JSON of a ClipProof exactly as it was signed (Ed25519 over its UTF-8 bytes, hex).

    `certificate`: of the process `clips`, X.509 DER in Base64, issued by the site authority.
    """

    body: str
    signature: str
    certificate: str


class GetStill(msgspec.Struct, tag="clips.still", kw_only=True):
    """Ask exam-clips for the newest key frame of a camera as JPEG, at most `width` pixels wide; bytes follow.
    `or_reference`: its reference still where nothing was recorded in the last minutes (for marking what it sees);
    never an older picture, and none of before `since` (seconds since 1970), when it was another camera or room.
    """

    camera: str
    width: int = 480
    or_reference: bool = False
    since: float = 0.0


class StillHead(msgspec.Struct, kw_only=True):
    """The JPEG that follows: when it was taken, its size in pixels, its bytes. Pages show `at`: it may be old."""

    camera: str
    at: datetime
    width: int
    height: int
    bytes: int
    reference: bool = False
    """It is the reference still."""
