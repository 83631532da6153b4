"""Where a candidate was from the gate to the seat's release, and which cameras saw each place. No writes."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, select

from appliance.flow.box import Box
from appliance.flow.cameras import cameras_of
from appliance.records.entry import Admission, Case, Tap
from appliance.records.seating import SeatTaking
from appliance.records.site import Room, Seat
from appliance.records.sitting import Sitting

MARGIN = timedelta(seconds=30)
"""Before the card is put down and after the gate opened: the way to the reader and through the gate."""


class Stay(msgspec.Struct, kw_only=True):
    """One place and time. `name`: lane, waiting room, seat, or room; `end` None: still there; `cameras`: codes."""

    kind: Literal["entrance", "waiting", "seat", "room"]
    name: str
    start: datetime
    end: datetime | None
    cameras: list[str]


def stays(session: Session, box: Box, candidate: str) -> list[Stay]:
    """In order of time."""
    takings = session.exec(
        select(SeatTaking, Seat)
        .join(Seat, col(Seat.id) == col(SeatTaking.seat))
        .where(SeatTaking.candidate == candidate)
        .order_by(col(SeatTaking.taken_at))
    ).all()
    found = _entrance(session, box, candidate)
    admissions = session.exec(
        select(Admission, Case.decided_at)
        .outerjoin(Case, _let_in())
        .where(Admission.candidate == candidate)
        .order_by(col(Admission.happened_at))
    )
    for admission, decided in admissions:
        seated = [taking.taken_at for taking, _seat in takings if taking.admission == admission.id]
        ended = session.get_one(Sitting, admission.sitting).ended_at
        entered = max(admission.happened_at, decided or admission.happened_at)
        found += _waiting(session, box, entered, min(seated) if seated else ended)
    for taking, seat in takings:
        found.append(
            Stay(
                kind="seat",
                name=seat.id,
                start=taking.taken_at,
                end=taking.released_at,
                cameras=cameras_of(box.settings, seat.room, seat.number),
            )
        )
    return sorted(found, key=lambda one: one.start)


def _let_in() -> ColumnElement[bool]:
    """The case of the tap an admission rests on, when a person decided it."""
    return and_(col(Case.tap) == col(Admission.tap), Case.decision == "admit")


def _entrance(session: Session, box: Box, candidate: str) -> list[Stay]:
    """One stay per run of taps in a lane. Who was let in by a person stood there until that decision: an admission
    itself bears the time of its tap.
    """
    names = {lane.code: lane.name for lane in box.settings.lanes}
    rows = session.exec(
        select(Tap.lane, Tap.happened_at, Case.decided_at)
        .outerjoin(Case, and_(col(Case.tap) == col(Tap.id), Case.decision == "admit"))
        .where(Tap.candidate == candidate)
    )
    passes = [(lane, at, max(at, decided or at)) for lane, at, decided in rows]
    found: list[Stay] = []
    lanes: list[str] = []
    for code, at, until in sorted(passes, key=lambda one: one[1]):
        start, end = at - MARGIN, until + MARGIN
        if found and lanes[-1] == code and found[-1].end and start <= found[-1].end:
            found[-1].end = max(end, found[-1].end)
            continue
        cameras = [one.code for one in box.settings.cameras if one.room == code]
        name = names.get(code, code)
        found.append(Stay(kind="entrance", name=name, start=start, end=end, cameras=cameras))
        lanes.append(code)
    return found


def _waiting(session: Session, box: Box, start: datetime, end: datetime | None) -> list[Stay]:
    rooms = session.exec(select(Room).where(Room.kind == "waiting").order_by(col(Room.code))).all()
    codes = {room.code for room in rooms}
    cameras = [one.code for one in box.settings.cameras if one.room in codes]
    if not rooms or (end is not None and end <= start):
        return []
    name = " ".join(room.name for room in rooms)
    return [Stay(kind="waiting", name=name, start=start, end=end, cameras=cameras)]
