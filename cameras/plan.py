"""When a camera records (`record` of its settings). Pure: settings, orders and a time in, an answer out.

Whatever is not known makes it record: no orders, orders nobody has renewed for a day, a room no order knows. All times
are UTC; only which sittings are of one day is asked of the site's calendar.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo

from appliance.base.camera_settings import CameraSettings
from appliance.wire.orders import Orders, SittingOrder

OUTDATED = timedelta(hours=24)
"""exam-web renews its orders every hour; older ones may lack a sitting."""


def wanted(camera: CameraSettings, orders: Orders | None, now: datetime, zone: tzinfo) -> bool:
    """Does this camera record at `now`?"""
    if camera.record == "always" or orders is None or abs(now - orders.made_at) > OUTDATED:
        return True
    if camera.room and camera.room not in orders.rooms:
        return True
    before, after = timedelta(minutes=camera.before_min), timedelta(minutes=camera.after_min)
    mine = [one for one in orders.sittings if not camera.room or camera.room in one.rooms]
    times = _open_days(mine, now, zone) if camera.record == "open" else (_span(one, now) for one in mine)
    return any(start - before <= now < end + after for start, end in times)


def _span(one: SittingOrder, now: datetime) -> tuple[datetime, datetime]:
    """A sitting from its first to its last second: planned or true, whichever is longer. One that runs goes on."""
    start = min(one.starts_at, one.started_at or one.starts_at)
    if one.ended_at:
        return start, one.ended_at
    return start, max(one.ends_at, now + timedelta(microseconds=1)) if one.started_at else one.ends_at


def _open_days(
    sittings: list[SittingOrder], now: datetime, zone: tzinfo
) -> Iterator[tuple[datetime, datetime]]:
    """Each day's time in which the room is open: from the first admission to the end of the last sitting."""
    days: dict[object, list[SittingOrder]] = {}
    for one in sittings:
        days.setdefault(one.starts_at.astimezone(zone).date(), []).append(one)
    for day in days.values():
        spans = [_span(one, now) for one in day]
        yield (
            min(*(one.opens_at for one in day), *(start for start, _ in spans)),
            max(end for _, end in spans),
        )
