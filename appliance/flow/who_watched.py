"""Who watched or took recordings that show a candidate, whatever was asked for: the room, the camera, a seat or
somebody else who sat there.
"""

from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.flow.seen import joined
from appliance.flow.whereabouts import stays
from appliance.records.journal import Journal
from appliance.records.seating import SeatTaking
from appliance.wire.recorder import CameraSpan

WATCHED = (
    "clip.viewed",
    "clip.requested",
    "clip.exported",
    "package.requested",
    "package.exported",
    "package.taken",
)
"""Kinds whose bodies say `camera` or `cameras`, `from` and `to`."""


def watched(session: Session, box: Box, candidate: str) -> list[Journal]:
    """Entries that are not about the candidate by name, in order."""
    found = stays(session, box, candidate)
    if not found:
        return []
    first, last = min(one.start for one in found), max(one.end or box.now() for one in found)
    spans = joined(found, first, last)
    sittings = select(SeatTaking.sitting).where(SeatTaking.candidate == candidate)
    beside = session.exec(
        select(SeatTaking.candidate).where(col(SeatTaking.sitting).in_(sittings)).distinct()
    )
    places = {
        place
        for one in session.exec(select(SeatTaking.seat).where(SeatTaking.candidate == candidate))
        for place in (one, one.rpartition("-")[0])
    }
    subjects = {*beside.all(), *places, *(one.camera for one in spans)} - {candidate}
    rows = session.exec(
        select(Journal)
        .where(col(Journal.subject).in_(subjects), col(Journal.kind).in_(WATCHED))
        .order_by(col(Journal.seq))
    )
    return [row for row in rows if shows(msgspec.json.decode(row.body), spans)]


def shows(body: dict[str, Any], spans: list[CameraSpan]) -> bool:
    """Does what was watched touch one of these spans? Pure."""
    cameras = {body.get("camera"), *body.get("cameras", [])}
    try:
        start, end = (datetime.fromisoformat(body[name]) for name in ("from", "to"))
    except (KeyError, ValueError):
        return False
    return any(one.camera in cameras and one.start < end and start < one.end for one in spans)
