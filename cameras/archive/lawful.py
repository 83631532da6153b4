"""May a recording be gone? Pure: what archive.db says of it is believed only as far as law and journal allow.

The law: recordings are archived for three years (appliance/rules/retention.py says which one); a site may keep them
longer.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from appliance.wire.seals import Deletion

LAW_YEARS = 3
TOLD = timedelta(days=1)
"""exam-web takes a deletion into the journal within seconds; so long it is waited for."""


def lawful(
    start: datetime, removed: datetime, now: datetime, deletions: Sequence[Deletion] | None = None
) -> bool:
    """Could what began at `start` be deleted at `removed`? `deletions`: those of the journal; None: it is not asked."""
    if not three_years_after(start) <= removed <= now:
        return False
    if deletions is None or now - removed < TOLD:
        return True
    return any(one.first <= start <= one.last and removed <= one.at for one in deletions)


def lawful_of(path: str, removed: datetime, now: datetime) -> bool:
    """The same of a recording's path, by its day."""
    try:
        return lawful(datetime.strptime(day_of(path), "%Y%m%d").replace(tzinfo=UTC), removed, now)
    except ValueError:
        return False


def day_of(path: str) -> str:
    """The day (yyyymmdd, UTC) of a recording's path CAMERA/DAY/NAME."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else ""


def three_years_after(start: datetime) -> datetime:
    """Nothing goes before; 29 February ends on 1 March."""
    try:
        return start.replace(year=start.year + LAW_YEARS)
    except ValueError:
        return start.replace(year=start.year + LAW_YEARS, month=3, day=1)


def list_digest(recordings: Iterable[tuple[str, str]]) -> str:
    """SHA-256 over path and SHA-256 of recordings, a line each, in the order of their paths. Pure."""
    digest = hashlib.sha256()
    for path, sha256 in sorted(recordings):
        digest.update(f"{path} {sha256}\n".encode())
    return digest.hexdigest()
