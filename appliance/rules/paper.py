"""Papers (试卷) drawn by a blueprint (组卷规则): reproducible bit for bit from seed, bank and blueprint."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from appliance.rules.chance import Stream
from appliance.rules.rows import fill
from appliance.rules.theory import KeyLine, Rule

Kind = Literal["true_false", "single_choice", "multiple_choice"]
KINDS: tuple[Kind, ...] = ("true_false", "single_choice", "multiple_choice")
"""The order in which kinds stand on a paper."""

TRUE_FALSE = ("正确", "错误")
"""Options of every true/false item, always in this order; keys A and B."""

STAYS_LAST = ("以上", "上述", "都对", "都是", "都不", "均对", "均是", "均正确", "均不")
"""An option that begins so, or with 以上 inside, speaks about the others and stays where it is."""


@dataclass(frozen=True)
class Picture:
    """A place in a text where a picture stands. `sha256` (hex) names its bytes; `alt` says what it shows."""

    sha256: str
    media_type: str
    alt: str = ""


Words = str | tuple[str | Picture, ...]
"""A text, or a text with pictures in it."""


@dataclass(frozen=True, kw_only=True)
class Wording:
    """An item as it is read in one language. `options` in the order of `Item.options`."""

    stem: Words
    options: tuple[Words, ...]


@dataclass(frozen=True, kw_only=True)
class Item:
    """A question of a bank. `right` = indexes into `options`; true_false: 0 = 正确, 1 = 错误.

    `fixed`: options that keep their place while the others are mixed. `wordings`: how it is shown, by language, its
    own first; empty = in Chinese, with `stem` and `options` as they are. The draw goes by `stem` and `options` alone.
    """

    id: str
    kind: Kind
    stem: str
    options: tuple[str, ...]
    right: tuple[int, ...]
    topic: str
    difficulty: int
    source: str = ""
    fixed: tuple[int, ...] = ()
    wordings: Mapping[str, Wording] = field(default_factory=dict)


Exam = Literal["initial", "review", "resit"]
EXAMS: tuple[Exam, ...] = ("initial", "review", "resit")
"""Kinds of exam (考核类型): 初训, 复审, 补考."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """`count` items of a kind; of one topic when it is named, of one difficulty (1 to 3) when it is not 0."""

    kind: Kind
    count: int
    topic: str = ""
    difficulty: int = 0

    @property
    def narrow(self) -> bool:
        """It asks for more than the kind."""
        return bool(self.topic or self.difficulty)

    def takes(self, kind: str, topic: str, difficulty: int) -> bool:
        """Whether an item may stand in this row."""
        return (
            kind == self.kind
            and self.topic in ("", topic)
            and (self.difficulty == 0 or self.difficulty == difficulty)
        )


@dataclass(frozen=True, kw_only=True)
class Blueprint:
    """How a paper is put together. `points` per item of each kind; `topics`: share of each topic, any unit.

    `rows`: how the items of a kind are shared out among topics and difficulties; they add up to `counts`. A kind
    without narrow rows follows `topics`, and without those the bank's own proportions. `minutes` = working time;
    `multiple`: how multiple choice is marked; `open_book`: the candidate may look things up.
    """

    counts: Mapping[Kind, int]
    points: Mapping[Kind, Decimal]
    minutes: int
    pass_mark: Decimal
    topics: Mapping[str, int] = field(default_factory=dict)
    multiple: Rule = "all_or_nothing"
    rows: tuple[Row, ...] = ()
    open_book: bool = False

    @property
    def total(self) -> Decimal:
        """The most points a paper can give."""
        return sum((self.points[kind] * count for kind, count in self.counts.items()), Decimal(0))


THEORY = Blueprint(
    counts={"true_false": 70, "single_choice": 30},
    points={"true_false": Decimal(1), "single_choice": Decimal(1)},
    minutes=120,
    pass_mark=Decimal(80),
)
"""Usual composition for special operations; 120 min, 100 points, pass at 80: 104号 art. 9."""


@dataclass(frozen=True)
class Question:
    """An item's place on a paper. `order[i]` = index in the item's options of what is shown as option i."""

    position: int
    item: str
    order: tuple[int, ...]


@dataclass(frozen=True)
class Paper:
    """A drawn paper, positions from 1."""

    questions: tuple[Question, ...]

    def digest(self) -> str:
        """SHA-256 (hex) of items and option orders: equal papers have equal digests."""
        text = ";".join(f"{q.position}:{q.item}:{','.join(map(str, q.order))}" for q in self.questions)
        return hashlib.sha256(text.encode()).hexdigest()


class BankTooSmall(ValueError):
    """The bank has fewer items of `kind` than the blueprint asks for."""

    def __init__(self, kind: str, wanted: int, there: int) -> None:
        super().__init__(f"{wanted} items of {kind} wanted, {there} in the bank")
        self.kind, self.wanted, self.there = kind, wanted, there


def candidate_seed(seed: bytes | str, candidate: str) -> bytes:
    """The seed of one candidate's paper, derived from the sitting's."""
    raw = seed.encode() if isinstance(seed, str) else seed
    return hashlib.sha256(b"paper" + len(raw).to_bytes(8, "big") + raw + candidate.encode()).digest()


def draw(
    items: Iterable[Item], blueprint: Blueprint, seed: bytes | str, leave_out: Iterable[str] = ()
) -> Paper:
    """Draw one paper. `leave_out`: ids a resit shall not see again; as few of them as the bank allows stand on it.

    The order of the bank does not matter. Raises BankTooSmall.
    """
    seen = set(leave_out)
    bank = sorted({item.id: item for item in items}.values(), key=lambda item: item.id)
    questions: list[Question] = []
    for kind in KINDS:
        wanted = blueprint.counts.get(kind, 0)
        here = [item for item in bank if item.kind == kind]
        if wanted > len(here):
            raise BankTooSmall(kind, wanted, len(here))
        rows = [row for row in blueprint.rows if row.kind == kind]
        if any(row.narrow for row in rows):
            chosen = _by_rows(here, rows, seed, kind, seen)
        else:
            fresh = [item for item in here if item.id not in seen]
            more = max(0, wanted - len(fresh))
            chosen = _by_topic(fresh, wanted - more, blueprint.topics, seed, kind)
            chosen += _by_topic([item for item in here if item.id in seen], more, {}, seed, kind)
        for item in Stream(seed, "order", kind).shuffled(chosen):
            questions.append(Question(len(questions) + 1, item.id, option_order(item, seed)))
    return Paper(tuple(questions))


def option_order(item: Item, seed: bytes | str) -> tuple[int, ...]:
    """How an item's options stand on a paper: an own stream per item; true/false fixed; 以上都对 last."""
    places = list(range(len(item.options)))
    if item.kind == "true_false":
        return tuple(places)
    free = [i for i in places if i not in item.fixed]
    moving = [i for i in free if not speaks_of_others(item.options[i])]
    order = Stream(seed, "options", item.id).shuffled(moving) + [i for i in free if i not in moving]
    for place in sorted(item.fixed):
        order.insert(place, place)
    return tuple(order)


