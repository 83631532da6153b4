"""Whom the desk looks for: people of today's sittings by name, number or ticket, and how each stands. No writes."""

from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.absence import open_absence
from appliance.flow.box import Box
from appliance.flow.desk import tap_line, ticket_of
from appliance.flow.inspect import find_candidates
from appliance.flow.today import line, sittings_of_day
from appliance.records.entry import Admission, Case, Tap
from appliance.records.roster import Candidate, Roster, RosterRow
from appliance.records.sitting import Sitting
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
        lines = [_person(session, box, sitting, one, row) for one, row in session.exec(rows).all()]
        if wanted is None:
            lines = [one for one in lines if one.state != "inside"]
        if lines:
            found.append(PeopleOfSitting(sitting=line(session, sitting), people=lines))
    return found


def _person(session: Session, box: Box, sitting: Sitting, person: Candidate, row: RosterRow) -> PersonLine:
    shown = PersonLine(
        candidate=person.id,
        name=person.name,
        number=person.number_masked,
        ticket_number=row.ticket_number,
        sitting=sitting.id,
        state="expected",
    )
    inside = session.exec(
        select(Admission).where(Admission.sitting == sitting.id, Admission.candidate == person.id)
    ).first()
    last = session.exec(
        select(Tap)
        .where(Tap.candidate == person.id, Tap.sitting == sitting.id)
        .order_by(col(Tap.recorded_at).desc())
        .limit(1)
    ).first()
    shown.tap = last.id if last else ""
    if inside:
        shown.state, shown.since, shown.locker = "inside", inside.happened_at, inside.locker
        shown.ticket = ticket_of(session, sitting.id, person.id)
        if away := open_absence(session, sitting.id, person.id):
            shown.state, shown.since, shown.reason = "away", away.left_at, away.reason
    elif last:
        case = session.exec(select(Case).where(Case.tap == last.id)).first()
        shown.state = "review" if case and case.state == "open" else "refused"
        shown.since, shown.reason = last.happened_at, tap_line(session, last, counts=False).sentence
        if case and case.reason:
            shown.reason = case.reason
    elif box.now() >= sitting.closes_at:
        shown.state = "absent"
    elif box.now() >= sitting.starts_at:
        shown.state = "late"
    return shown
