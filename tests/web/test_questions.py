"""Question banks as an author, a second author, the head of the site and everybody else meet them, in the browser."""

import io
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import httpx
import msgspec
import pytest
from openpyxl import load_workbook
from playwright.sync_api import FilePayload, Page, expect
from sqlmodel import Session, select

from appliance.flow.enrol import SittingPlan, find_sitting
from appliance.intake.bank import question_bank
from appliance.intake.questions.excel_export import write_excel
from appliance.intake.questions.question import LANGUAGE, Picture, PictureRef, Question, Wording
from appliance.intake.questions.read import read_questions
from appliance.records.journal import Journal
from appliance.records.questions import BankItem, QuestionBank
from appliance.records.sitting import Sitting
from tests.intake.questions.samples import png
from tests.question_banks import table
from tests.web.conftest import csrf, shoot
from tests.web.day import PASSWORD
from tests.web.day_server import Running

Open = Callable[..., Page]
Client = Callable[[str], httpx.Client]
NAME = "用电安全内部考核"
FILE = FilePayload(name="用电安全.csv", mimeType="text/csv", buffer=table())


def entries(day: Running, kind: str) -> list[Journal]:
    found = select(Journal).where(Journal.kind == kind).order_by(Journal.seq)
    return day.box.db.read_now(lambda session: list(session.exec(found).all()))


def bank_id(day: Running) -> str:
    found = select(QuestionBank.id).where(QuestionBank.name == NAME)
    return day.box.db.read_now(lambda session: session.exec(found).one())


def items(day: Running, state: str) -> list[str]:
    found = select(BankItem.id).where(BankItem.bank == bank_id(day), BankItem.state == state)
    return day.box.db.read_now(lambda session: list(session.exec(found.order_by(BankItem.id)).all()))


@pytest.fixture(scope="module")
def filled(day: Running, open_page: Open) -> str:
    """A bank with 43 drafts, made and filled on the pages."""
    page = open_page("author", "/questions")
    expect(page.locator("main")).to_contain_text("考点还没有自己的题库")
    page.fill("[name=name]", NAME)
    page.select_option("[name=trade]", "low_voltage")
    page.click("text=建立题库")
    page.wait_for_url("**/questions/bank/*")
    page.set_input_files("[name=file]", files=[FILE])
    page.click("text=检查文件")
    report = page.locator("#report")
    expect(report).to_contain_text("43 道可以导入，2 道不能导入")
    expect(report).to_contain_text("尚未保存")
    expect(report).to_contain_text(
        "没有给出正确答案" if "没有给出正确答案" in report.inner_text() else "答案"
    )
    assert items(day, "draft") == [], "a check keeps nothing"
    shoot(page, "questions-report")
    report.get_by_role("button", name="导入 43 道试题").click()
    expect(report).to_contain_text("已导入 43 道试题，待审定")
    expect(page.locator("#bank-counts")).to_contain_text("待审定 43")
    expect(page.locator("#bank-items")).to_contain_text("43 道试题")
    assert len(items(day, "draft")) == 43
    page.close()
    return bank_id(day)


def test_the_bank_of_one_author_is_approved_by_another(day: Running, open_page: Open, filled: str) -> None:
    page = open_page("author", f"/questions/bank/{filled}")
    expect(page.locator("table.items tbody tr")).to_have_count(20)
    expect(page.locator("table.items")).to_contain_text("待他人审定")
    shoot(page, "questions-bank")
    page.set_viewport_size({"width": 1920, "height": 1080})
    shoot(page, "questions-bank-1920")
    page.set_viewport_size({"width": 1366, "height": 768})
    page.click("text=下一页")
    expect(page.locator(".pager")).to_contain_text("2 / 3")
    page.select_option("[name=kind]", "multiple_choice")
    page.click("form.search button")
    expect(page.locator("table.items tbody tr")).to_have_count(6)
    page.locator("table.items a.stem").first.click()
    expect(page.locator("main")).to_contain_text("须由第二人审定")
    expect(page.get_by_role("button", name="审定通过")).to_have_count(0)
    page.close()

    second = open_page("author2", f"/questions/bank/{filled}?kind=multiple_choice&state=draft")
    second.locator("table.items a.stem").first.click()
    expect(second.locator(".item li.right")).to_have_count(3)
    shoot(second, "questions-review")
    first = second.url
    second.get_by_role("button", name="审定通过").click()
    expect(second.locator("main")).to_contain_text("下面是等您审定的下一道试题")
    assert second.url.split("?")[0] != first and len(items(day, "approved")) == 1
    second.get_by_text("退回", exact=True).click()
    second.fill("[name=reason]", "答案有争议")
    second.get_by_role("button", name="退回本稿").click()
    expect(second.locator("main")).to_contain_text("答案有争议")
    assert len(items(day, "retired")) == 1
    second.close()


