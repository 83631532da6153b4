"""Question sheets as sites have them: title rows, many headings, answers in many spellings, pictures in cells."""

import io
import zipfile

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.drawing.image import Image

from appliance.base.errors import Corrupt
from appliance.intake.questions import words
from appliance.intake.questions.excel_export import write_template
from appliance.intake.questions.question import Wording
from appliance.intake.questions.read import read_questions
from appliance.intake.questions.table_headings import Column, column
from tests.intake.questions.samples import (
    HEADINGS,
    codes,
    comma_separated,
    png,
    said,
    table,
    workbook,
    zipped,
)

DISPIMG = '=DISPIMG("ID_0123456789ABCDEF0123456789ABCDEF",1)'


def test_a_sheet_as_sites_have_it() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["2026 年低压电工理论题库"])
    sheet.merge_cells("A1:K1")
    sheet.append(["制表：某考点"])
    sheet.append(
        [
            "序号",
            "试题类型",
            "题目内容",
            *(f"选项{x}" for x in "ABCDEF"),
            "正确答案",
            "难易程度",
            "章节",
            "解析",
            "录入人",
        ]
    )
    sheet.append(
        [
            1,
            "判断题",
            "电工可以带电作业。",
            None,
            None,
            None,
            None,
            None,
            None,
            "×",
            "易",
            "基础",
            "见规程",
            "张",
        ]
    )
    sheet.append(
        [2, "单选", "首先应当", "A. 断电", "B. 报告", "C. 逃离", None, None, None, "a", "中等", "急救"]
    )
    sheet.append([3, "多选题", "哪些是安全用具", "手套", "靴", "垫", "帽", None, None, "A、B,C", "难"])
    sheet.append(["第二部分"])
    sheet.append(["序号", "试题类型", "题目内容", *(f"选项{x}" for x in "ABCDEF"), "正确答案"])
    sheet.append([4, "单项选择题", "=1+1", "0.5", 2, 3.0, None, None, None, 2])
    out = io.BytesIO()
    book.save(out)
    read = read_questions(out.getvalue(), "x")
    assert [(one.id, one.kind, one.right, one.difficulty, one.topic) for one in read.accepted] == [
        ("1", "true_false", (1,), 1, "基础"),
        ("2", "single_choice", (0,), 2, "急救"),
        ("3", "multiple_choice", (0, 1, 2), 3, ""),
    ]
    assert said(read.accepted[1])[1] == ["断电", "报告", "逃离"]
    # A formula without a kept value is an empty cell.
    assert codes(read) == [("4", 9, "empty_stem")]
    assert read.dropped == {"columns": 1, "feedback": 1}


@pytest.mark.parametrize(
    ("row", "code", "detail"),
    [
        (("单选题", "", "甲", "乙", "丙", "丁", "A"), "empty_stem", ""),
        (("单选题", "问", "甲", "乙", "丙", "丁", ""), "no_right_answer", ""),
        (("单选题", "问", "甲", "乙", "丙", "丁", "AB"), "several_right", ""),
        (("单选题", "问", "甲", "乙", "丙", "丁", "E"), "right_unknown", "E"),
        (("单选题", "问", "甲", "乙", "丙", "丁", "5"), "right_unknown", "E"),
        (("单选题", "问", "甲", "乙", "丙", "丁", "甲乙"), "bad_answer", "甲乙"),
        (("单选题", "问", "甲", "", "", "", "A"), "too_few_options", ""),
        (("单选题", "问", "甲", "", "丙", "丁", "A"), "empty_option", "B"),
        (("单选题", "问", "甲", "乙", "甲", "丁", "A"), "same_options", "A, C"),
        (("填空题", "问", "甲", "乙", "丙", "丁", "A"), "unknown_kind", "填空题"),
        (("判断题", "问", "", "", "", "", "C"), "bad_answer", "C"),
        (("判断题", "问", "甲", "乙", "", "", "A"), "bad_answer", "A"),
        (("单选题", "长" * 1950, "甲", "乙", "", "", "A"), "too_long", ""),
        (
            ("单选题", "问", "甲", DISPIMG[1:], "", "", "A"),
            "picture_missing",
            "ID_0123456789ABCDEF0123456789ABCDEF",
        ),
    ],
)
def test_rows_that_cannot_be_taken(row: tuple[object, ...], code: str, detail: str) -> None:
    read = table(row, ("单选题", "好题", "甲", "乙", "丙", "丁", "A"))
    assert [(one.item, one.line, one.code, one.detail) for one in read.rejected] == [("2", 2, code, detail)]
    assert len(read.accepted) == 1


