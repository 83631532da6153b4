"""Question banks that ship with the box: one data file per trade, its SHA-256 is its version."""

from functools import cache

import msgspec

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.intake.catalogue import data, digest
from appliance.rules.paper import Item


class BankFile(msgspec.Struct, kw_only=True, frozen=True):
    """`bank_<trade>.json`."""

    trade: str
    name: str
    note: str = ""
    items: tuple[Item, ...]


class Bank(msgspec.Struct, kw_only=True, frozen=True):
    """A bank as papers are drawn from it."""

    trade: str
    sha256: str
    items: tuple[Item, ...]


@cache
def question_bank(trade: str) -> Bank:
    """The bank of a trade. Raises NotFound where there is none."""
    name = f"bank_{trade}.json"
    try:
        read = msgspec.json.decode(data(name), type=BankFile)
    except FileNotFoundError:
        raise NotFound(
            "no_bank",
            N_("There is no question bank for {trade}."),
            N_("The office adds the trade's bank first."),
            trade=trade,
        ) from None
    return Bank(trade=trade, sha256=digest(name), items=read.items)
