"""Item analysis (试题分析) as a workbook: the whole, the items, what the columns mean. No item text stands in it."""

import io
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from appliance.base.i18n import _, translate
from appliance.flow.analyse_items import Analysis, ItemLine
from appliance.flow.analysis_words import (
    BAND_WORDS,
    FLAG_WORDS,
    MEANINGS,
    RELIABILITY_WORDS,
    letters,
    reliability_text,
)
from appliance.flow.blueprints import KIND_WORDS
from appliance.rules.item_analysis import FEW, URGENT, band

_HEAD, _LOOK = PatternFill("solid", fgColor="DDE8F4"), PatternFill("solid", fgColor="FFF3D8")


def write_analysis(title: str, found: Analysis, names: Sequence[str]) -> bytes:
    """The workbook (.xlsx) in the current language. `names`: of the items, in the order of `found.items`."""
    book = Workbook()
    _whole(book.active, title, found)
    _items(book.create_sheet(_("Item")), found, names)
    meanings = book.create_sheet(_("What the columns mean"))
    for name, text in MEANINGS:
        _row(meanings, [translate(name), translate(text)])
    _widths(meanings, (32, 100))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _whole(sheet: Any, title: str, found: Analysis) -> None:
    sheet.title = _("Overview")
    rows: list[tuple[str, Any]] = [
        (_("Item analysis"), title),
        (_("Marked papers"), found.attempts),
        (_("Passed"), found.passed),
        (_("Mean points"), _round(found.mean, 2)),
        (_("Standard deviation"), _round(found.deviation, 2)),
        (_("Items"), len(found.items)),
        (_("Different papers"), found.sets),
        (_("Papers that could not be analysed"), found.left_out),
    ]
    rows += [
        (f"{translate(RELIABILITY_WORDS[one.kind])} (n = {one.count})", reliability_text(one))
        for one in found.reliability
    ]
    for row in rows:
        _row(sheet, row)
    for cell in sheet["A"]:
        cell.font = Font(bold=True)
    _widths(sheet, (40, 60))


def _items(sheet: Any, found: Analysis, names: Sequence[str]) -> None:
    most = max((len(line.figures.options) for line in found.items), default=0)
    options = [letters(str(number)) for number in range(most)]
    headings = [
        *(_("Item"), _("Kind of item"), _("Answers"), _("Right"), _("Facility"), _("Mean share of points")),
        *(_("Discrimination"), _("Band"), _("Upper less lower 27 %"), _("Left open")),
        *options,
        *(_("Mean points of those who chose {option}").format(option=one) for one in options),
        _("To look at"),
    ]
    _row(sheet, headings)
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), _HEAD
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    for line, name in zip(found.items, names, strict=True):
        _row(sheet, _cells(line, name, most))
        if set(line.figures.flags) & set(URGENT):
            for cell in sheet[sheet.max_row]:
                cell.fill = _LOOK
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = sheet.dimensions
    _widths(sheet, (28, 10, *[10] * (8 + 2 * most), 60))


def _cells(line: ItemLine, name: str, most: int) -> list[Any]:
    one = line.figures
    blank = [None] * (most - len(one.options))
    return [
        name,
        translate(KIND_WORDS[one.kind]),
        one.count,
        letters(one.right),
        _round(one.facility),
        _round(one.mean_share),
        _round(one.discrimination),
        translate(BAND_WORDS[band(one.discrimination)]) if one.count >= FEW else _("too few"),
        _round(one.index),
        one.omitted,
        *(option.count for option in one.options),
        *blank,
        *(_round(option.mean_total, 1) for option in one.options),
        *blank,
        _("; ").join(translate(FLAG_WORDS[flag]) for flag in one.flags),
    ]


def _round(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)


def _row(sheet: Any, values: Sequence[Any]) -> None:
    sheet.append(list(values))
    for cell in sheet[sheet.max_row]:
        if isinstance(cell.value, str):
            cell.data_type = "s"  # a name that begins with = is no formula


def _widths(sheet: Any, widths: Sequence[int]) -> None:
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
