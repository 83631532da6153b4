"""The province confirms rows that came by hand: their results need not be held any longer."""

from datetime import datetime

from sqlmodel import Session, select

from appliance.flow.box import Box
from appliance.records.journal import append
from appliance.records.roster import Candidate, RosterRow
from appliance.records.sitting import Sitting


def confirm_rows(session: Session, box: Box, rows: list[tuple[str, str, datetime]], message: str) -> int:
    """`rows`: (number, subject, starts_at). Returns how many were confirmed now; unknown ones are left alone."""
    count = 0
    for number, subject, starts_at in rows:
        row = session.exec(
            select(RosterRow)
            .join(Candidate, Candidate.id == RosterRow.candidate)  # type: ignore[arg-type]
            .join(Sitting, Sitting.id == RosterRow.sitting)  # type: ignore[arg-type]
            .where(
                Candidate.number_index == box.key.index(number),
                Sitting.subject == subject,
                Sitting.starts_at == starts_at,
            )
        ).first()
        if row is None or row.confirmed_at is not None:
            continue
        row.confirmed_at = box.now()
        session.add(row)
        session.flush()
        body = {"sitting": row.sitting, "message": message}
        append(session, "roster_row.confirmed", row.candidate, "province", body, at=box.now())
        count += 1
    return count
