"""What of a room changed since a page read it last: it gets those tiles alone, or the whole plan when it knows none.

Kept in memory per sitting, told by a token in the page; after a restart the token is unknown and the plan comes whole.
"""

import os
from collections.abc import Sequence
from typing import Any

import msgspec

from appliance.flow.board import Board, SeatTile

MOVING = {"remaining_s": None, "station_seen_s": None}
"""Fields that change with every look and are not shown in a tile."""


class RoomView:
    """One sitting's tiles as they were shown, each with the version at which it changed last."""

    def __init__(self) -> None:
        self._epoch = os.urandom(4).hex()
        self._version = 0
        self._tiles: dict[str, tuple[Any, int]] = {}
        self._orders: dict[str, tuple[list[str], int]] = {}

    def look(self, found: Board, order: str, plan: Sequence[SeatTile | None]) -> None:
        """Take in how the room stands now; `plan`: the tiles in the order the page shows them."""
        fresh = self._version + 1
        for tile in found.seats:
            own_end = tile.deadline != found.sitting.ends_at
            facts = (msgspec.structs.replace(tile, **MOVING), own_end)
            if tile.seat not in self._tiles or self._tiles[tile.seat][0] != facts:
                self._tiles[tile.seat] = (facts, fresh)
                self._version = fresh
        seats = [one.seat if one else "" for one in plan]
        if order not in self._orders or self._orders[order][0] != seats:
            self._orders[order] = (seats, fresh)
            self._version = fresh

    @property
    def token(self) -> str:
        """What a page shows after this look."""
        return f"{self._epoch}-{self._version}"

    def changed(self, have: str, order: str, plan: Sequence[SeatTile | None]) -> list[SeatTile] | None:
        """Tiles that changed since `have`; None = the page needs the whole plan."""
        epoch, _dash, number = have.partition("-")
        known = int(number) if number.isdigit() and len(number) < 16 else -1
        if epoch != self._epoch or known < self._orders[order][1]:
            return None
        return [one for one in plan if one and self._tiles[one.seat][1] > known]


class RoomViews:
    """Of every sitting that is looked at."""

    MOST = 50

    def __init__(self) -> None:
        self._views: dict[str, RoomView] = {}

    def of(self, sitting: str) -> RoomView:
        """The view of a sitting; old ones are forgotten."""
        if sitting not in self._views:
            while len(self._views) >= self.MOST:
                del self._views[next(iter(self._views))]
            self._views[sitting] = RoomView()
        return self._views[sitting]
