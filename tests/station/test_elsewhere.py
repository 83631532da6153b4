"""An exam on the province's page, as our own page tells it: calm words, nothing fetched, nothing to hand in."""

import pytest
from playwright.sync_api import Page, expect

from tests.station.mock_box import MockBox
from tests.station.test_exam_page import sign_in
from tests.web.conftest import shoot


@pytest.mark.long
def test_the_page_says_where_the_exam_is(page: Page, mock_box: MockBox) -> None:
    mock_box.page = "https://kaoshi.example.gov.cn/seat"
    sign_in(page, mock_box)
    page.keyboard.press("Enter")
    page.wait_for_selector(".rules")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator(".elsewhere h1")).to_have_text("请在省考试平台页面答题")
    expect(page.locator(".elsewhere")).to_contain_text("没有打开的，请举手")
    shoot(page, "candidate-elsewhere")
    page.evaluate("window.dispatchEvent(new Event('blur')); window.dispatchEvent(new Event('focus'))")
    expect(page.locator(".left-note")).to_have_count(0)
    page.click(".language")
    expect(page.locator(".elsewhere h1")).to_have_text("Answer on the province's page")
    page.click(".language")
    assert not [path for path in mock_box.paths if "/paper" in path or "/sealed" in path]
    assert mock_box.left == [], "the exam is on the other page: leaving this one is no case"
    mock_box.handed_in = "time"
    expect(page.locator(".elsewhere h1")).to_have_text("本场考试结束", timeout=10_000)
    expect(page.locator(".elsewhere")).to_contain_text("成绩由省考试平台公布")
    shoot(page, "candidate-elsewhere-over")
