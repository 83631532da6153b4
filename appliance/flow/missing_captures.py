"""A seat whose computer is there but sends none of the pictures it was asked for: a case for a person.

A seat the box does not hear is not meant: its page takes pictures of its own and sends them when the line is back.
"""

from datetime import timedelta

from sqlmodel import Session, col, func, select

from appliance.flow.box import Box
from appliance.flow.note_case import note_case
from appliance.flow.seen_again import open_case
from appliance.flow.watched import newest_due
from appliance.records.captures import Capture
from appliance.records.site import Station
from appliance.records.theory import Attempt, Lease

OVERDUE = timedelta(minutes=3)
"""A capture is missed when none has come for this long, beyond the longest interval."""


def missing_captures(session: Session, box: Box) -> list[str]:
    """Open a case for each running attempt that owes captures; attempts it was opened for. Called again: no more."""
    every, now = box.settings.captures.every, box.now()
    if not every:
        return []
    oldest = now - timedelta(seconds=every) - OVERDUE
    heard = now - timedelta(seconds=box.settings.station.lost_after)
    newest = dict(
        session.exec(
            select(Capture.attempt, func.max(Capture.happened_at))
            .join(Attempt, col(Attempt.id) == col(Capture.attempt))
            .where(Attempt.state == "running", Capture.purpose == "random")
            .group_by(col(Capture.attempt))
        ).all()
    )
    rows = session.exec(
        select(Attempt, Lease.seat)
        .join(Lease, (col(Lease.attempt) == col(Attempt.id)) & (col(Lease.number) == col(Attempt.lease)))
        .join(Station, col(Station.seat) == col(Lease.seat))
        .where(
            Attempt.state == "running",
            col(Attempt.paused_at).is_(None),
            col(Attempt.started_at) < oldest,
            col(Station.heartbeat_at) > heard,
        )
    ).all()
    found = []
    for attempt, seat in rows:
        last = newest.get(attempt.id)
        late = last is None or last < oldest
        if late and newest_due(box, attempt) and open_case(session, attempt.id, "camera_missing") is None:
            detail = {"cause": "not_sent"}
            note_case(session, box, attempt, "camera_missing", now, "process:faces", seat=seat, detail=detail)
            found.append(attempt.id)
    return found