def test_an_edit_is_a_new_version(day: Running, open_page: Open, filled: str) -> None:
    item = items(day, "draft")[0]
    page = open_page("author2", f"/questions/item/{item}/edit")
    page.fill(f"[name=stem_{LANGUAGE}]", "停电以后应先验电，再挂接地线。")
    shoot(page, "questions-edit")
    page.click("text=保存为待审定")
    expect(page.locator("main")).to_contain_text("已保存，待另一位命题人员审定")
    expect(page.locator("main")).to_contain_text("第 2 版")
    page.locator("table a", has_text="第 1 版").click()
    expect(page.locator("main")).to_contain_text("这是较早的版本")
    expect(page.locator("main")).to_contain_text("审定前已修改")
    page.goto(f"{day.url}/questions/bank/{filled}/new")
    page.select_option("[name=kind]", "single_choice")
    page.fill(f"[name=stem_{LANGUAGE}]", "验电器使用前应当：")
    page.fill(f"[name=option_{LANGUAGE}_A]", "在有电处试验")
    page.fill(f"[name=option_{LANGUAGE}_B]", "用水冲洗")
    page.click("text=保存为待审定")
    expect(page.locator("#problem")).to_contain_text("答案")
    page.check("[name=right][value=A]")
    page.fill("[name=stem_en]", "Before use a voltage detector is:")
    for letter, words in (
        ("A", "tried where there is voltage"),
        ("B", "washed with water"),
        ("C", "kept dry"),
    ):
        page.fill(f"[name=option_en_{letter}]", words)
    shoot(page, "questions-english")
    page.click("text=保存为待审定")
    expect(page.locator("#problem")).to_contain_text("中文缺少选项 C。")
    page.fill("[name=option_en_C]", "")
    page.click("text=保存为待审定")
    expect(page.locator("main")).to_contain_text("已保存，待另一位命题人员审定")
    expect(page.locator(".item[lang=en] .stem")).to_have_text("Before use a voltage detector is:")
    shoot(page, "questions-item-english")
    page.click("text=修改")
    for name in ("stem_en", "option_en_A", "option_en_B"):
        page.fill(f"[name={name}]", "")
    page.click("text=保存为待审定")
    expect(page.locator("main")).to_contain_text("尚无英文")
    expect(page.locator(".item")).to_have_count(1)
    page.close()


def test_pictures_stay_where_they_are_through_an_edit(day: Running, open_page: Open, filled: str) -> None:
    picture = Picture("image/png", png(size=200))
    words = ("看图，应当：", PictureRef(picture.sha256, "图"))
    question = Question(
        id="P-1",
        kind="single_choice",
        wordings={
            LANGUAGE: Wording(stem=words, options=(("停电",), ("送电",))),
            "en": Wording(stem=("Then",), options=(("Off",), ("On",))),
        },
        right=(0,),
    )
    book = write_excel([question], {picture.sha256: picture})
    page = open_page("author", f"/questions/bank/{filled}")
    page.set_input_files("[name=file]", files=[FilePayload(name="图.xlsx", mimeType="x", buffer=book)])
    page.click("text=检查文件")
    page.locator("#report").get_by_role("button", name="导入 1 道试题").click()
    expect(page.locator("#report")).to_contain_text("已导入 1 道试题")
    page.goto(f"{day.url}/questions/bank/{filled}?text=P-1")
    page.locator("table.items a.stem").first.click()
    expect(page.locator(".item img")).to_have_count(1)
    expect(page.locator(".item img")).to_have_js_property("naturalWidth", 200)
    shoot(page, "questions-picture")
    page.click("text=修改")
    expect(page.locator("textarea").first).to_have_value("看图，应当：[[1]]")
    page.locator("textarea").first.fill("看图 [[1]] 以后应当：")
    page.click("text=保存为待审定")
    expect(page.locator(".item img")).to_have_count(1)
    expect(page.locator(".item .stem").first).to_contain_text("以后应当")
    expect(page.locator(".item")).to_have_count(2)
    page.close()


