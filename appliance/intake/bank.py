"""Question banks that ship with the box: one data file per trade, its SHA-256 is its version."""

from functools import cache

import msgspec

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.intake.catalogue import data, digest
from appliance.rules.paper import TRUE_FALSE, Item, Kind


class Listed(msgspec.Struct, kw_only=True, frozen=True):
    """An item as it stands in the file; true/false items have no options of their own."""

    id: str
    kind: Kind
    topic: str
    difficulty: int
    source: str
    stem: str
    options: tuple[str, ...] = TRUE_FALSE
    right: tuple[int, ...]


class BankFile(msgspec.Struct, kw_only=True, frozen=True):
    """`bank_<trade>.json`. `topics`: key -> Chinese name."""

    trade: str
    name: str
    version: int
    owner: str
    note: str
    topics: dict[str, str]
    items: tuple[Listed, ...]


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
    items = tuple(Item(**msgspec.structs.asdict(one)) for one in read.items)
    return Bank(trade=trade, sha256=digest(name), items=items)
