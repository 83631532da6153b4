"""Every screen says what stands in the way: no paper, a refused hand-in, a lost line; nothing runs on behind it."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from appliance.wire import station as wire
from tests.station.mock_box import MockBox, make_paper
from tests.station.test_exam_page import open_paper, sign_in, until
from tests.web.conftest import shoot

pytestmark = pytest.mark.long

HEARD = """
  window.voices = [];
  window.Audio = class extends EventTarget {
    constructor() { super(); this.paused = true; voices.push(this); }
    play() { this.paused = false; return Promise.resolve(); }
    pause() { this.paused = true; this.dispatchEvent(new Event("pause")); }
  };
"""


def to_waiting(page: Page, box: MockBox) -> None:
    sign_in(page, box)
    page.keyboard.press("Enter")
    page.wait_for_selector(".rules")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")


def test_a_paper_that_is_not_there_or_does_not_open_is_said(page: Page, mock_box: MockBox) -> None:
    mock_box.deny["paper"] = (409, "paper_missing", "您的试卷还没有生成。")
    to_waiting(page, mock_box)
    expect(page.locator("h1")).to_have_text("正在领取试卷…")
    expect(page.locator(".notice")).to_contain_text("您的试卷还没有生成")
    expect(page.locator(".when")).not_to_contain_text("到时自动开始")
    expect(page.locator(".when")).to_contain_text("请举手告诉监考员", timeout=25_000)
    shoot(page, "candidate-no-paper")
    mock_box.altered = True
    mock_box.deny.clear()
    expect(page.locator(".notice")).to_contain_text("试卷没有打开", timeout=15_000)
    mock_box.altered = False
    page.wait_for_selector(".paper .stem", timeout=20_000)
    expect(page.locator(".notice")).to_be_hidden()


def test_a_refused_hand_in_is_said_on_the_paper(page: Page, mock_box: MockBox) -> None:
    mock_box.paper = make_paper(1, 0)
    open_paper(page, mock_box)
    page.keyboard.press("1")
    mock_box.deny["hand-in"] = (409, "too_early", "现在还不能交卷。")
    page.click(".hand-in")
    page.click(".dialog button.primary")
    expect(page.locator(".notice")).to_contain_text("没有交卷，请继续答题。 现在还不能交卷。", timeout=10_000)
    shoot(page, "candidate-hand-in-refused")
    page.reload()
    page.wait_for_selector(".paper .stem")
    mock_box.deny.clear()
    page.click(".hand-in")
    page.click(".dialog button.primary")
    page.wait_for_selector(".handed-in", timeout=10_000)
    assert mock_box.hand_ins == [1], "after the refusal nobody handed in but the candidate"


def test_a_lost_line_is_said_while_waiting_and_in_a_pause(page: Page, mock_box: MockBox) -> None:
    mock_box.started = mock_box.now() + timedelta(minutes=10)
    to_waiting(page, mock_box)
    page.wait_for_selector(".waiting .countdown")
    expect(page.locator(".notice")).to_be_hidden()
    mock_box.stop()
    expect(page.locator(".notice")).to_contain_text("恢复后本页自动继续", timeout=15_000)
    shoot(page, "candidate-waiting-lost")
    mock_box.started, mock_box.phase = mock_box.now(), "running"
    mock_box.around = wire.ExamNow(hand_in_from=mock_box.started, paused=True)
    mock_box.start()
    page.wait_for_selector(".screen.paused", timeout=20_000)
    expect(page.locator(".notice")).to_be_hidden()
    mock_box.stop()
    expect(page.locator(".notice")).to_contain_text("恢复后本页自动继续", timeout=15_000)
    shoot(page, "candidate-paused-lost")
    mock_box.around = None
    mock_box.start()
    page.wait_for_selector(".paper .stem", timeout=20_000)


def test_an_open_book_exam_does_not_forbid_books(page: Page, mock_box: MockBox) -> None:
    mock_box.around = wire.ExamNow(hand_in_from=mock_box.started, open_book=True)
    sign_in(page, mock_box)
    page.keyboard.press("Enter")
    expect(page.locator(".rule-list li").nth(1)).to_contain_text("本场开卷")
    expect(page.locator(".rules")).not_to_contain_text("不使用手机等通信设备和书籍")
    shoot(page, "candidate-rules-open-book")


def test_the_next_candidate_does_not_land_in_the_familiarisation(page: Page, mock_box: MockBox) -> None:
    mock_box.started = mock_box.now() + timedelta(minutes=10)
    to_waiting(page, mock_box)
    page.wait_for_selector(".waiting .countdown")
    page.keyboard.press("Space")
    expect(page.locator(".check.ok")).not_to_have_count(0)
    page.keyboard.press("o")
    page.wait_for_selector(".familiar .stem")
    mock_box.tokens, mock_box.bound, mock_box.signed_in = {}, "attempt-2", "attempt-2"
    page.wait_for_selector(".sign-in", timeout=15_000)
    mock_box.phase = "sign_in"
    page.keyboard.type("021x")
    page.keyboard.press("Enter")
    page.wait_for_selector(".confirm")
    page.keyboard.press("Enter")
    page.wait_for_selector(".rules")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_selector(".waiting .countdown")
    expect(page.locator(".check.ok", has_text="键盘")).to_have_count(0)


def test_the_voice_ends_with_the_screen(page: Page, mock_box: MockBox) -> None:
    page.add_init_script(HEARD)
    mock_box.around = wire.ExamNow(hand_in_from=mock_box.started, help=["voice"])
    open_paper(page, mock_box)
    page.keyboard.press("l")
    expect(page.locator(".listen")).to_have_text("停止朗读（L）")
    mock_box.around = wire.ExamNow(hand_in_from=mock_box.started, help=["voice"], paused=True)
    page.wait_for_selector(".screen.paused", timeout=10_000)
    assert page.evaluate("voices.map((one) => one.paused)") == [True]


def test_keys_go_to_the_dialog_on_top_and_a_lost_acknowledgement_is_sent_again(
    page: Page, mock_box: MockBox
) -> None:
    mock_box.paper = make_paper(1, 0)
    open_paper(page, mock_box)
    page.keyboard.press("1")
    page.click(".hand-in")
    expect(page.locator(".dialog.ask")).to_be_visible()
    mock_box.message = ("m1", "请不要左顾右盼。")
    expect(page.locator(".dialog.message")).to_be_visible(timeout=10_000)
    mock_box.deny["acknowledge"] = (503, "busy", "")
    page.keyboard.press("+")
    expect(page.locator(".dialog.message button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".dialog.message")).to_have_count(0)
    until(lambda: mock_box.paths.count("/station/api/acknowledge") >= 2)
    assert mock_box.message[0] == "m1"
    mock_box.deny.clear()
    until(lambda: mock_box.message == ("", ""))
    expect(page.locator(".dialog.ask")).to_be_visible()
