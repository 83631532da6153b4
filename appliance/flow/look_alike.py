"""Twins, mostly: two people of one day whom a camera and a glance at the card can take for each other."""

from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.flow.today import day_bounds
from appliance.records.roster import Candidate, Roster, RosterRow
from appliance.records.sitting import Sitting


def has_look_alike(session: Session, box: Box, candidate: Candidate, sitting: Sitting) -> bool:
    """Is somebody of the same surname, place and day of birth expected on the same day?"""
    start, end = day_bounds(box, box.local(sitting.starts_at).strftime("%Y-%m-%d"))
    twin = session.exec(
        select(Candidate.id)
        .join(RosterRow, col(RosterRow.candidate) == col(Candidate.id))
        .join(Roster, col(Roster.id) == col(RosterRow.roster))
        .join(Sitting, col(Sitting.id) == col(RosterRow.sitting))
        .where(
            Roster.state != "rejected",
            Candidate.birth_index == candidate.birth_index,
            Candidate.id != candidate.id,
            col(Candidate.name).startswith(candidate.name[:1], autoescape=True),
            col(Sitting.starts_at) >= start,
            col(Sitting.starts_at) < end,
        )
        .limit(1)
    ).first()
    return twin is not None
