"""Facts of one camera on their way into the index, in order, and its gap."""

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from appliance.base.clock import Clock
from appliance.base.ids import new_id
from appliance.wire.recorder import Cause
from cameras.index import GapRow, Index
from cameras.recorder.arrival import wall
from cameras.recorder.ending import Ended

log = logging.getLogger("examsite.recorder")

CLOCK_STEP = 1.0
"""Our wall clock was set by more than this: what follows is told by the new time."""


class Facts:
    """What the disk has not taken yet waits here: it is written later, in the same order."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._settling = threading.Lock()
        """At a stop two threads may want to write them."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, write: Callable[..., None], *values: Any) -> None:
        """One fact: a method of the index and its arguments."""
        self._waiting.append((write, values))

    def settle(self) -> None:
        """Write what waits. Raises Ended("disk") while the disk does not take it."""
        with self._settling:
            while self._waiting:
                write, values = self._waiting[0]
                try:
                    write(*values)
                except sqlite3.IntegrityError as error:
                    # It was kept although the disk said otherwise, or never can be: those behind it must not wait.
                    log.error("a fact is left out: %s", error)
                except sqlite3.Error as error:
                    raise Ended("disk", str(error)) from error
                self._waiting.popleft()


def clock_set(facts: Facts, index: Index, camera: str, before: datetime, after: datetime) -> None:
    """Somebody has set our clock. Set ahead, there are times no picture carries: a gap of their own."""
    seconds = (after - before).total_seconds()
    log.warning("camera %s: the clock was set by %+.1f s", camera, seconds)
    if after > before:
        gap = new_id()
        facts.add(index.open_gap_row, gap, camera, before, "clock", f"the clock was set by {seconds:+.1f} s")
        facts.add(index.close_gap, gap, after)


class CameraGap:
    """The gap of a camera while there is one. `current`: the one that is not over. `offset`: our wall clock minus our
    monotonic one, by which the newest time was told.
    """

    def __init__(self, camera: str, index: Index, facts: Facts, clock: Clock) -> None:
        self._camera = camera
        self._index = index
        self._facts = facts
        self._clock = clock
        self._detail = ""
        self.offset = self._offset()
        self.current = index.open_gap(camera)

    def open(self, cause: Cause, detail: str, end: datetime | None, at: datetime | None = None) -> bool:
        """Nothing is recorded: one gap per cause. `end`: of the newest picture; `at`: when this cause began, if not
        now. False: that was known.
        """
        if self.current:
            self._step()
            if self.current.cause == cause:
                return False
        level = logging.INFO if cause in ("stopped", "resting") else logging.WARNING
        log.log(level, "camera %s: not recording (%s: %s)", self._camera, cause, detail)
        start = at or wall(self._clock.monotonic() + self.offset)
        if self.current:
            start = max(self.current.start, start)
            self._facts.add(self._index.close_gap, self.current.id, start)
        elif end:
            start = min(end, start + timedelta(seconds=1))
        self._begin(cause, detail, start)
        self._step()
        return True

    def _begin(self, cause: Cause, detail: str, start: datetime) -> None:
        self._detail = detail
        self.current = GapRow(id=new_id(), camera=self._camera, start=start, end=None, cause=cause)
        self._facts.add(self._index.open_gap_row, self.current.id, self._camera, start, cause, detail)

    def _offset(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()

    def _step(self) -> None:
        """Was our clock set since? Then the gap ends by the old one and goes on by the new."""
        before, after = (wall(self._clock.monotonic() + offset) for offset in (self.offset, self._offset()))
        self.offset = self._offset()
        if abs((after - before).total_seconds()) <= CLOCK_STEP or self.current is None:
            return
        self._facts.add(self._index.close_gap, self.current.id, max(self.current.start, before))
        clock_set(self._facts, self._index, self._camera, before, after)
        self._begin(self.current.cause, self._detail, after)

    def begin_anew(self, now: datetime) -> None:
        """What was left open by the process before and begins in a time to come goes on from `now`: our clock was set
        back meanwhile, and the chain says so.
        """
        gap = self.current
        if gap and (gap.start - now).total_seconds() > CLOCK_STEP:
            self._facts.add(self._index.close_gap, gap.id, gap.start)
            self._begin(gap.cause, "the clock was set back", now)

    def close(self, start: datetime) -> bool:
        """Recording (again) from `start` on. False: there was no gap."""
        if self.current is None:
            return False
        self._step()
        log.log(
            logging.INFO if self.current.cause == "resting" else logging.WARNING,
            "camera %s: recording again",
            self._camera,
        )
        self._facts.add(self._index.close_gap, self.current.id, start)
        self.current = None
        return True