def test_a_question_that_stands_twice() -> None:
    read = table(
        ("单选题", "断电后 应当", "验电", "挂牌", "", "", "A"),
        ("单选题", "断电后应当", "挂牌", "验电", "", "", "B"),
        ("单选题", "断电后应当", "挂牌", "接地", "", "", "B"),
    )
    assert [(one.line, one.code, one.detail) for one in read.rejected] == [(3, "duplicate", "2")]


def test_kinds_from_the_sheets_name_and_from_the_answer() -> None:
    plain = ("题干", "A", "B", "C", "答案")
    book = workbook(
        {
            "判断题": [("题干", "答案"), ("甲", "√"), ("乙", "B")],
            "多选题": [plain, ("丙", 1, 2, 3, "B")],
            "说明": [("这里没有题目",)],
            "杂题": [
                plain,
                ("丁", 1, 2, 3, "B"),
                ("戊", 1, 2, 3, "AB"),
                ("己", "", "", "", "错"),
                ("庚", "对", "错", "", "对"),
            ],
        }
    )
    read = read_questions(book, "x")
    assert [(one.id, one.kind, one.right) for one in read.accepted] == [
        ("判断题 2", "true_false", (0,)),
        ("判断题 3", "true_false", (1,)),
        ("多选题 2", "multiple_choice", (1,)),
        ("杂题 2", "single_choice", (1,)),
        ("杂题 3", "multiple_choice", (0, 1)),
        ("杂题 4", "true_false", (1,)),
        ("杂题 5", "true_false", (0,)),
    ]


@pytest.mark.parametrize(
    ("options", "parted"),
    [
        ("A.甲 B.乙 C.丙", ["甲", "乙", "丙"]),
        ("A、甲\nB、乙\nC、丙", ["甲", "乙", "丙"]),
        ("A\uff0e甲\uff1bB\uff0e乙\uff1bC\uff0e丙", ["甲", "乙", "丙"]),
        ("甲|乙|丙", ["甲", "乙", "丙"]),
        ("甲;乙;丙", ["甲", "乙", "丙"]),
        ("0.5 A|1 A|2 A", ["0.5 A", "1 A", "2 A"]),
    ],
)
def test_options_in_one_cell(options: str, parted: list[str]) -> None:
    read = table(("问", options, "A"), headings=("题目", "选项", "答案"))
    assert said(read.accepted[0])[1] == parted


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_comma_separated(encoding: str) -> None:
    content = comma_separated(
        HEADINGS, ("判断", "雷雨天可以登高。", "", "", "", "", "错误"), encoding=encoding
    )
    read = read_questions(content, "题.txt")
    assert (read.format, [one.right for one in read.accepted], read.rejected) == ("csv", [(1,)], [])


def test_several_languages() -> None:
    headings = ("题干", "选项A", "选项B", "题干(英文)", "选项A(英文)", "选项B(英文)", "题干[ru]", "答案")
    read = table(
        ("断电后", "验电", "挂牌", "Then", "test", "sign", "", "A"),
        ("接地", "先", "后", "Earth", "first", "", "", "A"),
        headings=headings,
    )
    assert list(read.accepted[0].wordings) == ["zh_CN", "en"]
    assert read.accepted[0].wordings["en"] == Wording(stem=("Then",), options=(("test",), ("sign",)))
    assert codes(read)[0][2] == "too_few_options"


def test_pictures_on_cells() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        HEADINGS,
        ("单选题", "看图", "", "乙", "丙", "丁", "A"),
        ("单选题", "旁边", "甲", "乙", "", "", "A"),
    ):
        sheet.append(row)
    for where, red in (("B2", 1), ("C2", 2), ("J3", 3), ("B9", 4)):
        sheet.add_image(Image(io.BytesIO(png(red))), where)
    out = io.BytesIO()
    book.save(out)
    read = read_questions(out.getvalue(), "x")
    (one,) = read.accepted
    assert said(one) == ("看图\n※", ["※", "乙", "丙", "丁"])
    assert {picture.content for picture in read.pictures.values()} == {png(1), png(2)}
    assert codes(read) == [("3", 3, "picture_astray"), ("9", 9, "picture_astray")]


