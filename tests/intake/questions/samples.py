"""Files of questions made for the tests: example folders as packages, tables as workbooks, small pictures."""

import csv
import io
import zipfile
from pathlib import Path

from openpyxl import Workbook
from PIL import Image

from appliance.intake.questions.question import Question, QuestionFile, plain_text
from appliance.intake.questions.read import read_questions

EXAMPLES = Path(__file__).parent / "examples"
HEADINGS = ("题型", "题干", "选项A", "选项B", "选项C", "选项D", "答案")


def png(red: int = 200, size: int = 2) -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", (size, size), (red, 30, 30)).save(out, "PNG")
    return out.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return out.getvalue()


def folder(name: str) -> dict[str, bytes]:
    """The files of an example folder by their names inside a package."""
    top = EXAMPLES / name
    return {
        str(path.relative_to(top)): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()
    }


def example(name: str) -> QuestionFile:
    """An example file, read."""
    return read_questions((EXAMPLES / name).read_bytes(), name)


def workbook(sheets: dict[str, list[tuple[object, ...]]]) -> bytes:
    """A workbook of these sheets."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def table(*rows: tuple[object, ...], headings: tuple[str, ...] = HEADINGS) -> QuestionFile:
    """Rows below usual headings, read."""
    return read_questions(workbook({"Sheet1": [headings, *rows]}), "题目.xlsx")


def comma_separated(*rows: tuple[str, ...], encoding: str = "utf-8") -> bytes:
    """A CSV file."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(encoding)


def codes(read: QuestionFile) -> list[tuple[str, int, str]]:
    """Item, line and code of what was refused."""
    return [(one.item, one.line, one.code) for one in read.rejected]


def said(question: Question) -> tuple[str, list[str]]:
    """Stem and options as words, pictures as ※."""
    return plain_text(question.wording.stem, "※"), [plain_text(one, "※") for one in question.wording.options]
