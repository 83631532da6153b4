"""At which sittings a candidate is expected, and where they sat: what tells people of one name apart. No writes."""

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from appliance.intake.catalogue import trade_name
from appliance.records.roster import Roster, RosterRow
from appliance.records.seating import SeatTaking
from appliance.records.sitting import Sitting


class Attended(msgspec.Struct, kw_only=True):
    """One sitting of one candidate. `seats` in the order they were taken; empty: never called to one."""

    starts_at: datetime
    number: int
    subject: str
    trade_name: str
    seats: list[str]


def attended(session: Session, candidates: Collection[str]) -> dict[str, list[Attended]]:
    """Candidate -> sittings in order of their start. Whoever has none is left out.

    A roster that nobody confirmed expects nobody; where somebody sat is told in any case.
    """
    seats: dict[tuple[str, str], list[str]] = {}
    wanted = col(SeatTaking.candidate).in_(candidates)
    for one in session.exec(select(SeatTaking).where(wanted).order_by(col(SeatTaking.taken_at))):
        taken = seats.setdefault((one.candidate, one.sitting), [])
        if taken[-1:] != [one.seat]:
            taken.append(one.seat)
    rows = session.exec(
        select(RosterRow.candidate, Sitting, Roster.state)
        .join(Sitting, col(Sitting.id) == col(RosterRow.sitting))
        .join(Roster, col(Roster.id) == col(RosterRow.roster))
        .where(col(RosterRow.candidate).in_(candidates))
        .order_by(col(Sitting.starts_at), col(Sitting.number))
    )
    found: dict[str, list[Attended]] = {}
    for candidate, sitting, state in rows:
        if state != "active" and (candidate, sitting.id) not in seats:
            continue
        found.setdefault(candidate, []).append(
            Attended(
                starts_at=sitting.starts_at,
                number=sitting.number,
                subject=sitting.subject,
                trade_name=trade_name(sitting.trade),
                seats=seats.get((candidate, sitting.id), []),
            )
        )
    return found
