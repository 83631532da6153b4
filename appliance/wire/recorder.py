"""Messages between the recorder, the clip server and whoever asks them (UNIX sockets)."""

from datetime import datetime
from typing import Literal

import msgspec

Cause = Literal["network", "camera", "disk", "stopped", ""]


class GetStatus(msgspec.Struct, tag="recorder.status"):
    """Ask exam-recorder how it is."""


class CameraStatus(msgspec.Struct, kw_only=True):
    """One camera: recording or not, since when and why not."""

    camera: str
    name: str
    room: str
    state: Literal["recording", "connecting", "stopped"]
    since: datetime
    cause: Cause = ""
    last_frame_at: datetime | None = None
    width: int = 0
    height: int = 0
    fps: float = 0.0
    codec: str = ""
    clock_offset_s: float | None = None
    bytes_today: int = 0
    recorded_s: float = 0.0
    """Seconds recorded since the start of the local day."""


class Status(msgspec.Struct, kw_only=True):
    """The recorder's answer. Bytes of the media disk."""

    now: datetime
    cameras: list[CameraStatus]
    disk_total: int
    disk_free: int
    media: str


class FindClips(msgspec.Struct, tag="clips.find", kw_only=True):
    """Ask exam-clips what exists of `cameras` (empty = all) between two times."""

    cameras: list[str]
    start: datetime
    end: datetime


class Clip(msgspec.Struct, kw_only=True):
    """A stretch of unbroken recording."""

    camera: str
    start: datetime
    end: datetime
    bytes: int


class Gap(msgspec.Struct, kw_only=True):
    """A stretch with nothing on record, and why."""

    camera: str
    start: datetime
    end: datetime
    cause: Cause


class Found(msgspec.Struct, kw_only=True):
    """The answer to FindClips."""

    clips: list[Clip]
    gaps: list[Gap]


class GetClip(msgspec.Struct, tag="clips.get", kw_only=True):
    """Ask exam-clips for one MP4 (stream copy, cut at key frames) that covers start..end; bytes follow the reply."""

    camera: str
    start: datetime
    end: datetime


class ClipHead(msgspec.Struct, kw_only=True):
    """What the MP4 that follows truly covers; total bytes."""

    camera: str
    start: datetime
    end: datetime
    bytes: int


class GetStill(msgspec.Struct, tag="clips.still", kw_only=True):
    """Ask exam-clips for the newest key frame of a camera as JPEG, at most `width` pixels wide; bytes follow."""

    camera: str
    width: int = 480


class StillHead(msgspec.Struct, kw_only=True):
    """The JPEG that follows: when it was taken, its size in pixels, its bytes. Pages show `at`: it may be old."""

    camera: str
    at: datetime
    width: int
    height: int
    bytes: int
