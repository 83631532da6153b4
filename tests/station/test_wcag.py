"""Every screen of the exam page against WCAG 2.1 AA, in Chinese and in English."""

import pytest
from playwright.sync_api import Page, expect

from tests.station.mock_box import MockBox, make_paper
from tests.station.test_exam_page import sign_in
from tests.wcag import faults

pytestmark = pytest.mark.long


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_screen_of_an_exam(page: Page, mock_box: MockBox, language: str) -> None:
    mock_box.paper = make_paper(3, 2)
    found: dict[str, list[str]] = {}
    sign_in(page, mock_box)
    if language == "en":
        page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN" if language == "zh" else "en")
    found["confirm"] = faults(page)
    page.keyboard.press("Enter")
    page.wait_for_selector(".rules")
    found["rules"] = faults(page)
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_selector(".paper .stem")
    found["question"] = faults(page)
    page.keyboard.press("1")
    expect(page.locator(".counts")).to_contain_text("1")
    found["answered"] = faults(page)
    page.locator(".hand-in").click()
    expect(page.locator(".dialog")).to_be_visible()
    found["hand in"] = faults(page)
    page.keyboard.press("Escape")
    expect(page.locator(".dialog")).to_have_count(0)
    mock_box.stop()
    page.keyboard.press("2")
    expect(page.locator(".notice.lost")).to_be_visible(timeout=30_000)
    found["without the box"] = faults(page)
    mock_box.start()
    expect(page.locator(".notice.lost")).to_be_hidden(timeout=15_000)
    page.locator(".hand-in").click()
    page.locator(".dialog button").last.click(timeout=15_000)
    page.wait_for_selector(".handed-in")
    found["handed in"] = faults(page)
    assert {where: lines for where, lines in found.items() if lines} == {}
