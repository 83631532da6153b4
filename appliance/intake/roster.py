"""Rosters (考生名单) as sites get them: a workbook or CSV in, checked lines and rejected rows out."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.intake import cells
from appliance.intake.catalogue import find_trade, trades
from appliance.intake.headings import PROVINCIAL, classify
from appliance.intake.roster_file import Elsewhere, Rejection, RosterFile, RosterLine
from appliance.intake.sheets import Grid, read_grids
from appliance.rules import approved_help, idnumber, names
from appliance.rules.admission import Eligibility

HEADER_WITHIN = 40
"""The header row stands among the first so many rows with text."""


class _Header(NamedTuple):
    at: int
    columns: dict[str, int]
    headings: dict[str, str]
    contact: dict[int, str]


class _Title(NamedTuple):
    """What the lines above the header (and the sheet's name) say for every row."""

    trade: str
    subjects: tuple[str, ...]
    kind: str
    day: date | None


def read_roster(
    content: bytes,
    file_name: str,
    today: date | None = None,
    trade: str = "",
    here: Sequence[str] = (),
) -> RosterFile:
    """Read a roster. Raises Corrupt when it is not one.

    `trade`: key for rows that name none. `here`: name and code of this site; rows of another one are not taken.
    """
    found = [
        (grid, header) for grid in read_grids(content, file_name) if (header := _header(grid)) is not None
    ]
    if not found:
        raise Corrupt(
            "not_a_roster",
            N_("No heading row with a name and an ID number was found: this is not a roster."),
            N_("Choose the roster file; its columns need the headings {name} and {number}."),
            name="姓名",
            number="身份证号",
        )
    if len(found) > 1:
        raise Corrupt(
            "several_sheets",
            N_("The workbook holds more than one roster: {sheets}."),
            N_("Save each sheet as a file of its own."),
            sheets=", ".join(grid.name for grid, _ in found),
        )
    grid, header = found[0]
    _refuse_unknown(grid.rows[header.at][1])
    title = _title(grid, header, trade)
    accepted: list[RosterLine] = []
    rejected: list[Rejection] = []
    elsewhere: list[Elsewhere] = []
    dropped = dict.fromkeys(header.contact.values(), 0)
    seen: dict[tuple[object, ...], int] = {}
    rows = 0
    for number, row in grid.rows[header.at + 1 :]:
        reader = _Row(number, row, header, title)
        if reader.is_no_data():
            continue
        rows += 1
        for place, heading in header.contact.items():
            dropped[heading] += bool(place < len(row) and row[place])
        lines, faults = reader.read(today)
        site = reader.cell("site")
        if lines and not _is_here(site, here):
            elsewhere += [Elsewhere(lines[0].number, cells.tidy(site), lines[0].day)]
            lines, faults = [], [Rejection(number, header.headings["site"], "other_site")]
        if not faults:
            keys = [
                (line.number, line.trade, line.subject, line.starts_at, line.day, line.sitting)
                for line in lines
            ]
            if other := next((seen[key] for key in keys if key in seen), 0):
                faults = [Rejection(number, header.headings["number"], "duplicate_number", other)]
            for key in keys:
                seen.setdefault(key, number)
        if faults:
            rejected += faults
        else:
            accepted += lines
    if rows == 0:
        raise Corrupt("no_rows", N_("The roster has headings but no rows."), N_("Choose another file."))
    return RosterFile(
        sheet=grid.name,
        rows=rows,
        accepted=accepted,
        rejected=rejected,
        elsewhere=elsewhere,
        dropped_columns=dropped,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _is_here(site: str, here: Sequence[str]) -> bool:
    """Does a row's site mean this one? Rosters shorten names: one may hold the other."""
    written = cells.squeezed(site)
    known = [cells.squeezed(name) for name in here if name]
    return not written or not known or any(written in name or name in written for name in known)


def _header(grid: Grid) -> _Header | None:
    for index, (_, row) in enumerate(grid.rows[:HEADER_WITHIN]):
        columns: dict[str, int] = {}
        headings: dict[str, str] = {}
        contact: dict[int, str] = {}
        for place, heading in enumerate(row):
            sort, field = classify(heading) if heading else ("ignored", "")
            if sort == "field" and field not in columns:
                columns[field], headings[field] = place, heading
            elif sort == "contact":
                contact[place] = heading
        if "name" in columns and "number" in columns:
            return _Header(index, columns, headings, contact)
    return None


def _refuse_unknown(row: Iterable[str]) -> None:
    fields: dict[str, str] = {}
    for heading in row:
        sort, field = classify(heading) if heading else ("ignored", "")
        if sort == "unknown":
            raise Corrupt(
                "unknown_heading",
                N_("The roster has a column {heading} that the box does not know."),
                N_("Delete or rename the column, then load the roster again."),
                heading=re.sub(r"\s+", " ", heading)[:40],
            )
        if sort == "field" and field in fields:
            raise Corrupt(
                "heading_twice",
                N_("The columns {first} and {second} mean the same."),
                N_("Delete one of them, then load the roster again."),
                first=fields[field],
                second=heading,
            )
        if field:
            fields[field] = heading


def _title(grid: Grid, header: _Header, trade: str) -> _Title:
    text = " ".join([grid.name, *(cell for _, row in grid.rows[: header.at] for cell in row if cell)])
    words = cells.squeezed(text)
    named = [
        key for key, known in trades().items() if cells.squeezed(known.name.removesuffix("作业")) in words
    ]
    subject = () if "花名册" in words and "考试" not in words else (cells.subjects(text) or ())
    return _Title(
        trade=trade or (named[0] if len(named) == 1 else ""),
        subjects=subject,
        kind=cells.kind(text) or "initial",
        day=cells.day(text),
    )


_FOOTER = re.compile(
    r"(合计|总计|共计|小计|制表|填表|审核|经办|负责人|说明|注[::]|备注|日期[::]|第\d+页|以下空白)"
)


class _Row:
    """One row of the sheet being read."""

    def __init__(self, number: int, row: list[str], header: _Header, title: _Title) -> None:
        self.number, self.row, self.header, self.title = number, row, header, title
        self.faults: list[Rejection] = []

    def cell(self, field: str) -> str:
        place = self.header.columns.get(field)
        return self.row[place].strip() if place is not None and place < len(self.row) else ""

    def reject(self, field: str, code: str) -> None:
        self.faults.append(Rejection(self.number, self.header.headings.get(field, ""), code))

    def is_no_data(self) -> bool:
        """True for rows with nothing but a running number, repeated headings, totals and signatures."""
        if self.cell("name") == self.header.headings["name"]:
            return True
        if not any(self.cell(field) for field in self.header.columns):
            return True
        first = next((cell for cell in self.row if cell), "")
        numbered = re.search(r"\d{6}", cells.squeezed(self.cell("number")))
        return not numbered and bool(_FOOTER.match(cells.squeezed(first)))

    def read(self, today: date | None) -> tuple[list[RosterLine], list[Rejection]]:
        """The lines of this row, or what is wrong with it."""
        name = names.normalise(self.cell("name"))
        if not name:
            self.reject("name", "missing_name")
        number = self._number(today)
        trade = self._trade()
        kind = self._kind()
        help_ = self._help()
        when = {subject: self._starts_at(subject) for subject in self._subjects()}
        if self.faults:
            return [], self.faults
        return [
            RosterLine(
                row=self.number,
                name=name,
                number=number,
                trade=trade,
                subject=subject,
                kind=kind,
                ticket_number=cells.squeezed(self.cell("ticket")),
                employer=cells.tidy(self.cell("employer")),
                help=help_,
                eligibility=self._eligibility(),
                starts_at=starts_at,
                day=day,
                sitting=cells.tidy(self.cell("sitting")),
                provincial=self._provincial(),
            )
            for subject, (starts_at, day) in when.items()
        ], []

    def _number(self, today: date | None) -> str:
        written = self.cell("number")
        number = idnumber.normalise(written)
        if not number:
            self.reject("number", "missing_number")
            return ""
        if re.fullmatch(r"\d(\.\d+)?[eE]\+?1[4-9]", cells.squeezed(written)):
            self.reject("number", "number_rounded")
            return ""
        code = idnumber.fault(number, today)
        if code:
            self.reject("number", code)
            return ""
        born = self.cell("birth")
        if born and cells.day(born) != idnumber.birth(number):
            self.reject("birth", "birth_mismatch")
        stated = self.cell("sex")
        foreigner = number[0] == "9" and idnumber.place(number) != "999999"
        if stated and not foreigner and cells.sex(stated) != idnumber.sex(number):
            self.reject("sex", "sex_mismatch")
        return number

    def _trade(self) -> str:
        category, item = self.cell("category"), self.cell("item")
        if not category and not item:
            return self.title.trade
        key = find_trade(item, category) or (find_trade(category) if category else "")
        if not key and not item:
            key = (
                self.title.trade
                if self.title.trade and trades()[self.title.trade].category == category
                else ""
            )
        if not key:
            named = item or "category" not in self.header.columns
            self.reject(*(("item", "unknown_trade") if named else ("category", "unknown_category")))
        return key

    def _kind(self) -> str:
        written = self.cell("kind") or self.cell("PX_TYPE_CODE")
        if not written or (cells.subjects(written) and not cells.kind(written)):
            return self.title.kind
        kind = cells.kind(written)
        if kind is None:
            self.reject("kind" if self.cell("kind") else "PX_TYPE_CODE", "unknown_kind")
        return kind or ""

    def _help(self) -> str:
        try:
            return approved_help.parse(self.cell("help"))
        except approved_help.UnknownHelp:
            self.reject("help", "unknown_help")
            return ""

    def _eligibility(self) -> Eligibility:
        if "eligibility" not in self.header.columns:
            return "eligible"
        return cells.eligibility(self.cell("eligibility"))

    def _subjects(self) -> tuple[str, ...]:
        written = self.cell("subject")
        if written:
            found = cells.subjects(written)
            if found is None:
                self.reject("subject", "unknown_subject")
            return found or ()
        timed = tuple(s for s in ("theory", "practical") if self.cell(f"{s}_at"))
        return timed or cells.subjects(self.cell("kind")) or self.title.subjects or ("theory",)

    def _starts_at(self, subject: str) -> tuple[datetime | None, date | None]:
        """(start, day): both None when the row says nothing; a day alone is kept as such."""
        own = self.cell(f"{subject}_at")
        written = [(own, f"{subject}_at")] if own else [(self.cell(f), f) for f in ("time", "day")]
        written = [(text, field) for text, field in written if text]
        label = self.cell("sitting")
        if not written:
            day = cells.day(label)
            clock = cells.clock(label) if day else None
            return (datetime.combine(day, clock), day) if day and clock else (None, day or self.title.day)
        clock = next((c for text, _ in written if (c := cells.clock(text))), None) or cells.clock(label)
        stated = [d for text, _ in written if (d := cells.day(text))]
        day = stated[0] if stated else self.title.day
        readable = [cells.day(text) or cells.clock(text) for text, _ in written]
        if not all(readable) or day is None or len(set(stated)) > 1:
            place = readable.index(None) if None in readable else 0
            self.reject(written[place][1], "bad_time")
            return None, None
        return (datetime.combine(day, clock) if clock else None), day

    def _provincial(self) -> dict[str, str]:
        given = {field: self.cell(field) for field in PROVINCIAL if self.cell(field)}
        for field, source in (("ZYLB", "category"), ("CZXM", "item")):
            if self.cell(source):
                given[field] = cells.tidy(self.cell(source))
        return given
