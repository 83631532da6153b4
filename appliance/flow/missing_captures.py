"""A seat whose computer is there but sends none of the pictures it was asked for: a case for a person.

A seat the box does not hear is not meant: its page takes pictures of its own and sends them when the line is back.
Nor is one that was away, or whose exam stood still, a moment ago: what it owes is counted from then.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from appliance.flow.box import Box
from appliance.flow.note_case import note_case
from appliance.flow.seen_again import open_case
from appliance.flow.watched import newest_due
from appliance.records.base import instant
from appliance.records.captures import Capture
from appliance.records.journal import Journal
from appliance.records.site import Station
from appliance.records.theory import Attempt, Lease
from appliance.records.violations import Pause

OVERDUE = timedelta(minutes=3)
"""A capture is missed when none has come for this long, beyond the longest interval."""


def missing_captures(session: Session, box: Box, since: datetime) -> list[str]:
    """Open a case for each running attempt that owes captures; attempts it was opened for. Called again: no more.

    `since`: from when on the box has been there without a break.
    """
    every, now = box.settings.captures.every, box.now()
    oldest = now - timedelta(seconds=every) - OVERDUE
    if not every or since > oldest:
        return []
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
        late = (last is None or last < oldest) and not stood_still(session, attempt, seat, oldest)
        if late and newest_due(box, attempt) and open_case(session, attempt.id, "camera_missing") is None:
            detail = {"cause": "not_sent"}
            note_case(session, box, attempt, "camera_missing", now, "process:faces", seat=seat, detail=detail)
            found.append(attempt.id)
    return found


def stood_still(session: Session, attempt: Attempt, seat: str, oldest: datetime) -> bool:
    """Has the exam gone on, the computer come back or the candidate signed in here only after `oldest`?"""
    paused = select(Pause.id).where(
        Pause.sitting == attempt.sitting,
        (col(Pause.attempt).is_(None)) | (Pause.attempt == attempt.id),
        col(Pause.ended_at) > oldest,
    )
    back = select(Journal.seq).where(
        Journal.kind == "station.returned",
        Journal.subject == attempt.candidate,
        col(Journal.at) > instant(oldest),
    )
    signed_in = select(Lease.number).where(
        Lease.attempt == attempt.id, Lease.number == attempt.lease, col(Lease.granted_at) > oldest
    )
    return any(session.exec(one.limit(1)).first() is not None for one in (paused, back, signed_in))