def speaks_of_others(option: str) -> bool:
    """True for options like 以上都对, which mean the other options."""
    text = option.strip()
    return text.startswith(STAYS_LAST) or (len(text) <= 10 and "以上都" in text)


def keys(count: int) -> str:
    """The letters of `count` options: A, B, C ..."""
    return "ABCDEFGH"[:count]


def right_key(item: Item, order: Sequence[int]) -> str:
    """The letters of the right options as shown, in order: `B`, or `ACD` for several."""
    return "".join(keys(len(order))[place] for place, index in enumerate(order) if index in item.right)


def key_lines(blueprint: Blueprint, right: Sequence[str]) -> list[KeyLine]:
    """The key of a drawn paper by position: what each right answer is worth. Kinds stand in the order of KINDS.

    ValueError when the paper has not as many items as the blueprint.
    """
    kinds = [kind for kind in KINDS for _ in range(blueprint.counts.get(kind, 0))]
    lines = zip(kinds, right, strict=True)
    return [
        KeyLine(
            letters,
            blueprint.points[kind],
            blueprint.multiple if kind == "multiple_choice" else "all_or_nothing",
        )
        for kind, letters in lines
    ]


def _by_rows(
    items: Sequence[Item], rows: Sequence[Row], seed: bytes | str, kind: str, seen: set[str]
) -> list[Item]:
    """Items for every row, those nobody has seen first."""
    mixed = Stream(seed, "draw", kind).shuffled(items)
    mixed.sort(key=lambda item: item.id in seen)
    narrow_first = sorted(rows, key=lambda row: -bool(row.topic) - bool(row.difficulty))
    fits = [
        [place for place, row in enumerate(narrow_first) if row.takes(kind, item.topic, item.difficulty)]
        for item in mixed
    ]
    taken = fill([row.count for row in narrow_first], fits)
    chosen = [item for item, row in zip(mixed, taken, strict=True) if row >= 0]
    wanted = sum(row.count for row in rows)
    if len(chosen) < wanted:
        raise BankTooSmall(kind, wanted, len(chosen))
    return chosen


def _by_topic(
    items: Sequence[Item], wanted: int, topics: Mapping[str, int], seed: bytes | str, kind: str
) -> list[Item]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.topic, []).append(item)
    shares = {topic: topics.get(topic, 0) if topics else len(group) for topic, group in groups.items()}
    limits = {topic: len(group) for topic, group in groups.items()}
    counts = proportional(wanted, shares, limits)
    chosen: list[Item] = []
    for topic in sorted(groups):
        chosen += Stream(seed, "draw", kind, topic).sample(groups[topic], counts[topic])
    return chosen


def proportional(wanted: int, shares: Mapping[str, int], limits: Mapping[str, int]) -> dict[str, int]:
    """Split `wanted` by `shares` (largest remainder), never above `limits`; the rest goes on in turn.

    Needs sum(limits) >= wanted. Ties go by name, so the split is always the same.
    """
    total = sum(shares.values()) or 1
    counts = {name: min(limits[name], wanted * shares[name] // total) for name in shares}
    order = sorted(shares, key=lambda name: (-(wanted * shares[name] % total), name))
    left = wanted - sum(counts.values())
    while left > 0:
        open_names = [name for name in order if counts[name] < limits[name] and shares[name]]
        open_names = open_names or [name for name in order if counts[name] < limits[name]]
        if not open_names:
            raise ValueError("the limits do not reach")
        for name in open_names[:left]:
            counts[name] += 1
        left = wanted - sum(counts.values())
    return counts
