"""Live view: key frames of the cameras' second streams from the recorder, pictures from the clip server."""

from datetime import datetime
from typing import Literal

import msgspec

LiveFault = Literal["no_second", "silent", "password"]
"""No smaller stream; it does not come; user or password refused."""


class GetKeys(msgspec.Struct, tag="recorder.keys", kw_only=True):
    """Ask exam-recorder for key frames of second streams; asking keeps the streams open for some seconds.

    `have`: number of the newest key frame the asker has, by camera.
    """

    cameras: list[str]
    have: dict[str, int] = {}


class KeyFrame(msgspec.Struct, kw_only=True):
    """One key frame as the camera sent it. `number`: counts up within one recorder process."""

    camera: str
    number: int
    at: datetime
    codec: str
    extradata: bytes
    packet: bytes


class Keys(msgspec.Struct, kw_only=True):
    """The newest key frames the asker does not have, and why some cameras give none."""

    frames: list[KeyFrame]
    faults: dict[str, LiveFault]


class GetLive(msgspec.Struct, tag="clips.live", kw_only=True):
    """Ask exam-clips for living pictures of cameras. LiveHead answers; LivePictures (MessagePack) follow, frame by
    frame, until the asker goes away or `LONGEST` is over.
    """

    cameras: list[str]


class LiveHead(msgspec.Struct, kw_only=True):
    """The cameras there are, of those asked for."""

    cameras: list[str]


class LivePicture(msgspec.Struct, kw_only=True):
    """One picture (JPEG). `second`: of the second stream, else a still from the recording."""

    camera: str
    at: datetime
    jpeg: bytes
    second: bool = True
