"""Filling gaps in the recordings with pictures that lay elsewhere: asked of exam-recorder, the one who writes."""

from datetime import datetime

import msgspec

INCOMING = "incoming.d"
"""Folder of the media disk into which a copy is laid for the recorder, who takes it away again."""


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


class FillFromCard(msgspec.Struct, tag="recorder.fill_from_card", kw_only=True):
    """Ask the camera itself for what is missing between two times (None: the last days), by ONVIF Profile G.

    `recording`: token on its card, where it holds those of several sources; `clock_offset`: seconds its clock was ahead
    of ours then, where that is known better; `by`: `cli:USER` or `account:LOGIN`.
    """

    camera: str
    by: str
    start: datetime | None = None
    end: datetime | None = None
    recording: str = ""
    clock_offset: float | None = None


class CardFilled(msgspec.Struct, kw_only=True):
    """The answer. `recordings`: tokens of those on the card that hold something of the time; `clock_offset_s`: by how
    much the camera's clock was taken to be ahead; `cut_short`: it stopped sending before the end; `doubtful_s`: seconds
    not asked for, because the clock, the room or the camera itself has changed since.
    """

    camera: str
    missing_s: float
    filled: list[Stretch] = []
    recordings: list[str] = []
    clock_offset_s: float = 0.0
    cut_short: bool = False
    doubtful_s: float = 0.0
