"""Item analysis (试题分析) of a sitting or a bank: the page with its pictures, and the workbook.

The head of the site sees figures and names of items; what an item says only its authors see, and of the site's own
banks only.
"""

import asyncio
from datetime import date
from importlib import import_module
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_
from appliance.flow.accounts import Who
from appliance.flow.analyse_items import Analysis, Scope, analyse
from appliance.flow.analysis_choice import choices, state_of, title_of, words_of
from appliance.flow.analysis_words import (
    BAND_WORDS,
    FLAG_WORDS,
    MEANINGS,
    RELIABILITY_WORDS,
    letters,
    reliability_text,
)
from appliance.flow.blueprints import KIND_WORDS
from appliance.flow.box import Box
from appliance.rules.item_analysis import FEW, FLAGS, URGENT, band
from appliance.web.analysis_apart import analyse_apart
from appliance.web.pages import page
from appliance.web.question_item import note_bank_look
from appliance.web.sessions import needs

Asked = Request[Who, Any, Any]
READERS = [needs("author", "chief")]
PAGE = 25
SMALL = 500
"""Papers that are counted in a fraction of a second: here, beside the pages."""
KEPT = 4
"""Analyses kept for whoever turns the pages of one."""
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Wish(msgspec.Struct, kw_only=True, frozen=True):
    """What an address asks for. `of`: `sitting:ID`, `bank:ID`, `trade:KEY`; empty = nothing chosen yet."""

    of: str
    scope: Scope
    flag: str
    page: int
    whole: bool
    """All items on one page, to be printed."""

    def fields(self, **changed: object) -> dict[str, object]:
        """For the address of the same with something changed."""
        first, last = self.scope.first, self.scope.last
        found = {"of": self.of, "from": first or "", "to": last or "", "flag": self.flag, **changed}
        return {name: value for name, value in found.items() if value}


class Analyses:
    """The newest analyses; one is made at a time, a large one in a process of its own (analysis_apart.py)."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._kept: dict[tuple[Scope, tuple[int, str]], Analysis] = {}

    async def of(self, box: Box, scope: Scope) -> Analysis:
        """The analysis of a scope as its marks stand now."""
        async with self._lock:
            key = (scope, await box.db.read(state_of, box, scope))
            if key not in self._kept:
                while len(self._kept) >= KEPT:
                    self._kept.pop(next(iter(self._kept)))
                small = key[1][0] <= SMALL
                made = box.db.read(analyse, box, scope) if small else analyse_apart(box, scope)
                self._kept[key] = await made
            return self._kept[key]


def _analyses(request: Asked) -> Analyses:
    state = request.app.state
    if "analyses" not in state:
        state.analyses = Analyses()
    found: Analyses = state.analyses
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Corrupt(
            "bad_day", N_("This is no day: {text}"), N_("Choose the day again."), text=text[:20]
        ) from None


def wish_of(request: Asked) -> Wish:
    """Read the address."""
    asked = request.query_params
    kind, _colon, name = asked.get("of", "").partition(":")
    if kind not in ("sitting", "bank", "trade") or not name or len(name) > 60:
        kind = name = ""
    first, last = (_day(asked.get(one, "")) if kind != "sitting" else None for one in ("from", "to"))
    number = asked.get("page", "")
    return Wish(
        of=f"{kind}:{name}" if kind else "",
        scope=Scope(**{kind: name}, first=first, last=last) if kind else Scope(),
        flag=asked.get("flag", "") if asked.get("flag", "") in FLAGS else "",
        page=int(number) if number.isdecimal() and 0 < len(number) < 6 else 1,
        whole=bool(asked.get("whole")),
    )


@get("/analysis", guards=READERS)
async def analysis_page(request: Asked, box: NamedDependency[Box]) -> Template:
    """What can be analysed; the figures of what was chosen, items a person should look at first."""
    wish = wish_of(request)
    offered = await box.db.read(choices)
    if not wish.of:
        return page(request, "analysis.html", w=wish, offered=offered, a=None, title="")
    title = await box.db.read(title_of, box, wish.scope)
    found = await _analyses(request).of(box, wish.scope)
    wanted = [one for one in found.items if not wish.flag or wish.flag in one.figures.flags]
    pages = max(1, -(-len(wanted) // PAGE))
    number = min(max(1, wish.page), pages)
    shown = wanted if wish.whole else wanted[(number - 1) * PAGE : number * PAGE]
    words = await box.db.read(words_of, box, shown, request.user.role == "author")
    for bank in {one.bank for one in words if one.bank}:
        await note_bank_look(request, box, bank)
    return page(
        request,
        "analysis.html",
        w=wish,
        offered=offered,
        a=found,
        title=title,
        lines=list(zip(shown, words, strict=True)),
        found=len(wanted),
        number=number,
        pages=1 if wish.whole else pages,
        per_flag={flag: sum(flag in one.figures.flags for one in found.items) for flag in FLAGS},
        kinds=KIND_WORDS,
        flag_words=FLAG_WORDS,
        band_words=BAND_WORDS,
        reliability_words=RELIABILITY_WORDS,
        reliability_text=reliability_text,
        meanings=MEANINGS,
        letters=letters,
        band=band,
        few=FEW,
        urgent=URGENT,
    )


@get("/analysis/items.xlsx", guards=READERS)
async def analysis_file(request: Asked, box: NamedDependency[Box]) -> Response[bytes]:
    """The figures as a workbook: names of items, never what they say."""
    wish = wish_of(request)
    if not wish.of:
        raise NotFound(
            "nothing_chosen", N_("Nothing is chosen."), N_("Choose a sitting or a bank on the page.")
        )
    title = await box.db.read(title_of, box, wish.scope)
    found = await _analyses(request).of(box, wish.scope)
    words = await box.db.read(words_of, box, found.items, False)
    # The room of reports loads the PDF library, which is slow: at the first file, not with the process.
    write = import_module("appliance.reports.item_analysis").write_analysis
    content: bytes = await asyncio.to_thread(write, title, found, [one.name for one in words])
    headers = {"content-disposition": 'attachment; filename="item-analysis.xlsx"'}
    return Response(content, media_type=EXCEL, headers=headers)


HANDLERS: list[ControllerRouterHandler] = [analysis_page, analysis_file]
