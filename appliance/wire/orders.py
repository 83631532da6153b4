"""What exam-web tells exam-recorder of the sittings, so that cameras can record by plan (UNIX socket `recorder`).

Always the whole picture, never a change: an order told twice, or after one that got lost, comes to the same. Until when
recordings are kept goes to exam-archive (appliance/wire/archive.py).
"""

from datetime import datetime

import msgspec


class SittingOrder(msgspec.Struct, kw_only=True):
    """One sitting. `starts_at`, `ends_at`: as planned; `started_at`, `ended_at`: as it truly was, None until then."""

    id: str
    rooms: list[str]
    opens_at: datetime
    """When admission opens, and with it the room."""
    starts_at: datetime
    ends_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None


class Orders(msgspec.Struct, tag="recorder.orders", kw_only=True):
    """The sittings of yesterday and of the days to come. `rooms`: every room of the site: a camera of a room that is
    not among them records always. `waiting`: those of them where candidates wait, of whichever sitting.
    """

    made_at: datetime
    rooms: list[str]
    sittings: list[SittingOrder]
    waiting: list[str] = []


class OrdersKept(msgspec.Struct):
    """They are on the recorder's disk."""
