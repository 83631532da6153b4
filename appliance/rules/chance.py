"""Reproducible chance: the same seed and purpose give the same order, bit for bit, on every machine.

SHA-256 in counter mode; one stream per (seed, purpose), so that an added item or seat does not disturb the
others. Unbiased: values beyond the largest multiple of the bound are thrown away.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Stream:
    """An endless stream of numbers. Not thread-safe; make one where it is used."""

    def __init__(self, seed: bytes | str, *purpose: object) -> None:
        raw = seed.encode() if isinstance(seed, str) else bytes(seed)
        digest = hashlib.sha256(len(raw).to_bytes(8, "big") + raw)
        for part in purpose:
            text = str(part).encode()
            digest.update(len(text).to_bytes(8, "big") + text)
        self._key = digest.digest()
        self._counter = 0

    def _next(self) -> int:
        block = hashlib.sha256(self._key + self._counter.to_bytes(8, "big")).digest()
        self._counter += 1
        return int.from_bytes(block[:8], "big")

    def below(self, bound: int) -> int:
        """A number from 0 to `bound` - 1."""
        if not 1 <= bound <= 1 << 32:
            raise ValueError("bound out of range")
        limit = (1 << 64) - (1 << 64) % bound
        while True:
            value = self._next()
            if value < limit:
                return value % bound

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """A new list in random order (Fisher-Yates)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order

    def choose(self, items: Sequence[T]) -> T:
        """One of `items`; ValueError when there is none."""
        if not items:
            raise ValueError("nothing to choose from")
        return items[self.below(len(items))]

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """`count` different ones of `items` in random order; ValueError when there are too few."""
        if not 0 <= count <= len(items):
            raise ValueError("too few to choose from")
        return self.shuffled(items)[:count]
