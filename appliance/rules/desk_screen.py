"""Which card the check-in desk shows (核验台): whoever waits for a person first, else what happened last.

Everything is ordered by when the box recorded it, never by when a card was put down: a face takes its seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LINGER = timedelta(seconds=8)
"""For so long what came of an order stays, though somebody else waits."""
NOTED = timedelta(seconds=60)
"""For so long whoever was not let in at another lane is told beside the one who waits."""
MOST = 2
"""As many of them at once."""
KEYS = 9
"""Keys 1 to 9 open who waits."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A card of the day that may be shown."""

    tap: str
    lane: str
    recorded_at: datetime
    waits: bool = False
    """Its case is open."""
    decided_at: datetime | None = None
    """When a person decided; None also where a later card of the same person ended the case."""

    @property
    def changed(self) -> datetime:
        """When something last happened to it."""
        return max(self.recorded_at, self.decided_at or self.recorded_at)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The newest opening of a lane by hand."""

    order: str
    lane: str
    at: datetime


def shown(
    cards: Sequence[Card], opened: Opened | None, now: datetime, put_aside: datetime | None = None
) -> Card | Opened | None:
    """What stands large on the desk; None = it waits for the next card.

    Whoever waits for a decision stays until it is made or the next card at the same lane: cards at other lanes push
    nobody away. Everything until `put_aside` was put aside by the staff; an instant to come (the clock was set back)
    puts nothing aside.
    """
    since = put_aside if put_aside is not None and put_aside <= now else None
    left = [one for one in cards if since is None or one.changed > since]
    last = max(left, key=lambda one: one.changed, default=None)
    by_hand = opened if opened and (since is None or opened.at > since) else None
    if by_hand and last and by_hand.at <= last.changed:
        by_hand = None
    newest = {one.lane: one for one in sorted(cards, key=lambda one: one.recorded_at)}
    waiting = [one for one in left if one.waits and newest[one.lane] is one]
    held = min(waiting, key=lambda one: one.recorded_at, default=None)
    if by_hand and (held is None or held.lane == by_hand.lane or now - by_hand.at < LINGER):
        return by_hand
    just = last is not None and last.decided_at == last.changed and now - last.changed < LINGER
    return last if held is None or just else held


def keys(waiting: Sequence[str], today: Sequence[str]) -> dict[str, int]:
    """Case that waits -> the digit that opens it, the same for as long as it waits; those without one are left out.

    `today`: every case of the day in the order they were opened. Ten open at once share nine digits: the older has it.
    """
    number = {one: place for place, one in enumerate(today)}
    found: dict[int, str] = {}
    for one in waiting:
        if one in number:
            found.setdefault(number[one] % KEYS + 1, one)
    return {one: key for key, one in found.items()}


def elsewhere(refused: Sequence[Card], waits: Card, now: datetime) -> list[str]:
    """Cards not let in at other lanes a moment ago, which the one who waits would hide; in the order given."""
    found = [
        one.tap
        for one in refused
        if one.lane != waits.lane and one.recorded_at > waits.recorded_at and now - one.recorded_at < NOTED
    ]
    return found[:MOST]
