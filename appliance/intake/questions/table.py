"""Questions in Excel workbooks and CSV files: one row each, on any number of sheets, below any title rows."""

import re
from typing import NamedTuple

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.intake.headings import plain
from appliance.intake.questions import words
from appliance.intake.questions.check import ends
from appliance.intake.questions.pictures import kept
from appliance.intake.questions.question import (
    LANGUAGE,
    MAX_TEXT,
    Draft,
    Found,
    Kind,
    Passage,
    PictureRef,
    Wording,
    passage,
    tidy,
)
from appliance.intake.questions.rich_text import Unusable
from appliance.intake.questions.table_headings import Column, column
from appliance.intake.questions.workbook_pictures import Placed, pictures_in
from appliance.intake.sheets import Grid, read_grids

HEADER_WITHIN = 40
_BEHIND = ".\uff0e\u3001:\uff1a)\uff09"
"""What may stand behind an option's letter, in both widths."""
_SPLIT = re.compile("[\n|;\uff1b]")
_INLINE = re.compile(rf"(?:^|(?<=[\s;\uff1b|]))[A-Ha-h]\s*[{_BEHIND}]\s*")
_LETTERED = re.compile(rf"^[A-Ha-h]\s*[{_BEHIND}]\s*(?=\S)")
_AROUND = " \n|;\uff1b\u3000"
_IN_CELL = re.compile(r'=?(?:_xlfn\.)?DISPIMG\("(ID_\w{1,64})"\s*,\s*1\)')


class _Header(NamedTuple):
    at: int
    columns: dict[int, Column]
    kind: Kind | None
    """What the sheet's name or the rows above the header say for every row."""


def header_of(grid: Grid) -> _Header | None:
    """The header row of a question sheet, None when there is none."""
    for at, (_, row) in enumerate(grid.rows[:HEADER_WITHIN]):
        columns: dict[int, Column] = {}
        for place, heading in enumerate(row):
            means = column(heading) if heading else None
            if means is not None and means not in columns.values():
                columns[place] = means
        fields = {(means.field, means.language) for means in columns.values()}
        if {("stem", LANGUAGE), ("answer", LANGUAGE)} <= fields:
            above = [" ".join(cells) for _, cells in grid.rows[:at]]
            kind = next((found for text in [grid.name, *above] if (found := _kind_of_title(text))), None)
            return _Header(at, columns, kind)
    return None


def _kind_of_title(text: str) -> Kind | None:
    """A sheet named 判断题 holds those; a title that names several kinds says nothing."""
    named = {found for word in re.split(r"[\s\u3001,\uff0c和与及/]+", text) if (found := words.kind(word))}
    return named.pop() if len(named) == 1 else None


def read_table(content: bytes, file_name: str) -> Found | None:
    """Every row of every sheet with a header row; None when there is no such sheet. Raises Corrupt."""
    grids = [
        (grid, header) for grid in read_grids(content, file_name) if (header := header_of(grid)) is not None
    ]
    if not grids:
        return None
    found = Found(format="excel" if content[:2] == b"PK" else "csv")
    pictures = pictures_in(content) if found.format == "excel" else Placed({}, {})
    for grid, header in grids:
        known = set(header.columns)
        found_columns = [name for at, name in enumerate(grid.rows[header.at][1]) if name and at not in known]
        if found_columns:
            found.drop("columns", len(found_columns))
        lying = dict(pictures.on_cells.get(grid.name, {}))
        heading = [plain(cell) for cell in grid.rows[header.at][1]]
        for number, row in grid.rows[header.at + 1 :]:
            filled = [at for at, cell in enumerate(row) if cell]
            if filled and all(at < len(heading) and plain(row[at]) == heading[at] for at in filled):
                continue  # the header again, on a new page
            one = _Row(number, row, header, lying.pop(number, {}), pictures.in_cells)
            if one.is_no_question():
                continue
            draft = Draft(item=_item(one, grid, len(grids) > 1), line=number)
            found.add(draft)
            try:
                one.read(draft, found)
            except Unusable as error:
                draft.refuse(error.code, error.detail)
        for number in sorted(lying):
            if number > grid.rows[header.at][0]:
                found.add(Draft(item=str(number), line=number).refuse("picture_astray"))
    if not found.drafts:
        raise Corrupt("no_rows", N_("The file has headings but no questions."), N_("Choose another file."))
    return found


def _item(row: "_Row", grid: Grid, several: bool) -> str:
    own = row.cell("item")[:60] or str(row.number)
    return f"{grid.name} {own}" if several else own


