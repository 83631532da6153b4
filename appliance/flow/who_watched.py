"""Who watched or took recordings that show a candidate, whatever was asked for: a room, a lane, a camera, a seat or
somebody else.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.flow.seen import joined
from appliance.flow.whereabouts import stays
from appliance.records.base import instant
from appliance.records.journal import Journal
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
SET_BACK = timedelta(days=1)
"""Nobody watches what is not recorded yet, but the clock may have been set back since, hardly by more."""


def watched(session: Session, box: Box, candidate: str) -> list[Journal]:
    """Entries that are not about the candidate by name, in order.

    Looked for by what was shown alone: whoever asks for a recording may name anybody.
    """
    found = stays(session, box, candidate)
    if not found:
        return []
    first, last = min(one.start for one in found), max(one.end or box.now() for one in found)
    spans = joined(found, first, last)
    rows = session.exec(
        select(Journal.seq, Journal.body).where(
            col(Journal.kind).in_(WATCHED), Journal.at >= instant(first - SET_BACK)
        )
    )
    seqs = [seq for seq, body in rows if shows(msgspec.json.decode(body), spans)]
    entries = session.exec(
        select(Journal)
        .where(col(Journal.seq).in_(seqs), Journal.subject != candidate)
        .order_by(col(Journal.seq))
    )
    return list(entries)


def shows(body: dict[str, Any], spans: list[CameraSpan]) -> bool:
    """Does what was watched touch one of these spans? Pure."""
    cameras = {body.get("camera"), *body.get("cameras", [])}
    try:
        start, end = (datetime.fromisoformat(body[name]) for name in ("from", "to"))
    except (KeyError, ValueError):
        return False
    return any(one.camera in cameras and one.start < end and start < one.end for one in spans)
