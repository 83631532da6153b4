"""The changing code on the screens in the cameras' views: what each shows in each minute, and what a look proves.

A screen's number in a minute is made from the last journal entry recorded before that minute began. Nobody can know
it long before, everybody who has the journal can compute it later: a picture that shows it was taken in that minute,
by a camera that saw that screen.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

NUMBERS = 10_000_000
"""Seven digits."""
MINUTE = 60
GRACE = timedelta(seconds=2)
"""After a minute begins, until its number is shown: entries recorded before it have been committed by then."""
LOOK_BACK = 180
"""Minutes among which a number that is not the present one is looked for."""
IN_A_ROW = 2
"""Looks that must find fault before it is an alarm: somebody may stand before the screen."""

Verdict = Literal["ok", "late", "other", "unknown", "missing"]
"""Right number; that of an earlier minute; that of another screen; no number of ours; none read."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a screen shows in a minute (counted since 1970), and the journal entry it is made from."""

    screen: str
    minute: int
    seq: int
    number: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What one look proves. `shown`: what the number read belongs to; None for a number of nothing, or none."""

    verdict: Verdict
    shown: Shown | None = None


def minute_of(at: datetime) -> int:
    """The minute a moment lies in, counted since 1970."""
    return int(at.timestamp()) // MINUTE


def begins(minute: int) -> datetime:
    """When a minute begins."""
    return datetime.fromtimestamp(minute * MINUTE, UTC)


def number(screen: str, minute: int, seq: int, head: str) -> int:
    """What `screen` shows in `minute`, when the entry `seq` with the hash `head` was the last one before it."""
    text = f"examsite-screen 1\n{screen}\n{minute}\n{seq}\n{head}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % NUMBERS


def judge(seen: int | None, at: datetime, screen: str, known: Iterable[Shown]) -> Judged:
    """A number read from a picture taken `at`, of a camera in whose view `screen` stands.

    `known`: numbers of all screens in the minutes before, those of the picture's minute and the one before included;
    the screen changes a moment after the minute, so both are right.
    """
    if seen is None:
        return Judged("missing")
    now = minute_of(at)
    fits = sorted(
        (one for one in known if one.number == seen),
        key=lambda one: (one.screen == screen, one.minute),
        reverse=True,
    )
    if not fits:
        return Judged("unknown")
    found = fits[0]
    if found.screen != screen:
        return Judged("other", found)
    return Judged("ok" if now - 1 <= found.minute <= now else "late", found)
