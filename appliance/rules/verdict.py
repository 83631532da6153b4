"""The verdict (考试结论): theory and practical combined. Both need 80; theory comes first (104号 art. 9).

A subject that was voided for a violation counts 0 and is not passed (rules.violations). While a violation that could
still void one is not decided there is no conclusion: neither passed nor not passed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Result:
    """What counts of one subject: the newest mark, and whether it passed."""

    points: Decimal
    passed: bool


@dataclass(frozen=True)
class Verdict:
    """`code`: passed, theory_failed, practical_failed, practical_missing, theory_missing, or what a violation took
    away: theory_voided, practical_voided, all_voided. violation_open: not decided, `passed` is None.
    """

    passed: bool | None
    code: str


SENTENCES: dict[str, str] = {
    "passed": "Theory and practical passed.",
    "theory_failed": "Theory not passed; one resit is allowed.",
    "practical_failed": "Practical not passed; one resit is allowed, theory counts for twelve months.",
    "practical_missing": "Theory passed; practical still to come, theory counts for twelve months.",
    "theory_missing": "No theory result.",
    "theory_voided": "Theory does not count, because of a violation.",
    "practical_voided": "Practical does not count, because of a violation.",
    "all_voided": "No subject of this exam counts, because of a violation.",
    "violation_open": "A violation has not been decided: there is no verdict yet.",
}
"""Resits and twelve months: 104号 art. 10."""


def combine(
    theory: Result | None, practical: Result | None, voided: Collection[str] = (), undecided: bool = False
) -> Verdict:
    """The verdict of one candidate in one trade. `voided`: subjects (theory, practical) that count no more.

    `undecided`: a violation that may take one of them away waits for its decision.
    """
    if undecided:
        return Verdict(None, "violation_open")
    if "theory" in voided and "practical" in voided:
        return Verdict(False, "all_voided")
    for subject in voided:
        return Verdict(False, f"{subject}_voided")
    if theory is None:
        return Verdict(False, "theory_missing")
    if not theory.passed:
        return Verdict(False, "theory_failed")
    if practical is None:
        return Verdict(False, "practical_missing")
    return Verdict(practical.passed, "passed" if practical.passed else "practical_failed")
