"""The head of the site says how papers are put together from an own bank, and puts it to use for a sitting.

By counts and topics alone: no item is shown here. A second person confirms that a bank is put to use.
"""

import asyncio
from collections import Counter
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template
from litestar.types import ControllerRouterHandler
from sqlmodel import Session, select

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_, _
from appliance.flow.accounts import Who
from appliance.flow.add_bank import bank_of
from appliance.flow.bank_items import BankLine, bank_line
from appliance.flow.blueprints import (
    EXAM_WORDS,
    KIND_WORDS,
    Plans,
    bank_plans,
    exam_of,
    plan_for,
    set_blueprint,
)
from appliance.flow.box import Box
from appliance.flow.choose_bank import choosable, choose_bank
from appliance.flow.confirm_second import confirm_second
from appliance.flow.freeze_bank import Drawable, approved, drawable, keep_frozen
from appliance.flow.today import line
from appliance.records.roster import RosterRow
from appliance.rules.paper import KINDS, THEORY, Blueprint, Exam, Kind, Row
from appliance.rules.questions import held, shortages
from appliance.rules.theory import RULES
from appliance.web.pages import done, page
from appliance.web.sessions import needs
from appliance.wire.ops import SittingLine

Asked = Request[Who, Any, Any]
CHIEF = [needs("chief")]
ROWS = 30
"""Rows of a blueprint at most."""
RULE_WORDS = {
    "all_or_nothing": N_("Only exactly the right options score"),
    "mean_of_right": N_("Part of the right options scores in part, a wrong one nothing"),
    "mapped_sum": N_("Each right option adds, each wrong one takes away"),
}


class UseForm(msgspec.Struct, forbid_unknown_fields=True):
    """Which sitting takes the bank, and who confirms it."""

    sitting: str
    second_login: str
    second_password: str


class Place(msgspec.Struct, kw_only=True):
    """A sitting that may take the bank. `people`: expected candidates by kind of exam."""

    sitting: SittingLine
    chosen: bool
    people: dict[Exam, int]


class Chosen(msgspec.Struct, kw_only=True):
    """What the page shows. `plans`: the blueprints kept with the bank."""

    bank: BankLine
    there: Drawable
    places: list[Place]
    plans: Plans
    usual: bool
    """The bank holds items enough for the usual paper."""


class RowLine(msgspec.Struct, kw_only=True):
    """A row of the form. `there`: how many approved items fit it."""

    row: Row
    there: int


def _chosen(session: Session, box: Box, bank_id: str) -> Chosen:
    bank = bank_of(session, bank_id)
    places = [
        Place(sitting=line(session, box, one), chosen=one.bank == bank.id, people=_people(session, one.id))
        for one in choosable(session, box, bank)
    ]
    there = drawable(session, box, bank.id)
    return Chosen(
        bank=bank_line(session, bank),
        there=there,
        usual=not shortages(THEORY, there.there),
        places=places,
        plans=bank_plans(session, bank.id),
    )


def _people(session: Session, sitting: str) -> dict[Exam, int]:
    return Counter(
        map(exam_of, session.exec(select(RosterRow.kind).where(RosterRow.sitting == sitting)).all())
    )


def number_of(text: str) -> Decimal:
    """A number of the form: 0 to 1000, at most two places."""
    try:
        number = Decimal(text.strip() or "0")
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or not 0 <= number <= 1000 or number != number.quantize(Decimal("0.01")):
        raise Corrupt("bad_number", N_("This is no usable number: {text}"), N_("Correct it."), text=text[:20])
    return number


def _whole(text: str) -> int:
    number = number_of(text)
    if number != int(number):
        raise Corrupt("bad_number", N_("This is no usable number: {text}"), N_("Correct it."), text=text[:20])
    return int(number)


def typed_blueprint(form: dict[str, list[str]]) -> Blueprint:
    """The form as a blueprint. Raises Corrupt for what is no number and no choice of a list."""
    rows = _rows(form)
    counts: dict[Kind, int] = {}
    for row in rows:
        counts[row.kind] = counts.get(row.kind, 0) + row.count
    terms = typed_terms(form)
    return replace(
        terms,
        counts={kind: counts[kind] for kind in KINDS if kind in counts},
        points={kind: terms.points[kind] for kind in KINDS if kind in counts},
        rows=tuple(rows),
    )


def typed_terms(form: dict[str, list[str]]) -> Blueprint:
    """What items are worth, how long, and when it is passed: a blueprint that asks for nothing yet."""

    def one(name: str) -> str:
        return (form.get(name) or [""])[0]

    multiple = next((rule for rule in RULES if rule == one("multiple")), None)
    if multiple is None:
        raise Corrupt("bad_rule", N_("There is no such marking rule."), N_("Choose one of the list."))
    return Blueprint(
        counts={},
        points={kind: number_of(one(f"points_{kind}")) for kind in KINDS},
        minutes=_whole(one("minutes")),
        pass_mark=number_of(one("pass_mark")),
        multiple=multiple,
        open_book=one("book") == "open",
    )


