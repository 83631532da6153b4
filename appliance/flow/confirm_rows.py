"""The province stands for rows that were loaded by hand: their results need no longer be held."""

from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.records.journal import append
from appliance.records.roster import Candidate, RosterRow
from appliance.records.sitting import Sitting


class RowName(msgspec.Struct, frozen=True, kw_only=True):
    """A row as the province names it. `number`: the whole ID number; `starts_at` aware."""

    number: str
    subject: str
    starts_at: datetime


def confirm_rows(session: Session, box: Box, rows: list[RowName], message: str) -> int:
    """Confirm these rows; returns how many were still waiting. Rows the box does not know are left out."""
    confirmed = 0
    for name in rows:
        found = session.exec(
            select(RosterRow)
            .join(Candidate, col(Candidate.id) == col(RosterRow.candidate))
            .join(Sitting, col(Sitting.id) == col(RosterRow.sitting))
            .where(
                Candidate.number_index == box.key.index(name.number),
                Sitting.subject == name.subject,
                Sitting.starts_at == name.starts_at,
                col(RosterRow.confirmed_at).is_(None),
            )
        ).all()
        for row in found:
            row.confirmed_at = box.now()
            session.add(row)
            session.flush()
            facts = {"sitting": row.sitting, "message": message}
            append(session, "roster_row.confirmed", row.candidate, "province", facts, at=box.now())
            confirmed += 1
    return confirmed
