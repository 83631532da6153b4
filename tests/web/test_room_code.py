"""The start with a typed code as an invigilator meets it; the office says whose page a sitting is answered on."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from appliance.base import paper_code
from appliance.base.ids import new_id
from appliance.flow.enrol import Person, SittingPlan, enrol, find_sitting
from appliance.flow.take_sealed import Arrived, keep_sealed, take_sealed
from appliance.records.roster import Roster
from appliance.records.sitting import Sitting
from appliance.wire import sealed as wire
from sync.province.sealing import make_file, new_code
from tests.sealed import source
from tests.web.conftest import shoot
from tests.web.day import PASSWORD
from tests.web.day_server import Running
from tests.world import number_of

Open = Callable[..., Page]
PEOPLE = 3


def planned(day: Running, minutes: float, first: int) -> Sitting:
    """A sitting of three whose papers come sealed."""

    def add(session: Session) -> Sitting:
        starts_at = day.box.now().replace(microsecond=0) + timedelta(minutes=minutes)
        plan = SittingPlan(
            subject="theory",
            trade="low_voltage",
            room="T1",
            starts_at=starts_at,
            duration_s=7200,
            sealed=True,
        )
        sitting = find_sitting(session, day.box, plan, "province")
        roster = session.exec(select(Roster)).first()
        assert roster is not None
        for n in range(first, first + PEOPLE):
            enrol(session, day.box, roster, sitting, Person(row=n, name=f"考生{n}", number=number_of(n)))
        session.refresh(sitting)
        return sitting

    return day.box.db.write_now(add)


def arrive(day: Running, sitting: Sitting, first: int, what: str = "papers", early: float = 15) -> str:
    """Their papers come; returns the code."""
    code, box = new_code(), day.box
    about = wire.about(box.site.code, "T1", sitting.starts_at, what)
    file = make_file(source(), what, PEOPLE, code, about)
    arrived = Arrived(
        id=new_id(),
        room="T1",
        starts_at=sitting.starts_at,
        what=what,
        file=hashlib.sha256(file).hexdigest(),
        not_before=sitting.starts_at - timedelta(minutes=early),
        numbers=[number_of(n) for n in range(first, first + PEOPLE)] if what == "papers" else [],
    )
    box.db.write_now(take_sealed, box, arrived, keep_sealed(box, arrived, file))
    return code


def type_in(page: Page, code: str, login: str = "invigilator2") -> None:
    page.locator(".code-groups input").first.click()
    page.keyboard.type(code)  # a full group leads to the next
    page.fill("[name=second_login]", login)
    page.fill("[name=second_password]", PASSWORD)
    page.get_by_role("button", name="启封试卷").click()


@pytest.mark.long
def test_the_code_is_typed_in_by_two_and_the_exam_starts(day: Running, open_page: Open) -> None:
    sitting = planned(day, 10, 200)
    page = open_page("invigilator", f"/room/{sitting.id}", 1280, 800)
    expect(page.locator("#board")).to_contain_text("密封试卷未到")
    expect(page.locator("summary").filter(has_text="开考")).to_have_count(0)
    code = arrive(day, sitting, 200)
    expect(page.locator("#board")).to_contain_text("试卷密封，等待密钥")
    shoot(page, "room-sealed")
    expect(page.locator("summary").filter(has_text="开考")).to_have_count(0)
    page.locator("summary").filter(has_text="输入启封码").click()
    digits = paper_code.digits_of(code)
    type_in(page, digits[:6] + str((int(digits[6]) + 1) % 10) + digits[7:])
    expect(page.locator("body")).to_contain_text("第 2 组输入有误")
    shoot(page, "room-code-slip")
    groups = page.locator(".code-groups input")
    expect(groups.nth(5)).to_have_value(digits[25:])
    groups.nth(1).click()
    page.keyboard.type(digits[5:10])  # typed over what stood there; the next group is left alone
    expect(groups.nth(1)).to_have_value(digits[5:10])
    expect(groups.nth(2)).to_have_value(digits[10:15])
    groups.nth(3).click()
    page.keyboard.press("End")
    page.keyboard.type("7")  # one too many is cut
    expect(groups.nth(3)).to_have_value(digits[15:20])
    expect(groups.nth(4)).to_have_value(digits[20:25])
    page.fill("[name=second_password]", PASSWORD)
    shoot(page, "room-code")
    page.get_by_role("button", name="启封试卷").click()
    expect(page.locator("#done")).to_contain_text("试卷已启封")
    page.locator("summary").filter(has_text="开考").click()
    page.get_by_role("button", name="立即开考").click()
    expect(page.locator("#done")).to_contain_text("已开考")
    found = day.box.db.read_now(lambda s: s.get_one(Sitting, sitting.id).state)
    assert found == "running"
    page.close()


@pytest.mark.long
def test_papers_of_a_sealed_bank_are_counted_while_they_are_made(day: Running, open_page: Open) -> None:
    sitting = planned(day, 12, 220)
    code = arrive(day, sitting, 220, "bank")
    page = open_page("invigilator", f"/room/{sitting.id}", 1280, 800)
    page.locator("summary").filter(has_text="输入启封码").click()
    type_in(page, code, "chief")
    expect(page.locator("#done")).to_contain_text("试卷已启封")
    expect(page.locator("summary").filter(has_text="开考")).to_have_count(1, timeout=20_000)
    expect(page.locator("#board")).not_to_contain_text("正在组卷")
    page.close()


@pytest.mark.long
def test_the_office_says_whose_page_it_is(day: Running, open_page: Open) -> None:
    def add(session: Session) -> str:
        starts_at = day.box.now() + timedelta(hours=5)
        plan = SittingPlan(
            subject="theory", trade="low_voltage", room="T1", starts_at=starts_at, duration_s=7200
        )
        return find_sitting(session, day.box, plan, "process:test").id

    sitting = day.box.db.write_now(add)
    page = open_page("office", "/office/delivery", 1366, 768)
    form = page.locator(f"form[hx-post='/office/delivery/{sitting}']")
    form.locator("select").select_option("province")
    form.get_by_role("button").click()
    expect(page.locator("body")).to_contain_text("网址应以 https:// 开头")
    form.locator("[name=page]").fill("https://kaoshi.example.gov.cn/seat")
    form.get_by_role("button").click()
    expect(page.locator("#done")).to_contain_text("已设为在省平台页面答题")
    page.reload()
    expect(form).to_contain_text("在省平台页面答题")
    shoot(page, "office-delivery")
    page.close()
    room = open_page("invigilator", f"/room/{sitting}", 1280, 800)
    expect(room.locator("#board")).to_contain_text("在省平台页面答题")
    shoot(room, "room-elsewhere")
    room.close()