async def form_of(request: Asked) -> dict[str, list[str]]:
    """What was sent, every value of every field."""
    sent = await request.form()
    return {name: [str(value) for value in sent.getall(name)] for name in sent}


def _rows(form: dict[str, list[str]]) -> list[Row]:
    """The rows of the form that ask for anything, kinds in their order."""
    columns = [form.get(f"row_{name}", []) for name in ("kind", "topic", "difficulty", "count")]
    if len({len(column) for column in columns}) != 1 or len(columns[0]) > ROWS:
        raise Corrupt("bad_rows", N_("The rows of the blueprint are not complete."), N_("Reload the page."))
    rows = [
        Row(
            kind=kind,
            topic=topic[:100],
            difficulty=int(level) if level in ("1", "2", "3") else 0,
            count=_whole(count),
        )
        for named, topic, level, count in zip(*columns, strict=True)
        for kind in KINDS
        if kind == named
    ]
    return sorted((row for row in rows if row.count), key=lambda row: KINDS.index(row.kind))


def _lines(blueprint: Blueprint | None, there: Drawable) -> list[RowLine]:
    """The rows to begin with: those kept, one for each kind otherwise."""
    counts = blueprint.counts if blueprint else {}
    rows = list(blueprint.rows) if blueprint else []
    rows += [
        Row(kind=kind, count=counts.get(kind, 0)) for kind in KINDS if kind not in {row.kind for row in rows}
    ]
    rows.sort(key=lambda row: KINDS.index(row.kind))
    return [RowLine(row=row, there=held(there.there, row)) for row in rows]


@get("/bank/{bank:str}/use", guards=CHIEF)
async def use_page(request: Asked, box: NamedDependency[Box], bank: FromPath[str]) -> Template:
    """Counts of the bank, its blueprints and the sittings that may take it."""
    found = await box.db.read(_chosen, box, bank)
    words = {"kinds": KIND_WORDS, "rules": RULE_WORDS, "exams": EXAM_WORDS}
    return page(request, "bank_use.html", u=found, b=THEORY, **words)


@post("/bank/{bank:str}/use", status_code=200, guards=CHIEF)
async def use_bank(
    request: Asked, box: NamedDependency[Box], bank: FromPath[str], data: URLEncodedBody[UseForm]
) -> Template:
    """Freeze the bank and have the sitting's papers drawn from it by its blueprints."""
    second = data.second_login.strip()
    await confirm_second(box, second, data.second_password)
    plans = await box.db.read(bank_plans, bank)
    if "initial" not in plans:
        raise Corrupt(
            "no_blueprint",
            N_("This bank has no blueprint yet."),
            N_("Set the one of the initial exam first."),
        )
    frozen = await box.db.read(approved, box, bank)
    name = await asyncio.to_thread(keep_frozen, box, frozen)
    await box.db.write(choose_bank, box, data.sitting, frozen, name, plans, request.user, second)
    return done(request, _("The papers of this sitting are drawn from this bank."))


@get("/bank/{bank:str}/blueprint", guards=CHIEF)
async def blueprint_page(
    request: Asked, box: NamedDependency[Box], bank: FromPath[str], exam: FromQuery[str] = "initial"
) -> Template:
    """The blueprint of one kind of exam; one that is not set begins as the initial exam's, that as the usual one."""
    found, wanted = await box.db.read(_chosen, box, bank), exam_of(exam)
    blueprint = plan_for(found.plans, wanted) if found.plans or found.usual else None
    return page(
        request,
        "blueprint.html",
        u=found,
        exam=wanted,
        own=wanted in found.plans,
        b=blueprint,
        lines=_lines(blueprint, found.there),
        topics=sorted({topic for _kind, topic, _level in found.there.there if topic}),
        cells=msgspec.json.encode([[*cell, count] for cell, count in found.there.there.items()]).decode(),
        kinds=KIND_WORDS,
        rules=RULE_WORDS,
        exams=EXAM_WORDS,
    )


@post("/bank/{bank:str}/usual", status_code=200, guards=CHIEF)
async def usual_set(request: Asked, box: NamedDependency[Box], bank: FromPath[str]) -> Response[None]:
    """Take the usual blueprint for the initial exam, and with it for the others."""
    await box.db.write(set_blueprint, box, bank, "initial", THEORY, request.user)
    return Response(None, status_code=204, headers={"hx-redirect": f"/questions/bank/{bank}/use"})


@post("/bank/{bank:str}/blueprint/{exam:str}", status_code=200, guards=CHIEF)
async def blueprint_set(
    request: Asked, box: NamedDependency[Box], bank: FromPath[str], exam: FromPath[str]
) -> Template:
    """Keep a blueprint, or with `drop` have this kind of exam follow the initial one's again."""
    form = await form_of(request)
    wanted = exam_of(exam)
    blueprint = None if form.get("drop") and wanted != "initial" else typed_blueprint(form)
    await box.db.write(set_blueprint, box, bank, wanted, blueprint, request.user)
    return done(request, _("The blueprint is kept. It applies to sittings that take this bank from now on."))


HANDLERS: list[ControllerRouterHandler] = [use_page, use_bank, usual_set, blueprint_page, blueprint_set]
