"""An outage of a device at the entrance, told once, and its end, told once."""

from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.records.journal import Journal, append


def note_device(session: Session, box: Box, lane: str, device: str, code: str) -> None:
    """`code` empty = in order again. Says nothing when the journal's last word on this device is the same."""
    kind = "device.lost" if code else "device.restored"
    rows = session.exec(
        select(Journal)
        .where(Journal.subject == lane, col(Journal.kind).in_(("device.lost", "device.restored")))
        .order_by(col(Journal.seq).desc())
    )
    marker = f'"device":"{device}"'
    last = next((row for row in rows if marker in row.body), None)
    if (last is None and not code) or (last is not None and last.kind == kind):
        return
    append(session, kind, lane, "process:gate", {"device": device, "code": code}, at=box.now())
