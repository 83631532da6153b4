"""The live feed in an outage of the database: logged once, and no screen is told that all is well."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from appliance import live
from appliance.base.errors import Unavailable
from appliance.flow.box import Box
from appliance.live import Tail
from appliance.records.journal import append
from appliance.web.live_routes import feed


@pytest.fixture
async def tail(box: Box) -> AsyncIterator[Tail]:
    tail = Tail(box.db)
    running = asyncio.create_task(tail.run())
    await asyncio.sleep(0.3)
    yield tail
    tail.stop()
    await running


async def test_an_outage_ends_the_feed_and_is_logged_once(
    box: Box, tail: Tail, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    messages: list[Any] = []

    async def screen() -> None:
        async for message in feed(box, tail, ("",), None):
            messages.append(message)

    watching = asyncio.create_task(screen())
    await asyncio.sleep(0.3)
    real = live.head

    def down(_session: object) -> int:
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    monkeypatch.setattr(live, "head", down)
    await asyncio.wait_for(watching, 5)  # the stream ends: the page shows since when
    with pytest.raises(Unavailable):
        tail.check()
    await asyncio.sleep(0.6)
    assert [one.message for one in caplog.records if "cannot be read" in one.message].__len__() == 1
    monkeypatch.setattr(live, "head", real)
    await asyncio.sleep(0.6)
    tail.check()
    assert [one.message for one in caplog.records if "read again" in one.message].__len__() == 1
    await box.db.write(append, "test.noted", "x", "process:test", {}, at=box.now())
    async with asyncio.timeout(5):
        async for event in tail.listen(0):
            if event and event.kind == "test.noted":
                break
