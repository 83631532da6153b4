"""Workbooks and CSV files as grids of text. Bytes in, structs out; limits keep prepared files harmless."""

import csv
import io
import re
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import PurePath

import msgspec
from openpyxl import load_workbook

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_

MAX_BYTES = 20 << 20
MAX_UNPACKED = 80 << 20
MAX_PARTS = 2000
MAX_ROWS = 20_000
MAX_COLUMNS = 200
MAX_CELL = 2000

_DECLARATION = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


class Grid(msgspec.Struct, frozen=True):
    """One sheet. `rows`: (the sheet's own row number from 1, cells as text); rows without text left out."""

    name: str
    rows: list[tuple[int, list[str]]]


def read_grids(content: bytes, file_name: str) -> list[Grid]:
    """Every visible sheet of a workbook, or the one grid of a CSV file. The content decides, not the name."""
    if not content.strip():
        raise Corrupt("empty_file", N_("The file is empty."), N_("Choose another file."))
    if len(content) > MAX_BYTES:
        raise _too_large()
    if content[:2] == b"PK":
        return _workbook(content)
    if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise Corrupt(
            "old_workbook",
            N_("This is an old (.xls) or password-protected workbook."),
            N_("Open it in a spreadsheet program and save it as .xlsx without a password."),
        )
    return [_csv(content, PurePath(file_name).stem)]


def _too_large() -> Corrupt:
    return Corrupt("too_large", N_("The file is too large."), N_("Split it into several files."))


def _unreadable() -> Corrupt:
    return Corrupt(
        "unreadable_workbook",
        N_("The workbook cannot be read: it is damaged or not an Excel file."),
        N_("Open it in a spreadsheet program, save it again as .xlsx and try once more."),
    )


def _workbook(content: bytes) -> list[Grid]:
    _inspect_zip(content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        return [_sheet(sheet) for sheet in book.worksheets if sheet.sheet_state == "visible"]
    except Corrupt:
        raise
    except Exception as error:  # openpyxl raises whatever its parsers raise on damaged parts
        raise _unreadable() from error


def _inspect_zip(content: bytes) -> None:
    """Refuse archives that unpack to too much or declare XML entities, before any parser sees them."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise _too_large()
            if not any(part.filename == "[Content_Types].xml" for part in parts):
                raise _unreadable()
            for part in parts:
                if part.flag_bits & 1:
                    raise _unreadable()
                if part.filename.endswith((".xml", ".rels")):
                    head = archive.read(part)
                    if _DECLARATION.search(head) or head[:2] in (b"\xff\xfe", b"\xfe\xff"):
                        raise _unreadable()
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise _unreadable() from error
    except Corrupt:
        raise
    except Exception as error:  # zlib, lzma and struct errors of broken members
        raise _unreadable() from error


def _sheet(sheet: object) -> Grid:
    sheet.reset_dimensions()  # type: ignore[attr-defined]
    rows: list[tuple[int, list[str]]] = []
    for number, row in enumerate(sheet.iter_rows(), start=1):  # type: ignore[attr-defined]
        if len(rows) > MAX_ROWS or number > MAX_ROWS * 5:
            raise _too_large()
        cells = [""] * min(
            MAX_COLUMNS, max((cell.column for cell in row if cell.value is not None), default=0)
        )
        for cell in row:
            if cell.value is not None and cell.column <= MAX_COLUMNS:
                cells[cell.column - 1] = cell_text(cell.value)
        if any(cells):
            rows.append((number, cells))
    return Grid(sheet.title, rows)  # type: ignore[attr-defined]


def cell_text(value: object) -> str:
    """A cell as text: dates as `2026-11-21` or `2026-11-21 09:00`, whole numbers without a point."""
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case datetime():
            return value.strftime("%Y-%m-%d" if value.time() == time(0) else "%Y-%m-%d %H:%M")
        case date():
            return value.isoformat()
        case time():
            return value.strftime("%H:%M")
        case timedelta():
            minutes = int(value.total_seconds()) // 60
            return f"{minutes // 60:02d}:{minutes % 60:02d}"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case _:
            return str(value).strip()[:MAX_CELL]


def _csv(content: bytes, name: str) -> Grid:
    text = decoded(content)
    if "\x00" in text:
        raise _no_text()
    first = next((line for line in text.splitlines() if line.strip()), "")
    counted = max(text[:4000].count(mark) for mark in ",;\t")
    mark = max(",;\t", key=lambda one: (text[:4000].count(one), first.count(one))) if counted else ","
    rows: list[tuple[int, list[str]]] = []
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=mark), start=1):
            if len(rows) > MAX_ROWS or number > MAX_ROWS * 5:
                raise _too_large()
            cells = [cell.strip()[:MAX_CELL] for cell in row[:MAX_COLUMNS]]
            if any(cells):
                rows.append((number, cells))
    except csv.Error as error:
        raise _no_text() from error
    return Grid(name, rows)


def decoded(content: bytes) -> str:
    """A text file in UTF-8, UTF-16 with a mark, or GB18030. Raises Corrupt (`unreadable_text`)."""
    marked = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    encodings = ["utf-16"] if marked else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _no_text()


def _no_text() -> Corrupt:
    return Corrupt(
        "unreadable_text",
        N_("The file is neither an Excel workbook nor a text table."),
        N_("Save it as .xlsx, or as CSV in UTF-8 or GB18030."),
    )
