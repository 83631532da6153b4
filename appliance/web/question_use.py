"""The head of the site chooses an own bank for a sitting, by counts alone: no item is shown here."""

import asyncio
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template
from litestar.types import ControllerRouterHandler
from sqlmodel import Session

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_, _
from appliance.flow.accounts import Who
from appliance.flow.add_bank import bank_of
from appliance.flow.bank_items import BankLine, bank_line
from appliance.flow.box import Box
from appliance.flow.choose_bank import KIND_WORDS, choosable, choose_bank
from appliance.flow.freeze_bank import Drawable, approved, drawable, keep_frozen
from appliance.flow.start_sitting import sitting_of
from appliance.flow.today import line
from appliance.rules.paper import KINDS, Blueprint
from appliance.rules.theory import RULES
from appliance.web.pages import done, page
from appliance.web.sessions import needs
from appliance.wire.ops import SittingLine

Asked = Request[Who, Any, Any]
CHIEF = [needs("chief")]
RULE_WORDS = {
    "all_or_nothing": N_("Only exactly the right options score"),
    "mean_of_right": N_("Part of the right options scores in part, a wrong one nothing"),
    "mapped_sum": N_("Each right option adds, each wrong one takes away"),
}


class UseForm(msgspec.Struct, forbid_unknown_fields=True):
    """How the papers of a sitting are put together."""

    sitting: str
    pass_mark: str
    multiple: str = "all_or_nothing"
    count_true_false: str = "0"
    count_single_choice: str = "0"
    count_multiple_choice: str = "0"
    points_true_false: str = "1"
    points_single_choice: str = "1"
    points_multiple_choice: str = "1"


class Chosen(msgspec.Struct, kw_only=True):
    """What the page shows. `sittings`: which may take the bank, and whether they have chosen it already."""

    bank: BankLine
    there: Drawable
    sittings: list[tuple[SittingLine, bool]]


def _chosen(session: Session, box: Box, bank_id: str) -> Chosen:
    bank = bank_of(session, bank_id)
    sittings = choosable(session, box, bank)
    return Chosen(
        bank=bank_line(session, bank),
        there=drawable(session, box, bank.id),
        sittings=[(line(session, one), one.bank == bank.id) for one in sittings],
    )


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text.strip() or "0")
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or not 0 <= number <= 1000 or number != number.quantize(Decimal("0.01")):
        raise Corrupt("bad_number", N_("This is no usable number: {text}"), N_("Correct it."), text=text[:20])
    return number


def _blueprint(form: UseForm, minutes: int) -> Blueprint:
    if form.multiple not in RULES:
        raise Corrupt("bad_rule", N_("There is no such marking rule."), N_("Choose one of the list."))
    counts = {kind: int(_number(getattr(form, f"count_{kind}"))) for kind in KINDS}
    asked = {kind: count for kind, count in counts.items() if count}
    return Blueprint(
        counts=asked,
        points={kind: _number(getattr(form, f"points_{kind}")) for kind in asked},
        minutes=minutes,
        pass_mark=_number(form.pass_mark),
        multiple=next(rule for rule in RULES if rule == form.multiple),
    )


@get("/bank/{bank:str}/use", guards=CHIEF)
async def use_page(request: Asked, box: NamedDependency[Box], bank: FromPath[str]) -> Template:
    """Counts of the bank and the sittings that may take it."""
    found = await box.db.read(_chosen, box, bank)
    return page(request, "bank_use.html", u=found, kinds=KIND_WORDS, rules=RULE_WORDS)


@post("/bank/{bank:str}/use", status_code=200, guards=CHIEF)
async def use_bank(
    request: Asked, box: NamedDependency[Box], bank: FromPath[str], data: URLEncodedBody[UseForm]
) -> Template:
    """Freeze the bank and have the sitting's papers drawn from it."""
    sitting = await box.db.read(sitting_of, data.sitting)
    blueprint = _blueprint(data, sitting.duration_s // 60)
    frozen = await box.db.read(approved, box, bank)
    name = await asyncio.to_thread(keep_frozen, box, frozen)
    await box.db.write(choose_bank, box, sitting.id, frozen, name, blueprint, request.user)
    return done(request, _("The papers of this sitting are drawn from this bank."))


HANDLERS: list[ControllerRouterHandler] = [use_page, use_bank]
