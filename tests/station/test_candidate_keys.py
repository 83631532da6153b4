"""The candidate's keys: a number pad alone, the hand-up key, handing in; two tabs, wrong clocks, leaving the page."""

from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from appliance.wire import station as wire
from tests.station.mock_box import MockBox, make_paper
from tests.station.test_exam_page import open_paper, sign_in, until
from tests.web.conftest import shoot

pytestmark = pytest.mark.long


def pad(page: Page, keys: str) -> None:
    """Keys of a number pad; `E` is its Enter."""
    for key in keys:
        page.keyboard.press({"E": "NumpadEnter", "+": "NumpadAdd", "-": "NumpadSubtract"}.get(key, key))


def test_a_number_pad_alone_from_the_free_seat_to_the_hand_in(page: Page, mock_box: MockBox) -> None:
    mock_box.paper = make_paper(2, 2)
    mock_box.seat_phase, mock_box.by_code = "free", True
    page.goto(f"{mock_box.url}/station/")
    page.wait_for_selector(".pass-code")
    pad(page, "999999199001010212-*E412908E")
    expect(page.locator(".error")).to_contain_text("号码或场次口令不对")
    pad(page, "++412907")
    shoot(page, "candidate-pass-code")
    pad(page, "E")
    page.wait_for_selector(".confirm")
    pad(page, "E")
    page.wait_for_selector(".rules")
    pad(page, "EE")
    page.wait_for_selector(".paper .stem")
    pad(page, "1E2E-+*1E")
    expect(page.locator(".counts")).to_contain_text("标记 1")
    pad(page, "4E")
    expect(page.locator(".dialog")).to_contain_text("4 道题已全部作答")
    pad(page, "+E")
    expect(page.locator(".handed-in")).to_contain_text("已答 4 题，全部保存在服务器")
    assert mock_box.answers == {1: "A", 2: "B", 3: "A", 4: "D"}


def test_the_hand_goes_up_and_down_by_key_and_by_click(page: Page, mock_box: MockBox) -> None:
    mock_box.paper = make_paper(2, 2)
    open_paper(page, mock_box)
    button = page.locator(".hand")
    expect(button).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("j")
    expect(button).to_contain_text("已举手，监考员会过来")
    shoot(page, "candidate-hand")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    page.keyboard.press(".")
    expect(button).to_have_attribute("aria-pressed", "true")
    mock_box.around = None
    expect(button).to_have_attribute("aria-pressed", "false", timeout=10_000)
    mock_box.stop()
    page.keyboard.press("j")
    expect(button).to_contain_text("没有连接：请直接举手", timeout=15_000)
    mock_box.start()


def test_nobody_hands_in_before_the_earliest_moment(page: Page, mock_box: MockBox) -> None:
    mock_box.paper = make_paper(1, 1)
    soon = mock_box.now() + timedelta(seconds=8)
    mock_box.around = wire.ExamNow(hand_in_from=soon)
    open_paper(page, mock_box)
    expect(page.locator(".hand-in")).to_be_disabled()
    expect(page.locator(".hand-in")).to_contain_text("起可交卷")
    pad(page, "1E1E")
    expect(page.locator(".dialog")).to_have_count(0)
    expect(page.locator(".hand-in")).to_be_enabled(timeout=15_000)
    mock_box.around = wire.ExamNow(hand_in_from=mock_box.deadline, early_hand_in=False)
    expect(page.locator(".hand-in")).to_have_text("到时自动交卷", timeout=10_000)


def test_leaving_the_page_is_told_with_its_length_even_later(page: Page, mock_box: MockBox) -> None:
    mock_box.paper = make_paper(2, 2)
    open_paper(page, mock_box)
    page.evaluate("window.dispatchEvent(new Event('blur'))")
    until(lambda: len(mock_box.left) == 1)
    assert (mock_box.left[0].kind, mock_box.left[0].until) == ("focus_lost", None)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    until(lambda: len(mock_box.left) == 2)
    assert mock_box.left[1].id == mock_box.left[0].id and mock_box.left[1].until is not None
    expect(page.locator(".left-note")).to_contain_text("考试计时没有停止")
    shoot(page, "candidate-left")
    mock_box.stop()
    page.evaluate("window.dispatchEvent(new Event('blur')); window.dispatchEvent(new Event('focus'))")
    kept = page.evaluate("JSON.parse(localStorage.getItem('left'))")
    [unsent] = [one for one in kept if one["id"] != mock_box.left[0].id]
    assert unsent["kind"] == "focus_lost" and unsent["until"], "kept before anything is asked of the box"
    page.reload()
    page.wait_for_selector(".paper .stem")
    mock_box.start()
    until(lambda: any(one.id == unsent["id"] and one.until for one in mock_box.left))
    until(lambda: page.evaluate("localStorage.getItem('left')") == "[]")


