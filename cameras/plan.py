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
LATE_START = timedelta(hours=3)
"""A sitting that has not begun may still: for so long after its planned end the room is recorded all the same."""
Span = tuple[datetime, datetime]


def wanted(camera: CameraSettings, orders: Orders | None, now: datetime, zone: tzinfo) -> bool:
    """Does this camera record at `now`?"""
    if orders is None or _unplanned(camera, orders) or abs(now - orders.made_at) > OUTDATED:
        return True
    # Before any look at the clock: it may be set back while a sitting runs.
    if any(one.started_at and not one.ended_at for one in _mine(camera, orders)):
        return True
    return any(start <= now < end for start, end in _times(camera, orders, now, zone))


def first_wanted(
    camera: CameraSettings, orders: Orders | None, since: datetime, now: datetime, zone: tzinfo
) -> datetime | None:
    """Of a camera that rested at `since` and whose recorder was killed at some time before `now`: from when on it would
    have recorded; None: not yet. `orders`: the last ones it was told.
    """
    if orders is None or _unplanned(camera, orders) or orders.made_at - now > OUTDATED:
        return since
    since = max(since, min(orders.made_at, now))  # it lived to hear them
    times = [*_times(camera, orders, now, zone), (orders.made_at + OUTDATED, now)]
    return min((max(start, since) for start, end in times if start < now and since < end), default=None)


def needed(camera: CameraSettings, orders: Orders | None, now: datetime) -> bool:
    """Does what this camera sees belong to a sitting that runs? Of an entrance or a waiting room: to every sitting, and
    from its admission on.
    """
    if orders is None or not camera.room or abs(now - orders.made_at) > OUTDATED:
        return False
    every = camera.room in orders.waiting or camera.room not in orders.rooms
    return any(
        (every or camera.room in one.rooms)
        and one.ended_at is None
        and (one.started_at is not None or (every and one.opens_at <= now < one.ends_at))
        for one in orders.sittings
    )


def _unplanned(camera: CameraSettings, orders: Orders) -> bool:
    """Does it record whatever the sittings are?"""
    return camera.record == "always" or bool(camera.room and camera.room not in orders.rooms)


def _mine(camera: CameraSettings, orders: Orders) -> list[SittingOrder]:
    return [one for one in orders.sittings if not camera.room or camera.room in one.rooms]


def _times(camera: CameraSettings, orders: Orders, now: datetime, zone: tzinfo) -> Iterator[Span]:
    """When it is to record, with the minutes before and after."""
    before, after = timedelta(minutes=camera.before_min), timedelta(minutes=camera.after_min)
    mine = _mine(camera, orders)
    times = _open_days(mine, now, zone) if camera.record == "open" else (_span(one, now) for one in mine)
    return ((start - before, end + after) for start, end in times)


def _span(one: SittingOrder, now: datetime) -> Span:
    """A sitting from its first to its last second: planned or true, whichever is longer. One that runs goes on, one
    that has not begun may begin late.
    """
    start = min(one.starts_at, one.started_at or one.starts_at)
    if one.ended_at:
        return start, one.ended_at
    if one.started_at:
        return start, max(one.ends_at, now + timedelta(microseconds=1))
    return start, one.ends_at + LATE_START


def _open_days(sittings: list[SittingOrder], now: datetime, zone: tzinfo) -> Iterator[Span]:
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
