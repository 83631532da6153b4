"""Where a candidate was from the gate to the way out, and which cameras saw each place. No writes."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, select

from appliance.flow.box import Box
from appliance.flow.camera_views import looking
from appliance.records.entry import Absence, Admission, Case, Tap
from appliance.records.seating import SeatTaking
from appliance.records.site import Room, Seat
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.rules.leaving import Held, Stretch, free_to_go, waits, ways_out

SET_ASIDE = ("skipped", "held", "waiting")
"""Reasons for which a seat is released to wait again."""
MARGIN = timedelta(seconds=30)
"""Before the card is put down and after the gate opened: the way to the reader and through the gate."""


class Stay(msgspec.Struct, kw_only=True):
    """One place and time. `name`: lane, waiting room, seat, or room; `end` None: still there; `cameras`: codes.

    `exit`: nobody saw where they were, they were free to go (rules.leaving); what looks at the ways out is shown.
    """

    kind: Literal["entrance", "waiting", "seat", "exit", "room"]
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
    free = _free(session, candidate)
    for admission, decided in admissions:
        mine = [
            Held(taking.taken_at, taking.released_at, taking.reason in SET_ASIDE)
            for taking, _seat in takings
            if taking.admission == admission.id
        ]
        over = session.get_one(Sitting, admission.sitting).ended_at
        entered = max(admission.happened_at, decided or admission.happened_at)
        found += _waiting(session, box, waits(entered, mine, over))
        free.append(free_to_go(mine, over))
    for taking, seat in takings:
        found.append(
            Stay(
                kind="seat",
                name=seat.id,
                start=taking.taken_at,
                end=taking.released_at,
                cameras=looking(session, box, {seat.room}, taking.taken_at, taking.released_at, seat.number),
            )
        )
    gone = [one for one in free if one is not None]
    found += _ways_out(session, box, gone)
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
        cameras = looking(session, box, {code}, start, end)
        name = names.get(code, code)
        found.append(Stay(kind="entrance", name=name, start=start, end=end, cameras=cameras))
        lanes.append(code)
    return found


def _waiting(session: Session, box: Box, stretches: list[Stretch]) -> list[Stay]:
    rooms = _waiting_rooms(session)
    name = " ".join(rooms.values())
    return [
        Stay(
            kind="waiting",
            name=name,
            start=start,
            end=end,
            cameras=looking(session, box, rooms, start, end),
        )
        for start, end in (stretches if rooms else [])
    ]


def _waiting_rooms(session: Session) -> dict[str, str]:
    rows = session.exec(select(Room).where(Room.kind == "waiting").order_by(col(Room.code)))
    return {room.code: room.name for room in rows}


def _free(session: Session, candidate: str) -> list[datetime | None]:
    """Moments besides the seats' own from which they may have gone: papers handed in, noted as gone for a moment."""
    handed_in = select(Attempt.handed_in_at).where(
        Attempt.candidate == candidate, col(Attempt.handed_in_at).is_not(None)
    )
    away = (
        select(Absence.left_at)
        .join(Admission, col(Admission.id) == col(Absence.admission))
        .where(Admission.candidate == candidate)
    )
    return [*session.exec(handed_in), *session.exec(away)]


def _ways_out(session: Session, box: Box, free: list[datetime]) -> list[Stay]:
    """What looks at the entrances and waiting rooms, for as long as the site has set. A camera at an exit of its own
    has the code of a lane as its room.
    """
    there = {lane.code for lane in box.settings.lanes} | set(_waiting_rooms(session))
    lasting = timedelta(minutes=box.settings.recorder.leaving_min)
    return [
        Stay(kind="exit", name="", start=start, end=end, cameras=looking(session, box, there, start, end))
        for start, end in ways_out(free, lasting)
    ]
