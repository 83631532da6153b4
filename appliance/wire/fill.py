"""Filling gaps in the recordings with pictures that lay elsewhere: asked of exam-recorder, the one who writes."""

from datetime import datetime

import msgspec

INCOMING = "incoming.d"
"""Folder of the media disk into which a copy is laid for the recorder."""


class FillGaps(msgspec.Struct, tag="recorder.fill", kw_only=True):
    """Take what is missing out of a film of this camera. `file`: its name in INCOMING; `source`: its name before;
    `start`: when its first picture was taken. Nothing that was recorded is replaced. `by`: `cli:USER`.
    """

    camera: str
    file: str
    source: str
    start: datetime
    by: str


class Stretch(msgspec.Struct, kw_only=True):
    """What was put in."""

    start: datetime
    end: datetime


class Filled(msgspec.Struct, kw_only=True):
    """The answer. `sha256`: of the film it came from; `missing_s`: seconds that were missing within its time."""

    camera: str
    film_start: datetime
    film_end: datetime
    sha256: str
    missing_s: float
    filled: list[Stretch]
