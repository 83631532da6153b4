"""The verdict (考试结论): theory and practical combined. Both need 80; theory comes first (104号 art. 9)."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Result:
    """What counts of one subject: the newest mark, and whether it passed."""

    points: Decimal
    passed: bool


@dataclass(frozen=True)
class Verdict:
    """`code`: passed, theory_failed, practical_failed, practical_missing or theory_missing."""

    passed: bool
    code: str


SENTENCES: dict[str, str] = {
    "passed": "Theory and practical passed.",
    "theory_failed": "Theory not passed; one resit is allowed.",
    "practical_failed": "Practical not passed; one resit is allowed, theory counts for twelve months.",
    "practical_missing": "Theory passed; practical still to come, theory counts for twelve months.",
    "theory_missing": "No theory result.",
}
"""Resits and twelve months: 104号 art. 10."""


def combine(theory: Result | None, practical: Result | None) -> Verdict:
    """The verdict of one candidate in one trade."""
    if theory is None:
        return Verdict(False, "theory_missing")
    if not theory.passed:
        return Verdict(False, "theory_failed")
    if practical is None:
        return Verdict(False, "practical_missing")
    return Verdict(practical.passed, "passed" if practical.passed else "practical_failed")
