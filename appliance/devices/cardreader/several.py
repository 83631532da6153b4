"""Several readers of one lane as one: one or two for cards, and the desk's keyboard beside them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Self

from appliance.base.i18n import N_
from appliance.base.settings import ReaderSettings
from appliance.devices.cardreader.driver import SerialCardReader
from appliance.devices.cardreader.keyboard import KeyboardCardReader
from appliance.devices.cardreader.port import CardReader, ReaderEvent, ReaderLost, ReaderReady

WAITING = 64
"""Events nobody has taken yet; a reader waits beyond that."""
ONE_LOST = N_("One of the two card readers does not work. Use the other.")


class SeveralReaders:
    """`CardReader` over `readers`, which can be lost, and `always`, which cannot (the keyboard).

    The lane is without a reader when all are lost; while one works, the loss of another is told as `one_lost`.
    """

    def __init__(self, readers: Sequence[CardReader], always: Sequence[CardReader] = ()) -> None:
        self._readers = list(readers)
        self._always = list(always)
        self._merged: list[_Merged] = []

    def events(self) -> AsyncIterator[ReaderEvent]:
        """See `CardReader`. Raises what a reader raises, although none should: a bug is not a lane without cards."""
        self._merged.append(_Merged(self._readers, self._always))
        return self._merged[-1]

    def close(self) -> None:
        """See `CardReader`."""
        for merged in self._merged:
            merged.stop()
        for reader in (*self._readers, *self._always):
            reader.close()


class LaneReaders(SeveralReaders):
    """What stands at one lane: one or two serial readers, and the desk's keyboard."""

    def __init__(self, *readers: ReaderSettings | None) -> None:
        self.keyboard = KeyboardCardReader()
        serial = [SerialCardReader(one.port, one.baud) for one in readers if one]
        super().__init__(serial, [self.keyboard])


class _Merged:
    """The events of all in the order they come. Survives a cancelled wait."""

    def __init__(self, readers: list[CardReader], always: list[CardReader]) -> None:
        self._count = len(readers)
        self._lost: dict[int, ReaderLost] = {}
        self._queue: asyncio.Queue[ReaderEvent | Exception] = asyncio.Queue(WAITING)
        sources = [(i, reader.events()) for i, reader in enumerate(readers)]
        sources += [(-1, reader.events()) for reader in always]
        self._tasks = [asyncio.create_task(self._carry(i, events)) for i, events in sources]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ReaderEvent:
        event = await self._queue.get()
        if isinstance(event, Exception):
            raise event
        return event

    def stop(self) -> None:
        """Listen to nobody any more."""
        for task in self._tasks:
            task.cancel()

    async def _carry(self, index: int, events: AsyncIterator[ReaderEvent]) -> None:
        try:
            async for event in events:
                await self._queue.put(self._heard(index, event))
        except Exception as error:  # told to whoever waits for cards
            await self._queue.put(error)

    def _heard(self, index: int, event: ReaderEvent) -> ReaderEvent:
        """The event as the lane is told it."""
        match event:
            case ReaderLost():
                self._lost[index] = event
                if len(self._lost) < self._count:
                    return ReaderLost(at=event.at, code="one_lost", sentence=ONE_LOST)
            case ReaderReady():
                self._lost.pop(index, None)
                if self._lost:
                    return ReaderLost(at=event.at, code="one_lost", sentence=ONE_LOST)
        return event
