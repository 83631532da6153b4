"""The question banks that ship with the box: one data file per trade, read and checked."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

import msgspec

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_
from appliance.intake.catalogue import data
from appliance.rules.paper import TRUE_FALSE, Item, Kind


class BankItem(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """An item as it stands in the file. `right`: indexes into the options; true_false: 0 = 正确, 1 = 错误."""

    id: str
    kind: Kind
    topic: str
    difficulty: int
    source: str
    stem: str
    right: tuple[int, ...]
    options: tuple[str, ...] = ()


class BankFile(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`bank_<trade>.json`. `owner`: who may see and edit it; `topics`: key -> name as shown."""

    trade: str
    name: str
    version: int
    owner: str
    note: str
    topics: dict[str, str]
    items: tuple[BankItem, ...]


class Bank(msgspec.Struct, kw_only=True, frozen=True):
    """A bank ready to draw from. `sha256` (hex) of the file names its version."""

    trade: str
    name: str
    owner: str
    sha256: str
    topics: dict[str, str]
    items: tuple[Item, ...]


@cache
def question_bank(trade: str) -> Bank:
    """The bank of a trade. Raises NotFound for trades without one."""
    try:
        content = data(f"bank_{trade}.json")
    except FileNotFoundError:
        raise NotFound(
            "no_bank",
            N_("There is no question bank for {trade}."),
            N_("The office adds the trade's bank first."),
            trade=trade,
        ) from None
    return read_bank(content)


def read_bank(content: bytes) -> Bank:
    """Read and check a bank file. Raises Corrupt with the first item that cannot be used."""
    try:
        file = msgspec.json.decode(content, type=BankFile)
    except msgspec.DecodeError as error:
        raise _bad(str(error)) from error
    if found := faults(file.items, file.topics):
        raise _bad(f"{found[0][0]}: {found[0][1]}")
    items = tuple(
        Item(
            id=one.id,
            kind=one.kind,
            stem=one.stem,
            options=one.options or TRUE_FALSE,
            right=one.right,
            topic=one.topic,
            difficulty=one.difficulty,
            source=one.source,
        )
        for one in file.items
    )
    return Bank(
        trade=file.trade,
        name=file.name,
        owner=file.owner,
        sha256=hashlib.sha256(content).hexdigest(),
        topics=file.topics,
        items=items,
    )


def _bad(detail: str) -> Corrupt:
    return Corrupt(
        "bad_bank",
        N_("The question bank cannot be used: {detail}"),
        N_("Correct the named item and load the bank again."),
        detail=detail,
    )


_SIGNS = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """A text without width, blanks and punctuation: what duplicates are found by."""
    return _SIGNS.sub("", unicodedata.normalize("NFKC", text)).casefold()


def faults(items: Iterable[BankItem], topics: Iterable[str]) -> list[tuple[str, str]]:
    """(id, code) of every item that cannot be used, in order."""
    known = set(topics)
    ids: set[str] = set()
    stems: set[str] = set()
    found: list[tuple[str, str]] = []
    for item in items:
        code = _fault(item, known)
        # Questions that differ only by a sign (Ω, ℃) or in their options are no duplicates.
        stem = plain(item.stem) + "|" + "|".join(sorted(plain(o) or o for o in item.options))
        if item.id in ids:
            code = code or "id_twice"
        if stem in stems:
            code = code or "duplicate"
        ids.add(item.id)
        stems.add(stem)
        if code:
            found.append((item.id, code))
    return found


def _fault(item: BankItem, topics: set[str]) -> str:
    count = len(item.options) if item.kind == "single_choice" else 2
    if item.kind == "multiple_choice":
        return "kind_not_taken"
    if item.kind == "true_false" and item.options:
        return "options_not_wanted"
    if item.kind == "single_choice" and not 3 <= count <= 6:
        return "bad_option_count"
    if len(set(item.options)) != len(item.options) or not all(o.strip() for o in item.options):
        return "bad_options"
    if len(item.right) != 1 or not 0 <= item.right[0] < count:
        return "not_one_right"
    if not 4 <= len(item.stem) <= 500:
        return "bad_stem"
    if item.topic not in topics:
        return "unknown_topic"
    return "" if 1 <= item.difficulty <= 3 else "bad_difficulty"
