"""The exam stands still: a calm screen over a hidden paper, no key reaches an answer; then it goes on by itself."""

import pytest
from playwright.sync_api import Page, expect

from appliance.wire import station as wire
from tests.station.mock_box import MockBox
from tests.station.test_exam_page import STATE, open_paper
from tests.web.conftest import shoot

pytestmark = pytest.mark.long


def test_a_pause_hides_the_paper_and_takes_no_answer(page: Page, mock_box: MockBox) -> None:
    open_paper(page, mock_box)
    page.keyboard.press("1")
    expect(page.locator(STATE)).to_have_attribute("data-state", "safe")
    mock_box.around = wire.ExamNow(hand_in_from=mock_box.started, paused=True)
    expect(page.locator(".screen.paused")).to_contain_text("考试暂停")
    expect(page.locator(".stem")).to_have_count(0)
    for key in ("2", "Enter", "ArrowRight", "b"):
        page.keyboard.press(key)
    shoot(page, "candidate-paused")
    page.reload()
    expect(page.locator(".screen.paused")).to_contain_text("剩余时间")
    page.locator(".language").click()
    expect(page.locator(".screen.paused")).to_contain_text("The exam is paused")
    shoot(page, "candidate-paused-en")
    page.locator(".language").click()
    mock_box.around = None
    expect(page.locator(".stem")).to_be_visible()
    assert mock_box.answers == {1: "A"}
    page.keyboard.press("ArrowRight")
    page.keyboard.press("2")
    expect(page.locator(".counts")).to_contain_text("已答 2")
