"""The roll call in a real browser: ticks, the box gone and back, nothing ticked twice."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from appliance.flow.roll_call import STAYS
from appliance.flow.start_sitting import end_sitting
from appliance.records.entry import Admission, RollTick
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from tests.web.day_server import Running
from tests.web.test_pages import shoot

pytestmark = pytest.mark.long

Open = Callable[..., Page]


def ticks(day: Running) -> list[RollTick]:
    return day.box.db.read_now(lambda s: list(s.exec(select(RollTick).order_by(RollTick.happened_at)).all()))  # type: ignore[arg-type]


def test_the_roll_is_called_with_and_without_the_box(day: Running, open_page: Open) -> None:
    page = open_page("invigilator", "/roll-call")
    boxes = page.locator("[data-roll]")
    expect(boxes).to_have_count(66)
    boxes.nth(0).check()
    expect(page.locator("[data-roll-count]")).to_have_text("已清点 1 / 66")
    expect(page.locator("[data-roll-unsent]")).to_have_text("")
    assert [one.seen for one in ticks(day)] == [True]

    page.context.set_offline(True)
    boxes.nth(1).check()
    boxes.nth(2).check()
    boxes.nth(2).uncheck()
    expect(page.locator("[data-roll-unsent]")).to_contain_text("3")
    shoot(page, "roll-call-offline")
    page.context.set_offline(False)
    expect(page.locator("[data-roll-unsent]")).to_have_text("")
    page.reload()
    expect(page.locator("[data-roll-count]")).to_have_text("已清点 2 / 66")
    assert [one.seen for one in ticks(day)] == [True, True, True, False]
    shoot(page, "roll-call")


def test_a_tick_sent_twice_is_kept_once(day: Running, open_page: Open) -> None:
    page = open_page("chief", "/roll-call")
    before = len(ticks(day))
    page.locator("[data-roll]").nth(5).check()
    expect(page.locator("[data-roll-unsent]")).to_have_text("")
    last = ticks(day)[-1]
    answer = page.evaluate(
        """async (tick) => {
            const token = JSON.parse(document.body.getAttribute('hx-headers'));
            const headers = {...token, 'content-type': 'application/json'};
            const said = await fetch('/roll-call/ticks', {method: 'POST', headers, body: JSON.stringify([tick])});
            return [said.status, await said.json()];
        }""",
        {
            "id": last.id,
            "roll": last.roll,
            "admission": last.admission,
            "seen": last.seen,
            "happened_at": last.happened_at.isoformat(),
        },
    )
    assert answer == [200, {"new": 0}] and len(ticks(day)) == before + 1


def test_nobody_leaves_the_roll_while_it_is_called(day: Running, open_page: Open) -> None:
    page = open_page("chief", "/roll-call")
    page.locator("details:has([data-roll-new]) summary").click()
    page.click("[data-roll-new]")
    boxes = page.locator("[data-roll]")
    everybody = boxes.count()
    box = day.box

    def running(session: Session) -> str:
        return (
            session.exec(
                select(Admission.sitting)
                .join(Sitting, col(Sitting.id) == col(Admission.sitting))
                .where(Sitting.state == "running")
            ).first()
            or ""
        )

    sitting = box.db.read_now(running)
    here = page.locator(f"[data-roll-sitting='{sitting}'] [data-roll]")
    people = here.count()
    assert sitting and 0 < people < everybody
    here.first.check()

    def all_in(session: Session) -> None:
        for row in session.exec(select(Attempt).where(Attempt.sitting == sitting)):
            row.state = "handed_in"

    box.db.write_now(all_in)
    box.db.write_now(end_sitting, box, sitting, "account:test")
    expect(page.locator(f"[data-roll-sitting='{sitting}']")).to_contain_text("可能已离开")
    expect(boxes).to_have_count(everybody)

    def long_over(session: Session) -> None:
        row = session.get_one(Sitting, sitting)
        assert row.ended_at
        row.ended_at -= STAYS + timedelta(minutes=1)

    box.db.write_now(long_over)
    page.evaluate("htmx.trigger(document.querySelector('#roll'), 'refresh')")
    expect(page.locator("[data-kept]")).to_have_count(people)
    expect(boxes).to_have_count(everybody)
    expect(here.first).to_be_checked()
    here.nth(1).check()
    expect(page.locator("[data-roll-count]")).to_have_text(f"已清点 2 / {everybody}")
    expect(page.locator("[data-roll-unsent]")).to_have_text("")
    shoot(page, "roll-call-kept")
    page.locator("details:has([data-roll-new]) summary").click()
    page.click("[data-roll-new]")
    expect(boxes).to_have_count(everybody - people)