class _Row:
    """One row below the header."""

    def __init__(
        self,
        number: int,
        row: list[str],
        header: _Header,
        pictures: dict[int, list[bytes]],
        in_cells: dict[str, bytes],
    ) -> None:
        self.number, self._row, self._header = number, row, header
        self._pictures, self._in_cells = pictures, in_cells

    def _at(self, wanted: Column) -> int:
        return next((at for at, means in self._header.columns.items() if means == wanted), -1)

    def cell(self, field: str, language: str = LANGUAGE, option: int = -1) -> str:
        """The text of a field's cell; empty when there is none."""
        at = self._at(Column(field, language, option))
        return self._row[at].strip() if 0 <= at < len(self._row) else ""

    def is_no_question(self) -> bool:
        """Neither question nor answer nor a picture: a section title, a total, a signature line."""
        filled = [
            means.field for at, means in self._header.columns.items() if at < len(self._row) and self._row[at]
        ]
        return not self._pictures and not {"stem", "answer", "option", "options"} & set(filled)

    def read(self, draft: Draft, found: Found) -> None:
        """Fill the draft. Raises Unusable."""
        if self.cell("feedback"):
            found.drop("feedback")
        draft.topic, draft.source = tidy(self.cell("topic"))[:100], tidy(self.cell("source"))[:200]
        level = words.difficulty(self.cell("difficulty"))
        if level is None:
            raise Unusable("bad_difficulty", self.cell("difficulty")[:40])
        draft.difficulty = level
        if set(self._pictures) - set(self._header.columns):
            raise Unusable("picture_astray")
        options = {language: self._options(language, found) for language in self._languages()}
        draft.kind = self._kind(options[LANGUAGE])
        for language, listed in options.items():
            stem = self._passage(Column("stem", language), self.cell("stem", language), found)
            if language == LANGUAGE and stem:
                stem += self._passage(Column("picture"), self.cell("picture"), found)
            if language == LANGUAGE or stem or listed:
                choice = listed if draft.kind != "true_false" else ()
                draft.wordings[language] = Wording(stem=stem, options=choice)
        draft.right = self._right(draft.kind, options[LANGUAGE])

    def _languages(self) -> list[str]:
        """Chinese first, then the others in the order of their columns."""
        named = [
            means.language
            for means in self._header.columns.values()
            if means.field in ("stem", "option", "options")
        ]
        return list(dict.fromkeys([LANGUAGE, *named]))

    def _passage(self, means: Column, text: str, found: Found) -> Passage:
        if len(text) > MAX_TEXT:
            raise Unusable("too_long")
        contents = list(self._pictures.get(self._at(means), []))
        if inside := _IN_CELL.fullmatch(text):
            if inside[1] not in self._in_cells:
                raise Unusable("picture_missing", inside[1])
            contents, text = [self._in_cells[inside[1]], *contents], ""
        elif text and means.field == "picture":
            raise Unusable("picture_missing", text[:60])
        refs = [PictureRef(kept(found, body, f"{self.number}-{n}")) for n, body in enumerate(contents, 1)]
        return passage(text, *refs)

    def _options(self, language: str, found: Found) -> tuple[Passage, ...]:
        own = sorted(
            m for m in self._header.columns.values() if (m.field, m.language) == ("option", language)
        )
        if own:
            count = own[-1].option + 1
            listed: list[Passage] = [()] * count
            for means in own:
                text = _unlettered(self.cell("option", language, means.option), means.option)
                listed[means.option] = self._passage(means, text, found)
            if ends(listed):
                return ends(listed)
        return tuple(passage(text) for text in _split(self.cell("options", language)))

    def _kind(self, options: tuple[Passage, ...]) -> Kind | None:
        named = self.cell("kind")
        kind = words.kind(named) if named else self._header.kind
        if named and kind is None and self._header.kind is None:
            raise Unusable("unknown_kind", named[:40])
        kind = kind or self._header.kind
        if kind is None and (words.is_true_false(options) or not options):
            return "true_false" if words.true_false(self.cell("answer")) is not None else None
        return kind

    def _right(self, kind: Kind | None, options: tuple[Passage, ...]) -> set[int]:
        answer = self.cell("answer")
        if not answer:
            return set()
        if kind == "true_false":
            return self._true_false(answer, options)
        right = words.letters(answer)
        if right is None:
            same = {place for place, option in enumerate(options) if option == passage(answer)}
            if not same:
                raise Unusable("bad_answer", answer[:40])
            return same
        return right

    def _true_false(self, answer: str, options: tuple[Passage, ...]) -> set[int]:
        pair = words.is_true_false(options)
        if options and pair is None:
            raise Unusable("bad_answer", answer[:40])
        chosen = words.letters(answer)
        if pair is not None and answer.strip().upper() in ("A", "B") and chosen:
            return {pair.index(place) for place in chosen}
        value = words.true_false(answer)
        if value is None:
            raise Unusable("bad_answer", answer[:40])
        return {value}


def _unlettered(text: str, place: int) -> str:
    """`A. 断开电源` in column A without its letter."""
    found = _LETTERED.match(text)
    return text[found.end() :] if found and ord(text[0].upper()) - 65 == place else text


def _split(text: str) -> list[str]:
    """Options that stand in one cell: by their letters when those begin with A, else by lines or bars."""
    starts = list(_INLINE.finditer(text))
    letters = [text[found.start() : found.end()].strip()[0].upper() for found in starts]
    if len(starts) > 1 and letters == [chr(65 + place) for place in range(len(starts))]:
        edges = [*(found.start() for found in starts[1:]), len(text)]
        return [text[found.end() : edge].rstrip(_AROUND) for found, edge in zip(starts, edges, strict=True)]
    return [part.strip() for part in _SPLIT.split(text) if part.strip()]
