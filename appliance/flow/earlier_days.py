"""Days before today with results that were withheld then and may be released by now. No writes."""

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.flow.verdict import blockers, held, scored_on
from appliance.records.verdict import Verdict


class EarlierDay(msgspec.Struct, kw_only=True):
    """One day. `ready`: decided verdicts not held; `blockers`, `scored` as in flow.office.Office."""

    day: str
    ready: int
    blockers: list[str]
    scored: bool


def earlier_days(session: Session, box: Box, account: str) -> list[EarlierDay]:
    """Days with something to release, oldest first. `account`: the reader's id."""
    rows = select(Verdict).where(
        Verdict.day < box.today().isoformat(),
        col(Verdict.release).is_(None),
        Verdict.code != "violation_open",
    )
    ready = [one.day for one in session.exec(rows).all() if not held(session, one.candidate, one.trade)]
    return [
        EarlierDay(
            day=day,
            ready=ready.count(day),
            blockers=blockers(session, box, day),
            scored=scored_on(session, box, day, account),
        )
        for day in sorted(set(ready))
    ]
