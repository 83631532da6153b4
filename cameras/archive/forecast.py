"""For how long there is room on the recording disk. Pure: measured bytes by day and the sittings to come in, days out.

A camera's usual day is the mean of its last four weeks, days without a recording among them. On a day with planned
sittings it is what they need at the camera's bytes an hour, when that is more: as measured in the last four weeks, else
on the last days it recorded, else 4 Mb/s. A day's bytes leave the disk `free_after` days later, when the site lets
originals go and its places keep up with the copies.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

import msgspec

from appliance.wire.archive import Ahead, CameraStorage, Forecast, ShortSitting

WEEKS = timedelta(days=28)
HORIZON = 1200
"""Days looked ahead: more than three years."""
SHOWN = 120
LAST = 28
"""Recorded days of a camera that stood still since by which its hour is reckoned."""
HOUR = 3_600_000_000
UNMEASURED = 4_000_000 // 8 * 3600
"""Bytes an hour of a camera nothing was recorded of yet: 1080p as it is usually set."""


class Measured(msgspec.Struct, frozen=True):
    """One day of one camera: bytes recorded and microseconds of pictures."""

    bytes: int
    micros: int


class Coming(msgspec.Struct, frozen=True, kw_only=True):
    """A sitting to come: the cameras that record it, and for how many hours."""

    id: str
    name: str
    start: datetime
    day: date
    hours: float
    cameras: frozenset[str]


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """The recording disk in bytes. `free_after`: days after which originals leave it, 0 = never."""

    total: int
    free: int
    reserve: int
    free_after: int = 0


def rates(days: Mapping[date, Measured], today: date) -> tuple[int, int]:
    """Bytes in a usual day, and in a recorded hour. The running day is not over and does not count."""
    within = {day: one for day, one in days.items() if today - WEEKS <= day < today}
    if not within:  # the first day: as it has gone so far
        within, whole = {day: one for day, one in days.items() if day == today}, 1
    else:
        whole = (today - min(within)).days
    size, length = sum(one.bytes for one in within.values()), sum(one.micros for one in within.values())
    if length:
        return size // whole, size * HOUR // length
    measured = [one for _day, one in sorted(days.items()) if one.micros][-LAST:]
    length = sum(one.micros for one in measured)
    return 0, sum(one.bytes for one in measured) * HOUR // length if length else UNMEASURED


def expected(
    usual: Mapping[str, tuple[int, int]], coming: Iterable[Coming], day: date
) -> tuple[int, list[tuple[Coming, int]]]:
    """Bytes all cameras will record on a day, and its sittings with what each of them needs."""
    sittings = [one for one in coming if one.day == day]
    size = 0
    for camera, (per_day, per_hour) in usual.items():
        hours = sum(one.hours for one in sittings if camera in one.cameras)
        size += max(per_day, int(hours * per_hour))
    needs = [
        (one, int(one.hours * sum(usual[camera][1] for camera in one.cameras if camera in usual)))
        for one in sorted(sittings, key=lambda one: one.start)
    ]
    return size, needs


def forecast(
    today: date,
    disk: Disk,
    measured: Mapping[str, Mapping[date, Measured]],
    coming: Iterable[Coming],
    warn_days: int,
) -> Forecast:
    """Day by day until the disk is full, or the horizon."""
    usual = {camera: rates(days, today) for camera, days in measured.items()}
    recorded: dict[date, int] = {}
    for days in measured.values():
        for day, one in days.items():
            recorded[day] = recorded.get(day, 0) + one.bytes
    by_day: dict[date, list[Coming]] = {}
    for sitting in coming:
        by_day.setdefault(sitting.day, []).append(sitting)
    room = disk.total - disk.reserve
    used, left, ahead, short = disk.total - disk.free, None, list[Ahead](), list[ShortSitting]()
    if used >= room:
        left = 0.0
    for number in range(HORIZON):
        day = today + timedelta(days=number)
        size, sittings = expected(usual, by_day.get(day, ()), day)
        if number == 0:
            size = max(0, size - recorded.get(day, 0))
        leaves = recorded.get(day - timedelta(days=disk.free_after), 0) if disk.free_after else 0
        before, used = used, used + size - (leaves if number else 0)
        if number:
            recorded[day] = size
        if used > room and left is None:
            left = number + min(1.0, max(0.0, (room - before) / size if size else 0.0))
        if used > room and number <= warn_days:
            short += [
                ShortSitting(id=one.id, name=one.name, start=one.start, missing=min(need, used - room))
                for one, need in sittings
            ]
        if number < SHOWN:
            ahead.append(Ahead(day=f"{day:%Y%m%d}", used=min(max(used, 0), disk.total)))
        if left is not None and number >= max(SHOWN, warn_days):
            break
    return Forecast(
        total=disk.total,
        used=disk.total - disk.free,
        reserve=disk.reserve,
        per_day=sum(per_day for per_day, _ in usual.values()),
        days_left=left,
        ahead=ahead,
        cameras=[
            CameraStorage(
                camera=camera,
                per_day=per_day,
                per_hour=per_hour,
                kept=sum(one.bytes for one in measured[camera].values()),
                days_left=round(max(0, room - (disk.total - disk.free)) / per_day, 1) if per_day else None,
            )
            for camera, (per_day, per_hour) in sorted(usual.items())
        ],
        short=short,
    )
