"""A bank that ships with the box, taken in by the site: its head takes the usual blueprint with one press."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from appliance.flow.accounts import Who
from appliance.flow.add_bank import add_bank
from appliance.flow.blueprints import bank_plans
from appliance.intake.questions.excel_export import write_excel
from appliance.intake.questions.shipped import shipped_questions
from appliance.records.accounts import Account
from appliance.rules.paper import THEORY
from tests.question_banks import approve_all, take
from tests.web.conftest import shoot
from tests.web.day_server import Running

pytestmark = pytest.mark.long


def test_the_usual_blueprint_is_one_press_away(day: Running, open_page: Callable[..., Page]) -> None:
    box = day.box

    def who(login: str) -> Who:
        row = box.db.read_now(lambda s: s.exec(select(Account).where(Account.login == login)).one())
        return Who(account=row.id, login=login, name=row.name, role=row.role)

    author, reviewer = who("author"), who("author2")
    bank = box.db.write_now(add_bank, box, "自带低压题库", "low_voltage", "exam", author)
    take(box, bank, author, write_excel(shipped_questions("low_voltage"), {}), "题目.xlsx")
    approve_all(box, bank, reviewer)
    page = open_page("chief", f"/questions/bank/{bank.id}/use")
    card = page.locator("form.card")
    expect(card).to_contain_text("判断题 70 道，每题 1 分")
    expect(card).to_contain_text("答题时间 120 分钟，满分 100 分，80 分合格，闭卷")
    shoot(page, "questions-usual")
    page.goto(f"{day.url}/questions/bank/{bank.id}/blueprint")
    expect(page.locator("[name=row_count]").first).to_have_value("70")
    page.goto(f"{day.url}/questions/bank/{bank.id}/use")
    page.click("text=采用常用规则")
    expect(page.locator("h2", has_text="从本题库组卷").or_(page.locator(".signal.look"))).to_be_visible()
    expect(page.locator("text=采用常用规则")).to_have_count(0)
    assert box.db.read_now(bank_plans, bank.id) == {"initial": THEORY}
