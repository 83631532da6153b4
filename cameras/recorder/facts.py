"""Facts of one camera on their way into the index, in order, and its gap."""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from appliance.base.ids import new_id
from appliance.wire.recorder import Cause
from cameras.index import GapRow, Index
from cameras.recorder.ending import Ended

log = logging.getLogger("examsite.recorder")


class Facts:
    """What the disk has not taken yet waits here: it is written later, in the same order."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, write: Callable[..., None], *values: Any) -> None:
        """One fact: a method of the index and its arguments."""
        self._waiting.append((write, values))

    def settle(self) -> None:
        """Write what waits. Raises Ended("disk") while the disk does not take it."""
        while self._waiting:
            write, values = self._waiting[0]
            try:
                write(*values)
            except sqlite3.Error as error:
                raise Ended("disk", str(error)) from error
            self._waiting.popleft()


class CameraGap:
    """The gap of a camera while there is one. `current`: the one that is not over."""

    def __init__(self, camera: str, index: Index, facts: Facts) -> None:
        self._camera = camera
        self._index = index
        self._facts = facts
        self.current = index.open_gap(camera)

    def open(self, cause: Cause, detail: str, now: datetime, end: datetime | None) -> bool:
        """Nothing is recorded: one gap per cause. `end`: of the newest picture. False: that was known."""
        if self.current and self.current.cause == cause:
            return False
        level = logging.INFO if cause in ("stopped", "resting") else logging.WARNING
        log.log(level, "camera %s: not recording (%s: %s)", self._camera, cause, detail)
        start = now
        if self.current:
            start = max(self.current.start, now)
            self._facts.add(self._index.close_gap, self.current.id, start)
        elif end:
            start = min(end, now + timedelta(seconds=1))
        self.current = GapRow(id=new_id(), camera=self._camera, start=start, end=None, cause=cause)
        self._facts.add(self._index.open_gap_row, self.current.id, self._camera, start, cause, detail)
        return True

    def close(self, start: datetime) -> bool:
        """Recording (again) from `start` on. False: there was no gap."""
        if self.current is None:
            return False
        log.log(
            logging.INFO if self.current.cause == "resting" else logging.WARNING,
            "camera %s: recording again",
            self._camera,
        )
        self._facts.add(self._index.close_gap, self.current.id, start)
        self.current = None
        return True
