"""Rosters as sites get them, and as nobody should send them."""

import csv
import io
import json
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from typer.testing import CliRunner

from appliance.base.errors import Corrupt
from appliance.cli.roster import app
from appliance.intake import cells, headings, sample_roster
from appliance.intake.roster import read_roster
from appliance.intake.roster_file import SENTENCES
from appliance.intake.sheets import read_grids
from appliance.rules import idnumber

DAY = date(2026, 11, 21)
PEOPLE = sample_roster.make_people(60, "tests")


def table(*rows: tuple[object, ...], name: str = "名单") -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = name
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def text(*rows: tuple[str, ...]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


NUMBER = PEOPLE[0].number


@pytest.mark.parametrize("write", [sample_roster.write_xlsx, sample_roster.write_csv])
def test_a_roster_as_sites_get_it(write: object) -> None:
    sample = write(PEOPLE, DAY)  # type: ignore[operator]
    read = read_roster(sample.content, "花名册.xlsx", today=DAY)
    assert read.accepted_rows == 60
    assert len(read.accepted) == 120
    assert [(r.row, r.column, r.code) for r in read.rejected] == [
        (b.row, b.column, b.code) for b in sample.bad
    ]
    assert read.rows == 60 + len(sample.bad)
    assert read.dropped_columns == {"联系电话": sample.dropped}
    assert {line.number for line in read.accepted} == {person.number for person in PEOPLE}
    assert {line.name for line in read.accepted} == {person.name for person in PEOPLE}
    first = read.accepted[0]
    assert (first.trade, first.kind, first.subject) == ("low_voltage", first.kind, "theory")
    assert first.starts_at == datetime(2026, 11, 21, 9, 0)
    assert first.provincial == {"ZYLB": "电工作业", "CZXM": "低压电工作业"}
    assert all(line.ticket_number and line.employer for line in read.accepted)
    assert not any("1000000" in str(line) for line in read.accepted)


def test_invented_people_are_sound_and_the_same_every_time() -> None:
    assert sample_roster.make_people(60, "tests") == PEOPLE
    assert all(idnumber.fault(p.number) == "" and p.number.startswith("999999") for p in PEOPLE)
    assert len({p.name for p in PEOPLE}) == 60
    assert any(p.number.endswith("X") for p in PEOPLE)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (NUMBER, ""),
        (" " + NUMBER[:6] + " " + NUMBER[6:] + "\t", ""),
        ("'" + NUMBER, ""),
        (float(NUMBER[:17] + "0"), "number_rounded"),
        ("9.99999E+17", "number_rounded"),
        (None, "missing_number"),
        ("12345", "bad_shape"),
        ("999999200013010011", "bad_birth"),
    ],
)
def test_numbers(cell: object, code: str) -> None:
    read = read_roster(table(("低压电工考试名单",), ("姓名", "证件号码"), ("张三", cell)), "a.xlsx")
    assert [r.code for r in read.rejected] == ([code] if code else [])
    assert read.accepted_rows == (0 if code else 1)


@pytest.mark.parametrize(
    ("heading", "cell", "code"),
    [
        ("考试类型", "初训", ""),
        ("考试类型", "复 审", ""),
        ("培训类型", "换证", ""),
        ("类型", "补考", ""),
        ("类型", "看看", "unknown_kind"),
        ("便利措施", "放大镜", "unknown_help"),
        ("性别", "男" if PEOPLE[0].sex == "女" else "女", "sex_mismatch"),
        ("出生日期", PEOPLE[0].birth.strftime("%Y年%m月%d日"), ""),
        ("出生日期", "1901-01-01", "birth_mismatch"),
        ("考试时间", "2026-11-21 09:00", ""),
        ("考试时间", datetime(2026, 11, 21, 9, 0), ""),
        ("考试时间", "2026/11/21 下午2点半", ""),
        ("考试时间", "明天上午", "bad_time"),
        ("考试时间", "2026-13-45 09:00", "bad_time"),
        ("科目", "理论", ""),
        ("科目", "跳舞", "unknown_subject"),
        ("工种", "低压电工", ""),
        ("工种", "电工作业-低压电工作业", ""),
        ("工种", "宇航员", "unknown_trade"),
        ("准操项目", "宇航员", "unknown_trade"),
        ("作业类别", "太空作业", "unknown_category"),
        ("备注", "免冠照已交", ""),
    ],
)
def test_one_odd_cell(heading: str, cell: object, code: str) -> None:
    content = table(("低压电工",), ("姓 名", "身份证号", heading), ("张三", NUMBER, cell))
    read = read_roster(content, "a.xlsx")
    assert [(r.row, r.column, r.code) for r in read.rejected] == ([(3, heading, code)] if code else [])


