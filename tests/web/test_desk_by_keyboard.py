"""A morning at the desk without a mouse: every order of the entrance is given by keys alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.web.day import PASSWORD, name_of, tap
from tests.web.day_server import Running
from tests.web.test_pages import newest
from tests.world import number_of

pytestmark = pytest.mark.long

Open = Callable[..., Page]
GUARD = 800
"""Milliseconds for which Enter does nothing after another person is shown."""


def tab_to(page: Page, text: str, backwards: bool = False) -> None:
    """Move the focus until it stands on something that says `text`."""
    for _ in range(80):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        if text in page.evaluate(
            "() => document.activeElement.matches('body') ? '' : document.activeElement.innerText"
        ):
            return
    raise AssertionError(f"the keyboard does not reach {text}")


def fields(page: Page, *texts: str) -> None:
    """Type into the field that has the focus and into those after it."""
    page.wait_for_function("() => document.activeElement.matches('input,select')")
    for place, text in enumerate(texts):
        if place:
            page.keyboard.press("Tab")
        page.keyboard.type(text)


def waits(day: Running, page: Page, index: int, code: str, distance: float) -> None:
    assert tap(day.box, name_of(index), number_of(index), "P1", code, distance).case
    expect(page.locator(".person .name")).to_have_text(name_of(index), timeout=8000)
    page.wait_for_timeout(GUARD)


def test_let_in_send_away_and_back_to_the_newest(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk?lane=P1")
    waits(day, page, 71, "face_review", 0.48)
    page.keyboard.press("Enter")
    fields(page, "比对一致")
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_have_attribute("data-result", "admit", timeout=8000)
    waits(day, page, 72, "face_mismatch", 0.68)
    page.keyboard.press("Enter")
    fields(page, "两人比对一致", "desk2", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_have_attribute("data-result", "admit", timeout=8000)
    waits(day, page, 73, "face_mismatch", 0.71)
    tab_to(page, "不予入场")
    page.keyboard.press("Enter")
    fields(page, "不是本人")
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_have_attribute("data-result", "refuse", timeout=8000)
    tab_to(page, name_of(72)[:1])
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".person .name")).to_have_text(name_of(72))
    with page.expect_navigation():
        page.keyboard.press("r")
    expect(page.locator(".person .name")).to_have_text(name_of(73))
    with page.expect_navigation():
        page.keyboard.press("r")
    expect(page.locator(".verdict")).to_contain_text("等待刷证")
    page.close()


def test_a_lane_is_opened_and_the_roll_is_called(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk?lane=L1")
    page.keyboard.press("m")
    expect(page.locator("details[open] [name=lane]")).to_be_focused()
    page.keyboard.press("Tab")  # the lane is the desk's own
    fields(page, "轮椅通行", "chief", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#done")).to_contain_text("开闸")
    assert newest(day, "gate.ordered") is not None
    with page.context.expect_page() as opened:
        page.keyboard.press("q")
    expect(opened.value.locator("body")).to_contain_text("清点人数")
    opened.value.close()
    page.close()


def test_a_paper_is_typed_and_an_absence_is_noted(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk?lane=P1")
    with page.expect_navigation():
        page.keyboard.press("k")
    tab_to(page, "无法读取", backwards=True)
    for _ in range(len("by_choice")):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    fields(page, name_of(70), number_of(70))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_have_attribute("data-code", "by_hand", timeout=20_000)
    with page.expect_navigation():
        page.keyboard.press("f")
    expect(page.locator("#find [name=text]")).to_be_focused()
    page.keyboard.type(name_of(71))
    page.keyboard.press("Enter")
    expect(page.locator("#people tbody tr")).to_have_count(1)
    expect(page.locator("#people tbody tr")).to_have_attribute("data-state", "inside")
    tab_to(page, "临时离场")
    page.keyboard.press("Enter")
    expect(page.locator("details[open] [name=reason]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#people tbody tr")).to_have_attribute("data-state", "away", timeout=8000)
    with page.expect_navigation():
        page.keyboard.press("Escape")
    expect(page.locator(".desk")).to_be_visible()
    page.close()
