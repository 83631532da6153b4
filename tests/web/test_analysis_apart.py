"""A large item analysis in a process of its own, on both databases."""

import asyncio
from datetime import timedelta

import pytest

from appliance.base.errors import Unavailable
from appliance.flow.analyse_items import Scope, analyse
from appliance.flow.box import Box
from appliance.records.site import Room
from appliance.rules.paper import THEORY
from appliance.web.analysis_apart import analyse_apart
from tests.marked_papers import Source, add_marked, plain_items


@pytest.mark.long
async def test_another_process_finds_the_same_and_is_not_left_behind(
    box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    await box.db.write(lambda session: session.add(Room(code="T1", name="理论考场", kind="theory")))
    source = Source(items=plain_items(120), blueprint=THEORY)
    await box.db.write(add_marked, box, source, box.now() - timedelta(days=1), 40)
    scope = Scope(trade="low_voltage")
    assert await analyse_apart(box, scope) == await box.db.read(analyse, box, scope)
    waiting = asyncio.create_task(analyse_apart(box, scope))
    await asyncio.sleep(0.1)
    waiting.cancel()  # nobody waits any more: the process is killed
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(Unavailable, match="analysis_failed"):
        await analyse_apart(box, Scope(sitting="nothing"))
    assert "item analysis failed" in caplog.text
