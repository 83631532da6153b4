"""What a time line is about: a candidate, a seat, a room or a case, with the stays to be seen. No writes."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import NotFound, Refused
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.camera_views import looking
from appliance.flow.marks import Mark, marks_of
from appliance.flow.whereabouts import MARGIN, Stay, stays
from appliance.records.cases import ExamCase
from appliance.records.entry import Case, Tap
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.site import Room, Seat
from appliance.records.sitting import Sitting
from appliance.records.violations import Violation
from appliance.wire.recorder import CameraSpan

Sort = Literal["candidate", "seat", "room", "case"]
LONGEST = timedelta(hours=24)
BEFORE = timedelta(seconds=10)
"""What led to a case is shown first."""
APART = timedelta(hours=2)
"""Stays further apart are two visits: the hours between are nobody's recording."""
AROUND = timedelta(minutes=10)
"""Marks shortly before and after a visit belong to it: the entry is written when the box hears of it."""

SECOND = timedelta(seconds=1)
"""A seat's or a room's marks end with the time asked for; that is written in whole seconds."""

LATER = timedelta(hours=12)
"""Until then what happened during a visit may be written: a sheet is signed, a case is noted."""


class Visit(msgspec.Struct, kw_only=True):
    """Stays that follow one another."""

    start: datetime
    end: datetime
    stays: list[Stay]


class Seen(msgspec.Struct, kw_only=True):
    """`name`, `more`: for the heading. `candidate`: whose recordings these are, empty for a seat or a room. `at`: where
    to begin.
    """

    sort: Sort
    id: str
    name: str
    more: str = ""
    candidate: str = ""
    visits: list[Visit]
    at: datetime | None = None
    subjects: list[str]
    """Candidates and sittings whose entries are its marks."""
    names: dict[str, str] = {}
    """Candidate -> name, where several are concerned."""
    taps: dict[str, str] = {}
    """Of a lane: each card that was put down there, and whose it is."""
    tapped: list[str] = []
    """Subjects of their entries."""


def visits(found: list[Stay], now: datetime) -> list[Visit]:
    """Stays grouped; those not over go on until `now`. Pure."""
    grouped: list[Visit] = []
    for stay in sorted(found, key=lambda one: one.start):
        end = max(stay.start, min(stay.end or now, now))
        if grouped and stay.start - grouped[-1].end <= APART:
            grouped[-1].end = max(grouped[-1].end, end)
            grouped[-1].stays.append(stay)
        else:
            grouped.append(Visit(start=stay.start, end=end, stays=[stay]))
    return [one for one in grouped if one.end > one.start]


def joined(stays: list[Stay], first: datetime, last: datetime) -> list[CameraSpan]:
    """Which camera when, within two times: stays lie over one another, and what two see of a camera is one. Pure."""
    found: list[CameraSpan] = []
    newest: dict[str, CameraSpan] = {}
    for stay in sorted(stays, key=lambda one: one.start):
        start, end = max(stay.start, first), min(stay.end or last, last)
        for camera in stay.cameras if start < end else []:
            before = newest.get(camera)
            if before and start <= before.end:
                before.end = max(before.end, end)
            else:
                newest[camera] = CameraSpan(camera=camera, start=start, end=end)
                found.append(newest[camera])
    return found


def of_candidate(session: Session, box: Box, candidate_id: str, at: datetime | None = None) -> Seen:
    """Every second of a candidate, from the gate to the way out."""
    candidate = session.get(Candidate, candidate_id)
    if candidate is None:
        raise NotFound("no_candidate", N_("There is no such candidate."), N_("Search again."))
    takings = select(SeatTaking.sitting).where(SeatTaking.candidate == candidate_id)
    return Seen(
        sort="candidate",
        id=candidate_id,
        name=candidate.name,
        more=candidate.number_masked,
        candidate=candidate_id,
        visits=visits(stays(session, box, candidate_id), box.now()),
        at=at,
        subjects=[candidate_id, *session.exec(takings.distinct())],
    )