def test_items_go_out_as_files_and_come_back(day: Running, client: Client, filled: str) -> None:
    http = client("author")
    for form, name in (("excel", "x.xlsx"), ("qti", "x.zip")):
        answer = http.get(f"/questions/bank/{filled}/export/{form}")
        assert answer.status_code == 200 and quote(NAME) in answer.headers["content-disposition"]
        read = read_questions(answer.content, name)
        assert len(read.accepted) >= 44 and read.rejected == []
    told = [msgspec.json.decode(one.body) for one in entries(day, "bank.exported")]
    assert [one["format"] for one in told] == ["excel", "qti"] and all(
        len(one["sha256"]) == 64 for one in told
    )
    sheet = load_workbook(io.BytesIO(http.get("/questions/template/questions.xlsx").content))
    assert sheet.sheetnames[1] == "填写说明"
    assert http.get(f"/questions/bank/{filled}/export/doc").status_code == 404
    assert http.get(f"/questions/bank/{filled}/picture/{'0' * 64}").status_code == 404
    assert http.get("/questions/bank/nothing").status_code == 404
    assert http.get("/questions/item/nothing").status_code == 404
    assert http.get(f"/questions/bank/{filled}?page=99999999999&kind=x&state=y").status_code == 200
    item = items(day, "draft")[0]
    for version, status in (("9", 404), ("99999999999999999999", 200), ("x", 200)):
        assert http.get(f"/questions/item/{item}?version={version}").status_code == status


def test_a_shipped_bank_becomes_one_of_the_site(day: Running, client: Client, filled: str) -> None:
    http = client("author")
    shown = http.get("/questions").text
    assert "取用为本考点题库" in shown
    head = {"x-csrf-token": csrf(shown)}
    answer = http.post("/questions/shipped/scaffolding", headers=head)
    assert answer.status_code == 204
    taken, told = answer.headers["hx-redirect"].rpartition("/")[2], entries(day, "questions.imported")[-1]
    count = len(question_bank("scaffolding").items)
    assert told.subject == taken != filled and msgspec.json.decode(told.body)["added"] == count
    assert http.get(f"/questions/bank/{taken}?state=draft").text.count('class="stem"') == 20
    assert http.post("/questions/shipped/scaffolding", headers=head).status_code == 409, "a second time"


def test_a_look_is_journaled_once_per_session_and_bank(day: Running, client: Client, filled: str) -> None:
    before = len(entries(day, "bank.viewed"))
    http = client("author2")
    for _ in range(2):
        assert http.get(f"/questions/bank/{filled}").status_code == 200
        assert http.get(f"/questions/item/{items(day, 'draft')[0]}").status_code == 200
    after = entries(day, "bank.viewed")
    assert len(after) == before + 1 and after[-1].subject == filled


def test_nobody_else_sees_an_item(day: Running, client: Client, filled: str) -> None:
    item = items(day, "draft")[0]
    for login in ("chief", "invigilator", "inspector", "office", "ops", "examiner", "desk"):
        for path in (f"bank/{filled}", f"item/{item}", f"item/{item}/edit", f"bank/{filled}/export/qti"):
            assert client(login).get(f"/questions/{path}").status_code == 403, (login, path)
    chief = client("chief").get("/questions").text
    assert NAME in chief and "验电" not in chief
    sealed = QuestionBank(
        id="p1",
        name="省级密封题库",
        owner="province",
        purpose="exam",
        created_by="x",
        created_at=day.box.now(),
    )
    day.box.db.write_now(lambda session: session.add(sealed.model_copy()))
    shown = client("author").get("/questions").text
    assert "省级密封题库" in shown and "/questions/bank/p1" not in shown
    assert client("author").get("/questions/bank/p1").status_code == 403
    assert client("chief").get("/questions/bank/p1/use").status_code == 403


@pytest.fixture(scope="module")
def planned(day: Running, filled: str) -> str:
    """A sitting of tomorrow; every draft of the bank is approved."""

    def ready(session: Session) -> str:
        for row in session.exec(select(BankItem).where(BankItem.bank == filled, BankItem.state == "draft")):
            row.state, row.reviewer = "approved", "second"
            session.add(row)
        plan = SittingPlan(
            subject="theory",
            trade="low_voltage",
            room="T1",
            starts_at=day.box.now() + timedelta(days=1),
            duration_s=3600,
        )
        return find_sitting(session, day.box, plan, "process:test").id

    return day.box.db.write_now(ready)


