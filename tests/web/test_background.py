"""What the web process does by itself goes on whatever goes wrong once."""

import asyncio

import pytest
from sqlmodel import Session, select

from appliance.base.clock import FakeClock
from appliance.flow.box import Box
from appliance.flow.hand_in import force_hand_in
from appliance.flow.start_sitting import start_sitting
from appliance.records.theory import Attempt
from appliance.web.background import Background, planned_theory
from tests.flow.test_answers import Page
from tests.world import World, seed


async def test_a_loop_outlives_a_bug_and_tells_it_once(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    background, rounds, enough = Background(box), 0, asyncio.Event()

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds < 3:
            raise ZeroDivisionError("a bug")
        if rounds == 5:
            enough.set()

    task = asyncio.create_task(background._loop("work", work, 0.001))
    async with asyncio.timeout(5):
        await enough.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [record.getMessage() for record in caplog.records if "work fails" in record.getMessage()] == [
        "work fails: a bug"
    ]


async def test_a_paper_that_cannot_be_marked_holds_up_no_other(box: Box, clock: FakeClock) -> None:
    world: World = await box.db.write(seed, box, 3)
    pages = [await asyncio.to_thread(Page, box, world, index) for index in range(3)]
    for page in pages:
        await asyncio.to_thread(page.rules)
    await box.db.write(start_sitting, box, world.sitting, "account:x")
    for page in pages:
        await box.db.write(force_hand_in, box, page.attempt, "a reason", "account:x")

    def lose(session: Session) -> None:
        attempt = session.get_one(Attempt, world.attempts[0])
        attempt.paper = None
        session.add(attempt)

    await box.db.write(lose)
    clock.advance(901)
    with pytest.raises(Exception):  # noqa: B017 (what the loop logs)
        await Background(box)._hand_in()
    states = await box.db.read(lambda s: dict(s.exec(select(Attempt.id, Attempt.state)).all()))
    assert [states[one] for one in world.attempts] == ["handed_in", "marked", "marked"]


async def test_papers_are_drawn_for_a_running_sitting_too(box: Box) -> None:
    world: World = await box.db.write(seed, box, 1)
    await box.db.write(start_sitting, box, world.sitting, "account:x")
    assert [one.id for one in await box.db.read(planned_theory)] == [world.sitting]