def test_leaving_is_told_after_signing_in_again_and_what_is_old_is_forgotten(
    page: Page, mock_box: MockBox
) -> None:
    mock_box.paper = make_paper(2, 2)
    page.add_init_script(
        "if (!localStorage.getItem('left')) localStorage.setItem('left', JSON.stringify([{ id: 'old',"
        " attempt: 'attempt-0', kind: 'page_left', at: '2026-01-02T03:04:05Z', until: null, proven: true }]))"
    )
    open_paper(page, mock_box)
    mock_box.tokens = {}
    page.evaluate("window.dispatchEvent(new Event('blur')); window.dispatchEvent(new Event('focus'))")
    page.wait_for_selector(".sign-in", timeout=15_000)
    assert "/station/api/left" in mock_box.paths and not mock_box.left, "the box heard nobody it knows"
    page.keyboard.type("021x")
    page.keyboard.press("Enter")
    until(lambda: len({one.id for one in mock_box.left if one.until}) == 1)
    until(lambda: page.evaluate("localStorage.getItem('left')") == "[]")


def test_back_does_not_leave_the_paper(page: Page, mock_box: MockBox) -> None:
    page.goto("about:blank")
    mock_box.paper = make_paper(2, 2)
    open_paper(page, mock_box)
    page.keyboard.press("1")
    for _ in range(3):
        page.evaluate("history.back()")
        expect(page.locator(".paper .stem")).to_be_visible()
    expect(page.locator(".saved")).to_have_attribute("data-state", "safe")
    assert page.url.endswith("/station/") and mock_box.answers == {1: "A"}


def test_a_second_tab_says_so_and_writes_nothing(page: Page, mock_box: MockBox) -> None:
    mock_box.paper = make_paper(2, 2)
    open_paper(page, mock_box)
    context: BrowserContext = page.context
    second = context.new_page()
    second.goto(f"{mock_box.url}/station/")
    expect(second.locator(".other-tab")).to_contain_text("另一个标签页")
    second.keyboard.press("1")
    second.keyboard.press("j")
    page.bring_to_front()
    page.keyboard.press("2")
    expect(page.locator(".saved")).to_have_attribute("data-state", "safe")
    assert mock_box.answers == {1: "B"}
    assert (mock_box.around.hand_at if mock_box.around else None) is None


@pytest.mark.parametrize("days", [-1, 1])
def test_a_station_clock_wrong_by_a_day_changes_no_time(page: Page, mock_box: MockBox, days: int) -> None:
    mock_box.paper = make_paper(2, 2)
    page.add_init_script(
        f"(() => {{ const Real = Date, off = {days * 86_400_000};"
        " globalThis.Date = class extends Real {"
        " constructor(...a) { if (a.length) super(...a); else super(Real.now() + off); }"
        " static now() { return Real.now() + off; } }; })()"
    )
    open_paper(page, mock_box)
    page.keyboard.press("1")
    expect(page.locator(".saved")).to_have_attribute("data-state", "safe")
    _, answer = mock_box.received[0]
    assert abs((answer.at - mock_box.now()).total_seconds()) < 10 and answer.proven
    left = page.locator(".time").inner_text()
    assert left.count(":") == 2 and abs(int(left.split(":")[0]) - 1) <= 1, left


def test_after_a_reload_without_the_box_the_time_is_marked_unproven(page: Page, mock_box: MockBox) -> None:
    mock_box.paper = make_paper(2, 2)
    open_paper(page, mock_box)
    page.keyboard.press("1")
    expect(page.locator(".saved")).to_have_attribute("data-state", "safe")
    mock_box.stop()
    page.reload()
    page.wait_for_selector(".paper .stem")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    page.keyboard.press("1")
    mock_box.start()
    expect(page.locator(".saved")).to_have_attribute("data-state", "safe", timeout=20_000)
    marks = [(answer.position, answer.value, answer.proven) for _, answer in mock_box.received]
    assert marks == [(1, "A", True), (1, "B", False), (2, "A", False)]
    assert all(abs((one.at - mock_box.now()).total_seconds()) < 60 for _, one in mock_box.received)


def test_not_me_leads_to_the_staff(page: Page, mock_box: MockBox) -> None:
    sign_in(page, mock_box)
    pad(page, "-E")
    expect(page.locator(".middle")).to_contain_text("已通知监考员")
    expect(page.locator(".hand")).to_have_attribute("aria-pressed", "true")
    shoot(page, "candidate-not-me")


