"""Item analysis (试题分析): what the answers of many candidates say about an item and about a paper.

Classical test theory. One pass: of every item only what was chosen is counted, together with the totals of those who
chose it; every figure follows from these sums, so memory does not grow with the number of attempts.

Crocker & Algina, Introduction to Classical and Modern Test Theory (1986), chapters 7 and 14; Kelley (1939) for the
27 % groups; Ebel & Frisbie, Essentials of Educational Measurement (1991), for the bands of discrimination; Brennan,
Generalizability Theory (2001), for papers that do not share their items.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import ceil, sqrt

from appliance.rules.paper import Kind
from appliance.rules.theory import Rule, points_for, share_of

FEW = 30
"""With fewer answers than this an item is not judged: its figures are mostly chance."""
GROUP = Fraction(27, 100)
"""Share of candidates in the upper and in the lower group: Kelley (1939)."""


@dataclass(frozen=True)
class Bounds:
    """Totals that make the groups: at most `lower`, at least `upper` (hundredths of a point)."""

    lower: int
    upper: int


def bounds(totals: Iterable[int]) -> Bounds | None:
    """Where the lower and the upper 27 % end; who has the same total as the last one belongs to the group too.

    None when the groups would overlap: nearly everybody has the same total.
    """
    ordered = sorted(totals)
    size = ceil(len(ordered) * GROUP)
    if not size or ordered[size - 1] >= ordered[-size]:
        return None
    return Bounds(ordered[size - 1], ordered[-size])


@dataclass
class Chosen:
    """Those who chose the same options of an item: how many, what it gave them, their totals (hundredths)."""

    gained: int
    count: int = 0
    totals: int = 0
    squares: int = 0
    lower: int = 0
    upper: int = 0


@dataclass(eq=False)
class ItemTally:
    """The counts of one item on papers where it is worth the same. `right` = option numbers of the bank: `0`, `02`."""

    kind: Kind
    options: int
    right: str
    worth: int
    """Hundredths of a point."""
    rule: Rule = "all_or_nothing"
    chosen: dict[str, Chosen] = field(default_factory=dict)

    def of(self, options: str) -> Chosen:
        """The line of those who chose `options` (ascending numbers of the bank's options; empty = omitted)."""
        line = self.chosen.get(options)
        if line is None:
            share = share_of(self.rule, self.right, options)
            line = Chosen(int(points_for(share, Decimal(self.worth) / 100) * 100))
            self.chosen[options] = line
        return line


@dataclass
class SetTally:
    """Sums over papers with the same items: for alpha."""

    count: int = 0
    total: int = 0
    squares: int = 0
    items: dict[ItemTally, list[int]] = field(default_factory=dict)
    """Item -> sum of points, sum of their squares."""


@dataclass
class Tally:
    """Everything counted of the papers of one analysis. `sets`: names of the item sets that alpha is wanted of."""

    bounds: Bounds | None
    sets: Collection[str] = ()
    of_set: dict[str, SetTally] = field(default_factory=dict)
    count: int = 0
    total: int = 0
    squares: int = 0
    within: Fraction = Fraction(0)
    lengths: set[int] = field(default_factory=set)
    upper: int = 0
    lower: int = 0

    def add(self, answers: Sequence[tuple[ItemTally, str]], name: str = "") -> int:
        """Count one paper: each item with the options chosen; `name` of its item set. Returns its hundredths."""
        lines = [item.of(options) for item, options in answers]
        total = square_sum = 0
        for line in lines:
            total += line.gained
            square_sum += line.gained * line.gained
        square = total * total
        low = self.bounds is not None and total <= self.bounds.lower
        high = self.bounds is not None and total >= self.bounds.upper
        for line in lines:
            line.count += 1
            line.totals += total
            line.squares += square
            line.lower += low
            line.upper += high
        self.count += 1
        self.total += total
        self.squares += square
        self.lower += low
        self.upper += high
        if lines:
            self.within += square_sum - Fraction(square, len(lines))
        self.lengths.add(len(lines))
        if name in self.sets:
            self._add_set(name, [item for item, _options in answers], lines, total)
        return total

    def _add_set(self, name: str, items: Sequence[ItemTally], lines: Sequence[Chosen], total: int) -> None:
        there = self.of_set.setdefault(name, SetTally())
        there.count += 1
        there.total += total
        there.squares += total * total
        for item, line in zip(items, lines, strict=True):
            sums = there.items.setdefault(item, [0, 0])
            sums[0] += line.gained
            sums[1] += line.gained * line.gained


@dataclass(frozen=True)
class OptionFigures:
    """One option of the bank: who chose it. `mean_total`: their mean points of the paper."""

    number: int
    right: bool
    count: int
    share: float
    mean_total: float | None


@dataclass(frozen=True)
class ItemFigures:
    """What is known of an item. Figures that are not defined are None; `flags`: what a person should look at."""

    kind: Kind
    right: str
    count: int
    omitted: int
    facility: float
    """Share of those who had it on their paper and answered it fully right, 0..1: the item's p."""
    mean_share: float
    """Mean share of its points, 0..1; differs from facility where part of the right options gives points."""
    discrimination: float | None
    """Correlation of the item with the rest of the paper, -1..1."""
    index: float | None
    """Share of the upper group that is right less that of the lower, -1..1."""
    options: tuple[OptionFigures, ...]
    flags: tuple[str, ...] = ()


def figures(tallies: Sequence[ItemTally]) -> ItemFigures:
    """The figures of one item from its tallies: one, or several where it was worth different points.

    Facility p = right / n. The corrected item-total correlation takes the item out of the total before it is
    correlated (Crocker & Algina, 14.3; Henrysson 1963): r = cov(s, T - x) / sqrt(var(s) var(T - x)), with x the points,
    s = x / worth. For items that are right or wrong it is the point-biserial correlation. The index is Kelley's
    D = p(upper 27 %) - p(lower 27 %).
    """
    first = tallies[0]
    n = right = omitted = 0
    s = ss = r = rr = sr = Fraction(0)
    high = low = high_right = low_right = 0
    for tally in tallies:
        for options, line in tally.chosen.items():
            share = Fraction(line.gained, tally.worth) if tally.worth else Fraction(0)
            rest = line.totals - line.count * line.gained
            n += line.count
            s += share * line.count
            ss += share * share * line.count
            r += rest
            rr += line.squares - 2 * line.gained * line.totals + line.count * line.gained**2
            sr += share * rest
            high += line.upper
            low += line.lower
            if not options:
                omitted += line.count
            if options == tally.right:
                right += line.count
                high_right += line.upper
                low_right += line.lower
    found = ItemFigures(
        kind=first.kind,
        right=first.right,
        count=n,
        omitted=omitted,
        facility=right / n if n else 0.0,
        mean_share=float(s / n) if n else 0.0,
        discrimination=correlation(n, s, ss, r, rr, sr),
        index=high_right / high - low_right / low if high and low else None,
        options=_options(tallies, n),
    )
    return ItemFigures(**{**found.__dict__, "flags": flags(found)})


def correlation(n: int, s: Fraction, ss: Fraction, r: Fraction, rr: Fraction, sr: Fraction) -> float | None:
    """Pearson's r from sums; None when one of the two never varies."""
    spread = (n * ss - s * s) * (n * rr - r * r)
    return float(n * sr - s * r) / sqrt(spread) if spread > 0 else None


def _options(tallies: Sequence[ItemTally], n: int) -> tuple[OptionFigures, ...]:
    found = []
    for number in range(max(tally.options for tally in tallies)):
        lines = [line for tally in tallies for chosen, line in tally.chosen.items() if str(number) in chosen]
        count, totals = sum(line.count for line in lines), sum(line.totals for line in lines)
        found.append(
            OptionFigures(
                number=number,
                right=str(number) in tallies[0].right,
                count=count,
                share=count / n if n else 0.0,
                mean_total=totals / count / 100 if count else None,
            )
        )
    return tuple(found)


FLAGS = (
    "negative",
    "wrong_beats_right",
    "too_hard",
    "weak",
    "omitted",
    "unused_option",
    "too_easy",
)
"""What a person should look at, the most urgent first."""
URGENT = FLAGS[:3]
"""The key may be wrong or the wording misleading; the others are hints."""
TOO_HARD, TOO_EASY, OMITTED = 0.3, 0.95, 0.1
BLIND = 0.5
"""Facility of a true/false item that everybody guesses."""
CHANCE = 2.326
"""Of the normal distribution: one in a hundred lies further out on one side, so a paper gives one false alarm."""
WEAK = 0.2
"""Ebel's last band: below it an item is poor, to be rejected or rewritten."""


def flags(item: ItemFigures) -> tuple[str, ...]:
    """Which of FLAGS an item deserves. Facility's bounds are this house's choice, that of discrimination is Ebel's.

    Nothing below FEW answers. `negative` is more than chance would give an item that has nothing to do with the paper
    (its correlation then varies by 1 / sqrt(n - 1), and one in a hundred falls below -2.326 of that). `weak` needs both
    figures of discrimination to be weak. An item nearly everybody gets right cannot part anybody: only `too_easy`.
    """
    if item.count < FEW:
        return ()
    right = [one.count for one in item.options if one.right]
    wrong = [one.count for one in item.options if not one.right]
    hardest = BLIND if item.kind == "true_false" else TOO_HARD
    easy = item.facility > TOO_EASY
    known = [one for one in (item.discrimination, item.index) if one is not None]
    found = {
        "negative": item.discrimination is not None and item.discrimination < -CHANCE / sqrt(item.count - 1),
        "wrong_beats_right": bool(right and wrong) and max(wrong) > min(right),
        "too_hard": item.facility < hardest,
        "weak": bool(known) and max(known) < WEAK and not easy,
        "omitted": item.omitted > OMITTED * item.count,
        "unused_option": 0 in wrong and item.kind != "true_false" and not easy,
        "too_easy": easy,
    }
    if found["negative"]:
        found["weak"] = False
    return tuple(one for one in FLAGS if found[one])


def band(discrimination: float | None) -> str:
    """Ebel's bands (Ebel & Frisbie 1991): very_good from 0.40, good from 0.30, marginal from 0.20, poor, negative."""
    if discrimination is None:
        return "undefined"
    limits = ((0.4, "very_good"), (0.3, "good"), (0.2, "marginal"), (0.0, "poor"))
    return next((name for limit, name in limits if discrimination >= limit), "negative")


def urgency(item: ItemFigures) -> tuple[int, float]:
    """Sorts items by what a person should look at: the most urgent flag, then the lowest discrimination."""
    worst = FLAGS.index(item.flags[0]) if item.flags else len(FLAGS)
    return worst, item.discrimination if item.discrimination is not None else 1.0


@dataclass(frozen=True)
class Reliability:
    """How exact the totals are. `kind`: kr20, alpha, nested, or none with `reason`.

    `standard_error`: of one candidate's total, in points of the paper.
    """

    kind: str
    value: float | None
    standard_error: float | None
    count: int
    items: int
    reason: str = ""


def alpha(one: SetTally) -> Reliability:
    """Cronbach's alpha of papers with the same items; KR-20 where every item is right or wrong.

    alpha = k / (k - 1) * (1 - sum of item variances / variance of totals) (Crocker & Algina, 7.3);
    standard error = sd * sqrt(1 - alpha). Variances with the same divisor above and below, so it cancels.
    """
    n, k = one.count, len(one.items)
    if n < FEW or k < 2:
        return Reliability("none", None, None, n, k, "few" if n < FEW else "one_item")
    whole = n * one.squares - one.total**2
    if not whole:
        return Reliability("none", None, None, n, k, "all_alike")
    parts = sum(n * squares - total**2 for total, squares in one.items.values())
    value = k / (k - 1) * (1 - parts / whole)
    in_part = any(
        line.gained not in (0, item.worth)
        for item in one.items
        for line in item.chosen.values()
        if line.count
    )
    return Reliability("alpha" if in_part else "kr20", value, _error(n, whole, value), n, k)


def nested(tally: Tally) -> Reliability:
    """Where papers do not share their items alpha is not defined; this is what is: items nested in candidates.

    Each candidate answers an own random choice of k items: 1 - MS(items within candidates) / MS(candidates) (Brennan,
    design i:p). Papers are drawn by kind and topic, not blindly, so the true value is rather higher.
    """
    n, k = tally.count, max(tally.lengths, default=0)
    if n < FEW:
        return Reliability("none", None, None, n, k, "few")
    if len(tally.lengths) != 1 or k < 2:
        return Reliability("none", None, None, n, k, "lengths_differ")
    whole = n * tally.squares - tally.total**2
    if not whole:
        return Reliability("none", None, None, n, k, "all_alike")
    between = Fraction(whole, n * k * (n - 1))
    inside = tally.within / (n * (k - 1))
    value = float(1 - inside / between)
    return Reliability("nested", value, _error(n, whole, value), n, k)


def _error(n: int, whole: int, value: float) -> float | None:
    """sd * sqrt(1 - reliability), in points; sd with divisor n - 1."""
    spread = sqrt(whole / n / (n - 1)) / 100
    return spread * sqrt(1 - value) if value <= 1 else None


def reliability(tally: Tally, sets: int) -> tuple[Reliability, ...]:
    """What can be said: alpha of every item set that enough candidates share, largest first; else `nested`.

    `sets`: how many different sets of items there are in all.
    """
    shared = sorted(tally.of_set.values(), key=lambda one: -one.count)
    if sets == 1 and shared:
        return (alpha(shared[0]),)
    return (nested(tally), *(alpha(one) for one in shared))
