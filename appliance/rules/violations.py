"""Violations (违纪违规): what may be decided, and which results a decision takes away. Pure.

Measures: 安监总培训〔2013〕104号 art. 21 (warning, ordered out, score of the session cancelled); 人社部令第31号 for all
subjects of one exam. Rules that can be broken: appliance/intake/data/violations.json.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

MEASURES = ("unfounded", "warn", "void_subject", "void_all")
"""What can be decided, from the mildest to the hardest."""


@dataclass(frozen=True)
class Sat:
    """A sitting somebody was in: one subject of the exam of one trade on one local day."""

    id: str
    subject: str
    trade: str
    day: date


@dataclass(frozen=True)
class Decided:
    """The decision in force about one violation, and the sitting it happened in."""

    sitting: Sat
    decision: str


def voided(decided: Iterable[Decided], sat: Iterable[Sat]) -> frozenset[str]:
    """Ids of the sittings of `sat` whose result counts no more.

    A subject goes with its own sitting; all subjects go with every sitting of the same trade on the same day.
    """
    known = list(sat)
    gone = set()
    for one in decided:
        if one.decision == "void_subject":
            gone.add(one.sitting.id)
        elif one.decision == "void_all":
            same = (one.sitting.trade, one.sitting.day)
            gone |= {other.id for other in known if (other.trade, other.day) == same} | {one.sitting.id}
    return frozenset(gone)


AROUND = timedelta(minutes=1)
"""Recordings are looked at from this long before a moment until this long after it."""
LONGEST = timedelta(minutes=20)


def stretches(moments: Iterable[datetime]) -> list[tuple[datetime, datetime]]:
    """Start and end of the recordings to look at around these moments, in order; none overlaps another."""
    found: list[tuple[datetime, datetime]] = []
    for moment in sorted(moments):
        start, end = moment - AROUND, moment + AROUND
        if found and start <= found[-1][1]:
            if end - found[-1][0] <= LONGEST:
                found[-1] = (found[-1][0], end)
                continue
            start = found[-1][1]
        found.append((start, end))
    return found


def may_decide(account: str, recorded_by: str, second_by: str) -> bool:
    """Who recorded a violation, or stood by as the second of the staff, does not decide on it."""
    return account not in (recorded_by, second_by)
