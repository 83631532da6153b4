"""An outage of a device at the entrance, told once, and its end, told once."""

from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.records.journal import Journal, append


def note_device(session: Session, box: Box, lane: str, device: str, code: str) -> None:
    """`code` empty = in order again. Says nothing when the journal's last word on this device is the same."""
    kind = "device.lost" if code else "device.restored"
    marker = f'"device":"{device}"'
    words = [_newest(session, lane, one, marker) for one in ("device.restored", "device.lost")]
    was_lost = words[1] > words[0]
    if was_lost == bool(code):
        return
    append(session, kind, lane, "process:gate", {"device": device, "code": code}, at=box.now())


def _newest(session: Session, lane: str, kind: str, marker: str) -> int:
    """Seq of the newest entry of a kind about one device; 0 when there is none. Reads backwards in an index."""
    found = session.exec(
        select(Journal.seq)
        .where(Journal.subject == lane, Journal.kind == kind, col(Journal.body).contains(marker))
        .order_by(col(Journal.seq).desc())
        .limit(1)
    ).first()
    return found or 0
