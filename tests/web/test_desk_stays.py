"""The desk stays with the person who waits: other lanes, other forms and a box that is away take nobody's place."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import msgspec
import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from appliance.flow import accounts
from appliance.flow.absence import leave
from appliance.records.entry import Admission
from appliance.records.sitting import Sitting
from tests.web.conftest import shoot
from tests.web.day import PASSWORD, name_of, tap
from tests.web.day_server import Running
from tests.web.test_pages import newest
from tests.world import number_of

pytestmark = pytest.mark.long

Open = Callable[..., Page]
NOBODY = number_of(98)


def shown(page: Page) -> str:
    return page.locator(".person .name").inner_text()


def review(day: Running, index: int) -> str:
    result = tap(day.box, name_of(index), number_of(index), "P1", "face_mismatch", 0.68)
    assert result.case, result
    return result.tap


def test_a_card_at_another_lane_pushes_nobody_away(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk")
    review(day, 69)
    expect(page.locator(".person .name")).to_have_text(name_of(69), timeout=8000)
    tap(day.box, "孔令辉", NOBODY, "L1", distance=None)
    expect(page.locator(".last tr").first).to_contain_text("孔", timeout=8000)
    assert shown(page) == name_of(69)
    expect(page.locator("#now .signal.look")).to_contain_text("此人不在考生名单中", timeout=20_000)
    page.reload()
    assert shown(page) == name_of(69), "opened anew it shows who waits"
    page.wait_for_timeout(800)
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.matches('[name=reason]')")
    page.keyboard.type("证件与本人一致")
    for text in ("desk2", PASSWORD):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    shoot(page, "desk-two-sign")
    button = page.locator("details[open] button.primary").bounding_box()
    assert button and button["y"] + button["height"] <= 768, "whoever decides sees the button"
    tap(day.box, "孔令辉", NOBODY, "L1", distance=None)
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_have_attribute("data-result", "admit", timeout=8000)
    expect(page.locator("#done")).to_contain_text(name_of(69))
    page.wait_for_timeout(1500)
    assert shown(page) == name_of(69), "what came of the decision stays"
    expect(page.locator(".ticket-number strong")).to_have_text(re.compile(r"B\d{3}"))
    tap(day.box, "孔令辉", NOBODY, "L1", distance=None)
    expect(page.locator(".verdict")).to_have_attribute("data-code", "not_on_roster", timeout=8000)
    page.close()


def test_everybody_who_waits_stands_in_a_list_with_a_key(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk?lane=P1")
    review(day, 70)
    review(day, 73)  # the next one at the same lane: whoever waited has stepped aside
    expect(page.locator(".person .name")).to_have_text(name_of(73), timeout=8000)
    waiting = page.locator(".cases li", has_text=name_of(70))
    expect(waiting.locator("img")).to_have_count(1)
    shoot(page, "desk-several-wait")
    key = waiting.locator("kbd").inner_text()
    review(day, 73)
    expect(page.locator(".person .name")).to_have_text(name_of(73), timeout=8000)
    expect(waiting.locator("kbd")).to_have_text(key)  # it stays theirs
    page.wait_for_timeout(800)
    with page.expect_navigation():
        page.keyboard.press(key)
    expect(page.locator(".person .name")).to_have_text(name_of(70))
    page.close()


def test_enter_before_anybody_could_see_who_it_is_does_nothing(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk?lane=P1")
    review(day, 73)
    expect(page.locator(".person .name")).to_have_text(name_of(73), timeout=8000)
    review(day, 70)
    page.evaluate(  # in the very frame, however slow the machine: the key has to come before the desk takes one
        """name => new Promise(done => {
            const key = new KeyboardEvent("keydown", {key: "Enter", code: "Enter", bubbles: true, cancelable: true});
            const look = () => {
                const shown = document.querySelector(".person .name")?.textContent.trim() === name;
                if (!shown) return requestAnimationFrame(look);
                done(document.body.dispatchEvent(key));
            };
            look();
        })""",
        name_of(70),
    )
    assert page.locator("details[open]").count() == 0, "the staff had no time to see who it is"
    page.wait_for_timeout(800)
    page.keyboard.press("Enter")
    expect(page.locator("details[open]")).to_contain_text(name_of(70))
    page.close()


def test_who_came_in_before_is_shown_and_a_forgotten_absence_is_noted(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk?lane=P1")
    first = tap(day.box, name_of(71), number_of(71), "P1")
    assert first.ticket, first
    assert tap(day.box, name_of(71), number_of(71), "P1", distance=None).code == "already_inside"
    expect(page.locator(".verdict")).to_have_attribute("data-code", "already_inside", timeout=8000)
    expect(page.locator(".person")).to_contain_text(f"候考号 {first.ticket}")
    expect(page.locator("figcaption", has_text="此前入场的人")).to_be_visible()
    page.wait_for_function("() => [...document.images].every((one) => one.complete && one.naturalWidth > 0)")
    shoot(page, "desk-already-inside")
    page.get_by_text("临时离场未登记").click()
    expect(page.locator("details[open] [name=reason]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#done")).to_contain_text("已登记临时离场")
    assert newest(day, "absence.noted") is not None
    assert tap(day.box, name_of(71), number_of(71), "P1").code == "come_back"
    page.close()


def test_the_wrong_entrance_names_the_right_one(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk?lane=L1")
    assert tap(day.box, name_of(72), number_of(72), "L1", distance=None).code == "wrong_lane"
    expect(page.locator(".verdict .next")).to_contain_text("请引导考生前往：实操通道。", timeout=8000)
    expect(page.locator(".person")).to_contain_text("实操考室")
    with page.expect_navigation():
        page.keyboard.press("f")
    row = page.locator("#people tr", has_text=name_of(72))
    expect(row).to_contain_text("此人应从另一入口入场")
    page.close()


@pytest.fixture
def closed(day: Running) -> Iterator[None]:
    def move(minutes: int) -> None:
        def write(session) -> None:  # type: ignore[no-untyped-def]
            sitting = session.get_one(Sitting, day.day.practical)
            sitting.closes_at += timedelta(minutes=minutes)
            session.add(sitting)

        day.box.db.write_now(write)

    move(-120)
    yield
    move(120)


def test_after_entry_closed_nobody_is_offered_to_be_let_in(day: Running, open_page: Open, request) -> None:  # type: ignore[no-untyped-def]
    waits = review(day, 73)
    page = open_page("desk", f"/desk?tap={waits}")
    expect(page.locator(".until")).to_contain_text("入场截止前决定")
    request.getfixturevalue("closed")
    page.reload()
    expect(page.locator("#now .signal.stop")).to_contain_text("入场已截止")
    expect(page.locator("#now .actions")).to_contain_text("不予入场")
    expect(page.locator("#now .actions")).not_to_contain_text("核验后准予入场")
    page.close()


def test_without_the_box_no_link_and_no_key_leaves_the_page(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk")
    page.evaluate("() => document.body.classList.add('stale')")
    page.route("**/*", lambda route: route.abort())
    for go in (lambda: page.keyboard.press("f"), lambda: page.locator(".tabs a").last.click()):
        page.evaluate("() => document.getElementById('problem').replaceChildren()")
        go()
        expect(page.locator("#problem")).to_contain_text("本页保持不变")
        assert page.url.endswith("/desk")
    page.unroute("**/*")
    page.evaluate("() => document.body.classList.add('stale')")
    with page.expect_navigation():
        page.keyboard.press("f")
    page.close()


def test_an_opened_list_of_the_missing_stays_open(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk")
    page.locator("[data-keep] summary").first.click()
    with page.expect_response(lambda answer: "/desk/below" in answer.url):
        tap(day.box, "孔令辉", NOBODY, "L1", distance=None)
    page.wait_for_timeout(300)
    expect(page.locator("[data-keep]").first).to_have_attribute("open", "")
    count = page.locator("[data-keep] summary").first.inner_text().split()[1]
    assert page.locator("[data-keep] tr").count() >= int(count)
    with page.expect_navigation():
        page.keyboard.press("f")
    expect(page.locator("#people .card p").first).to_contain_text(f"未入场 {count} 人")
    page.close()


def test_a_chinese_word_is_typed_with_an_input_method(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk/people")
    method = page.context.new_cdp_session(page)
    expect(page.locator("#find [name=text]")).to_be_focused()
    for typed in ("f", "fe", "feng"):
        method.send("Input.imeSetComposition", {"text": typed, "selectionStart": 1, "selectionEnd": 1})
    assert page.url.endswith("/desk/people"), "the letters of an input method are no orders"
    method.send("Input.insertText", {"text": name_of(8)})
    page.keyboard.press("Enter")
    row = page.locator("#people tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text(name_of(8))
    method.detach()
    page.close()


def test_a_key_of_an_input_method_is_no_order(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk")
    page.evaluate(
        "() => document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'f', isComposing: true, bubbles: true}))"
    )
    page.wait_for_timeout(300)
    assert page.url.endswith("/desk")
    page.close()


def test_a_locker_is_corrected_however_slowly_it_is_typed(day: Running, open_page: Open) -> None:
    before = day.box.settings
    entry = msgspec.structs.replace(before.entry, security_check=True)
    page = open_page("desk", "/desk/people")
    try:
        day.box.settings = msgspec.structs.replace(before, entry=entry)
        expect(page.locator("#find [name=text]")).to_be_focused()
        for letter in name_of(60):
            page.keyboard.type(letter)
            page.wait_for_timeout(2500)  # longer than the parts of the page rest
        page.keyboard.press("Enter")
        row = page.locator("#people tbody tr")
        expect(row).to_have_count(1)
        row.get_by_text("更正储物柜").click()
        expect(page.locator("details[open] [name=locker]")).to_be_focused()
        expect(page.locator("details[open]")).to_contain_text(name_of(60))
        page.wait_for_timeout(2500)
        page.keyboard.type("27")
        page.keyboard.press("Enter")
        expect(page.locator("#done")).to_contain_text("储物柜已登记")
        expect(row).to_contain_text("储物柜 27")
        noted = newest(day, "locker.corrected")
        assert noted is not None and '"before":""' in noted.body
        kept = select(Admission).where(Admission.locker == "27")
        assert day.box.db.read_now(lambda session: session.exec(kept).one())
    finally:
        day.box.settings = before
        page.close()


def test_the_keyboard_is_never_on_another_person_s_button(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk/people")
    alike = [index for index in range(57) if name_of(index)[1:] == name_of(0)[1:]][:3]
    page.fill("#find [name=text]", name_of(0)[1:])
    page.keyboard.press("Enter")
    rows = page.locator("#people tbody tr")
    expect(rows.nth(len(alike) - 1)).to_contain_text(name_of(alike[-1]))
    page.locator("#people tr", has_text=name_of(alike[1])).locator("summary").focus()

    def at() -> str:
        return str(page.evaluate("() => document.activeElement.closest('tr')?.innerText ?? ''"))

    assert name_of(alike[1]) in at()
    who = accounts.Who(account="", login="x", name="x", role="entry")
    with page.expect_response(lambda answer: "/people/find" in answer.url):
        person = day.day.people[alike[0]]
        day.box.db.write_now(leave, day.box, day.day.theory, person, "如厕", who)
    expect(page.locator("#people tr", has_text=name_of(alike[0]))).to_have_attribute("data-state", "away")
    page.wait_for_timeout(200)
    assert name_of(alike[1]) in at(), "the row above has lost its button; the keyboard stays with the person"
    page.close()
