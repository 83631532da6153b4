"""Times of a replay: the Range header in absolute time (RFC 2326, 3.7), times in XML, the camera's clock. Pure."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

CLOCK = re.compile(r"clock=(\d{8}T\d{6})(\.\d{1,9})?Z-(?:(\d{8}T\d{6})(\.\d{1,9})?Z)?")
STEP = timedelta(milliseconds=1)
Span = tuple[datetime, datetime]


def clock_range(start: datetime, end: datetime) -> str:
    """`clock=...-...` that holds both times, in whole milliseconds."""
    after = end + (STEP - timedelta(microseconds=1))
    return f"clock={_written(start)}-{_written(after)}"


def _written(at: datetime) -> str:
    at = at.astimezone(UTC)
    return f"{at:%Y%m%dT%H%M%S}.{at.microsecond // 1000:03d}Z"


def read_range(header: str) -> tuple[datetime, datetime | None] | None:
    """Start and end of a Range header in absolute time; None when it is none."""
    found = CLOCK.fullmatch(header.strip())
    try:
        if not found:
            return None
        end = _read(found[3], found[4]) if found[3] else None
        return _read(found[1], found[2]), end
    except ValueError:
        return None


def _read(whole: str, fraction: str | None) -> datetime:
    at = datetime.strptime(whole, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return at + timedelta(microseconds=round(float(fraction or 0) * 1e6))


def xml_time(text: str | None) -> datetime | None:
    """An xs:dateTime; without a zone it is UTC, as ONVIF has it. None when it is none."""
    try:
        at = datetime.fromisoformat((text or "").strip())
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


Reading = tuple[datetime, datetime, datetime]
"""The camera's clock read once, which tells whole seconds: asked at, answered at (our clock), told."""


def clock_offset(readings: Sequence[Reading]) -> tuple[timedelta, timedelta]:
    """By how much the camera is ahead, and how far that may be wrong.

    Each reading says: at some moment between question and answer the camera's clock stood within the second told. What
    all of them allow is left; readings that contradict the newest one (the clock was set meanwhile) do not count.
    """
    least, most = timedelta.min, timedelta.max
    for asked, answered, told in reversed(readings):
        low, high = told - answered, told + timedelta(seconds=1) - asked
        if low > most or high < least:
            break
        least, most = max(least, low), min(most, high)
    middle = least + (most - least) / 2
    return middle, (most - least) / 2
