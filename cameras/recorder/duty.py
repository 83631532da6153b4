"""Beside copying the recorder keeps the orders, says which camera records by plan, and seals the chains."""

import asyncio
import logging
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance.base.camera_settings import CameraSettings
from appliance.base.settings import Settings
from appliance.base.sockets import Handler
from appliance.wire.orders import Orders, OrdersKept
from cameras.index import Index
from cameras.orders import OrderBook
from cameras.plan import first_wanted, needed, wanted
from cameras.recorder.left import LeftOpen
from cameras.recorder.sealing import Sealer

log = logging.getLogger("examsite.recorder")

ROUND = 5.0


class Duty:
    """One of a recorder, made once its index is open."""

    def __init__(self, settings: Settings, index: Index) -> None:
        self._zone = ZoneInfo(settings.site.timezone)
        self._index = index
        self.book = OrderBook(settings)
        self.sealer = Sealer(settings, index)
        self._left = LeftOpen(Path(settings.recorder.media), index)
        self.unplugged = False
        """The disk was taken away, or another one is mounted in its place: only a new process can go on."""
        self._file = _file(index.path)

    def wanted(self, camera: CameraSettings, now: datetime) -> bool:
        """Does this camera record now, by its plan?"""
        return wanted(camera, self.book.current, now, self._zone)

    def needed(self, camera: CameraSettings) -> bool:
        """Does what this camera sees belong to a sitting that runs, as far as the orders say?"""
        return needed(camera, self.book.current, datetime.now(UTC))

    def missed(self, camera: CameraSettings, since: datetime, now: datetime) -> datetime | None:
        """From when on would a camera that rested at `since` have recorded, had the recorder not been killed?"""
        return first_wanted(camera, self.book.current, since, now, self._zone)

    def round(self) -> None:
        """See that the disk is the same, close what was left open, and seal what is due."""
        if _file(self._index.path) != self._file:
            if not self.unplugged:
                log.error(
                    "the recordings' disk is no longer the one that was mounted; the recorder starts again"
                )
            self.unplugged = True
            return
        try:
            self._left.round(datetime.now(UTC), time.monotonic())
        except Exception:  # seals do not wait for it, and the next round tries again
            log.exception("rows that were left open could not be looked at")
        self.sealer.round(self._index.cameras(), self.book.current, datetime.now(UTC), time.monotonic())

    def sealed(self) -> bool:
        """Do the recordings get their seals?"""
        return self.sealer.able(time.monotonic())

    def seal_all(self) -> None:
        """At a clean stop: nothing that was recorded is left without a seal."""
        for camera in self._index.cameras():
            self.sealer.seal(camera, datetime.now(UTC))

    async def run(self) -> None:
        """A round every few seconds."""
        while True:
            try:
                await asyncio.to_thread(self.round)
            except Exception:  # recording goes on without seals, and the next round tries again
                log.exception("a round of the recorder's duties failed")
            await asyncio.sleep(ROUND)

    def handlers(self) -> dict[type, Handler]:
        """Of the socket `recorder`."""

        async def keep(orders: Orders) -> OrdersKept:
            await asyncio.to_thread(self.book.keep, orders)
            return OrdersKept()

        return {Orders: keep}


def _file(path: Path) -> tuple[int, int] | None:
    """Which file this is."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
