"""Items with several right answers on the exam page: chosen and taken back by key, pad and mouse."""

from playwright.sync_api import Page, expect

from appliance.wire import station as wire
from tests.station.mock_box import CHOICES, MockBox, make_paper
from tests.station.test_exam_page import STATE, exactly_once, open_paper
from tests.web.conftest import shoot


def test_several_answers_are_chosen_and_taken_back(page: Page, mock_box: MockBox) -> None:
    mock_box.paper = make_paper(2, 2)
    options = [wire.Option("ABCD"[i], text) for i, text in enumerate(CHOICES)]
    stem = "在停电的线路上工作以前，应当做好哪些安全措施？"
    mock_box.paper.questions += [
        wire.Question(position=n, kind="multiple_choice", stem=stem, options=options) for n in (5, 6, 7)
    ]
    open_paper(page, mock_box)
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".kind")).to_contain_text("多选题")
    expect(page.locator(".kind")).to_contain_text("选出全部正确选项")
    for key in "db3a":
        page.keyboard.press(key)
    expect(page.locator(".option.chosen")).to_have_count(4)
    page.keyboard.press("b")
    expect(page.locator(".option.chosen")).to_have_count(3)
    expect(page.locator(".groups")).to_contain_text("多选题")
    shoot(page, "candidate-multiple-choice")
    page.keyboard.press("Enter")
    page.locator(".option").nth(2).click()
    page.locator(".option").nth(0).click()
    page.locator(".option").nth(2).click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.keyboard.press("1")
    page.keyboard.press("1")
    expect(page.locator(".option.chosen")).to_have_count(0)
    expect(page.locator(STATE)).to_have_attribute("data-state", "safe")
    expect(page.locator(".counts")).to_contain_text("已答 2")
    assert mock_box.answers == {5: "ACD", 6: "AD", 7: ""}
    exactly_once(mock_box)
    page.keyboard.press("ArrowLeft")
    page.reload()
    expect(page.locator(".option.chosen")).to_have_count(2)
