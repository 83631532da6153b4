"""The roll call in a real browser: ticks, the box gone and back, nothing ticked twice."""

from collections.abc import Callable

from playwright.sync_api import Page, expect
from sqlmodel import select

from appliance.records.entry import RollTick
from tests.web.day_server import Running
from tests.web.test_pages import shoot

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
