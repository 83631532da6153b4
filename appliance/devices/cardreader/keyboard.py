"""The last resort: a paper read by a person and typed at the desk, behind the same port as a reader.

The desk's page sends what was typed, already checked, to the entry process (`wire.gate.PaperByHand`); here it becomes
a tap like any other and goes the same way: rule, face, decision, record. It carries no chip photograph, so the
decision is never an admission by the machine alone.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Self

from appliance.base.clock import Clock, SystemClock
from appliance.devices.cardreader.port import ReaderEvent, Tap, TypedCard


class KeyboardCardReader:
    """The keyboard implementation of `CardReader`: always there, silent until somebody types."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._queue: asyncio.Queue[ReaderEvent] = asyncio.Queue()
        self._known: deque[str] = deque(maxlen=100)

    def events(self) -> AsyncIterator[ReaderEvent]:
        """See `CardReader`."""
        return _Events(self._queue)

    def close(self) -> None:
        """See `CardReader`: nothing to free."""

    def type_in(self, card: TypedCard, tap_id: str) -> None:
        """One paper as somebody typed it. The same `tap_id` again (a page that asks twice) is no second tap."""
        if tap_id in self._known:
            return
        self._known.append(tap_id)
        self._queue.put_nowait(Tap(tap_id=tap_id, at=self._clock.now(), card=card, sam_id=""))


class _Events:
    """What was typed, in order."""

    def __init__(self, queue: asyncio.Queue[ReaderEvent]) -> None:
        self._queue = queue

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ReaderEvent:
        return await self._queue.get()
