"""When pictures arrived, from packet time stamps and the moments their packets came. Pure.

A packet can come late (a stall, a burst after connecting), never early: so the smallest difference of
arrival and time stamp is the truth, and it may creep up slowly, as a camera's clock runs a little slower
than ours.
"""

from datetime import UTC, datetime, timedelta

CREEP = 0.001
"""Largest part by which a camera's clock may run slower than ours (1000 ppm)."""
JUMP = 5.0
"""Seconds between time stamps and arrival that mean: the camera has moved its clock."""


class ArrivalClock:
    """Turns time stamps (seconds) into our monotonic seconds."""

    def __init__(self) -> None:
        self._anchor: float | None = None
        self._last = 0.0
        self._late = 0.0
        """How late the packet before came."""

    def see(self, stamp: float, arrived: float) -> bool:
        """One packet. False: its time stamp has jumped, a new run has to begin."""
        candidate = arrived - stamp
        if self._anchor is None:
            self._anchor, self._last = candidate, arrived
            return True
        passed = max(0.0, arrived - self._last)
        self._last = arrived
        # After a stall, ours or the network's, everything that waited comes at once, each a little less late.
        if candidate < self._anchor - JUMP or candidate > self._anchor + self._late + passed + JUMP:
            return False
        self._late = max(0.0, candidate - self._anchor)
        if candidate < self._anchor:
            self._anchor = candidate
        else:
            self._anchor += min(candidate - self._anchor, passed * CREEP)
        return True

    def at(self, stamp: float) -> float:
        """Monotonic seconds at which the picture with this time stamp came, or could have come at best."""
        if self._anchor is None:
            raise ValueError("no packet seen yet")
        return self._anchor + stamp


def wall(seconds: float) -> datetime:
    """The time of seconds since 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
