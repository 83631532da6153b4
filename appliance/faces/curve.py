"""The curve of a face engine on a site's own pairs: how often it errs at which threshold, and which bands follow.

Pure arithmetic on distances. A pair is accepted when its distance lies *below* the threshold, as in
`rules.facecheck.band`. FRR (拒识率): share of pairs of the same person that are not accepted. FAR (误识率):
share of pairs of different people that are. GB/T 38671-2020 asks FRR <= 5 % at FAR 0.1 %.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence

import msgspec

STEP = 0.01
"""Distance between two thresholds of the table."""
FAR_TARGET = 0.001
FRR_TARGET = 0.05
ENOUGH_DIFFERENT = math.ceil(3 / FAR_TARGET)
"""Pairs of different people needed before "none was accepted" says FAR <= 0.1 % with 95 % confidence: 3/n."""
ENOUGH_SAME = math.ceil(3 / FRR_TARGET)
"""Pairs of the same person needed for the like statement about FRR <= 5 %."""
LOST = 0.005
"""Share of pairs of the same person that may lie in the band `mismatch`."""


class Point(msgspec.Struct, frozen=True):
    """Both rates (0..1) at one threshold."""

    threshold: float
    frr: float
    far: float


class Bands(msgspec.Struct, frozen=True):
    """Bounds of the three bands: admit below the first, a person looks below the second, mismatch from it on."""

    admit_below: float
    review_below: float


class Pairs:
    """Distances of pairs of the same person and of pairs of different people. Raises ValueError if one is empty."""

    def __init__(self, same: Sequence[float], different: Sequence[float]) -> None:
        if not same or not different:
            raise ValueError("a curve needs pairs of both kinds")
        self.same, self.different = sorted(same), sorted(different)

    def at(self, threshold: float) -> Point:
        """The rates at one threshold."""
        accepted_same = bisect_left(self.same, threshold)
        accepted_different = bisect_left(self.different, threshold)
        return Point(
            threshold,
            1 - accepted_same / len(self.same),
            accepted_different / len(self.different),
        )

    def table(self) -> list[Point]:
        """The rates at thresholds STEP apart, from 0 to the first at which every pair is accepted."""
        top = max(self.same[-1], self.different[-1])
        return [self.at(round(number * STEP, 2)) for number in range(math.floor(top / STEP) + 2)]

    def steps(self) -> list[float]:
        """Every threshold at which a rate changes: between two distances nothing happens."""
        distances = sorted({*self.same, *self.different})
        return [*distances, math.nextafter(distances[-1], math.inf)]

    def equal_error(self) -> Point:
        """Where FRR and FAR are nearest to each other; the equal error rate (EER) is their mean there."""
        points = map(self.at, self.steps())
        return min(points, key=lambda point: (abs(point.frr - point.far), point.frr + point.far))

    def at_far(self, most: float = FAR_TARGET) -> Point:
        """The widest threshold at which at most `most` of the different people are accepted."""
        return self.at(max(step for step in self.steps() if self.at(step).far <= most))

    def suggest(self) -> Bands:
        """Bands from the curve, to three places, never wider than the figures allow.

        Where the two kinds overlap, `admit` ends where FAR passes 0.1 % and `mismatch` begins where 99.5 % of
        the right people have been seen: in between a person looks. Where they lie apart, `admit` ends half-way.
        """
        strict = self.at_far().threshold
        last = self.same[-1 - math.floor(LOST * len(self.same))]
        lenient = math.nextafter(last, math.inf)
        if lenient < strict:
            return Bands(_down((lenient + strict) / 2), _down(strict))
        return Bands(_down(strict), _up(lenient))

    @property
    def enough_same(self) -> bool:
        """Are there pairs enough to speak of FRR 5 %?"""
        return len(self.same) >= ENOUGH_SAME

    @property
    def enough_different(self) -> bool:
        """Are there pairs enough to speak of FAR 0.1 %?"""
        return len(self.different) >= ENOUGH_DIFFERENT


def careful(suggested: Bands, present: Bands, enough_same: bool, enough_different: bool) -> Bands:
    """The suggestion where pairs are few: they may make the bands more careful, never less.

    Few different people: `admit` does not grow. Few pairs of the same person: `mismatch` does not grow.
    """
    admit = suggested.admit_below if enough_different else min(suggested.admit_below, present.admit_below)
    review = suggested.review_below if enough_same else max(suggested.review_below, present.review_below)
    return Bands(admit, max(admit, review))


def _down(value: float) -> float:
    return math.floor(value * 1000) / 1000


def _up(value: float) -> float:
    return math.ceil(value * 1000) / 1000