def test_the_head_of_the_site_chooses_a_bank_for_a_sitting(
    day: Running, open_page: Open, filled: str, planned: str
) -> None:
    box = day.box
    page = open_page("chief", "/questions")
    shoot(page, "questions-banks")
    page.click("text=用于场次")
    expect(page.locator("main")).to_contain_text("其中带图片的 1 道")
    expect(page.locator("main")).to_contain_text("本题库还没有组卷规则")
    page.locator("a", has_text="设置组卷规则").first.click()
    write_blueprint(page)
    page.locator("a", has_text="复审考试").click()
    expect(page.locator("[name=minutes]")).to_have_value("60")
    page.fill("[name=minutes]", "45")
    page.select_option("[name=book]", "open")
    page.click("text=保存组卷规则")
    expect(page.locator("#done")).to_contain_text("组卷规则已保存")
    page.click(".back a")
    expect(page.locator("main")).to_contain_text("开卷")
    shoot(page, "questions-use")
    page.fill("[name=second_login]", "chief")
    page.fill("[name=second_password]", PASSWORD)
    page.click("button:has-text('从本题库组卷')")
    expect(page.locator("#problem")).to_contain_text("第二人须是另一人")
    page.fill("[name=second_login]", "author2")
    page.fill("[name=second_password]", PASSWORD)
    page.click("button:has-text('从本题库组卷')")
    expect(page.locator("#done")).to_contain_text("本场次的试卷将从本题库抽题")
    kept = box.db.read_now(lambda session: session.get_one(Sitting, planned))
    assert kept.bank == filled and len(kept.bank_sha256) == 64 and "mean_of_right" in kept.blueprint
    assert kept.duration_s == 3600 and '"minutes":45' in kept.blueprint
    page.close()


def write_blueprint(page: Page) -> None:
    """20 x 3 true/false, five of them of one topic, and 4 x 10 multiple choice, as somebody types it."""
    total = page.locator("[data-sum]")
    rows = page.locator("tr[data-row]")
    expect(rows).to_have_count(3)
    rows.nth(0).locator("[name=row_count]").fill("15")
    page.fill("[name=points_true_false]", "3")
    expect(total).to_have_text("共 15 题，45 分，应为 100 分")
    rows.nth(2).locator("[name=row_count]").fill("400")
    expect(rows.nth(2)).to_contain_text("缺 39")
    shoot(page, "questions-blueprint-short")
    page.click("text=增加一行")
    expect(rows).to_have_count(4)
    added = rows.nth(3)
    added.locator("[name=row_kind]").select_option("true_false")
    added.locator("[name=row_topic]").select_option("验电")
    added.locator("[name=row_count]").fill("5")
    expect(total).to_have_text("共 420 题，460 分，应为 100 分")
    page.select_option("[name=multiple]", "mean_of_right")
    page.fill("[name=minutes]", "60")
    rows.nth(2).locator("[name=row_count]").fill("4")
    page.click("text=保存组卷规则")
    expect(page.locator("#problem")).to_contain_text("应为 100 分")
    page.fill("[name=points_multiple_choice]", "10")
    expect(total).to_have_text("共 24 题，100 分")
    page.set_viewport_size({"width": 1280, "height": 800})
    shoot(page, "questions-blueprint-1280")
    page.set_viewport_size({"width": 1366, "height": 768})
    page.click("text=保存组卷规则")
    expect(page.locator("#done")).to_contain_text("组卷规则已保存")
    page.reload()
    expect(total).to_have_text("共 24 题，100 分")
    shoot(page, "questions-blueprint")


@pytest.mark.long
def test_a_paper_is_composed_by_one_author_and_approved_by_another(
    day: Running, open_page: Open, filled: str, planned: str
) -> None:
    page = open_page("author", f"/questions/bank/{filled}")
    page.click("text=选题组卷")
    rows = page.locator("tr[data-kind]")
    page.select_option("[name=see_kind]", "single_choice")
    expect(rows.locator("visible=true")).not_to_have_count(0)
    expect(page.locator("tr[data-kind=true_false]").first).to_be_hidden()
    page.select_option("[name=see_kind]", "")
    for place in range(10):
        page.locator("tr[data-kind=true_false] [name=item]").nth(place).check()
    page.fill("[name=points_true_false]", "8")
    total = page.locator("[data-sum]")
    expect(total).to_have_text("共 10 题，80 分，应为 100 分")
    page.fill("[name=points_single_choice]", "10")
    for place in range(2):
        page.locator("tr[data-kind=single_choice] [name=item]").nth(place).check()
    expect(total).to_have_text("共 12 题，100 分")
    page.fill("[name=minutes]", "40")
    shoot(page, "questions-compose")
    page.set_viewport_size({"width": 1280, "height": 800})
    shoot(page, "questions-compose-1280")
    page.set_viewport_size({"width": 1366, "height": 768})
    page.click("text=提交审定")
    expect(page.locator("main")).to_contain_text("这份试卷由您组成")
    expect(page.get_by_role("button", name="审定并使用")).to_have_count(0)
    address = page.url
    page.close()

    second = open_page("author2", address.removeprefix(day.url))
    expect(second.locator(".composed > li")).to_have_count(12)
    shoot(second, "questions-composed")
    second.get_by_role("button", name="审定并使用").click()
    expect(second.locator("main")).to_contain_text("已用于场次")
    kept = day.box.db.read_now(lambda session: session.get_one(Sitting, planned))
    assert kept.duration_s == 2400 and '"true_false":10' in kept.blueprint
    second.close()
