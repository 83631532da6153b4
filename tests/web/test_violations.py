"""A violation on the tablet: recorded in a few taps, looked at and decided by two others, its sheets printed."""

import re
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from appliance.base.ids import new_id
from appliance.flow.note_case import note_case
from appliance.records.cases import ExamCase
from appliance.records.seating import SeatTaking
from appliance.records.theory import Attempt
from appliance.records.verdict import Verdict
from appliance.records.violations import Evidence, Violation
from tests.web.conftest import csrf, shoot
from tests.web.day import PASSWORD
from tests.web.day_server import Running

Open = Callable[..., Page]
Client = Callable[[str], httpx.Client]


def writing(day: Running, index: int = 0) -> tuple[str, str]:
    """An attempt somebody writes, and its seat."""

    def find(session: Session) -> tuple[str, str]:
        rows = session.exec(
            select(Attempt.id, SeatTaking.seat)
            .join(SeatTaking, col(SeatTaking.candidate) == col(Attempt.candidate))
            .where(
                Attempt.sitting == day.day.theory,
                SeatTaking.sitting == day.day.theory,
                Attempt.state == "running",
                col(SeatTaking.released_at).is_(None),
            )
            .order_by(col(SeatTaking.seat))
        ).all()
        attempt, seat = rows[index]
        return attempt, seat

    return day.box.db.read_now(find)


def noticed(day: Running, attempt: str, kind: str) -> str:
    def add(session: Session) -> str:
        row = session.get_one(Attempt, attempt)
        return note_case(session, day.box, row, kind, day.box.now(), "process:test").id

    return day.box.db.write_now(add)


def second(page: Page, login: str) -> None:
    page.fill("[name=second_login]", login)
    page.fill("[name=second_password]", PASSWORD)


def test_the_form_and_the_sheets_without_a_browser(day: Running, client: Client) -> None:
    """What the page sends is kept once, its sheets are PDF, and whoever recorded it does not decide."""
    _attempt, seat = writing(day, 3)
    one = client("invigilator")
    place = f"/room/{day.day.theory}/seat/{seat}/violation"
    shown = one.get(place)
    assert shown.status_code == 200 and "违反了哪条规定" in shown.text
    form = {
        "id": new_id(),
        "candidate": re.findall(r'name="candidate" value="(\w+)"', shown.text)[0],
        "rule": "whispering",
        "seen": "与邻座交谈",
        "taken": "纸条一张",
        "told": "refused",
        "said": "没有",
        "keep": "yes",
        "second_login": "invigilator2",
        "second_password": PASSWORD,
    }
    head = {"x-csrf-token": csrf(shown.text)}
    for _again in range(2):
        kept = one.post(place, data=form, headers=head)
        assert kept.status_code == 204 and kept.headers["hx-redirect"].endswith(form["id"]), kept.text
    found = day.box.db.read_now(lambda session: session.exec(select(Violation)).all())
    assert [row.id for row in found] == [form["id"]]
    kinds = select(Evidence.kind).where(Evidence.seat == seat, Evidence.kind == "screen")
    assert day.box.db.read_now(lambda session: session.exec(kinds).all()) == ["screen"], "not kept twice"
    other = form | {"id": new_id(), "candidate": "somebody"}
    assert "该座位现由另一位考生使用" in one.post(place, data=other, headers=head).text
    for sheet in ("record", "receipt"):
        pdf = one.get(f"/violations/{form['id']}/{sheet}.pdf")
        assert pdf.content.startswith(b"%PDF"), pdf.text[:200]
    evidence = one.get(f"/room/violation/{form['id']}").text
    assert "考生屏幕状态" in evidence
    chief = client("chief")
    page = chief.get("/violations").text
    assert "与邻座交谈" in page
    results = chief.get("/office/results").text
    assert "还有违纪违规未认定" in results
    decide = {
        "command": new_id(),
        "decision": "warn",
        "reason": "核实",
        "second_login": "office",
        "second_password": PASSWORD,
    }
    head = {"x-csrf-token": csrf(page)}
    assert chief.post(f"/violations/{form['id']}/decide", data=decide, headers=head).status_code == 204
    assert "还有违纪违规未认定" not in chief.get("/office/results").text


