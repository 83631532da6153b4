"""What the recorder must know of the sittings, read from the tables (appliance/wire/orders.py)."""

from datetime import timedelta

from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.records.site import Room
from appliance.records.sitting import Sitting
from appliance.wire.orders import Orders, SittingOrder

BEFORE = timedelta(days=2)
"""Sittings that began so long ago are over for the recorder, unless they still run."""
AHEAD = timedelta(days=30)


def recording_orders(session: Session, box: Box) -> Orders:
    """The sittings of the last days and of the coming month, in order of their start."""
    now = box.now()
    found = session.exec(
        select(Sitting)
        .where(
            (Sitting.starts_at > now - BEFORE) | (Sitting.state == "running"),
            Sitting.starts_at < now + AHEAD,
        )
        .order_by(col(Sitting.starts_at), col(Sitting.id))
    ).all()
    rooms = session.exec(select(Room.code, Room.kind).order_by(col(Room.code))).all()
    return Orders(
        made_at=now,
        rooms=[code for code, _kind in rooms],
        waiting=[code for code, kind in rooms if kind == "waiting"],
        sittings=[
            SittingOrder(
                id=one.id,
                rooms=[one.room],
                opens_at=one.opens_at,
                starts_at=one.starts_at,
                ends_at=one.ends_at or one.starts_at + timedelta(seconds=one.duration_s),
                started_at=one.started_at,
                ended_at=one.ended_at,
            )
            for one in found
        ],
    )
