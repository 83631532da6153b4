"""By itself: some minutes after a camera is back its card is asked for what is missing, at low priority.

One camera at a time, never during a running sitting unless set so. What the card does not have is asked for three
times; a camera without Profile G, or one that refuses, is left alone for a day. Whenever a camera begins to record it
is asked who it is: another one may hang there now.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.base.camera_settings import CameraSettings
from appliance.base.errors import DeviceFault, ExamError, Refused
from appliance.base.settings import Settings
from appliance.wire.fill import FillFromCard
from appliance.wire.orders import Orders
from appliance.wire.recorder import CameraStatus
from cameras.card.fill import PLANNED, CardFiller, days_before, missing
from cameras.card.ranges import Span
from cameras.index import Index, behind

log = logging.getLogger("examsite.recorder")

ROUND = 30.0
"""Seconds."""
TIMES = 3
"""So often one gap is asked for by itself,"""
AGAIN = 3600.0
"""seconds apart: some cards give out a file only when it is closed."""
SOON, DAY = 300.0, 86_400.0
"""Seconds until one that does not say who it is, or that refuses, is asked again."""
ACTOR = "process:recorder"


def sitting_runs(orders: Orders | None, now: datetime) -> bool:
    """Is a sitting going on, as planned or as it truly is? Pure."""
    return any(
        one.ended_at is None and (one.started_at is not None or one.starts_at <= now < one.ends_at)
        for one in (orders.sittings if orders else ())
    )


class Patience:
    """What has been asked for, and when again. Pure but for what it remembers; times in seconds of any clock."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, datetime], tuple[int, float]] = {}
        self._alone: dict[str, float] = {}

    def due(self, camera: str, lacking: Sequence[Span], now: float) -> list[Span]:
        """Of the stretches a camera lacks those to be asked for now."""
        if self.left_alone(camera, now):
            return []
        found = []
        for one in lacking:
            times, again = self._asked.get((camera, one[0]), (0, 0.0))
            if times < TIMES and now >= again:
                found.append(one)
        return found

    def asked(self, camera: str, spans: Sequence[Span], now: float) -> None:
        """They have been asked for."""
        for one in spans:
            times, _again = self._asked.get((camera, one[0]), (0, 0.0))
            self._asked[camera, one[0]] = times + 1, now + AGAIN

    def forget(self, camera: str, lacking: Sequence[Span]) -> None:
        """Of a camera only what it still lacks is remembered."""
        still = {one[0] for one in lacking}
        self._asked = {key: told for key, told in self._asked.items() if key[0] != camera or key[1] in still}

    def left_alone(self, camera: str, now: float) -> bool:
        """May nothing be asked of it?"""
        return now < self._alone.get(camera, 0.0)

    def leave_alone(self, camera: str, until: float) -> None:
        """Nothing is asked of it before then."""
        self._alone[camera] = until


class CardWatch:
    """One of a recorder. `states`: how its cameras are; `orders`: of the sittings."""

    def __init__(
        self,
        settings: Settings,
        index: Index,
        filler: CardFiller,
        states: Callable[[], list[CameraStatus]],
        orders: Callable[[], Orders | None],
    ) -> None:
        self._settings, self._index, self._filler = settings, index, filler
        self._media = Path(settings.recorder.media)
        self._states, self._orders = states, orders
        self._patience = Patience()
        self._met: dict[str, datetime] = {}
        """Since when each camera records that was asked who it is."""

    def free(self) -> bool:
        """May cards be asked now?"""
        how = self._settings.recorder.card
        if self._filler.awaited:
            return False
        return how == "always" or (how == "between_sittings" and not sitting_runs(self._orders(), _now()))

    async def run(self) -> None:
        """A round every few seconds."""
        while True:
            await asyncio.sleep(ROUND)
            try:
                await self.round()
            except Exception:  # recording goes on, and the next round tries again
                log.exception("a round of the cameras' cards failed")

    async def round(self) -> None:
        """Ask every camera whose card may hold something that is missing."""
        for status in self._states():
            try:
                await self._one(status)
            except (ExamError, sqlite3.Error) as error:  # the others are asked all the same
                self._left_alone(status.camera, error, SOON)

    async def _one(self, status: CameraStatus) -> None:
        after = timedelta(minutes=self._settings.recorder.card_after_min)
        if status.clock_offset_s is not None:
            see = self._filler.clocks.see
            await asyncio.to_thread(see, status.camera, _now(), status.clock_offset_s)
        await self._meet(status)
        back = status.state in ("recording", "resting") and _now() - status.since >= after
        if back and self._asks(status.camera) and self.free():
            await self._camera(status.camera)

    def _asks(self, code: str) -> CameraSettings | None:
        return next(
            (one for one in self._settings.cameras if one.code == code and "://" not in one.address), None
        )

    async def _meet(self, status: CameraStatus) -> None:
        """Who is it? Asked once each time it begins to record, during a sitting too."""
        code, camera = status.camera, self._asks(status.camera)
        if (
            camera is None
            or self._settings.recorder.card == "off"
            or status.state != "recording"
            or self._met.get(code) == status.since
            or self._patience.left_alone(code, time.monotonic())
        ):
            return
        await self._filler.meet(camera)
        self._met[code] = status.since

    def _left_alone(self, camera: str, error: Exception, seconds: float) -> None:
        wait = DAY if isinstance(error, Refused) else seconds
        self._patience.leave_alone(camera, time.monotonic() + wait)
        log.info("camera %s: its card is not asked for %.0f s: %s", camera, wait, error)

    async def _camera(self, camera: str) -> None:
        lacking = await asyncio.to_thread(self._lacking, camera)
        self._patience.forget(camera, lacking)
        due = self._patience.due(camera, lacking, time.monotonic())
        if not due:
            return
        self._patience.asked(camera, due, time.monotonic())
        order = FillFromCard(camera=camera, start=due[0][0], end=due[-1][1], by=ACTOR)
        try:
            await self._filler.fill(order, self.free)
        except (Refused, DeviceFault) as error:
            self._left_alone(camera, error, AGAIN)
        except ExamError as error:
            log.warning("camera %s: nothing filled from its card: %s", camera, error)

    def _lacking(self, camera: str) -> list[Span]:
        """What is missing of the last days, by the gaps on record: a look at every file would cost too much."""
        now = _now()
        start, end = days_before(self._index, camera, now)
        if kept := self._asks(camera):
            start = max(start, behind.since(self._index, kept, now))
        found = []
        for gap in self._index.gaps(camera, start, end) if start < end else ():
            span = max(gap.start, start), min(gap.end or end, end)
            if gap.cause not in PLANNED and span[0] < span[1]:
                found += missing(self._index, self._media, camera, span, now)
        return found


def _now() -> datetime:
    return datetime.now(UTC)
