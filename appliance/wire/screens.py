"""What exam-clips reads from the screens in recorded pictures, for whoever holds it against the journal."""

from datetime import datetime

import msgspec


class ReadScreens(msgspec.Struct, tag="clips.screens", kw_only=True):
    """Ask exam-clips to read the screen in a camera's view, in one recorded picture of each minute.

    ScreensHead answers; a ScreenRead (MessagePack) follows for each minute of which a picture exists, or a file that
    does not give it. Unavailable `being_fetched` before that, until what lies in object storage is here.
    """

    camera: str
    start: datetime
    end: datetime


class ScreensHead(msgspec.Struct, kw_only=True):
    """How many minutes are looked at."""

    minutes: int


class ScreenRead(msgspec.Struct, kw_only=True):
    """One picture and the numbers in it: several where more screens are in view, none when none can be read.

    `problem`: why there is no picture of this minute though it was recorded (code of an error).
    """

    at: datetime
    numbers: list[int]
    problem: str = ""
