"""Questions as a workbook in the layout our reader takes, and the empty template of it.

A workbook holds no weights and no fixed places of options; a picture stands behind the text of its cell.
"""

import io
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from openpyxl import Workbook
from openpyxl.drawing.image import Image
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from appliance.intake.questions.question import (
    LANGUAGE,
    Kind,
    Passage,
    Picture,
    Question,
    pictures_of,
    plain_text,
)

KIND_WORDS: dict[Kind, str] = {"true_false": "判断题", "single_choice": "单选题", "multiple_choice": "多选题"}
DIFFICULTY_WORDS = {0: "", 1: "易", 2: "中", 3: "难"}
TEMPLATE_OPTIONS = 6
_WIDTHS = {"题干": 60, "答案": 10, "编号": 16, "题型": 10, "难度": 8, "知识点": 18, "来源": 24}
_PICTURE = 160
"""Longest side of a picture in the sheet, in pixels; its bytes stay as they are."""

_EXPLAINED = (
    ("题型", "判断题、单选题或多选题；整张表同一题型时可以只写在工作表名里", "单选题"),
    (
        "题干",
        "题目文字；图片的左上角放在本单元格内（WPS“嵌入单元格”的图片放“图片”列）",
        "触电急救时首先应当：",
    ),
    ("选项A 至 选项H", "判断题不填；选择题 2 至 8 个，从 A 起连续填写，不写字母", "切断电源"),
    ("答案", "判断题：正确／错误（或 √／×、对／错）；选择题：字母，多选连写", "ABD"),
    ("知识点", "组卷按知识点抽题，写法前后一致", "触电急救"),
    ("难度", "易、中、难，可不填", "中"),
    ("来源", "依据的条款，可不填", "安全生产法第三条"),
    ("编号", "报告里用来指出题目，可不填", "DQ-0001"),
    ("题干[en]、选项A[en]", "同一题的英文，可不填；选项顺序与中文相同", "First, you must:"),
)
"""Column, how to fill it, an example: the template's second sheet."""


def write_excel(questions: Sequence[Question], pictures: Mapping[str, Picture]) -> bytes:
    """The workbook (.xlsx). `pictures` by SHA-256. KeyError when one is missing."""
    book, languages = Workbook(), _languages(questions)
    most = max((len(one.wording.options) for one in questions), default=0)
    headings = _headings(max(most, 4), languages)
    sheet = _sheet(book, headings)
    for row, question in zip(count(2), questions, strict=False):
        _row(sheet, row, question, headings, pictures)
    return _saved(book)


def write_template() -> bytes:
    """An empty workbook to fill in, with a second sheet that explains its columns."""
    book = Workbook()
    headings = _headings(TEMPLATE_OPTIONS, [])
    headings.insert(3, "图片")
    sheet = _sheet(book, headings)
    for words, heading in ((KIND_WORDS.values(), "题型"), (list(DIFFICULTY_WORDS.values())[1:], "难度")):
        choice = DataValidation("list", formula1=f'"{",".join(words)}"', allow_blank=True)
        letter = sheet.cell(1, headings.index(heading) + 1).column_letter
        choice.add(f"{letter}2:{letter}2000")
        sheet.add_data_validation(choice)
    explained = book.create_sheet("填写说明")
    for row in (("列", "怎样填", "例"), *_EXPLAINED):
        explained.append(row)
    for letter, width in zip("ABC", (24, 70, 28), strict=True):
        explained.column_dimensions[letter].width = width
    return _saved(book)


def _languages(questions: Sequence[Question]) -> list[str]:
    return sorted({name for one in questions for name in one.wordings} - {LANGUAGE})


def _headings(options: int, languages: Sequence[str]) -> list[str]:
    own = [f"选项{chr(65 + place)}" for place in range(options)]
    foreign = [f"{name}[{language}]" for language in languages for name in ("题干", *own)]
    return ["编号", "题型", "题干", *own, "答案", "知识点", "难度", "来源", *foreign]


def _sheet(book: Workbook, headings: Sequence[str]) -> Any:
    sheet = book.active
    sheet.title = "题目"
    sheet.append(list(headings))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="DDE8F4")
        sheet.column_dimensions[cell.column_letter].width = _WIDTHS.get(str(cell.value), 28)
    sheet.freeze_panes = "A2"
    return sheet


def _row(
    sheet: Any, row: int, question: Question, headings: Sequence[str], pictures: Mapping[str, Picture]
) -> None:
    letters = "".join(chr(65 + place) for place in question.right)
    answer = ("正确", "错误")[question.right[0]] if question.kind == "true_false" else letters
    cells: dict[str, Passage] = {
        "编号": (question.id,),
        "题型": (KIND_WORDS[question.kind],),
        "答案": (answer,),
        "知识点": (question.topic,),
        "难度": (DIFFICULTY_WORDS[question.difficulty],),
        "来源": (question.source,),
    }
    for language, wording in question.wordings.items():
        mark = "" if language == LANGUAGE else f"[{language}]"
        cells["题干" + mark] = wording.stem
        for place, words in enumerate(wording.options):
            cells[f"选项{chr(65 + place)}{mark}"] = words
    for at, heading in enumerate(headings, start=1):
        words = cells.get(heading, ())
        cell = sheet.cell(row, at)
        if text := plain_text(words):
            cell.value = text
            cell.data_type = "s"  # a text that begins with = is no formula
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        for ref in pictures_of(words):
            _place(sheet, cell.coordinate, pictures[ref.sha256])


def _place(sheet: Any, where: str, picture: Picture) -> None:
    image = Image(io.BytesIO(picture.content))
    shrink = min(1.0, _PICTURE / max(image.width, image.height, 1))
    image.width, image.height = max(1, int(image.width * shrink)), max(1, int(image.height * shrink))
    sheet.add_image(image, where)


def _saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
