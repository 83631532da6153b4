"""Something is verified while a page waits: the answer within a second, else how far it has come."""

import asyncio
from collections.abc import Awaitable, Callable
from copy import copy
from datetime import datetime
from typing import Any

from litestar import Request

from appliance.base.errors import ExamError
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.box import Box

WAIT = 1.0
"""Seconds a page waits before it shows progress instead."""
MOST = 200
"""Checks that are remembered."""


class Check:
    """One verification: `done` of `total`, and in the end `result`, or the `error` that ended it."""

    def __init__(self, began: datetime) -> None:
        self.id = new_id()
        self.began = began
        self.done = self.total = 0
        self.result: Any = None
        self.before: Any = None
        """What the check it follows found: a page tells it until this one has a result."""
        self.error: ExamError | None = None
        self.at: datetime | None = None
        """When it was over."""
        self.ended = 0.0
        self.seconds = 0.0
        self.task: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        """Nothing more will come."""
        return self.at is not None

    def progress(self, done: int, total: int) -> None:
        """How far it is."""
        self.done, self.total = done, total


Work = Callable[[Check], Awaitable[Any]]


class Checks:
    """The checks of a web process by what they check: whoever asks for the same waits for the same one."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._known: dict[str, Check] = {}

    async def get(
        self, key: str, work: Work, fresh: float, again: bool = False, worth: float = 10, of: str = ""
    ) -> Check:
        """The check of `key`: a running one, one not older than `fresh` seconds (or `worth` times as long as it
        took), else a new one. Waits for it a second at most. `of`: the one a page waits for, which gets its outcome
        however late it asks (a page in the background does not ask every second).
        """
        found = self._known.get(key)
        if found and found.over and found.id != of:
            age = self._box.clock.monotonic() - found.ended
            if again or age > max(fresh, worth * found.seconds):
                found = None
        if found is None:
            old = self._known.pop(key, None)
            found = self._known[key] = Check(self._box.now())
            found.before = (old.result or old.before) if old else None
            while len(self._known) > MOST:
                del self._known[next(iter(self._known))]
            found.task = asyncio.create_task(self._run(found, work))
        assert found.task
        await asyncio.wait([found.task], timeout=WAIT)
        if found.task.done():
            found.task.result()
        return copy(found)  # as it is now: it may be over before the page that tells of it is made

    async def _run(self, check: Check, work: Work) -> None:
        began = self._box.clock.monotonic()
        try:
            check.result = await work(check)
            check.before = None
        except ExamError as error:
            check.error = error  # the page says it
        finally:
            check.at, check.ended = self._box.now(), self._box.clock.monotonic()
            check.seconds = check.ended - began


def checks(request: Request[Who, Any, Any], box: Box) -> Checks:
    """Those of this process."""
    state = request.app.state
    if "checks" not in state:
        state.checks = Checks(box)
    found: Checks = state.checks
    return found