def test_pictures_inside_cells() -> None:
    """What WPS makes: a formula in the cell, the picture in xl/cellimages.xml."""
    book = workbook({"题": [("题干", "图片", "A", "B", "答案"), ("看图", "PLACE", "甲", "乙", "A")]})
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        source = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    formula = DISPIMG.replace('"', "&quot;").encode()
    kept = b't="str"><f>' + formula[1:] + b"</f><v>" + formula + b"</v></c>"
    source[name] = source[name].replace(b't="inlineStr"><is><t>PLACE</t></is></c>', kept)
    assert kept in source[name]
    source[
        "xl/cellimages.xml"
    ] = b"""<etc:cellImages xmlns:etc="urn:x" xmlns:xdr="urn:y" xmlns:a="urn:z" xmlns:r="urn:r">
      <etc:cellImage><xdr:pic><xdr:nvPicPr><xdr:cNvPr id="1" name="ID_0123456789ABCDEF0123456789ABCDEF"/></xdr:nvPicPr>
      <xdr:blipFill><a:blip r:embed="rId1"/></xdr:blipFill></xdr:pic></etc:cellImage></etc:cellImages>"""
    source["xl/_rels/cellimages.xml.rels"] = b"""<Relationships xmlns="urn:p">
      <Relationship Id="rId1" Type="urn:relationships/image" Target="media/image1.png"/></Relationships>"""
    source["xl/media/image1.png"] = png(9)
    read = read_questions(zipped(source), "x")
    assert said(read.accepted[0])[0] == "看图\n※"
    assert [picture.content for picture in read.pictures.values()] == [png(9)]


def test_a_picture_that_is_only_named() -> None:
    read = table(("问", "图1.png", "甲", "乙", "A"), headings=("题干", "图片", "A", "B", "答案"))
    assert [(one.code, one.detail) for one in read.rejected] == [("picture_missing", "图1.png")]


def test_the_template_is_read_as_it_is_filled_in() -> None:
    with pytest.raises(Corrupt) as caught:
        read_questions(write_template(), "模板.xlsx")
    assert caught.value.code == "no_rows"
    book = load_workbook(io.BytesIO(write_template()))
    sheet = book.active
    assert sheet is not None
    headings = [cell.value for cell in sheet[1]]
    filled = {
        "题型": "单选题",
        "题干": "问",
        "选项A": "甲",
        "选项B": "乙",
        "答案": "B",
        "难度": "难",
        "来源": "通用做法",
    }
    for heading, text in filled.items():
        sheet.cell(2, headings.index(heading) + 1).value = text
    out = io.BytesIO()
    book.save(out)
    read = read_questions(out.getvalue(), "x")
    assert [(one.right, one.difficulty, one.source) for one in read.accepted] == [((1,), 3, "通用做法")]
    assert not read.rejected and not read.dropped


@pytest.mark.parametrize(
    ("heading", "means"),
    [
        ("题 干*", Column("stem")),
        ("试题内容(必填)", Column("stem")),
        ("选项Ａ", Column("option", option=0)),
        ("B", Column("option", option=1)),
        ("c选项", Column("option", option=2)),
        ("选项四", Column("option", option=3)),
        ("选项5", Column("option", option=4)),
        ("答案F", Column("option", option=5)),
        ("答案", Column("answer")),
        ("Correct Answer", Column("answer")),
        ("英文题干", Column("stem", "en")),
        ("题干 [en]", Column("stem", "en")),
        ("选项B(英文)", Column("option", "en", 1)),
        ("选项B[zh-TW]", Column("option", "zh_TW", 1)),
        ("录入人", None),
        ("1", None),
    ],
)
def test_headings(heading: str, means: Column | None) -> None:
    assert column(heading) == means


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("对", 0),
        ("√", 0),
        ("正确。", 0),
        ("Ｔ", 0),
        ("TRUE", 0),
        ("1", 0),
        ("错 误", 1),
        ("×", 1),
        ("x", 1),
        ("F", 1),
        ("0", 1),
        ("丙", None),
    ],
)
def test_words_for_true_and_false(text: str, value: int | None) -> None:
    assert words.true_false(text) == value


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("ABD", {0, 1, 3}),
        ("a, c", {0, 2}),
        ("A\uff0cB、C", {0, 1, 2}),
        ("Ａ", {0}),
        ("(B)", {1}),
        ("答案\uff1aB", {1}),
        ("1,3", {0, 2}),
        ("A-D", None),
        ("", set()),
        ("甲", None),
        ("0", None),
    ],
)
def test_letters_of_answers(text: str, places: set[int] | None) -> None:
    assert words.letters(text) == places
