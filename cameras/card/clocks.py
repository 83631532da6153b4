"""By how much each camera's clock was ahead when it was read: one that was set since a gap makes its card's times
doubtful, and so does one of which nobody knows what it was then. Readings are kept in the index, over restarts.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from cameras.index import Index, micros, moment

KEPT = timedelta(days=8)
"""Readings of more than the days a card is asked for; of the time before, the last one."""
ALIKE, EVERY = 0.7, timedelta(hours=1)
"""Seconds by which two readings of one clock differ anyway; such a one is kept now and then only."""
SET, DRIFT = 2.0, 1e-4
"""Seconds, and seconds in a second, by which a clock that nobody sets may be elsewhere."""
Ahead = tuple[datetime, float]
"""When it was read (our clock), and by how many seconds it was ahead."""


def since(readings: Sequence[Ahead], then: datetime) -> list[Ahead]:
    """The last reading at or before `then` and all after it; empty: nobody knows what it was then. Pure."""
    before = [one for one in readings if one[0] <= then][-1:]
    return before + [one for one in readings if one[0] > then] if before else []


def set_by(readings: Sequence[Ahead]) -> float | None:
    """By how many seconds the clock was set between two of these; None: it was not. Pure."""
    for (one, first), (other, last) in pairwise(readings):
        if abs(last - first) > SET + DRIFT * (other - one).total_seconds():
            return last - first
    return None


def spread(readings: Sequence[Ahead]) -> float:
    """Seconds between what the last of these says and the one furthest from it, where reading alone does not explain
    it, else 0. Pure.
    """
    most = max(abs(one - readings[-1][1]) for _, one in readings)
    return most if most > 2 * ALIKE else 0.0


class Clocks:
    """One of a recorder."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._seen: dict[str, float] = {}

    def see(self, camera: str, now: datetime, ahead: float) -> None:
        """What the newest reading of a camera's clock says, as often as somebody asks. Raises sqlite3.Error."""
        if self._seen.get(camera) == ahead:
            return
        last = self._index.rows(
            "SELECT at, ahead FROM clock WHERE camera = ? ORDER BY at DESC LIMIT 1", camera
        )
        if (
            not last
            or abs(last[0][1] - ahead) > ALIKE
            or not moment(last[0][0]) <= now < moment(last[0][0]) + EVERY
        ):
            before = micros(now - KEPT)
            with self._index.transaction() as link:
                link.execute(
                    "INSERT INTO clock(camera, at, ahead) VALUES (?, ?, ?)", (camera, micros(now), ahead)
                )
                link.execute(
                    "DELETE FROM clock WHERE camera = ? AND at <"
                    " (SELECT max(at) FROM clock WHERE camera = ? AND at < ?)",
                    (camera, camera, before),
                )
        self._seen[camera] = ahead

    def since(self, camera: str, then: datetime, now: datetime, ahead: float) -> list[Ahead]:
        """`since` of its readings, and what is read now; empty: not known."""
        rows = self._index.rows("SELECT at, ahead FROM clock WHERE camera = ? ORDER BY at, rowid", camera)
        found = since([(moment(at), told) for at, told in rows], then)
        return [*found, (now, ahead)] if found else []
