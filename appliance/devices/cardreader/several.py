"""Several readers of one lane as one: one or two for cards, and the desk's keyboard beside them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Self

from appliance.base.i18n import N_
from appliance.base.settings import ReaderSettings
from appliance.devices.cardreader.driver import SerialCardReader
from appliance.devices.cardreader.keyboard import KeyboardCardReader
from appliance.devices.cardreader.port import CardReader, ReaderEvent, ReaderLost, ReaderReady

ONE_LOST = N_("One of the two card readers does not work. Use the other.")


class SeveralReaders:
    """`CardReader` over `readers`, which can be lost, and `always`, which cannot (the keyboard).

    The lane is without a reader when all are lost; while one works, the loss of another is told as `one_lost`.
    """

    def __init__(self, readers: Sequence[CardReader], always: Sequence[CardReader] = ()) -> None:
        self._readers = list(readers)
        self._always = list(always)

    def events(self) -> AsyncIterator[ReaderEvent]:
        """See `CardReader`."""
        return _Merged(self._readers, self._always)

    def close(self) -> None:
        """See `CardReader`."""
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
        self._queue: asyncio.Queue[ReaderEvent] = asyncio.Queue()
        sources = [(i, reader.events()) for i, reader in enumerate(readers)]
        sources += [(-1, reader.events()) for reader in always]
        self._tasks = [asyncio.create_task(self._carry(i, events)) for i, events in sources]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ReaderEvent:
        return await self._queue.get()

    async def _carry(self, index: int, events: AsyncIterator[ReaderEvent]) -> None:
        async for event in events:
            self._queue.put_nowait(self._heard(index, event))

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