def test_duplicates_only_count_within_a_sitting() -> None:
    rows = (
        ("姓名", "身份证号", "工种", "科目", "考试时间"),
        ("张三", NUMBER, "低压电工", "理论", "2026-11-21 09:00"),
        ("张三", NUMBER, "低压电工", "实操", "2026-11-21 14:00"),
        ("张三", NUMBER.lower(), "低压电工", "理论", "2026-11-21 9:00-11:00"),
    )
    read = read_roster(text(*rows), "a.csv")
    assert [(r.row, r.code, r.other) for r in read.rejected] == [(4, "duplicate_number", 2)]
    assert [line.subject for line in read.accepted] == ["theory", "practical"]


def test_a_time_for_each_subject_makes_two_lines() -> None:
    rows = (
        ("姓名", "身份证号", "工种", "理论考试时间", "实操考试时间"),
        ("张三", NUMBER, "低压电工", "2026年11月21日 9:00", "2026年11月21日 14:30"),
    )
    starts = {line.subject: line.starts_at for line in read_roster(text(*rows), "a.csv").accepted}
    assert starts == {"theory": datetime(2026, 11, 21, 9), "practical": datetime(2026, 11, 21, 14, 30)}


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str) -> None:
    content = f"姓名\t身份证号\t工种\n张三\t{NUMBER}\t低压电工\n".encode(encoding)
    assert read_roster(content, "a.csv").accepted[0].name == "张三"


def test_footers_blank_rows_and_running_numbers_are_no_rows() -> None:
    content = table(
        ("低压电工作业考试花名册",),
        (),
        ("序号", "姓名", "身份证\n号码", "手机"),
        (1, "张三", NUMBER, 1),
        (2, None, None, None),
        (),
        ("合计", "1人", None, None),
        ("制表人：", None, None, None),
    )
    read = read_roster(content, "a.xlsx")
    assert (read.rows, read.accepted_rows, read.rejected) == (1, 1, [])
    assert read.accepted[0].row == 4
    assert read.dropped_columns == {"手机": 1}


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"<a/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (90 << 20))
    return out.getvalue()


def laughs() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\r\n  ", "empty_file"),
        (b"PK\x03\x04 not really", "unreadable_workbook"),
        (sample_roster.write_xlsx(PEOPLE[:2]).content[:900], "unreadable_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old_workbook"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "unreadable_text"),
        (b"hello,world\n1,2\n", "not_a_roster"),
        (table(("序号", "姓名"), (1, "张三")), "not_a_roster"),
        (table(("姓名", "身份证号")), "no_rows"),
        (table(("姓名", "身份证号", "血型"), ("张三", NUMBER, "A")), "unknown_heading"),
        (table(("姓名", "身份证号", "证件号码"), ("张三", NUMBER, NUMBER)), "heading_twice"),
        (bomb(), "too_large"),
        (laughs(), "unreadable_workbook"),
    ],
)
def test_what_is_not_a_roster(content: bytes, code: str) -> None:
    with pytest.raises(Corrupt) as caught:
        read_roster(content, "a.xlsx")
    assert caught.value.code == code
    assert caught.value.text("en") and caught.value.next_text("zh_CN")


def test_the_unknown_heading_is_named() -> None:
    with pytest.raises(Corrupt) as caught:
        read_roster(table(("姓名", "身份证号", "血型"), ("张三", NUMBER, "A")), "a.xlsx")
    assert "血型" in caught.value.text()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400) | st.binary(max_size=300).map(lambda b: b"PK\x03\x04" + b))
def test_random_bytes_never_crash(content: bytes) -> None:
    try:
        read_roster(content, "a.xlsx")
    except Corrupt as error:
        assert error.text()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.text(max_size=20), min_size=9, max_size=9), min_size=1, max_size=5))
