"""When somebody waited and when they may have been on the way out. Pure.

Nobody puts down a card when leaving. What is on record is from when on somebody was free to go: handed in, the seat
released, let out for a moment, or the sitting over without a seat. From each such moment on the cameras of the way out
belong to their recordings for as long as the site has set.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

Stretch = tuple[datetime, datetime | None]


class Held(NamedTuple):
    """A seat of one sitting. `end` None: still theirs; `back`: released into the waiting room, not to leave."""

    start: datetime
    end: datetime | None
    back: bool = False


def waits(entered: datetime, seats: Sequence[Held], over: datetime | None) -> list[Stretch]:
    """Stretches in the waiting room: after the entrance, and whenever a seat was given back to wait again. `over`: the
    sitting's end; None where it has not ended.
    """
    found: list[Stretch] = []
    since: datetime | None = entered
    for seat in sorted(seats, key=lambda one: one.start):
        if since is not None:
            found.append((since, seat.start))
        since = seat.end if seat.back else None
    if since is not None:
        found.append((since, over))
    return [(start, end) for start, end in found if end is None or end > start]


def free_to_go(seats: Sequence[Held], over: datetime | None) -> datetime | None:
    """When a sitting let somebody go by its seats alone: the last one released, or the sitting over without one."""
    last = max(seats, key=lambda one: one.start, default=None)
    return over if last is None or last.back else last.end


def ways_out(free: Iterable[datetime], lasting: timedelta) -> list[tuple[datetime, datetime]]:
    """From each moment on for `lasting`, joined where they meet; none when nothing is set."""
    found: list[tuple[datetime, datetime]] = []
    for at in sorted(free) if lasting else []:
        if found and at <= found[-1][1]:
            found[-1] = (found[-1][0], at + lasting)
        else:
            found.append((at, at + lasting))
    return found
