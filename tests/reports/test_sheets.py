"""The sheets as PDFs: the right words, the right pages, the same bytes."""

import io
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import pytest
from pypdf import PdfReader

from appliance import reports
from appliance.base.errors import Refused
from appliance.base.i18n import in_language
from appliance.reports.render import _fetch, css
from appliance.reports.sheets import KINDS
from appliance.reports.square_code import square_code
from tests.reports import examples


@dataclass
class Printed:
    """A PDF and its text, white space taken out (lines wrap anywhere in Chinese)."""

    body: bytes

    @cached_property
    def reader(self) -> PdfReader:
        return PdfReader(io.BytesIO(self.body))

    @cached_property
    def pages(self) -> list[str]:
        return ["".join(page.extract_text().split()) for page in self.reader.pages]

    @cached_property
    def text(self) -> str:
        return "".join(self.pages)


KNOWN: dict[tuple[object, ...], Printed] = {}


def printed(
    make: Callable[..., bytes], facts: object, language: str = "zh_CN", again: bool = False
) -> Printed:
    key = (make, msgspec.json.encode(facts), language)
    if key not in KNOWN or again:
        with in_language(language):
            KNOWN[key] = Printed(make(facts))
    return KNOWN[key]


def test_sign_in_sheet_of_60_rows_runs_over_numbered_pages_with_its_heading_on_each() -> None:
    sheet = printed(reports.sign_in_sheet, examples.sign_in())
    assert len(sheet.pages) == 3
    for number, page in enumerate(sheet.pages, start=1):
        assert f"第{number}页/共3页" in page
        assert "示范市特种作业考试点(999999-01)" in page
        assert "准考证号" in page, "the table's heading is repeated"
    assert "应到60人，实到57人，缺考3人" in sheet.text
    assert "签到表" in sheet.text and "低压电工作业" in sheet.text and "2026-11-2109:00–11:00" in sheet.text
    assert sheet.text.count("监考员（签名）") == 2 and "考点盖章" in sheet.text
    for i in range(60):
        assert examples.name(i) in sheet.text and examples.number(i) in sheet.text
    assert sheet.pages[0].count("缺考") == 2, "one in the count, one in the row"


def test_nobody_is_absent_before_entry_closes() -> None:
    sheet = printed(reports.sign_in_sheet, examples.sign_in(closed=False))
    assert "缺考____人" in sheet.text and sheet.text.count("缺考") == 1


def test_an_empty_sitting_says_so() -> None:
    assert "本场次没有应到考生" in printed(reports.sign_in_sheet, examples.sign_in(rows=0)).text


def test_seat_plan_is_one_wide_a4_page_with_every_seat() -> None:
    sheet = printed(reports.seat_plan, examples.plan())
    page = sheet.reader.pages[0]
    assert len(sheet.pages) == 1
    assert (round(float(page.mediabox.width)), round(float(page.mediabox.height))) == (842, 595)
    assert "监考席" in sheet.text and "13×故障" in sheet.text and "61金建国" in sheet.text
    assert "已安排57人·备用机6台·故障1台" in sheet.text


def test_seats_without_a_place_are_set_in_lines_of_ten() -> None:
    plan = examples.plan()
    loose = [msgspec.structs.replace(seat, row=0, column=0) for seat in plan.seats]
    assert "66备用机" in printed(reports.seat_plan, msgspec.structs.replace(plan, seats=loose)).text


def test_room_record_tells_the_sitting() -> None:
    text = printed(reports.room_record, examples.record()).text
    for words in (
        "考场记录表",
        "应到60实到57缺考3",
        "考生交卷50，自动交卷6，强制交卷1",
        "王欣怡",
        "T1-13T1-61键盘失灵王监考",
        "5分钟换机耽误王监考/刘站长",
        "人证核验距离处于复核区间；复核后准予入场",
        "请勿左顾右盼",
        "录像缺口1",
        "理论考场前部网络中断",
        "截至第4711条",
        "9F86D081884C7D65",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "考点负责人（签名）",
        "考点盖章",
    ):
        assert words in text, words


