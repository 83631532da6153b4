"""Item analysis as an author and the head of the site meet it, in the browser and as a workbook."""

import io
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from appliance.flow.accounts import Who
from appliance.flow.add_bank import add_bank
from appliance.flow.freeze_bank import approved, frozen_items, keep_frozen, note_frozen
from appliance.intake.bank import question_bank
from appliance.intake.questions.excel_export import write_excel
from appliance.intake.questions.shipped import shipped_questions
from appliance.records.accounts import Account
from appliance.records.journal import Journal
from appliance.rules.paper import THEORY, Blueprint, Item
from tests.conftest import START
from tests.marked_papers import Source, add_marked, chosen
from tests.question_banks import approve_all, take
from tests.web.conftest import shoot
from tests.web.day_server import Running

pytestmark = pytest.mark.long

Open = Callable[..., Page]
Client = Callable[[str], httpx.Client]
SHORT = Blueprint(
    counts={"true_false": 20, "single_choice": 15},
    points={"true_false": Decimal(2), "single_choice": Decimal(4)},
    minutes=60,
    pass_mark=Decimal(80),
)
PEOPLE = 60


def who(day: Running, login: str) -> Who:
    row = day.box.db.read_now(lambda s: s.exec(select(Account).where(Account.login == login)).one())
    return Who(account=row.id, login=login, name=row.name, role=row.role)


def with_faults(items: dict[str, Item]) -> Callable[[random.Random, float, Item], Sequence[int]]:
    """People of all abilities; of three single choice items one has a wrong key, one an option nobody takes."""
    single = sorted(one for one in items if items[one].kind == "single_choice")
    truths = sorted(one for one in items if items[one].kind == "true_false")

    def choose(dice: random.Random, ability: float, item: Item) -> Sequence[int]:
        if item.id == single[0]:  # the key is wrong: the able choose another option
            wrong = (item.right[0] + 1) % len(item.options)
            return [wrong] if ability + dice.gauss(0, 0.3) > 0.9 else item.right
        if item.id == truths[0]:
            return item.right
        found = chosen(dice, ability, item)
        never = (item.right[0] + 1) % len(item.options)
        return [(never + 1) % 4] if item.id == single[1] and list(found) == [never] else found

    return choose


@pytest.fixture(scope="module")
def analysed(day: Running) -> tuple[str, str]:
    """A bank of sixty items with a sitting of sixty candidates; returns their ids."""
    box, author = day.box, who(day, "author")
    bank = box.db.write_now(add_bank, box, "低压电工内部考核题库", "low_voltage", "exam", author)
    known = shipped_questions("low_voltage")
    some = [one for one in known if one.kind == "true_false"][:35]
    some += [one for one in known if one.kind == "single_choice"][:25]
    take(box, bank, author, write_excel(some, {}), "题目.xlsx")
    approve_all(box, bank, who(day, "author2"))
    frozen = box.db.read_now(approved, box, bank.id)
    name = keep_frozen(box, frozen)
    items = frozen_items(box, name)

    def sitting(session: Session) -> str:
        note_frozen(session, box, name, frozen)
        source = Source(items=items, blueprint=SHORT, file=name, bank=bank.id)
        return add_marked(session, box, source, START - timedelta(days=2), PEOPLE, 3, with_faults(items))

    return bank.id, box.db.write_now(sitting)


@pytest.fixture(scope="module")
def shipped(day: Running) -> str:
    """A sitting of forty with papers from the bank that ships with the box."""
    bank = question_bank("low_voltage")
    items = {item.id: item for item in bank.items}
    source = Source(items=items, blueprint=THEORY, file=bank.sha256)
    return day.box.db.write_now(add_marked, day.box, source, START - timedelta(days=3), 40, 5)


def test_nothing_is_shown_before_something_is_chosen(day: Running, open_page: Open) -> None:
    page = open_page("chief", "/questions")
    page.click("text=试题分析")
    expect(page.locator("main")).to_contain_text("请选择")
    page.close()


def test_an_author_finds_the_item_with_the_wrong_key(
    day: Running, open_page: Open, analysed: tuple[str, str]
) -> None:
    _bank, sitting = analysed
    page = open_page("author", "/questions/analysis")
    page.select_option("[name=of]", f"sitting:{sitting}")
    page.get_by_role("button", name="分析").click()
    rows = page.locator("table.analysed tbody tr")
    expect(rows).to_have_count(25)
    expect(rows.first).to_contain_text("答对的反而是较弱的考生")
    expect(rows.first.locator("svg.bars g")).to_have_count(5)
    expect(rows.first.locator("svg.bars g.right")).to_have_count(1)
    expect(rows.first.locator(".asked")).not_to_be_empty()
    expect(page.locator("main")).to_contain_text("随机组卷信度")
    expect(page.locator("svg.scatter path.look")).not_to_have_count(0)
    shoot(page, "questions-analysis")
    page.set_viewport_size({"width": 1920, "height": 1080})
    shoot(page, "questions-analysis-1920")
    page.set_viewport_size({"width": 1366, "height": 768})
    page.locator("svg.scatter a").first.click()
    assert "#i-" in page.url
    page.locator("table.analysed").evaluate("table => table.scrollIntoView()")
    shoot(page, "questions-analysis-rows")
    page.click("text=下一页")
    expect(page.locator(".pager")).to_contain_text("2 / ")
    page.locator("ul.plain a", has_text="几乎人人答对").click()
    expect(rows.first).to_contain_text("几乎人人答对")
    page.click("text=显示全部试题")
    page.click("text=全部列在一页")
    expect(rows.nth(50)).to_be_attached()
    page.emulate_media(media="print")
    shoot(page, "questions-analysis-print")
    for one in page.locator(".no-print").all():
        expect(one).to_be_hidden()
    page.emulate_media(media="screen")
    rows.first.locator("a").first.click()
    expect(page.locator(".item li.right")).to_have_count(1)
    page.close()


