"""What is verified while a page waits (appliance/web/checks.py)."""

import asyncio

import pytest

from appliance.base.clock import FakeClock
from appliance.flow.box import Box
from appliance.web.checks import Check, Checks
from appliance.web.recordings import FRESH


async def test_a_check_that_is_over_serves_seconds_and_whoever_waits_for_it(
    box: Box, clock: FakeClock
) -> None:
    known, read = Checks(box), []

    async def work(check: Check) -> int:
        read.append(check.id)
        return len(read)

    first = await known.get("files", work, FRESH, worth=0)
    clock.advance(2)
    again = await known.get("files", work, FRESH, worth=0)
    assert again.id == first.id and first.began == first.at
    clock.advance(2)
    waited = await known.get("files", work, FRESH, worth=0, of=first.id)
    assert waited.id == first.id, "the page that waited for it"
    second = await known.get("files", work, FRESH, worth=0)
    assert second.id != first.id and (second.result, len(read)) == (2, 2)
    assert second.began > first.began


async def test_a_page_is_made_of_one_moment_of_a_check(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is over before the page is made would be told half as it was: its page would not ask again."""
    monkeypatch.setattr("appliance.web.checks.WAIT", 0)
    known, ready = Checks(box), asyncio.Event()

    async def work(check: Check) -> str:
        await ready.wait()
        return "whole"

    told = await known.get("files", work, FRESH)
    ready.set()
    monkeypatch.setattr("appliance.web.checks.WAIT", 10)
    assert (await known.get("files", work, FRESH)).result == "whole"
    assert (told.over, told.result) == (False, None)