def test_the_printed_square_code_can_be_read_again(tmp_path: Path) -> None:
    import cv2

    sheet = printed(reports.room_record, examples.record())
    (tmp_path / "record.pdf").write_bytes(sheet.body)
    subprocess.run(["pdftoppm", "-r", "200", "-png", "record.pdf", "page"], cwd=tmp_path, check=True)
    found = [
        cv2.QRCodeDetector().detectAndDecode(np.asarray(cv2.imread(str(page))))[0]
        for page in sorted(tmp_path.glob("page*.png"))
    ]
    assert examples.record().journal.text in found


def test_square_code_has_its_quiet_zone() -> None:
    assert square_code("x").startswith("data:image/svg+xml;base64,")


def test_score_sheet_shows_every_deduction_and_the_weighted_total() -> None:
    text = printed(reports.score_sheet, examples.score()).text
    for words in (
        "实操评分表",
        "K21电动机单向连续运转接线（带点动控制）权重40%",
        "露铜超标×2−10",
        "工位未清理−2.5",
        "82.5×40%=33",
        "88合格",
        "☑正考☐补考",
        "考生（签名）",
        "孙考评",
    ):
        assert words in text, words
    assert text.count("考评员（签名）") == 2


def test_a_veto_is_named_and_fails() -> None:
    text = printed(reports.score_sheet, examples.score(veto=True)).text
    assert "☒通电不成功或跳闸" in text and "55不合格" in text


def test_an_unfinished_sheet_has_no_total() -> None:
    sheet = msgspec.structs.replace(
        examples.score(), tasks=examples.score().tasks[:2], total=None, passed=None
    )
    assert "未完成" in printed(reports.score_sheet, sheet).text


SHEETS = [
    (reports.sign_in_sheet, examples.sign_in),
    (reports.seat_plan, examples.plan),
    (reports.room_record, examples.record),
    (reports.score_sheet, examples.score),
    (reports.violation_record, examples.violation),
    (reports.taken_receipt, examples.receipt),
]


@pytest.mark.parametrize(("make", "facts"), SHEETS)
def test_demo_is_marked_on_every_page_and_only_there(
    make: Callable[..., bytes], facts: Callable[..., object]
) -> None:
    for page in printed(make, facts(demo=True)).pages:
        assert "演示" in page
    assert "演示" not in printed(make, facts(demo=False)).text


@pytest.mark.parametrize(("make", "facts"), SHEETS)
def test_same_facts_same_bytes_and_english_is_complete(
    make: Callable[..., bytes], facts: Callable[..., object]
) -> None:
    first = printed(make, facts())
    assert first.body == printed(make, facts(), again=True).body
    assert str(first.reader.metadata.creation_date_raw if first.reader.metadata else "").startswith(
        "D:2026112111"
    )
    english = printed(make, facts(), "en").text
    assert "DEMO" in english and "of" in english
    assert not any(word in english for word in ("签名", "盖章", "序号", "演示"))


def test_a_name_cannot_break_out_of_the_style() -> None:
    hostile = '"; } body { display: none } <b>&'
    heading = msgspec.structs.replace(examples.heading(), site_name=hostile)
    sheet = msgspec.structs.replace(examples.sign_in(rows=3), heading=heading)
    assert "".join(hostile.split()) in printed(reports.sign_in_sheet, sheet).text
    assert css('a"b') == '"a\\22 b"'


def test_nothing_is_loaded_from_elsewhere() -> None:
    with pytest.raises(Refused, match="sheet_reaches_out"):
        _fetch("https://example.invalid/x.png")


def test_kinds_are_journal_kinds() -> None:
    assert all("." in kind for kind in KINDS)


def test_a_violation_tells_rule_words_evidence_and_both_decisions() -> None:
    text = printed(reports.violation_record, examples.violation()).text
    for part in (
        "违纪登记表",
        "查阅资料",
        "手机一部",
        "已告知，签字确认",
        "考场监控画面",
        "警告",
        "取消本科目成绩",
        "已更正",
    ):
        assert part in text, part


def test_the_receipt_has_a_copy_for_each() -> None:
    found = printed(reports.taken_receipt, examples.receipt())
    assert len(found.pages) == 1 and "考生联" in found.text and "考点留存联" in found.text
