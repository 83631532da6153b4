"""Marking a theory paper (评卷): the key and the answers in, points out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

VERSION = "theory-1"
"""Name of this marker: kept with every mark."""


@dataclass(frozen=True)
class KeyLine:
    """One position's right answer: option letters in order (`B`; `ACD`) and what it is worth."""

    right: str
    points: Decimal = Decimal(1)


@dataclass(frozen=True)
class Marked:
    """A marked paper. `wrong_positions` from 1."""

    points: Decimal
    total: Decimal
    right: int
    wrong: int
    open: int
    passed: bool
    wrong_positions: tuple[int, ...] = ()


def mark(key: Sequence[KeyLine], answers: Mapping[int, str], pass_mark: Decimal) -> Marked:
    """Mark answers (position from 1 -> option letters), all or nothing per item. ValueError: bad position."""
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
    return Marked(points, total, right, len(wrong), left_open, points >= pass_mark, tuple(wrong))
