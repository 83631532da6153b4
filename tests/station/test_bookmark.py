"""Flags and the place in the paper move with the candidate, in a real Chromium with an empty profile."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.station.mock_box import MockBox
from tests.station.test_exam_page import open_paper, until

pytestmark = pytest.mark.long


def test_flags_and_place_are_there_in_an_empty_browser(
    chromium: Browser, page: Page, mock_box: MockBox
) -> None:
    open_paper(page, mock_box)
    page.keyboard.press("f")
    page.click(".number:text-is('30')")
    page.keyboard.press("f")
    page.keyboard.press("ArrowRight")
    until(lambda: mock_box.bookmark is not None and mock_box.bookmark.position == 31, 60)
    assert mock_box.received == []
    elsewhere = chromium.new_context(viewport={"width": 1366, "height": 768})
    other = elsewhere.new_page()
    other.goto(f"{mock_box.url}/station/")
    expect(other.locator(".sign-in .huge")).to_be_visible()
    other.keyboard.type("021x")
    other.keyboard.press("Enter")
    expect(other.locator(".paper .stem")).to_be_visible(timeout=20_000)
    expect(other.locator(".kind")).to_contain_text("第 31 题")
    expect(other.locator(".number.flagged:not(.legend *)")).to_have_count(2)
    expect(other.locator(".counts")).to_contain_text("标记 2")
    other.keyboard.press("a")
    until(lambda: mock_box.answers == {31: "A"})
    elsewhere.close()
