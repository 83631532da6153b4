"""The data files that ship with the box: trades, question banks, practical tasks. Plain structs out."""

import hashlib
from functools import cache
from importlib.resources import files

import msgspec

from appliance.base.errors import NotFound
from appliance.base.i18n import N_, language
from appliance.rules.trades import Trade, find, index


class TradeFile(msgspec.Struct, kw_only=True, frozen=True):
    """`trades.json`."""

    name: str
    source: str
    note: str
    trades: tuple[Trade, ...]


def data(name: str) -> bytes:
    """The bytes of one shipped data file."""
    return (files("appliance.intake") / "data" / name).read_bytes()


def digest(name: str) -> str:
    """SHA-256 (hex) of a shipped data file: the version of what was drawn from it."""
    return hashlib.sha256(data(name)).hexdigest()


@cache
def trades() -> dict[str, Trade]:
    """The trade catalogue by key."""
    read = msgspec.json.decode(data("trades.json"), type=TradeFile)
    return {trade.key: trade for trade in read.trades}


@cache
def _names() -> dict[str, str]:
    return index(trades().values())


def trade(key: str) -> Trade:
    """One trade by its stable key; NotFound when it is not in the catalogue."""
    try:
        return trades()[key]
    except KeyError:
        raise NotFound(
            "no_trade",
            N_("There is no trade {key} in the catalogue."),
            N_("Choose a trade from the list."),
            key=key,
        ) from None


def trade_name(key: str) -> str:
    """A trade's name as people say it (低压电工), in the current language; the key itself when it is unknown."""
    known = trades().get(key)
    if known is None:
        return key
    return known.name_en if language() == "en" else known.name.removesuffix("作业")


def find_trade(text: str, category: str = "") -> str:
    """The key of what a roster calls a trade; empty when unknown."""
    return find(_names(), text, category)
