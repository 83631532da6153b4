"""Approved larger type: the whole page is larger, and all of it is still on the screen of an exam computer."""

import pytest
from playwright.sync_api import Page, expect

from appliance.wire import station as wire
from tests.station.mock_box import MockBox
from tests.station.test_exam_page import sign_in
from tests.web.conftest import shoot

pytestmark = pytest.mark.long
LARGER = (".stem", ".option", ".top .name", ".bottom button", ".counts", ".number", ".sheet h3")
CUT = """() => [...document.querySelectorAll('.work, .question, .sheet, .card, .bottom, .top')]
  .filter((one) => one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.className)"""
HEIGHT = "(one) => { const box = one.getBoundingClientRect(); return [box.left, box.right, box.bottom]; }"
TYPE = "(one) => parseFloat(getComputedStyle(one).fontSize) * (one.currentCSSZoom ?? 1)"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_everything_is_larger_and_on_the_screen(page: Page, mock_box: MockBox, language: str) -> None:
    sign_in(page, mock_box)
    page.keyboard.press("Enter")
    page.wait_for_selector(".rules")
    if language == "en":
        page.click(".language")
    large = wire.ExamNow(hand_in_from=mock_box.started, help=["voice", "large", "time25"])
    mock_box.around = large
    expect(page.locator("html")).to_have_class("larger", timeout=10_000)
    assert page.evaluate(CUT) == []
    page.locator("#tick").check()
    page.locator(".rules .primary").click()
    page.wait_for_selector(".paper .stem")
    page.click(".number:text-is('72')")
    expect(page.locator(".option")).to_have_count(4)
    shoot(page, f"candidate-larger-{language}")
    assert page.evaluate(CUT) == []
    for button in page.locator(".bottom button").all():
        left, right, bottom = button.evaluate(HEIGHT)
        assert left >= 0 and right <= 1366 and bottom <= 768
    sizes = [page.locator(one).first.evaluate(TYPE) for one in LARGER]
    mock_box.around = wire.ExamNow(hand_in_from=mock_box.started, help=["voice"])
    expect(page.locator("html")).not_to_have_class("larger", timeout=10_000)
    plain = [page.locator(one).first.evaluate(TYPE) for one in LARGER]
    assert all(large > small * 1.05 for large, small in zip(sizes, plain, strict=True)), (sizes, plain)
