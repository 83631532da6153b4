"""The seals the box's journal knows, held against a chain: whoever cuts off the newest links together with their seals,
or puts another chain in their place, would have to change the journal too.
"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby

from appliance.wire.seals import SealedHead
from cameras.chain.files import ChainFiles, whole_lines
from cameras.chain.link import START, BadLine, chained, read_line


class Journaled:
    """Heads by camera and link, for a walk along the chain."""

    def __init__(self, heads: Iterable[SealedHead]) -> None:
        self._left: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for one in heads:
            self._left[one.camera][one.n].add(one.head)
        self.held = 0
        """Heads that the chains have."""

    @property
    def cameras(self) -> set[str]:
        """Those the journal knows."""
        return set(self._left)

    def fits(self, camera: str, n: int, head: bytes) -> bool:
        """Is this link as the journal has it? Yes, where it knows none."""
        known = self._left[camera].pop(n, set())
        self.held += head.hex() in known
        return known <= {head.hex()}

    def left(self, camera: str) -> list[int]:
        """Links the walk has not come to."""
        return sorted(self._left[camera])


def broken(files: ChainFiles, heads: list[SealedHead]) -> tuple[list[SealedHead], list[SealedHead]]:
    """Heads that the chain's files do not have, and those of which nobody knows: the disk does not give their file.
    Only the files in which their links lie are read and hashed.
    """

    def place(one: SealedHead) -> tuple[str, str]:
        return one.camera, files.holding(one.camera, one.n).name

    found: list[SealedHead] = []
    unread: list[SealedHead] = []
    for (camera, _), some in groupby(sorted(heads, key=place), place):
        wanted = list(some)
        try:
            there = _links(files, camera, wanted[0].n)
        except OSError:
            unread += wanted
            continue
        found += [one for one in wanted if there.get(one.n) != one.head]
    return found, unread


def _links(files: ChainFiles, camera: str, n: int) -> dict[int, str]:
    """Number and hash (hex) of the links that lie with link `n`, as far as each follows from the one before."""
    path = files.holding(camera, n)
    there: dict[int, str] = {}
    previous: bytes | None = None
    for line in whole_lines(path) if path.exists() else []:
        try:
            said, body, link = read_line(line)
        except BadLine:
            break
        if link.n == 1:
            previous = START
        if previous is not None and chained(previous, body) != said:
            break
        there[link.n], previous = said.hex(), said
    return there
