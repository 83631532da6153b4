"""A card that was put down and could not be read: on record, with the cause, and nothing else."""

from datetime import datetime

from sqlmodel import Session

from appliance.flow.box import Box
from appliance.records.entry import Tap
from appliance.records.journal import append


def record_unread(
    session: Session, box: Box, tap_id: str, lane: str, happened_at: datetime, code: str, sam_id: str
) -> None:
    """Once per tap id."""
    if session.get(Tap, tap_id):
        return
    tap = Tap(
        id=tap_id,
        lane=lane,
        happened_at=happened_at,
        recorded_at=box.now(),
        sam_id=sam_id,
        result="refuse",
        code=f"card_{code}",
    )
    session.add(tap)
    session.flush()
    body = {
        "tap": tap_id,
        "lane": lane,
        "result": "refuse",
        "code": tap.code,
        "sitting": "",
        "sam_id": sam_id,
    }
    append(session, "tap.decided", tap_id, f"lane:{lane}", body, at=box.now())
