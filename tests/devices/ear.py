"""Listens to a card reader."""

import asyncio

from appliance.devices.cardreader.port import CardReader, ReaderEvent, ReaderReady

SAM = "05.03-20240101-0000999999-0020260101"


class Ear:
    """Collects a reader's events."""

    def __init__(self, reader: CardReader) -> None:
        self.events = reader.events()
        self.heard: list[ReaderEvent] = []

    async def next(self, kind: type, seconds: float = 20.0) -> ReaderEvent:
        event = await asyncio.wait_for(anext(self.events), seconds)
        self.heard.append(event)
        assert isinstance(event, kind), event
        return event

    async def silence(self, seconds: float = 0.5) -> None:
        task = asyncio.ensure_future(anext(self.events))
        done, _ = await asyncio.wait([task], timeout=seconds)
        task.cancel()
        assert not done, task.result()


async def ready(driver: CardReader) -> Ear:
    """The ear of a reader that has said it is there."""
    ear = Ear(driver)
    event = await ear.next(ReaderReady)
    assert isinstance(event, ReaderReady) and event.sam_id == SAM
    return ear
