"""The card of a simulated camera: its last minutes of coded pictures, kept whether or not anybody looks at it live."""

import threading
from collections import deque
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from cameras.card.ranges import Span
from cameras.simulator.kinds import CardMode
from cameras.simulator.picture import Coded, PictureSource

LEFT_OUT = timedelta(seconds=2)
"""Pictures further apart lie in two parts of a recording."""


class Card:
    """Fills itself from `source`, oldest pictures overwritten. `minutes`: how much it holds; `mode`: how it behaves."""

    token, source_token, track = "Recording_1", "source", "VIDEO001"

    def __init__(self, source: PictureSource, minutes: float) -> None:
        self.source = source
        self.minutes = minutes
        self.mode: CardMode = "normal"
        self._kept: deque[Coded] = deque()
        self._lock = threading.Lock()
        if minutes:
            source.add(self._take)

    def stop(self) -> None:
        """Record no more."""
        self.source.remove(self._take)

    @property
    def there(self) -> bool:
        """Has the camera Profile G now?"""
        return bool(self.minutes) and self.mode != "none"

    def _take(self, coded: Coded) -> None:
        """Called in the picture's thread."""
        with self._lock:
            self._kept.append(coded)
            least = coded.at - timedelta(minutes=self.minutes)
            while self._kept[0].at < least:
                self._kept.popleft()

    def span(self) -> Span | None:
        """From when to when it holds pictures, in the camera's time."""
        with self._lock:
            if not self._kept or self.mode == "empty":
                return None
            return self._kept[0].at, self._kept[-1].at

    def pictures(self, start: datetime, end: datetime | None) -> list[tuple[Coded, bool]]:
        """Those to be sent, from the last key frame at or before `start`, and whether the recording ends at each."""
        with self._lock:
            kept = list(self._kept) if self.mode != "empty" else []
        keys = [place for place, one in enumerate(kept) if one.key]
        begin = max(
            (place for place in keys if kept[place].at <= start), default=min(keys, default=len(kept))
        )
        wanted = [one for one in kept[begin:] if end is None or one.at <= end]
        if self.mode == "stops":
            wanted = wanted[: (len(wanted) + 1) // 2]
        ends = [after.at - one.at > LEFT_OUT for one, after in pairwise(wanted)]
        last = bool(wanted) and wanted[-1] is kept[-1]
        return list(zip(wanted, [*ends, last], strict=bool(wanted)))


def shown(mode: CardMode, at: datetime) -> datetime:
    """The time it says of a picture."""
    return at.astimezone(UTC) + (timedelta(hours=1) if mode == "times" else timedelta())
