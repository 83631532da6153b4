"""The box's clock was set while the entrance worked: on record, because every time after it is told by the new one."""

from datetime import timedelta

from sqlmodel import Session

from appliance.flow.box import Box
from appliance.records.journal import append


def note_clock(session: Session, box: Box, seconds: float) -> None:
    """`seconds`: by how much, back is negative."""
    now = box.now()
    body = {"seconds": round(seconds, 1), "before": (now - timedelta(seconds=seconds)).isoformat()}
    append(session, "clock.set", box.site.code, "process:gate", body, at=now)
