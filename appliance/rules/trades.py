"""The trade catalogue (作业类别 / 操作项目): stable keys, names and other spellings; local codes apart."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_DROPPED = str.maketrans("", "", " \t\r\n\u3000\u00a0·、,，。.（）()[]【】-—_/\\")
_ENDINGS = ("作业", "操作", "工种")


@dataclass(frozen=True, kw_only=True)
class Trade:
    """A trade. `codes`: numbering scheme -> code; provinces number differently, the key never changes."""

    key: str
    category: str
    name: str
    name_en: str
    aliases: tuple[str, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)
    verified: bool = False


def plain(text: str) -> str:
    """A name without width, blanks, punctuation and the ending 作业: what spellings are compared by."""
    bare = unicodedata.normalize("NFKC", text).translate(_DROPPED).casefold()
    for ending in _ENDINGS:
        if bare.endswith(ending) and len(bare) > len(ending) + 1:
            bare = bare[: -len(ending)]
    return bare


def index(trades: Iterable[Trade]) -> dict[str, str]:
    """Plain spelling -> key. ValueError when two trades share a spelling."""
    found: dict[str, str] = {}
    for trade in trades:
        for name in (trade.name, *trade.aliases):
            bare = plain(name)
            if found.setdefault(bare, trade.key) != trade.key:
                raise ValueError(f"{name} names both {found[bare]} and {trade.key}")
    return found


def find(names: Mapping[str, str], text: str, category: str = "") -> str:
    """The key of what a roster calls a trade; '' when unknown.

    `names` comes from `index`. Rosters often put a code before the name (`1.2 低压电工`) or the category
    with it (`电工作业-低压电工作业`): both are tried.
    """
    for part in (text, _without_code(text), *_parts(text), category + text if category else ""):
        key = names.get(plain(part)) if part else None
        if key:
            return key
    return ""


def _without_code(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lstrip("0123456789. \t-—")


def _parts(text: str) -> list[str]:
    for mark in ("-", "—", "/", "\\", "|", ">", "：", ":"):
        if mark in text:
            return [part.strip() for part in reversed(text.split(mark)) if part.strip()]
    return []
