"""Who is expected at a sitting and is not inside yet. No writes."""

import msgspec
from sqlmodel import Session, col, select

from appliance.records.entry import Admission
from appliance.records.roster import Candidate, Roster, RosterRow


class MissingLine(msgspec.Struct, kw_only=True):
    """Somebody expected who has not come."""

    name: str
    number: str
    ticket_number: str


def missing(session: Session, sitting: str) -> list[MissingLine]:
    """Expected people of confirmed rosters without an admission, in order of the roster."""
    came = select(Admission.candidate).where(Admission.sitting == sitting)
    rows = session.exec(
        select(Candidate, RosterRow)
        .join(RosterRow, col(RosterRow.candidate) == col(Candidate.id))
        .join(Roster, col(Roster.id) == col(RosterRow.roster))
        .where(RosterRow.sitting == sitting, Roster.state == "active", col(Candidate.id).not_in(came))
        .order_by(col(RosterRow.row))
    )
    return [
        MissingLine(name=person.name, number=person.number_masked, ticket_number=row.ticket_number)
        for person, row in rows
    ]
