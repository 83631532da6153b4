"""What users stumbled over once: each page says what happened, where, when and to whom."""

import re
from collections.abc import Callable
from datetime import timedelta

import httpx
import msgspec
import pytest
from playwright.sync_api import FilePayload, Page, expect
from sqlmodel import select

from appliance.base.i18n import in_language
from appliance.base.journal_words import actor_word, kind_word
from appliance.flow.box import Box
from appliance.flow.desk import desk
from appliance.flow.draw_tasks import draw_tasks
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from tests.web.conftest import shoot
from tests.web.day import PASSWORD, name_of, tap
from tests.web.day_server import Running
from tests.world import number_of

pytestmark = pytest.mark.long

Open = Callable[..., Page]
Client = Callable[[str], httpx.Client]


def test_a_lane_opened_by_hand_takes_the_place_of_the_last_card(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk")
    page.keyboard.press("m")
    page.locator("details[open] [name=reason]").fill("轮椅通行")
    page.locator("details[open] [name=second_login]").fill("desk2")
    page.locator("details[open] [name=second_password]").fill(PASSWORD)
    page.click("details[open] button.primary")
    verdict = page.locator(".verdict")
    expect(verdict).to_contain_text("人工开闸")
    expect(verdict).to_contain_text("轮椅通行")
    expect(verdict).to_contain_text("李核验、desk2")
    expect(page.locator("#done")).to_contain_text("理论通道")
    shoot(page, "desk-opened-by-hand")
    page.keyboard.press("r")
    expect(verdict).to_contain_text("等待刷证")
    tap(day.box, "孔令辉", number_of(97), distance=None)
    expect(verdict).to_have_attribute("data-code", "not_on_roster", timeout=15000)


def test_an_error_page_knows_who_reads_it(client: Client) -> None:
    for path, status in (("/room", 403), ("/nowhere", 404), ("/desk/ticket/x/ticket.pdf", 404)):
        answer = client("desk").get(path)
        assert answer.status_code == status
        assert "李核验" in answer.text and 'action="/sign-out"' in answer.text and "示范考点" in answer.text
    nobody = client("").get("/nowhere", headers={"cookie": "lang=en"})
    assert nobody.status_code == 404 and '<html lang="en"' in nobody.text
    assert "/sign-out" not in nobody.text


def test_the_practical_room_speaks_of_workplaces(day: Running, open_page: Open) -> None:
    page = open_page("invigilator", f"/room/{day.day.practical}", 1280, 800)
    for word in ("工位图", "已叫到工位", "已评分"):
        expect(page.locator("body")).to_contain_text(word)
    for word in ("座次表", "已入座", "已交卷", "答题中"):
        expect(page.locator("body")).not_to_contain_text(word)
    shoot(page, "room-practical")


def test_a_signed_sheet_opens_as_it_was_signed(day: Running, open_page: Open) -> None:
    wanted = select(Attempt).where(Attempt.sitting == day.day.practical, Attempt.state == "seated")
    attempt = day.box.db.read_now(lambda session: session.exec(wanted).first())
    assert attempt is not None
    day.box.db.write_now(draw_tasks, day.box, attempt.id, "account:test")
    page = open_page("examiner", f"/examiner/{attempt.id}/K1", 1280, 800)
    page.locator(".minus").first.click()
    for field in page.locator("input[data-points]").all()[:1]:
        field.fill(field.get_attribute("max") or "")
    total = page.locator("[data-total]").first.inner_text()
    assert total != "100"
    page.locator("button.primary").click()
    page.wait_for_url(re.compile(f"/examiner/{attempt.id}$"))
    page.evaluate("() => sessionStorage.clear()")
    with page.expect_navigation():
        page.locator(".tasks a").first.click()
    expect(page.locator("[data-total]").first).to_have_text(total)
    expect(page.locator(".loss.taken")).to_have_count(1)
    shoot(page, "examiner-sheet-again")


def test_who_confirms_a_roster_sees_where_when_and_whom(day: Running, open_page: Open) -> None:
    tomorrow = (day.box.today() + timedelta(days=1)).isoformat()
    rows = ["姓名,身份证号,准考证号,联系电话,操作项目"]
    rows += [f"{name_of(n)},{number_of(n)},ZK{n},1390000{n:04d},低压电工作业" for n in range(300, 304)]
    page = open_page("office", "/office")
    file = FilePayload(name="明日.csv", mimeType="text/csv", buffer="\n".join(rows).encode())
    page.set_input_files("[name=file]", files=[file])
    page.select_option("[name=theory_room]", "T1")
    page.fill("[name=theory_start]", f"{tomorrow}T09:00")
    page.get_by_role("button", name="导入名单").click()
    page.wait_for_url(re.compile("/office/roster/"))
    other = open_page("office2", page.url.removeprefix(day.url))
    shown = other.locator("main")
    for text in (tomorrow, "09:00", "理论考场", name_of(301), "ZK302", "联系电话"):
        expect(shown).to_contain_text(text)
    assert number_of(301) not in shown.inner_text() and number_of(301)[-4:] in shown.inner_text()
    shoot(other, "roster-pending")
    other.get_by_role("button", name="确认生效").click()
    expect(other.locator(".word.go").first).to_have_text("已生效")
    other.goto(f"{day.url}/office")
    ahead = other.locator(".card").filter(has_text="后续场次")
    expect(ahead).to_contain_text(tomorrow)
    shoot(other, "office-coming")
    ahead.get_by_text("查看名单").click()
    other.locator("summary").filter(has_text="名单人员").click()
    expect(other.locator("main")).to_contain_text(name_of(303))


def test_actors_and_kinds_are_words() -> None:
    assert actor_word("account:0190abc", {"0190abc": "王监考"}) == "王监考"
    assert actor_word("lane:L1", {"L1": "理论通道"}) == "理论通道"
    assert actor_word("lane:L9", {}) == "通道 L9"
    assert actor_word("process:gate", {}) == "入场核验程序"
    assert actor_word("seat:T1-07", {}) == "考试机 T1-07"
    assert actor_word("province", {}) == "省平台"
    assert actor_word("account:01900000000070008000000012345678", {}) == "账号 ~12345678"
    assert kind_word("seat.left") == "离开考位" and kind_word("unheard.of") == "unheard.of"


def test_the_site_has_an_english_name_where_one_is_set(day: Running) -> None:
    settings = day.day.settings
    named = msgspec.structs.replace(
        settings, site=msgspec.structs.replace(settings.site, name_en="Demo Site")
    )
    with in_language("en"):
        assert Box.open(named).site_name == "Demo Site"
        assert Box.open(settings).site_name == day.box.site.name
    assert Box.open(named).site_name == day.box.site.name


def test_the_desk_says_when_the_day_is_over(day: Running, client: Client) -> None:
    def end(session) -> None:  # type: ignore[no-untyped-def]
        for sitting in session.exec(select(Sitting)):
            sitting.state, sitting.ended_at = "ended", day.box.now()
            session.add(sitting)

    assert day.box.db.read_now(desk, day.box).over == []
    day.box.db.write_now(end)
    for login, path in (("desk", "/desk"), ("waiting", "/waiting")):
        page = client(login).get(path).text
        assert "今天的场次已全部结束" in page and f"{day.box.local(day.box.now()):%H:}" in page
