"""An outage of a device at the entrance, told once, and its end, told once."""

from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.records.journal import Journal, append

LOST, RESTORED = "device.lost", "device.restored"


def note_device(session: Session, box: Box, lane: str, device: str, code: str, happened_at: datetime) -> None:
    """`code` empty = in order again; another code than before is told too (one of two readers lost, then both).

    Says nothing when the journal's last word on this device is the same.
    """
    if code == _last_code(session, lane, device):
        return
    body = {"device": device, "code": code, "happened_at": happened_at.isoformat()}
    append(session, "device.lost" if code else "device.restored", lane, "process:gate", body, at=box.now())


def _last_code(session: Session, lane: str, device: str) -> str:
    """The code of the newest loss; empty when the device is back or was never lost. Reads backwards in an index."""
    newest = []
    for kind in (LOST, RESTORED):
        found = session.exec(
            select(Journal.seq, Journal.body)
            .where(
                Journal.subject == lane,
                Journal.kind == kind,
                col(Journal.body).contains(f'"device":"{device}"'),
            )
            .order_by(col(Journal.seq).desc())
            .limit(1)
        ).first()
        newest.append(found or (0, "{}"))
    (lost, body), (restored, _body) = newest
    return msgspec.json.decode(body).get("code", "") if lost > restored else ""
