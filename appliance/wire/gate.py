"""Messages between the entry process (exam-gate) and whoever asks it (UNIX socket `gate`)."""

from datetime import datetime
from typing import Literal

import msgspec

Part = Literal["ok", "missing", "silent", "fault", "busy", "none"]
"""ok; missing = not plugged in; silent = plugged in, no answer; fault = answers with an error; busy = at work now;
none = the lane has no such part."""
Alarm = Literal["forced_open", "held_open", "fire"]
"""The door opened and nobody had been let in; it stays open; the fire alarm system's signal stands."""


class GetLanes(msgspec.Struct, tag="gate.lanes"):
    """Ask exam-gate how its lanes are. The answer is a `list[LaneState]`."""


class LaneState(msgspec.Struct, kw_only=True):
    """One lane (通道): its reader, gate and camera. `kind`: which sittings it admits to, theory or practical."""

    lane: str
    name: str
    kind: str
    reader: Part = "ok"
    gate: Part = "ok"
    camera: Part = "ok"
    prompt: str = ""
    """What the person before the camera should do now (faces.prompts), empty for nothing."""
    last_tap_at: datetime | None = None
    alarms: list[Alarm] = []
    """What holds at the gate now. Fire stands for every lane: all are free."""
    messages: dict[str, str] = {}
    """What is wrong, by part (card, reader, camera, gate), as message ids; a part in order is not in it."""
