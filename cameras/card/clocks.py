"""By how much each camera's clock was ahead lately: one that was set since a gap makes its card's times doubtful.

Pure but for what it remembers, which ends with the process.
"""

from datetime import datetime

KEPT = 500
"""Changes remembered of each camera."""
SET, DRIFT = 2.0, 1e-4
"""Seconds, and seconds in a second, by which a clock that nobody sets may be elsewhere."""


class Clocks:
    """One of a recorder."""

    def __init__(self) -> None:
        self._known: dict[str, list[tuple[datetime, float]]] = {}

    def see(self, camera: str, now: datetime, ahead: float) -> None:
        """What is known of a camera's clock now, in seconds."""
        known = self._known.setdefault(camera, [])
        if not known or known[-1][1] != ahead:
            known.append((now, ahead))
            del known[:-KEPT]

    def set_since(self, camera: str, then: datetime, now: datetime, ahead: float) -> float | None:
        """By how many seconds it was set since `then`, where `ahead` is what it is ahead now; None: it was not, or what
        it was then is not known.
        """
        before = [one for at, one in self._known.get(camera, []) if at <= then]
        if not before:
            return None
        moved = ahead - before[-1]
        drift = SET + DRIFT * (now - then).total_seconds()
        return moved if abs(moved) > drift else None
