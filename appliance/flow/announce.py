"""Announcements of calls: made once per call, kept as files, never holding anybody up."""

from datetime import timedelta
from typing import Literal

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.records.site import Room, Seat
from appliance.records.waiting import Call, Ticket

FRESH = timedelta(minutes=5)
"""Older calls are not spoken any more."""


class Unspoken(msgspec.Struct, kw_only=True, frozen=True):
    """A call without its sound: what has to be said."""

    call: str
    ticket: str
    room: Literal["theory", "practical", "waiting"]
    place: str


def unspoken(session: Session, box: Box) -> list[Unspoken]:
    """Fresh calls whose announcement has not been made, oldest first."""
    rows = session.exec(
        select(Call, Ticket, Seat, Room)
        .join(Ticket, col(Ticket.id) == col(Call.ticket))
        .join(Seat, col(Seat.id) == col(Call.seat))
        .join(Room, col(Room.code) == col(Seat.room))
        .where(Call.sound == "", col(Call.called_at) > box.now() - FRESH)
        .order_by(col(Call.called_at))
    )
    return [
        Unspoken(call=call.id, ticket=ticket.number, room=room.kind, place=str(seat.number))  # type: ignore[arg-type]
        for call, ticket, seat, room in rows
    ]


def keep_sound(session: Session, box: Box, call_id: str, sound: str) -> None:
    """Note where a call's sound lies."""
    call = session.get_one(Call, call_id)
    call.sound = sound
    session.add(call)
