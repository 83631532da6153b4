"""Whom the desk looks for: people of today's sittings by name, number or ticket, and how each stands. No writes."""

from datetime import datetime

import msgspec
from sqlmodel import Session, and_, col, select

from appliance.flow.box import Box
from appliance.flow.desk import sentence_of
from appliance.flow.inspect import find_candidates
from appliance.flow.today import line, sittings_of_day
from appliance.records.entry import Absence, Admission, Case, Tap
from appliance.records.roster import Candidate, Roster, RosterRow
from appliance.records.sitting import Sitting
from appliance.records.waiting import Ticket
from appliance.wire.ops import SittingLine

MOST = 20


class PersonLine(msgspec.Struct, kw_only=True):
    """One person expected at one of today's sittings."""

    candidate: str
    name: str
    number: str
    """Masked."""
    ticket_number: str
    """Of the admission ticket."""
    sitting: str
    state: str
    """expected, late (entry still open), absent (entry closed), review, refused, inside, away."""
    since: datetime | None = None
    """When they came in, left for a moment, or were refused last."""
    reason: str = ""
    """Message id of the last refusal; what was typed for somebody away."""
    ticket: str = ""
    locker: str = ""
    tap: str = ""
    """The last card put down for this sitting."""


class PeopleOfSitting(msgspec.Struct, kw_only=True):
    """One of today's sittings and some of its people, in order of the roster."""

    sitting: SittingLine
    people: list[PersonLine]


def people(session: Session, box: Box, text: str = "") -> list[PeopleOfSitting]:
    """Who fits `text` (part of a name, whole number, queue or admission ticket), by sitting of today.

    Without a text: everybody who is not inside yet, or left for a moment.
    """
    wanted = [one.id for one in find_candidates(session, box, text, MOST)] if text.strip() else None
    found = []
    for sitting in sittings_of_day(session, box):
        if wanted is None and sitting.state not in ("planned", "running"):
            continue
        rows = (
            select(Candidate, RosterRow)
            .join(RosterRow, col(RosterRow.candidate) == col(Candidate.id))
            .join(Roster, col(Roster.id) == col(RosterRow.roster))
            .where(RosterRow.sitting == sitting.id, Roster.state == "active")
            .order_by(col(RosterRow.row))
        )
        if wanted is not None:
            rows = rows.where(col(Candidate.id).in_(wanted))
        asked = session.exec(rows).all()
        entries = _entries(session, sitting, [one.id for one, _row in asked]) if asked else {}
        lines = [_person(box, sitting, one, row, entries.get(one.id, Entry())) for one, row in asked]
        if wanted is None:
            lines = [one for one in lines if one.state != "inside"]
        if lines:
            found.append(PeopleOfSitting(sitting=line(session, box, sitting), people=lines))
    return found


class Entry(msgspec.Struct):
    """What the entrance knows of one person and one sitting."""

    admission: Admission | None = None
    ticket: str = ""
    away: Absence | None = None
    last: Tap | None = None
    case: Case | None = None
    """Of the last tap."""


def _entries(session: Session, sitting: Sitting, candidates: list[str]) -> dict[str, Entry]:
    """By candidate; two statements, however many people they are asked for."""
    found = {one: Entry() for one in candidates}
    admitted = session.exec(
        select(Admission, Ticket.number, Absence)
        .join(Ticket, col(Ticket.admission) == col(Admission.id), isouter=True)
        .join(
            Absence,
            and_(col(Absence.admission) == col(Admission.id), col(Absence.returned_at).is_(None)),
            isouter=True,
        )
        .where(Admission.sitting == sitting.id, col(Admission.candidate).in_(candidates))
    )
    for admission, ticket, away in admitted:
        entry = found[admission.candidate]
        entry.admission, entry.ticket, entry.away = admission, ticket or "", away
    taps = session.exec(
        select(Tap, Case)
        .join(Case, col(Case.tap) == col(Tap.id), isouter=True)
        .where(Tap.sitting == sitting.id, col(Tap.candidate).in_(candidates))
        .order_by(col(Tap.recorded_at))
    )
    for tap, case in taps:
        entry = found[str(tap.candidate)]
        if tap.code == "wrong_lane" and entry.case and entry.case.state == "open":
            continue  # next door, where a person is to decide, it goes on
        entry.last, entry.case = tap, case
    return found


def _person(box: Box, sitting: Sitting, person: Candidate, row: RosterRow, entry: Entry) -> PersonLine:
    shown = PersonLine(
        candidate=person.id,
        name=person.name,
        number=person.number_masked,
        ticket_number=row.ticket_number,
        sitting=sitting.id,
        state="expected",
        tap=entry.last.id if entry.last else "",
    )
    if inside := entry.admission:
        shown.state, shown.since, shown.locker = "inside", inside.happened_at, inside.locker
        shown.ticket = entry.ticket
        if away := entry.away:
            shown.state, shown.since, shown.reason = "away", away.left_at, away.reason
    elif last := entry.last:
        shown.state = "review" if entry.case and entry.case.state == "open" else "refused"
        shown.since, shown.reason = last.happened_at, sentence_of(last.code)[0]
        if entry.case and entry.case.reason:
            shown.reason = entry.case.reason
    elif box.now() >= sitting.closes_at:
        shown.state = "absent"
    elif box.now() >= sitting.starts_at:
        shown.state = "late"
    return shown
