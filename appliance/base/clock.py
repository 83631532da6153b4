"""The clock as a parameter: real time for the box, a settable one for tests of whole days."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What every part that needs the time receives."""

    def now(self) -> datetime:
        """Wall time, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Wall time, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some fixed moment of this boot."""
        return time.monotonic()


class FakeClock:
    """A clock that moves only when told, for sittings of 120 minutes in milliseconds."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a fake clock needs an aware start time")
        self._now = start
        self._elapsed = 0.0

    def now(self) -> datetime:
        """The time that was set."""
        return self._now

    def monotonic(self) -> float:
        """Seconds advanced so far."""
        return self._elapsed

    def jump(self, seconds: float) -> None:
        """Set the wall clock by `seconds`; no time passes."""
        self._now += timedelta(seconds=seconds)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on both clocks."""
        self._now += timedelta(seconds=seconds)
        self._elapsed += seconds


class Jumps:
    """Notices when the wall clock is set. A clock that is slewed, as NTP does it, never counts as set."""

    LEAST = 2.0
    """Seconds below which nothing is told."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall, self._steady = clock.now(), clock.monotonic()

    def seconds(self) -> float:
        """By how much the clock was set since the last time this was asked, back is negative; 0 when it was not."""
        wall, steady = self._clock.now(), self._clock.monotonic()
        moved = (wall - self._wall).total_seconds() - (steady - self._steady)
        self._wall, self._steady = wall, steady
        return moved if abs(moved) >= self.LEAST else 0.0
