"""Bad rosters at the exam office's page, in a real browser: what is wrong, in which row, and what to do."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook
from playwright.sync_api import FilePayload, Page, expect
from sqlmodel import func, select

from appliance.records.roster import Roster, RosterRow
from tests.command import examsite
from tests.web.conftest import shoot
from tests.web.day_server import Running
from tests.world import number_of

Open = Callable[..., Page]
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(*rows: tuple[str, ...]) -> bytes:
    """A real workbook, with a title in a merged row as sites get it."""
    made = Workbook()
    sheet = made.active
    sheet.append(("低压电工作业考试花名册",))
    sheet.merge_cells("A1:C1")
    for row in rows:
        sheet.append(row)
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def wrong_check_digit(number: str) -> str:
    return number[:-1] + ("1" if number[-1] != "1" else "2")


GOOD = [(f"好考生{n}", number_of(n)) for n in range(300, 303)]
DAMAGED = workbook(("姓名", "身份证号"), *GOOD)[:1500]
UNKNOWN = workbook(("姓名", "身份证号", "血型"), *((*one, "A") for one in GOOD))
ROWS = workbook(
    ("姓名", "身份证号"),
    *GOOD,
    ("重复者", GOOD[0][1].lower()),
    ("错号者", wrong_check_digit(number_of(310))),
)
DUPLICATE = "与第 3 行的身份证号相同（同一场次）。"
CHECK_DIGIT = "身份证号校验位不符，请检查是否填写有误。"


def load(page: Page, name: str, content: bytes) -> None:
    page.set_input_files("[name=file]", files=[FilePayload(name=name, mimeType=EXCEL, buffer=content)])
    page.select_option("[name=theory_room]", "T1")
    page.fill("[name=theory_start]", "2026-11-21T16:00")
    page.get_by_role("button", name="导入名单").click()


def rosters(day: Running) -> int:
    return day.box.db.read_now(lambda s: s.exec(select(func.count()).select_from(Roster)).one())


@pytest.mark.parametrize(
    ("content", "code", "sentence", "step"),
    [
        (
            DAMAGED,
            "unreadable_workbook",
            "工作簿无法读取：文件已损坏，或者不是Excel文件。",
            "请用表格软件打开，另存为 .xlsx 后重试。",
        ),
        (
            UNKNOWN,
            "unknown_heading",
            "考生名单中有无法识别的列：血型。",
            "请删除该列或修改列名后重新导入名单。",
        ),
    ],
    ids=["unreadable", "unknown-heading"],
)
def test_a_file_that_is_no_roster_is_told_at_the_office(
    day: Running, open_page: Open, content: bytes, code: str, sentence: str, step: str
) -> None:
    before = rosters(day)
    page = open_page("office", "/office")
    load(page, "名单.xlsx", content)
    problem = page.locator("#problem")
    for words in (sentence, step, code):
        expect(problem).to_contain_text(words)
    expect(problem).to_be_in_viewport()
    expect(page.locator("[name=theory_start]")).to_have_value("2026-11-21 16:00")
    shoot(page, f"roster-{code}")
    assert rosters(day) == before, "nothing of it is kept"


def test_bad_rows_are_named_and_the_good_ones_are_kept(day: Running, open_page: Open) -> None:
    page = open_page("office", "/office")
    load(page, "有错名单.xlsx", ROWS)
    page.wait_for_url(re.compile("/office/roster/"))
    rows = page.locator("table").filter(has_text="原因").locator("tbody tr")
    expect(rows).to_have_count(2)
    for place, (number, sentence) in enumerate((("6", DUPLICATE), ("7", CHECK_DIGIT))):
        cells = rows.nth(place).locator("td")
        expect(cells.nth(0)).to_have_text(number)
        expect(cells.nth(1)).to_have_text("身份证号")
        expect(cells.nth(2)).to_have_text(sentence)
    shoot(page, "roster-bad-rows")
    other = open_page("office2", page.url.removeprefix(day.url))
    other.get_by_role("button", name="确认生效").click()
    expect(other.locator(".word.go").first).to_have_text("已生效")
    roster = page.url.rpartition("/")[2]
    wanted = select(func.count()).select_from(RosterRow).where(RosterRow.roster == roster)
    assert day.box.db.read_now(lambda s: s.exec(wanted).one()) == len(GOOD)


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (DAMAGED, 2, ("工作簿无法读取", "另存为 .xlsx")),
        (UNKNOWN, 2, ("血型", "请删除该列或修改列名")),
        (ROWS, 1, (f"第6行 身份证号：{DUPLICATE}", f"第7行 身份证号：{CHECK_DIGIT}")),
    ],
    ids=["unreadable", "unknown-heading", "bad-rows"],
)
def test_the_console_says_the_same(
    tmp_path: Path, content: bytes, status: int, words: tuple[str, ...]
) -> None:
    file = tmp_path / "名单.xlsx"
    file.write_bytes(content)
    found, out, err = examsite("roster", "check", str(file))
    assert found == status
    for one in words:
        assert one in out + err