def of_case(session: Session, box: Box, case_id: str) -> Seen:
    """A case of the entrance or the exam, or a violation: its candidate's recordings, from shortly before it."""
    for table in (ExamCase, Violation, Case):
        found = session.get(table, case_id)
        if isinstance(found, ExamCase | Violation):
            candidate, at = found.candidate, found.happened_at
        elif isinstance(found, Case):
            candidate, at = found.candidate or "", found.opened_at
        else:
            continue
        if not candidate:
            break
        seen = of_candidate(session, box, candidate, at - BEFORE)
        seen.sort, seen.id = "case", case_id
        return seen
    raise NotFound("no_case", N_("There is no such case."), N_("Reload the page."))


def of_seat(
    session: Session, box: Box, seat_id: str, start: datetime | None = None, end: datetime | None = None
) -> Seen:
    """A seat between two times; without times while the last candidate had it."""
    seat = session.get(Seat, seat_id)
    if seat is None:
        raise NotFound("no_seat", N_("There is no seat {seat}."), N_("Check the seat plan."), seat=seat_id)
    _both(start, end)
    if start is None or end is None:
        last = session.exec(
            select(SeatTaking).where(SeatTaking.seat == seat_id).order_by(col(SeatTaking.taken_at).desc())
        ).first()
        start, end = (last.taken_at, last.released_at or box.now()) if last else (box.now(), box.now())
    _checked(start, end)
    cameras = looking(session, box, {seat.room}, start, end, seat.number)
    held = select(SeatTaking).where(SeatTaking.seat == seat_id)
    return _between(session, box, "seat", seat_id, seat.id, cameras, start, end, list(session.exec(held)))


def of_room(
    session: Session, box: Box, code: str, start: datetime | None = None, end: datetime | None = None
) -> Seen:
    """All cameras of a room, or of a lane, between two times; without times during its last sitting."""
    room = session.get(Room, code)
    lanes = {lane.code: lane.name for lane in box.settings.lanes}
    if room is None and code not in lanes:
        raise NotFound("no_room", N_("There is no such room."), N_("Reload the page."))
    _both(start, end)
    if start is None or end is None:
        start, end = _last_taps(session, code) if room is None else (None, None)
    if start is None or end is None:
        last = session.exec(
            select(Sitting)
            .where(Sitting.room == code, col(Sitting.started_at).is_not(None))
            .order_by(col(Sitting.started_at).desc())
        ).first()
        began = last.started_at if last and last.started_at else box.now() - timedelta(hours=1)
        start, end = began, (last.ended_at if last else None) or box.now()
    _checked(start, end)
    cameras = looking(session, box, {code}, start, end)
    held = select(SeatTaking).join(Seat, col(Seat.id) == col(SeatTaking.seat)).where(Seat.room == code)
    name = room.name if room else lanes[code]
    seen = _between(session, box, "room", code, name, cameras, start, end, list(session.exec(held)))
    for stay in (stay for visit in seen.visits for stay in visit.stays if room is None):
        stay.kind = "entrance"
    for tap in session.exec(
        select(Tap).where(Tap.lane == code, Tap.happened_at >= start, Tap.happened_at <= end)
    ):
        person = session.get(Candidate, tap.candidate) if tap.candidate else None
        number = person.number_masked if person else tap.number_masked
        seen.taps[tap.id] = f"{person.name if person else tap.name} {number}".strip()
        seen.tapped.append(tap.candidate or tap.id)
    return seen


def _last_taps(session: Session, lane: str) -> tuple[datetime | None, datetime | None]:
    """From when to when people last came to a lane."""
    times = select(Tap.happened_at).where(Tap.lane == lane).order_by(col(Tap.happened_at).desc())
    newest = session.exec(times.limit(1)).first()
    if newest is None:
        return None, None
    first = newest
    for at in session.exec(times.where(Tap.happened_at > newest - LONGEST + 2 * MARGIN)):
        if first - at > APART:
            break
        first = at
    return first - MARGIN, newest + MARGIN


