"""No two papers of a sitting alike, as far as the bank allows: which draw of a candidate's seed is taken.

A seat is drawn only when its candidate is called, and may be changed later. So it is not neighbours whose papers are
kept apart but any two of the sitting: two papers show the same item at no more than a quarter of their places. Chance
alone gives one or two such places where everybody has the same items; the rule is for the unlucky pair, and for papers
so short that chance would repeat one.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable

from appliance.rules.paper import Paper, candidate_seed

PART = 4
TRIES = 8
"""Draws looked at when none is unlike enough; the least alike is taken."""
MORE = 64
"""As many when every one of them is a paper that exists already."""


class Others:
    """The papers of a sitting so far."""

    def __init__(self, papers: Iterable[Paper] = ()) -> None:
        self._digests: set[str] = set()
        self._at: dict[tuple[int, str], list[int]] = {}
        self._count = 0
        for paper in papers:
            self.add(paper)

    def add(self, paper: Paper) -> None:
        """One more."""
        self._digests.add(paper.digest())
        for one in paper.questions:
            self._at.setdefault((one.position, one.item), []).append(self._count)
        self._count += 1

    def same(self, paper: Paper) -> bool:
        """Somebody has this very paper, the options' order included."""
        return paper.digest() in self._digests

    def alike(self, paper: Paper) -> int:
        """At how many places the most similar of the others shows the same item."""
        places: Counter[int] = Counter()
        for one in paper.questions:
            places.update(self._at.get((one.position, one.item), ()))
        return max(places.values(), default=0)


def draw_seed(seed: bytes | str, candidate: str, number: int) -> bytes:
    """The seed of a candidate's draw; the first is the candidate's own."""
    own = candidate_seed(seed, candidate)
    return hashlib.sha256(b"draw" + own + number.to_bytes(4, "big")).digest() if number else own


def draw_unlike(draw: Callable[[int], Paper], others: Others) -> tuple[int, Paper]:
    """The first draw that is unlike all others, else the least alike that nobody has; (its number, the paper)."""
    found: list[tuple[bool, int, int, Paper]] = []
    for number in range(MORE):
        paper = draw(number)
        same, places = others.same(paper), others.alike(paper)
        if not same and places <= len(paper.questions) // PART:
            return number, paper
        found.append((same, places, number, paper))
        if number + 1 >= TRIES and not all(one[0] for one in found):
            break
    _same, _places, number, paper = min(found, key=lambda one: one[:3])
    return number, paper
