"""Marking a theory paper (评卷): the key and the answers in, points out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

Rule = Literal["all_or_nothing", "mean_of_right", "mapped_sum"]
"""How an item with several right options is marked; a setting of the blueprint, for the official rule differs by exam.

The three are those in use elsewhere (QTI match_correct and map_response, Moodle's weights).
"""
RULES: tuple[Rule, ...] = ("all_or_nothing", "mean_of_right", "mapped_sum")

VERSION = "theory-1"
"""Name of this marker: kept with every mark."""


@dataclass(frozen=True)
class KeyLine:
    """One position's right answer: option letters in order (`B`; `ACD`), what it is worth, how it is marked."""

    right: str
    points: Decimal = Decimal(1)
    rule: Rule = "all_or_nothing"


@dataclass(frozen=True)
class Marked:
    """A marked paper. `wrong_positions` from 1; an answer that is right in part counts as wrong."""

    points: Decimal
    total: Decimal
    right: int
    wrong: int
    open: int
    passed: bool
    wrong_positions: tuple[int, ...] = ()


def mark(key: Sequence[KeyLine], answers: Mapping[int, str], pass_mark: Decimal) -> Marked:
    """Mark answers (position from 1 -> option letters), each item by its rule. ValueError: bad position."""
    unknown = [position for position in answers if not 1 <= position <= len(key)]
    if unknown:
        raise ValueError(f"no such positions: {unknown}")
    points, total = Decimal(0), Decimal(0)
    right = left_open = 0
    wrong: list[int] = []
    for position, line in enumerate(key, start=1):
        total += line.points
        given = "".join(sorted(answers.get(position, "")))
        if not given:
            left_open += 1
        elif given == "".join(sorted(line.right)):
            right += 1
            points += line.points
        else:
            wrong.append(position)
            points += points_for(share_of(line.rule, line.right, given), line.points)
    return Marked(points, total, right, len(wrong), left_open, points >= pass_mark, tuple(wrong))


def all_or_nothing(right: str, given: str) -> Decimal:
    """1 when exactly the right letters were chosen, else 0."""
    return Decimal(1) if given and set(given) == set(right) else Decimal(0)


def mean_of_right(right: str, given: str) -> Decimal:
    """The share of the right letters that were chosen; 0 as soon as a wrong one is among them.

    In Chinese exams: 少选得部分分，错选不得分.
    """
    chosen = set(given)
    if not right or not chosen <= set(right):
        return Decimal(0)
    return Decimal(len(chosen)) / Decimal(len(set(right)))


def share_of(rule: Rule, right: str, given: str) -> Decimal:
    """What an answer is worth by a rule. Where no values are given, a right letter adds 1 and a wrong one takes 1."""
    if rule == "mean_of_right":
        return mean_of_right(right, given)
    if rule == "mapped_sum":
        return mapped_sum(dict.fromkeys(right, Decimal(1)), given, default=Decimal(-1))
    return all_or_nothing(right, given)


def mapped_sum(
    values: Mapping[str, Decimal],
    given: str,
    lower: Decimal | None = Decimal(0),
    upper: Decimal | None = None,
    default: Decimal = Decimal(0),
) -> Decimal:
    """What the chosen letters add up to, kept between the bounds, as a share of the most an answer can give.

    The most is `upper`, or the sum of the positive values where that is less or no bound is set. A letter counts
    once; `default` is for letters without a value. Below 0 only when `lower` is. 0 when nothing can be gained.
    """
    reachable = sum((value for value in values.values() if value > 0), Decimal(0))
    most = reachable if upper is None else min(upper, reachable)
    if most <= 0 or not given:
        return Decimal(0)
    total = sum((values.get(letter, default) for letter in set(given)), Decimal(0))
    if lower is not None:
        total = max(total, lower)
    return min(total, most) / most


def points_for(share: Decimal, points: Decimal) -> Decimal:
    """The points of an item for a share of it, to the hundredth, halves up."""
    return (share * points).quantize(Decimal("0.01"), ROUND_HALF_UP)
