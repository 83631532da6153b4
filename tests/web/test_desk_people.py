"""The roster at the desk in a real browser: search, who is missing, out for a moment and back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.web.day import name_of, tap
from tests.web.day_server import Running
from tests.web.test_pages import newest, shoot
from tests.world import number_of

pytestmark = pytest.mark.long

Open = Callable[..., Page]


def test_somebody_is_found_leaves_and_comes_back(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk?lane=L1")
    page.keyboard.press("f")
    expect(page.locator("[data-state=absent]")).to_have_count(3)  # of the theory sitting, entry is closed
    expect(page.locator("[data-state=review]").first).to_contain_text("待人工核验")
    shoot(page, "desk-missing")
    page.fill("[name=text]", number_of(5))
    page.click("button.primary")
    row = page.locator("#people tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text(name_of(5))
    expect(row).not_to_contain_text(number_of(5))
    assert tap(day.box, name_of(5), number_of(5)).code == "already_inside"
    row.locator("summary").click()
    shoot(page, "desk-leave")
    row.locator("button.primary").click()
    expect(page.locator("#done")).to_contain_text("已登记临时离场")
    expect(page.locator("#people tbody tr")).to_have_attribute("data-state", "away")
    shoot(page, "desk-away")
    noted = newest(day, "absence.noted")
    assert noted is not None and noted.actor.startswith("account:")
    assert tap(day.box, name_of(5), number_of(5)).code == "come_back"
    page.goto(day.url + "/desk?lane=L1")
    expect(page.locator(".verdict")).to_have_attribute("data-code", "come_back")
    expect(page.locator(".ticket-number strong")).to_have_text("A006")
    shoot(page, "desk-back")
    page.goto(day.url + "/desk/people")
    expect(page.locator("#find [name=text]")).to_be_focused()
    page.keyboard.type("ａ００ 6")
    page.keyboard.press("Enter")
    expect(page.locator("#people tbody tr")).to_have_count(1)
    expect(page.locator("#people tbody tr")).to_have_attribute("data-state", "inside")


def test_fire_stands_over_every_page_of_the_desk_whatever_is_open(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk")
    try:
        page.keyboard.press("m")
        expect(
            page.locator("details.ask[open] [name=lane], details.ask[open] [name=reason]").first
        ).to_be_visible()
        day.lanes[0].alarms = ["fire"]
        expect(page.locator("#alarm .alarm")).to_contain_text("火警", timeout=8000)
        assert page.locator("details.ask[open]").count() == 1
        shoot(page, "desk-fire")
        for path in ("/desk/people", "/desk/by-hand"):
            page.goto(day.url + path)
            expect(page.locator("#alarm .alarm")).to_contain_text("火警")
            expect(page.locator("#alarm")).to_contain_text("待核事项")
        shoot(page, "by-hand-fire")
    finally:
        day.lanes[0].alarms = []
    expect(page.locator("#alarm .alarm")).to_have_count(0, timeout=8000)
    page.goto(day.url + "/desk/people")
    page.keyboard.press("Escape")
    expect(page.locator(".verdict")).to_be_visible()


def test_a_number_that_is_searched_for_stands_in_no_address(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk/people")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    expect(page.locator("#find [name=text]")).to_be_focused()
    page.keyboard.type(number_of(6))
    page.keyboard.press("Enter")
    expect(page.locator("#people tbody tr")).to_have_count(1)
    page.keyboard.type("A003")
    page.keyboard.press("Enter")
    expect(page.locator("#people tbody tr")).to_contain_text("A003")
    assert number_of(6) not in "".join([page.url, *asked])
