"""An alarm of a gate (forced open, held open, fire), told once, and its end, told once."""

from datetime import datetime

from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.records.journal import Journal, append

KINDS = ("gate.alarm", "gate.alarm_over")


def note_alarm(session: Session, box: Box, lane: str, alarm: str, on: bool, happened_at: datetime) -> None:
    """Says nothing when the journal's last word on this alarm is the same: the process may have restarted."""
    last = session.exec(
        select(Journal.kind)
        .where(
            Journal.subject == lane,
            col(Journal.kind).in_(KINDS),
            col(Journal.body).contains(f'"alarm":"{alarm}"'),
        )
        .order_by(col(Journal.seq).desc())
        .limit(1)
    ).first()
    if on == (last == "gate.alarm"):
        return
    append(
        session,
        "gate.alarm" if on else "gate.alarm_over",
        lane,
        "process:gate",
        {"alarm": alarm, "happened_at": happened_at.isoformat()},
        at=box.now(),
    )
