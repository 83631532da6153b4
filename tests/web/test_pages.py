"""Each staff page in a real browser: what people see and do there. Screenshots go to build/screens."""

import re
from collections.abc import Callable

import msgspec
from playwright.sync_api import FilePayload, Page, expect
from sqlmodel import col, select

from appliance.records.journal import Journal
from appliance.records.theory import Attempt
from tests.web.conftest import shoot
from tests.web.day import PASSWORD, name_of, tap
from tests.web.day_server import Running
from tests.world import number_of

Open = Callable[..., Page]


def newest(day: Running, kind: str) -> Journal | None:
    wanted = select(Journal).where(Journal.kind == kind).order_by(col(Journal.seq).desc()).limit(1)
    return day.box.db.read_now(lambda session: session.exec(wanted).first())


def second(page: Page, login: str, password: str = PASSWORD) -> None:
    form = page.locator("details[open] form")
    form.locator("[name=second_login]").fill(login)
    form.locator("[name=second_password]").fill(password)


def test_a_wrong_password_is_told(open_page: Open) -> None:
    page = open_page("", "/sign-in")
    shoot(page, "sign-in")
    page.fill("[name=login]", "desk")
    page.fill("[name=password]", "wrong-password")
    page.click("button.primary")
    expect(page.get_by_role("alert").filter(has_text="密码")).to_be_visible()
    expect(page.locator("[name=login]")).to_have_value("desk")
    shoot(page, "sign-in-wrong")


def test_the_first_page_lists_what_one_may_open(open_page: Open) -> None:
    page = open_page("chief", "/")
    expect(page.locator(".tile")).to_have_count(14)
    shoot(page, "home")
    page.click("a[lang=en]")
    expect(page.locator("h1")).to_have_text("What do you want to do?")
    shoot(page, "home-en")
    page.click("a[lang=zh-CN]")


