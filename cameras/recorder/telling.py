"""The journal is told what the index found and what was put into gaps, again and again until the notebook takes it."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable

from appliance.base.errors import ExamError
from cameras.index import Index
from cameras.index.untold import fillings, findings, taken
from cameras.notes import Notebook

log = logging.getLogger("examsite.recorder")

EVERY = 60.0
"""Seconds."""


class Telling:
    """One of a recorder. `busy`: is a camera being filled?"""

    def __init__(self, index: Index, notes: Notebook, busy: Callable[[str], bool]) -> None:
        self._index, self._notes, self._busy = index, notes, busy
        self._one = threading.Lock()
        self._failing = False

    def tell(self, done: str = "") -> None:
        """All there is; `done`: a camera whose filling is over just now. Never raises: recording goes on, and what is
        not taken now is told the next time.
        """
        with self._one:
            try:
                for one in [
                    *findings(self._index),
                    *fillings(self._index, lambda one: one != done and self._busy(one)),
                ]:
                    if one.many:
                        self._notes.add(one.kind, one.camera, one.by, one.at, one.code, one.many)
                    taken(self._index, one)
                self._failing = False
            except (ExamError, sqlite3.Error) as error:
                if not self._failing:
                    log.error("what the journal has to know waits: %s", error)
                self._failing = True

    async def run(self) -> None:
        """At once, and every minute."""
        while True:
            await asyncio.to_thread(self.tell)
            await asyncio.sleep(EVERY)