def seen_of(session: Session, box: Box, sort: str, ident: str, start: datetime, end: datetime) -> Seen:
    """What a page asks for by its sort and id; the times are those of a seat or a room."""
    match sort:
        case "candidate":
            return of_candidate(session, box, ident)
        case "case":
            return of_case(session, box, ident)
        case "seat":
            return of_seat(session, box, ident, start, end)
        case "room":
            return of_room(session, box, ident, start, end)
    raise NotFound("no_matter", N_("There is nothing of this kind."), N_("Reload the page."))


def place_named(session: Session, box: Box, text: str) -> tuple[Literal["seat", "room"], str]:
    """What is meant by a seat, a room or a lane by code or name."""
    text = text.strip()
    if session.get(Seat, text.upper()):
        return "seat", text.upper()
    known = {row.code: row.name for row in session.exec(select(Room))}
    known |= {lane.code: lane.name for lane in box.settings.lanes}
    for code, name in known.items():
        if text in (code, code.lower(), name):
            return "room", code
    raise NotFound(
        "no_place", N_("There is no seat, room or lane {place}."), N_("Check the seat plan."), place=text
    )


def _both(start: datetime | None, end: datetime | None) -> None:
    if (start is None) != (end is None):
        raise Refused(
            "half_span",
            N_("Of the two times only one was given."),
            N_("Give the beginning and the end, or neither of them."),
        )


def _checked(start: datetime, end: datetime) -> None:
    if not start <= end <= start + LONGEST:
        raise Refused(
            "bad_span",
            N_("The end lies before the beginning, or more than {hours} hours after it."),
            N_("Correct the times."),
            hours=int(LONGEST.total_seconds() // 3600),
        )


def _between(
    session: Session,
    box: Box,
    sort: Literal["seat", "room"],
    code: str,
    name: str,
    cameras: list[str],
    start: datetime,
    end: datetime,
    held: list[SeatTaking],
) -> Seen:
    there = [one for one in held if one.taken_at < end and (one.released_at or end) >= start]
    people = sorted({one.candidate for one in there})
    rows = session.exec(select(Candidate.id, Candidate.name).where(col(Candidate.id).in_(people)))
    names: dict[str, str] = dict(rows.all())
    alone = people[0] if sort == "seat" and len(people) == 1 else ""
    return Seen(
        sort=sort,
        id=code,
        name=name,
        more=names.get(alone, ""),
        candidate=alone,
        visits=visits([Stay(kind=sort, name=name, start=start, end=end, cameras=cameras)], box.now()),
        subjects=[*people, *sorted({one.sitting for one in there})],
        names=names,
    )


def belongs(seen: Seen, seat: str) -> bool:
    """Does what happened to its people at this seat belong to it? They sit at another seat, in another room later.
    Pure.
    """
    if not seat or seen.sort not in ("seat", "room"):
        return True
    return seen.id == (seat if seen.sort == "seat" else seat.rpartition("-")[0])


def marks_seen(session: Session, seen: Seen) -> list[list[Mark]]:
    """The marks of each visit. A room's leave out single answers: they are hundreds a minute. A lane's are what came of
    the cards put down there.
    """
    found = []
    for visit in seen.visits:
        start, end = visit.start - AROUND, visit.end + LATER
        every = marks_of(session, seen.subjects or seen.tapped, start, end, answers=seen.sort != "room")
        if seen.taps:
            every = [one for one in every if one.body.get("tap") in seen.taps]
        last = visit.end + (SECOND if seen.sort in ("seat", "room") else AROUND)
        found.append([one for one in every if visit.start <= one.at <= last and belongs(seen, one.seat)])
    return found
