"""Were a camera's recordings chained in the order of their times? What was put into the past afterwards was not."""

from datetime import timedelta

from cameras.chain.link import GapLink, Link, SegmentLink

BEHIND = timedelta(minutes=70) // timedelta(microseconds=1)
"""A file that could not be closed gets its link so much later at most: it lasts an hour, and is looked at after ten
minutes.
"""
MOST = 20_000
"""Links in a row that are behind: a clock that had been ahead by weeks."""


def live(link: Link) -> bool:
    """Is it of its time? What was filled in, or found again, is of the past and says so."""
    return isinstance(link, GapLink) or link.state in ("closed", "recovered")


class Order:
    """A walk along the links of one camera. `first`: start of its first one.

    A clock that is set back makes links behind the others as well: they go on without a break until the others are
    caught up with, or the clock is set ahead, which is a link. Before `first` nothing is judged: a box without a
    battery for its clock records in the year 2000 until it is told the time.
    """

    def __init__(self, first: int) -> None:
        self._first = first
        self._front = 0
        """End of the newest link that is not behind the others."""
        self._behind: list[Link] = []
        self._set = False
        """The last link ended because the clock was set."""

    def see(self, link: Link) -> list[SegmentLink]:
        """The next link. Gives the recordings of which it shows that they were put into the past: after them the chain
        goes on where it had been.
        """
        if not live(link):
            return []
        found: list[SegmentLink] = []
        behind = self._first <= link.start and link.end < self._front - BEHIND
        if behind and not self._set and len(self._behind) < MOST:
            self._behind.append(link)
        else:
            if self._behind and link.start > self._behind[-1].end + BEHIND:
                found = [one for one in self._behind if isinstance(one, SegmentLink)]
            self._behind, self._front = [], link.end
        self._set = isinstance(link, SegmentLink) and link.cause == "clock"
        return found
