"""The time by which recordings may end: the box's clock, but never further than time has passed.

A clock set ten years ahead (a typing error, a dead battery) must not let anything go. What passed while the box ran is
known by its uptime; for each start a week is allowed, and behind, it catches up at twice the speed.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from time import CLOCK_BOOTTIME, clock_gettime

import msgspec

from cameras.archive.store import Archive
from cameras.index import micros, moment

REST = timedelta(days=7)
"""So long a box may have been off before an order waits for the time to pass."""
Uptime = Callable[[], tuple[str, float]]


class Seen(msgspec.Struct, frozen=True):
    """The newest time believed, in microseconds, and the uptime (seconds) of that start of the box."""

    at: int
    boot: str
    up: float


def uptime() -> tuple[str, float]:
    """This start of the box, and for how many seconds it has run, sleep included."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip(), clock_gettime(CLOCK_BOOTTIME)


def furthest(seen: Seen, boot: str, up: float) -> datetime:
    """The latest time that can be now. Pure."""
    passed = up - seen.up if boot == seen.boot else up
    return (
        moment(seen.at)
        + (timedelta() if boot == seen.boot else REST)
        + 2 * timedelta(seconds=max(0.0, passed))
    )


def trusted_now(archive: Archive, clock: datetime, up: Uptime) -> datetime:
    """The time by which recordings may end now; kept in archive.db."""
    boot, passed = up()
    kept = archive.kept("time")
    seen = msgspec.json.decode(kept, type=Seen) if kept else None
    now = min(clock, furthest(seen, boot, passed)) if seen else clock
    if seen is None or micros(now) >= seen.at:  # a clock that went back teaches nothing
        archive.keep("time", msgspec.json.encode(Seen(micros(now), boot, passed)).decode())
    return now