def test_random_cells_never_crash(rows: list[list[str]]) -> None:
    fields = ("姓名", "身份证号", "工种", "考试类型", "科目", "考试日期", "考试时间", "出生日期", "电话")
    try:
        read = read_roster(text(fields, *(tuple(row) for row in rows)), "a.csv")
    except Corrupt:
        return
    assert read.rows == read.accepted_rows + len({r.row for r in read.rejected})
    assert all(r.code in SENTENCES and r.column in fields for r in read.rejected)


@given(st.text(max_size=40))
def test_cell_readers_never_crash(written: str) -> None:
    cells.kind(written), cells.subjects(written), cells.day(written), cells.clock(written), cells.sex(written)
    headings.classify(written)


def test_cells_of_a_workbook_become_text() -> None:
    rows = read_grids(table((1, 2.0, 2.5, True, DAY, datetime(2026, 1, 2, 3, 4), " x ")), "a.xlsx")[0].rows
    assert rows == [(1, ["1", "2", "2.5", "1", "2026-11-21", "2026-01-02 03:04", "x"])]


def test_the_command(tmp_path: Path) -> None:
    sample = sample_roster.write_xlsx(PEOPLE[:5], DAY)
    good, mixed = tmp_path / "good.xlsx", tmp_path / "mixed.xlsx"
    good.write_bytes(sample_roster.write_xlsx(PEOPLE[:5], DAY, bad_rows=False).content)
    mixed.write_bytes(sample.content)
    run = CliRunner()
    done = run.invoke(app, ["check", str(good), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["accepted"] == 5
    done = run.invoke(app, ["check", str(mixed), "--json"])
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["sheet"] == "考生花名册"
    assert found["rejected"][0] == {"row": 9, "column": "身份证号码", "code": "bad_check_digit"}
    assert run.invoke(app, ["check", str(mixed)]).exit_code == 1
    assert isinstance(run.invoke(app, ["check", str(tmp_path / "none.xlsx")]).exception, Corrupt)


@pytest.mark.parametrize(
    ("written", "eligibility"),
    [
        ("审核通过", "eligible"),
        ("合格", "eligible"),
        ("√", "eligible"),
        ("", "unknown"),
        ("待审核", "unknown"),
        ("未审核", "unknown"),
        ("补材料", "unknown"),
        ("见附件", "unknown"),
        ("审核不通过", "suspended"),
        ("停考一年", "suspended"),
        ("违规处理中", "suspended"),
    ],
)
def test_the_right_to_sit_is_read(written: str, eligibility: str) -> None:
    """Only a clear yes is a yes, and what is not clear is asked at the entrance, never refused."""
    assert cells.eligibility(written) == eligibility
    rows = table(("姓名", "身份证号", "操作项目", "资格审核"), ("张三", NUMBER, "低压电工作业", written))
    assert read_roster(rows, "花名册.xlsx").accepted[0].eligibility == eligibility


def test_a_roster_without_such_a_column_lists_only_who_may_sit() -> None:
    rows = table(("姓名", "身份证号", "操作项目"), ("张三", NUMBER, "低压电工作业"))
    assert read_roster(rows, "花名册.xlsx").accepted[0].eligibility == "eligible"


@pytest.mark.parametrize(
    ("site", "here"),
    [
        ("", True),
        ("示范考点", True),
        ("示范市特种作业示范考点", True),
        ("999999-01", True),
        ("另一考点", False),
        ("999999-02", False),
    ],
)
def test_people_of_another_site_are_not_taken_and_known(site: str, here: bool) -> None:
    rows = table(
        ("姓名", "身份证号", "操作项目", "考点名称", "考试日期"),
        ("张三", NUMBER, "低压电工作业", site, "2026-11-21"),
    )
    read = read_roster(rows, "花名册.xlsx", here=("特种作业示范考点", "999999-01"))
    assert len(read.accepted) == here
    assert [one.code for one in read.rejected] == ([] if here else ["other_site"])
    assert [(one.number, one.site, one.day) for one in read.elsewhere] == (
        [] if here else [(NUMBER, site, DAY)]
    )
    assert read_roster(rows, "花名册.xlsx").elsewhere == [], "a check without a site takes every row"