def test_the_desk_shows_a_tap_by_itself_and_decides_it(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk")
    expect(page.locator(".verdict")).to_have_attribute("data-code", "face_review")
    shoot(page, "desk-review")
    page.wait_for_timeout(800)  # a key pressed before anybody could see who it is does nothing
    page.keyboard.press("Enter")
    expect(page.locator("details[open] [name=reason]")).to_be_focused()
    page.keyboard.type("已比对证件与本人，系同一人")
    shoot(page, "desk-decide")
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_have_attribute("data-result", "admit")
    expect(page.locator(".ticket-number strong")).to_have_text(re.compile(r"B\d{3}"))
    shoot(page, "desk-admitted")
    tap(day.box, "孔令辉", number_of(99), distance=None)
    expect(page.locator(".verdict")).to_have_attribute("data-code", "not_on_roster", timeout=5000)
    shoot(page, "desk-refused")
    page.set_viewport_size({"width": 1920, "height": 1080})
    shoot(page, "desk-1920")
    page.keyboard.press("r")
    expect(page.locator(".verdict")).to_have_text(re.compile("等待刷证"))
    shoot(page, "desk-ready")
    tap(day.box, "孔令辉", number_of(98), distance=None)
    expect(page.locator(".verdict")).to_have_attribute("data-code", "not_on_roster", timeout=5000)


def test_a_mismatch_needs_a_second_person_with_their_own_password(day: Running, open_page: Open) -> None:
    page = open_page("desk", f"/desk?tap={day.day.mismatch}")
    expect(page.locator(".verdict")).to_have_attribute("data-code", "face_mismatch")
    page.keyboard.press("Enter")
    page.locator("details[open] [name=reason]").fill("剪了短发，两人比对为同一人")
    second(page, "desk2", "not-the-password")
    shoot(page, "desk-second")
    page.click("details[open] .primary:not(summary)")
    expect(page.locator("#problem")).to_contain_text("第二人")
    shoot(page, "desk-second-wrong")
    second(page, "desk")
    page.click("details[open] .primary:not(summary)")
    expect(page.locator("#problem")).to_contain_text("same_person")
    second(page, "desk2")
    page.click("details[open] .primary:not(summary)")
    expect(page.locator(".verdict")).to_have_attribute("data-result", "admit")
    decided = newest(day, "case.decided")
    assert decided is not None and '"second":""' not in decided.body


def test_a_photo_and_a_number_that_were_looked_at_are_journaled(day: Running, open_page: Open) -> None:
    page = open_page("desk", f"/desk?tap={day.day.admitted}")
    page.wait_for_function("() => [...document.images].every((one) => one.complete && one.naturalWidth > 0)")
    assert page.locator(".faces img").count() == 2
    assert newest(day, "photo.viewed") is not None
    page.click("button.reveal")
    expect(page.locator(".number strong")).to_have_text(number_of(68))
    assert newest(day, "number.revealed") is not None


def test_opening_a_lane_by_hand(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk?lane=L1")
    page.keyboard.press("m")
    page.locator("details[open] [name=reason]").fill("轮椅通行")
    second(page, "chief")
    page.click("details[open] button.primary")
    expect(page.locator("#done")).to_contain_text("开闸")
    ordered = newest(day, "gate.ordered")
    assert ordered is not None and "轮椅通行" in ordered.body


def test_calling_the_next_and_putting_one_aside(day: Running, open_page: Open) -> None:
    page = open_page("waiting", "/waiting")
    shoot(page, "waiting")
    first = page.locator(".tickets .first strong").first.inner_text()
    page.keyboard.press("Enter")
    away = page.locator(".queue").nth(1).locator("ol").nth(1)
    expect(away.locator("li").first).to_contain_text(first)
    page.locator(".tickets .first button").first.click()
    expect(page.locator(".queue .look").first).to_be_visible()
    shoot(page, "waiting-aside")
    page.locator(".queue").nth(1).get_by_text("回到队列").click()
    expect(page.locator(".queue .look")).to_have_count(0)
    with page.expect_response(lambda answer: "/recall" in answer.url) as recalled:
        away.get_by_text("重呼").first.click()
    assert recalled.value.ok
    expect(page.locator("#problem")).to_be_empty()
    assert newest(day, "ticket.recalled") is not None


def test_the_room_at_one_look_and_one_seat_beside_it(day: Running, open_page: Open) -> None:
    page = open_page("invigilator", f"/room/{day.day.theory}")
    expect(page.locator(".seat")).to_have_count(64)
    expect(page.locator(".sitting-clock strong")).to_have_text(re.compile(r"1:1\d:\d\d"))
    expect(page.locator(".lines")).to_contain_text("理论考场后部")
    shoot(page, "room")
    page.locator(".seat.look").first.click()
    expect(page.locator("#seat .name")).not_to_be_empty()
    page.wait_for_function("() => document.querySelector('.still img').naturalWidth > 0")
    shoot(page, "room-seat")
    page.set_viewport_size({"width": 1920, "height": 1080})
    shoot(page, "room-1920")
    page.set_viewport_size({"width": 820, "height": 1180})
    page.get_by_text("需关注优先").click()
    expect(page.locator(".seats.by-need .seat").first).to_have_class(re.compile("stop|look"))
    shoot(page, "room-tablet")


def test_a_message_more_time_and_another_seat(day: Running, open_page: Open) -> None:
    page = open_page("invigilator", f"/room/{day.day.theory}")
    page.locator(".seat.running:not(.look)").first.click()
    orders = page.locator("#seat .orders-seat details")
    orders.nth(0).locator("summary").click()
    page.locator("details[open] textarea").fill("请坐正，注意考场纪律。")
    page.click("details[open] button.primary")
    expect(page.locator("#seat")).to_contain_text("请坐正，注意考场纪律。")
    orders.filter(has=page.locator("[name=minutes]")).locator("summary").click()
    page.locator("details[open] [name=reason]").fill("键盘更换")
    second(page, "invigilator2")
    shoot(page, "room-extend")
    page.click("details[open] button.primary")
    expect(page.locator("#done")).to_contain_text("5")
    extended = newest(day, "attempt.extended")
    assert extended is not None and '"seconds":300' in extended.body
    orders.nth(1).locator("summary").click()
    page.locator("details[open] [name=reason]").fill("显示器闪烁")
    page.click("details[open] button.primary")
    expect(page.locator("#done")).to_contain_text("T1-")
    left = newest(day, "seat.left")
    assert left is not None and "显示器闪烁" in left.body
    taken = newest(day, "seat.taken")
    assert taken is not None
    seat = msgspec.json.decode(taken.body)["seat"]
    expect(page.locator(f"#t-{seat}")).to_have_attribute("aria-current", "true")
    expect(page.locator("#seat .seat-number")).to_have_text(str(int(seat.rpartition("-")[2])))
    expect(page.locator(f"#t-{seat}")).to_have_class(re.compile(r"\bbound\b"))  # nobody signed in there yet
    expect(page.locator("#problem")).to_be_empty()


def test_scoring_by_touch_until_the_result_stands(day: Running, open_page: Open) -> None:
    page = open_page("examiner", "/examiner", 1180, 820)
    shoot(page, "examiner")
    with page.expect_navigation():
        page.locator(".people a").first.tap()
    shoot(page, "examiner-draw")
    page.locator(".draw button").tap()
    expect(page.locator(".tasks a")).to_have_count(4)
    shoot(page, "examiner-tasks")
    for number in range(4):
        with page.expect_navigation():  # a finger is not quicker than the page
            page.locator(".tasks a").nth(number).tap()
        expect(page.locator("[data-total]").first).to_have_text("100")
        if number == 0:
            page.locator(".minus").first.tap()
            total = page.locator("[data-total]").first
            expect(total).not_to_have_text("100")
            shoot(page, "examiner-sheet")
            page.reload()
            expect(total).not_to_have_text("100")
            page.locator(".back:visible").first.tap()
            expect(total).to_have_text("100")
            page.locator(".minus").first.tap()
            page.set_viewport_size({"width": 820, "height": 1180})
            shoot(page, "examiner-sheet-portrait")
            page.set_viewport_size({"width": 1180, "height": 820})
        page.locator("button.primary").tap()
        expect(page.locator(".tasks a").nth(number)).to_contain_text("已签字")
    expect(page.locator(".clock-box")).to_contain_text("合格")
    shoot(page, "examiner-result")
    assert newest(day, "verdict.reached") is not None


def test_a_veto_needs_a_press_of_one_second(day: Running, open_page: Open) -> None:
    from appliance.flow.draw_tasks import draw_tasks
    from appliance.intake.practical_tasks import practical_tasks

    wanted = select(Attempt).where(Attempt.sitting == day.day.practical, Attempt.state == "seated")
    attempt = day.box.db.read_now(lambda session: session.exec(wanted).first())
    assert attempt is not None
    drawn = day.box.db.write_now(draw_tasks, day.box, attempt.id, "account:test")
    subject = next(one.subject for one in drawn if practical_tasks("low_voltage").task(one.task).vetoes)
    page = open_page("examiner", f"/examiner/{attempt.id}/{subject}", 1180, 820)
    button = page.locator("[data-veto]").first
    button.scroll_into_view_if_needed()
    button.click()
    expect(page.locator("[data-total]").first).to_have_text("100")
    place = button.bounding_box()
    assert place
    page.mouse.move(place["x"] + 20, place["y"] + 20)
    page.mouse.down()
    page.wait_for_timeout(1300)
    page.mouse.up()
    expect(page.locator("[data-total]").first).to_have_text("0")
    shoot(page, "examiner-veto")


def test_a_roster_by_hand_waits_for_the_second_person(day: Running, open_page: Open) -> None:
    rows = ["考试工种：低压电工作业,,,", "姓名,身份证号,联系电话,考试科目"]
    rows += [f"{name_of(n)}甲,{number_of(n)},1390000{n:04d},理论" for n in range(200, 212)]
    rows += ["赵某,99999919900101123X,13900000000,理论", ",123,13900000001,理论"]
    content = "\n".join(rows).encode("gb18030")
    page = open_page("office", "/office")
    shoot(page, "office")
    file = FilePayload(name="低压电工名单.csv", mimeType="text/csv", buffer=content)
    page.set_input_files("[name=file]", files=[file])
    page.select_option("[name=theory_room]", "T1")
    page.fill("[name=theory_start]", "2026-11-21T14:00")
    page.get_by_role("button", name="导入名单").click()
    page.wait_for_url(re.compile("/office/roster/"))
    expect(page.locator(".counts")).to_contain_text("12")
    expect(page.get_by_text("联系电话")).to_be_visible()
    expect(page.locator(".signal.look")).to_contain_text("第二人")
    shoot(page, "roster")
    other = open_page("office2", page.url.removeprefix(day.url))
    other.get_by_role("button", name="确认生效").click()
    expect(other.locator(".word.go").first).to_have_text("已生效")
    shoot(other, "roster-active")
    assert newest(day, "roster.confirmed") is not None


def test_sheets_are_pdf(day: Running, client: Callable[[str], object]) -> None:
    http = client("office")
    for name in ("sign-in", "seat-plan", "room-record"):
        answer = http.get(f"/office/sheets/{day.day.theory}/{name}.pdf")  # type: ignore[attr-defined]
        assert answer.status_code == 200 and answer.content.startswith(b"%PDF"), name


def test_an_unknown_address_says_what_to_do(open_page: Open) -> None:
    page = open_page("chief", "/nowhere")
    expect(page.locator(".signal")).to_contain_text("没有内容")
    shoot(page, "error")