def test_approved_help_is_offered_and_to_nobody_else(page: Page, mock_box: MockBox) -> None:
    mock_box.paper = make_paper(2, 2)
    mock_box.around = wire.ExamNow(hand_in_from=mock_box.started, help=["voice", "large", "time25"])
    open_paper(page, mock_box)
    listen = page.locator(".listen")
    expect(listen).to_have_text("听题（L）")
    page.keyboard.press("l")
    until(lambda: "/station/api/voice/1" in mock_box.paths)
    expect(listen).to_have_text("听题（L）", timeout=10_000)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("0")
    until(lambda: "/station/api/voice/2" in mock_box.paths)
    shoot(page, "candidate-help")
    size = page.locator(".stem").bounding_box()
    mock_box.around = wire.ExamNow(hand_in_from=mock_box.started)
    expect(page.locator("html.larger")).to_have_count(0, timeout=10_000)
    page.reload()
    page.wait_for_selector(".paper .stem")
    expect(page.locator(".listen")).to_have_count(0)
    plain = page.locator(".stem").bounding_box()
    assert size and plain and size["height"] > plain["height"] * 1.2


def test_familiarisation_by_number_pad_with_the_wrong_ones_again(page: Page, mock_box: MockBox) -> None:
    mock_box.started = mock_box.now() + timedelta(minutes=10)
    mock_box.paper = make_paper(2, 2)
    sign_in(page, mock_box)
    pad(page, "E")
    page.wait_for_selector(".rules")
    pad(page, "EE")
    page.wait_for_selector(".waiting .countdown")
    shoot(page, "candidate-waiting")
    pad(page, "0")
    page.wait_for_selector(".familiar .stem")
    posts = mock_box.posts
    pad(page, "1E*2")
    expect(page.locator(".familiar .flag")).to_have_text("取消标记")
    page.click(".familiar .language")
    expect(page.locator(".familiar .kind")).to_contain_text("Question 2 of 5")
    expect(page.locator(".familiar .flag")).to_have_text("Remove flag")
    page.click(".familiar .language")
    pad(page, "*E134E")  # the fourth has a picture
    expect(page.locator(".familiar img")).to_have_js_property("complete", True)
    shoot(page, "candidate-familiar")
    pad(page, "1E1E")
    expect(page.locator(".familiar .stem")).to_have_text("有 2 题没有答对")
    pad(page, "E")
    expect(page.locator(".familiar .kind")).to_contain_text("第 1 题，共 2 题")
    pad(page, "3E2E")
    expect(page.locator(".familiar .stem")).to_have_text("全部答对，操作没有问题")
    assert mock_box.posts == posts and not mock_box.answers
    pad(page, "E")
    page.wait_for_selector(".waiting .countdown")
    pad(page, "0")
    page.wait_for_selector(".familiar .stem")
    mock_box.started, mock_box.phase = mock_box.now(), "running"
    page.wait_for_function("() => document.querySelector('.paper:not(.familiar) .stem')", timeout=15_000)
    pad(page, "1")
    assert page.locator(".option.chosen").count() == 0, "a key meant for the practice answers nothing"
    page.wait_for_timeout(2100)
    pad(page, "1")
    expect(page.locator(".option.chosen")).to_have_count(1)


def test_a_number_pad_whose_lock_is_off_types_what_is_printed_on_it(page: Page, mock_box: MockBox) -> None:
    page.goto(f"{mock_box.url}/station/")
    expect(page.locator(".sign-in .huge")).to_be_visible()
    for digit in "0217":
        page.keyboard.press(f"Numpad{digit}")  # Insert, ArrowDown, End and Home: the lock is off
    expect(page.locator(".sign-in .primary")).to_be_enabled()


def test_every_change_is_written_with_strict_durability(page: Page, mock_box: MockBox) -> None:
    mock_box.paper = make_paper(2, 2)
    page.add_init_script(
        "globalThis.kept = []; const own = IDBDatabase.prototype.transaction;"
        " IDBDatabase.prototype.transaction = function (...a) {"
        " if (a[1] === 'readwrite') globalThis.kept.push((a[2] || {}).durability);"
        " return own.apply(this, a) }"
    )
    open_paper(page, mock_box)
    page.keyboard.press("1")
    expect(page.locator(".saved")).to_have_attribute("data-state", "safe")
    kept = page.evaluate("globalThis.kept")
    assert kept and set(kept) == {"strict"}