@pytest.mark.long
def test_recorded_on_a_tablet_and_decided_by_two_others(day: Running, open_page: Open) -> None:
    attempt, seat = writing(day, 0)
    noticed(day, attempt, "device")
    page = open_page("invigilator", f"/room/{day.day.theory}?seat={seat}", 1280, 800)
    page.get_by_role("button", name="留存证据").click()
    expect(page.locator("#done")).to_contain_text("已留存考生屏幕状态")
    shoot(page, "room-seat-tablet")
    page.get_by_role("link", name="登记违纪违规").first.click()
    page.get_by_text("查阅资料，或使用手机").click()
    page.fill("[name=seen]", "桌面下查看手机，屏幕上有题目。")
    page.fill("[name=taken]", "手机一部（黑色）")
    page.get_by_text("已告知，签字确认").click()
    second(page, "invigilator2")
    shoot(page, "violation-new")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator("main")).to_contain_text("已登记。请打印并由考生签字")
    shoot(page, "violation-kept")
    page.get_by_role("link", name="返回监考").click()
    expect(page.locator("#seat")).to_contain_text("违纪登记第")
    page.close()

    office = open_page("office", "/violations", 1366, 768)
    expect(office.locator(".review-grid")).to_contain_text("桌面下查看手机")
    expect(office.locator(".screen-shown")).to_contain_text("已答")
    shoot(office, "violations")
    office.get_by_text("取消本科目成绩").last.click()
    office.fill("[name=reason]", "监控画面清楚，考生承认。")
    second(office, "chief")
    office.get_by_role("button", name="认定", exact=True).click()
    expect(office.locator(".decided")).to_contain_text("取消本科目成绩")
    shoot(office, "violations-decided")
    office.goto(f"{day.url}/language/en")
    office.goto(f"{day.url}/violations")
    expect(office.locator(".decide")).to_contain_text("This subject does not count")
    shoot(office, "violations-en")
    office.goto(f"{day.url}/language/zh_CN")
    office.close()


def test_the_form_of_one_case_ticks_this_case_alone_and_the_inspector_sees_what_was_kept(
    day: Running, client: Client
) -> None:
    attempt, seat = writing(day, 7)
    cases = [noticed(day, attempt, kind) for kind in ("device", "looking_away")]
    one, place = client("invigilator"), f"/room/{day.day.theory}/seat/{seat}"
    assert f"{place}/violation?case={cases[1]}" in one.get(f"/room/{day.day.theory}?seat={seat}").text
    for query, ticked in ((f"?case={cases[1]}", cases[1:]), ("", cases)):
        shown = one.get(f"{place}/violation{query}").text
        found = re.findall(r'name="case" value="(\w+)" checked', shown)
        assert sorted(found) == sorted(ticked)
    one.post(f"{place}/evidence", headers={"x-csrf-token": csrf(shown)})
    kept, candidate = day.box.db.read_now(
        lambda session: session.exec(
            select(Evidence.id, Evidence.candidate).where(Evidence.seat == seat, Evidence.kind == "screen")
        ).one()
    )
    inspector = client("inspector")
    assert f"/violations/evidence/{kept}" in inspector.get(f"/inspection/{candidate}").text
    assert "考试机" in inspector.get(f"/violations/evidence/{kept}").text


@pytest.mark.long
def test_a_case_is_closed_on_the_page(day: Running, open_page: Open) -> None:
    attempt, _seat = writing(day, 5)
    case = noticed(day, attempt, "looking_away")
    page = open_page("office", "/violations", 1366, 768)
    page.locator(".open-case").filter(has_text="视线").locator("summary").click()
    page.locator(".open-case [name=reason]").fill("看时钟")
    page.get_by_role("button", name="结案").click()
    expect(page.locator("#done")).to_contain_text("已结案")
    state = day.box.db.read_now(lambda session: session.get_one(ExamCase, case).state)
    assert state == "dismissed"
    page.close()


def test_results_of_an_earlier_day_are_released_from_the_page(day: Running, client: Client) -> None:
    """Withheld for a violation at that day's release, decided since: the day has a button of its own."""
    box, candidate = day.box, day.day.people[40]
    before = (box.today() - timedelta(days=1)).isoformat()

    def decided(session: Session) -> None:
        row = Verdict(
            id=new_id(),
            candidate=candidate,
            trade="high_voltage",
            day=before,
            passed=True,
            code="passed",
            decided_at=box.now(),
        )
        session.add(row)

    box.db.write_now(decided)
    chief, office = client("chief"), client("office")
    place = f"/office/release/{before}"
    shown = office.get("/office/results").text
    assert f"{before} 尚未上报的成绩" in shown and place not in shown
    assert f'hx-post="{place}"' in chief.get("/office/results").text
    head = {"x-csrf-token": csrf(chief.get("/office").text)}
    assert chief.post(place, headers=head).status_code == 200
    assert "尚未上报的成绩" not in chief.get("/office/results").text
