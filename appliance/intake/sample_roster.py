"""Rosters with invented people, for the demo, rehearsals and tests: place code 999999, valid check digits.

The sheets look like those that sites get: merged title rows, full-width digits, numbers ending in x, a phone
column, a few bad rows. Nobody in them exists.
"""

import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta

import msgspec
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font

from appliance.rules import idnumber
from appliance.rules.chance import Stream

SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛范彭郎鲁韦昌马苗"
)
GIVEN = "建国志强海燕晓东丽华文博俊杰春梅雪松立新永康秀英少峰佳宁振宇玉兰明辉思远德福安平庆丰国栋长青宝山静怡"
EMPLOYERS = (
    "示例机电安装有限公司",
    "样板建筑劳务有限公司",
    "演示物业服务有限公司",
    "测试纺织厂设备科",
    "范例食品有限公司动力车间",
)
HEADINGS = (
    "序号",
    "姓名",
    "性别",
    "身份证号码",
    "工作单位",
    "作业类别",
    "准操项目",
    "考试类型",
    "考试科目",
    "准考证号",
    "考试日期",
    "考试时间",
    "联系电话",
)


class SamplePerson(msgspec.Struct, kw_only=True, frozen=True):
    """An invented person with a valid number (place code 999999)."""

    name: str
    number: str
    sex: str
    birth: date
    employer: str
    kind: str
    ticket_number: str


class BadRow(msgspec.Struct, frozen=True):
    """A row meant to be rejected: the sheet's row number, the heading and the code it must be given."""

    row: int
    column: str
    code: str


class Sample(msgspec.Struct, kw_only=True, frozen=True):
    """A written roster and what a reader must find in it. `good_rows`: rows to be accepted."""

    content: bytes
    people: list[SamplePerson]
    good_rows: int
    bad: list[BadRow]
    dropped: int
    """Values in the phone column."""


def make_people(count: int, seed: str = "demo") -> list[SamplePerson]:
    """`count` people with different names and numbers; the same for the same seed."""
    chance = Stream(seed, "people")
    people: list[SamplePerson] = []
    names: set[str] = set()
    numbers: set[str] = set()
    while len(people) < count:
        given = [GIVEN[2 * i : 2 * i + 2] for i in range(len(GIVEN) // 2)]
        first = chance.choose(given)
        name = chance.choose(SURNAMES) + (first if chance.below(4) else chance.choose(GIVEN))
        born = date(1966, 1, 1) + timedelta(days=chance.below(40 * 365))
        serial = chance.below(999) + 1
        number = with_check(f"999999{born:%Y%m%d}{serial:03d}")
        if number in numbers or (name in names and len(names) < 900):
            continue
        names.add(name)
        numbers.add(number)
        people.append(
            SamplePerson(
                name=name,
                number=number,
                sex="男" if serial % 2 else "女",
                birth=born,
                employer=chance.choose(EMPLOYERS),
                kind="补考" if chance.below(12) == 0 else "初训",
                ticket_number=f"99{len(people) + 1:06d}",
            )
        )
    return people


def with_check(first17: str) -> str:
    """A number with its check character."""
    return first17 + idnumber.check_character(first17)


def write_xlsx(
    people: Sequence[SamplePerson],
    day: date | None = None,
    time: str = "09:00",
    subject: str = "理论、实操",
    bad_rows: bool = True,
) -> Sample:
    """A workbook as training bodies fill it in: merged title rows, headings in row 3, signatures below."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "考生花名册"
    last = chr(ord("A") + len(HEADINGS) - 1)
    for row, text in ((1, "特种作业人员安全技术考试报名花名册"), (2, "申报单位（盖章）：示例职业培训学校")):
        sheet.merge_cells(f"A{row}:{last}{row}")
        cell = sheet.cell(row=row, column=1, value=text)
        cell.alignment = Alignment(horizontal="center")
        cell.font = Font(bold=row == 1, size=16 if row == 1 else 11)
    for column, heading in enumerate(HEADINGS, start=1):
        sheet.cell(row=3, column=column, value=heading)
    rows, bad = _rows(people, day, time, subject, bad_rows, first_row=4)
    for offset, row_cells in enumerate(rows):
        for column, value in enumerate(row_cells, start=1):
            cell = sheet.cell(row=4 + offset, column=column, value=value or None)
            if column == 4:
                cell.number_format = "@"
    sheet.cell(row=5 + len(rows), column=1, value="填表人：示例")
    sheet.cell(row=5 + len(rows), column=4, value="审核人：示例")
    sheet.column_dimensions["D"].width = 22
    out = io.BytesIO()
    book.save(out)
    return _sample(out.getvalue(), people, rows, bad)


def write_csv(
    people: Sequence[SamplePerson],
    day: date | None = None,
    time: str = "09:00",
    subject: str = "理论、实操",
    bad_rows: bool = True,
    encoding: str = "gb18030",
) -> Sample:
    """The same roster as a CSV file: headings in row 1."""
    rows, bad = _rows(people, day, time, subject, bad_rows, first_row=2)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    writer.writerows(rows)
    return _sample(out.getvalue().encode(encoding), people, rows, bad)


def _sample(
    content: bytes, people: Sequence[SamplePerson], rows: list[list[str]], bad: list[BadRow]
) -> Sample:
    return Sample(
        content=content,
        people=list(people),
        good_rows=len(people),
        bad=bad,
        dropped=sum(1 for row in rows if row[12]),
    )


def _row(place: int, person: SamplePerson, day: date | None, time: str, subject: str) -> list[str]:
    number = person.number
    if place % 7 == 2:
        number = number.lower()
    if place % 9 == 4:
        number = number.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})
    if place % 11 == 5:
        number = f"{number[:6]} {number[6:14]} {number[14:]}"
    return [
        str(place),
        person.name if place % 8 else f"{person.name[0]}\u3000{person.name[1:]}",
        person.sex,
        number,
        person.employer,
        "电工作业",
        "低压电工作业",
        person.kind,
        subject,
        person.ticket_number,
        day.isoformat() if day else "",
        time if day else "",
        f"1{place:010d}",
    ]


def _rows(
    people: Sequence[SamplePerson],
    day: date | None,
    time: str,
    subject: str,
    bad_rows: bool,
    first_row: int,
) -> tuple[list[list[str]], list[BadRow]]:
    rows = [_row(place, person, day, time, subject) for place, person in enumerate(people, start=1)]
    bad: list[BadRow] = []
    if not bad_rows or not people:
        return rows, bad
    spare = make_people(4, "bad rows")

    def add(change: dict[int, str], column: int, code: str, person: SamplePerson) -> None:
        row = _row(len(rows) + 1, person, day, time, subject)
        row[3] = person.number
        for place, value in change.items():
            row[place] = value
        bad.append(BadRow(first_row + len(rows), HEADINGS[column], code))
        rows.append(row)

    wrong = spare[0].number[:17] + ("0" if spare[0].number[17] != "0" else "1")
    add({3: wrong}, 3, "bad_check_digit", spare[0])
    add({}, 3, "duplicate_number", people[0])
    add({1: ""}, 1, "missing_name", spare[1])
    add({3: spare[2].number[:15]}, 3, "bad_shape", spare[2])
    add({6: "屋面瓦工作业"}, 6, "unknown_trade", spare[3])
    add({2: "女" if spare[3].sex == "男" else "男"}, 2, "sex_mismatch", spare[3])
    return rows, bad