def test_the_head_of_the_site_sees_names_only(
    day: Running, open_page: Open, client: Client, analysed: tuple[str, str]
) -> None:
    bank, sitting = analysed
    for of in (f"sitting:{sitting}", f"bank:{bank}"):
        shown = client("chief").get(f"/questions/analysis?of={of}&whole=1").text
        assert "analysed" in shown and "asked" not in shown and "/questions/item/" not in shown
    page = open_page("chief", f"/questions/analysis?of=bank:{bank}")
    expect(page.locator("table.analysed tbody tr").first).to_contain_text("单选题")
    shoot(page, "questions-analysis-chief")
    page.goto(f"{day.url}/language/en")
    page.goto(f"{day.url}/questions/analysis?of=bank:{bank}&from=2026-01-01")
    expect(page.locator("h1")).to_contain_text("2026-01-01 to …")
    expect(page.locator("table.analysed thead")).to_contain_text("Discrimination")
    shoot(page, "questions-analysis-en")
    page.goto(f"{day.url}/language/zh_CN")
    page.close()


def test_nobody_reads_the_items_of_another_bank(
    day: Running, client: Client, analysed: tuple[str, str], shipped: str
) -> None:
    stems = [item.stem for item in question_bank("low_voltage").items]
    for login in ("author", "chief"):
        shown = client(login).get(f"/questions/analysis?of=sitting:{shipped}&whole=1").text
        assert "LV-" in shown or question_bank("low_voltage").items[0].id[:3] in shown
        assert not [one for one in stems if one in shown], login
    # An own bank's items are the authors' to see, and the look is journaled once in a session.
    kinds = select(Journal).where(Journal.kind == "bank.viewed", Journal.subject == analysed[0])
    before = len(day.box.db.read_now(lambda s: s.exec(kinds).all()))
    for _ in range(2):
        assert "asked" in client("author2").get(f"/questions/analysis?of=bank:{analysed[0]}").text
    assert len(day.box.db.read_now(lambda s: s.exec(kinds).all())) == before + 1


def test_the_workbook_holds_figures_and_no_texts(
    day: Running, client: Client, analysed: tuple[str, str]
) -> None:
    _bank, sitting = analysed
    answer = client("author").get(f"/questions/analysis/items.xlsx?of=sitting:{sitting}")
    assert answer.status_code == 200 and "attachment" in answer.headers["content-disposition"]
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["概况", "试题", "各列的意思"]
    rows = list(book["试题"].iter_rows(values_only=True))
    head = [str(one) for one in rows[0]]
    assert head[:5] == ["试题", "题型", "作答人数", "正确答案", "答对率"] and head[10:14] == [
        "A",
        "B",
        "C",
        "D",
    ]
    first = dict(zip(head, rows[1], strict=True))
    assert "答对的反而是较弱的考生" in str(first["需要关注"]) and first["区分度"] < 0
    counts = [first[one] or 0 for one in (*"ABCD", "未作答")]
    assert sum(counts) == first["作答人数"]
    cells = " ".join(str(cell) for row in rows for cell in row)
    assert not [one for one in shipped_questions("low_voltage") if str(one.wording.stem[0]) in cells]
    overview = {row[0]: row[1] for row in book["概况"].iter_rows(values_only=True)}
    assert overview["已评卷"] == PEOPLE


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("of=sitting:nothing", 404),
        ("of=bank:nothing", 404),
        ("of=trade:../../etc/passwd", 404),
        ("of=trade:low_voltage&from=yesterday", 422),
        ("of=trade:low_voltage&from=2026-11-01&to=2026-10-01", 200),
        ("of=trade:low_voltage&page=99999&flag=none", 200),
        ("of=sitting", 200),
        ("of=planet:mars", 200),
    ],
)
def test_wrong_addresses(client: Client, shipped: str, query: str, status: int) -> None:
    assert client("author").get(f"/questions/analysis?{query}").status_code == status
    file = client("author").get(f"/questions/analysis/items.xlsx?{query}").status_code
    assert file == (404 if query in ("of=sitting", "of=planet:mars") else status)
