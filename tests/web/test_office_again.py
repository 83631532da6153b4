"""The office page after the day's first release, and a roster with somebody who passed before."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import FilePayload, Page, expect
from sqlmodel import Session, select

from appliance.base.ids import new_id
from appliance.flow.enrol import SittingPlan, find_sitting
from appliance.records.accounts import Account
from appliance.records.sitting import Sitting
from appliance.records.verdict import Release
from tests.web.conftest import shoot
from tests.web.day import name_of
from tests.web.day_server import Running
from tests.world import number_of

pytestmark = pytest.mark.long

Open = Callable[..., Page]


def test_a_sitting_after_the_release_says_what_holds_it(day: Running, open_page: Open) -> None:
    box = day.box

    def released(session: Session) -> None:
        for sitting in session.exec(select(Sitting)):
            sitting.state = "released"
            session.add(sitting)
        chief = session.exec(select(Account).where(Account.login == "chief")).one()
        row = Release(
            id=new_id(),
            day=box.today().isoformat(),
            count=1,
            released_by=chief.id,
            released_at=box.now(),
        )
        session.add(row)
        plan = SittingPlan(
            subject="practical",
            trade="low_voltage",
            room="P1",
            starts_at=box.now() + timedelta(hours=4),
            duration_s=3600,
        )
        find_sitting(session, box, plan, "process:test")

    box.db.write_now(released)
    page = open_page("chief", "/office")
    shown = page.locator("#results")
    expect(shown).to_contain_text("刘站长")
    expect(shown).to_contain_text("此后当天的场次另行审核上报")
    expect(shown.locator(".signal.look")).to_contain_text("还有场次没有结束")
    shoot(page, "office-second-release")
    page.close()


def test_who_passed_before_is_marked_on_the_roster(day: Running, open_page: Open) -> None:
    tomorrow = (day.box.today() + timedelta(days=1)).isoformat()
    rows = ["姓名,身份证号,准考证号,操作项目"]
    rows += [f"{name_of(n)},{number_of(n)},ZK{n},低压电工作业" for n in (60, 301)]
    page = open_page("office", "/office")
    file = FilePayload(name="再考.csv", mimeType="text/csv", buffer="\n".join(rows).encode())
    page.set_input_files("[name=file]", files=[file])
    page.select_option("[name=theory_room]", "T1")
    page.fill("[name=theory_start]", f"{tomorrow}T09:00")
    page.locator("form[hx-post='/office/roster'] button.primary").click()
    page.wait_for_url("**/office/roster/*")
    expect(page.locator("main")).to_contain_text("1 人该科目已合格")
    people = page.locator("details tbody tr")
    expect(people.filter(has_text=name_of(60))).to_contain_text("该科目已合格")
    expect(people.filter(has_text=name_of(301))).not_to_contain_text("该科目已合格")
    shoot(page, "roster-passed-before")
