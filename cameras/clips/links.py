"""Is a recording's row in the index what its link in the chain says, and does a signed seal stand over that link?

A file is held against its row, and both lie on one disk: who alters both at once is found out here.
"""

import contextlib
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.wire.recorder import Check
from appliance.wire.seals import SealedHead
from cameras.chain import START, BadLine, ChainFiles, Link, SegmentLink, chained, read_line, read_seal
from cameras.chain.check import COLUMNS, HOURLY
from cameras.chain.files import PER_FILE
from cameras.chain.order import Order
from cameras.chain.signed import by_recorder
from cameras.index import Reader, Segment, micros

log = logging.getLogger("examsite.clips")

FILES_KEPT = 64
"""Files of links kept in memory, about a day of a camera and 0.5 MB each."""
PATIENCE, JUST_NOW = 5, 3
BESIDE = 10
"""Links before and after those two seals' that are looked at: what was filled in or found again says nothing."""
SEALED = HOURLY // timedelta(microseconds=1)
DAY = 86_400_000_000
"""Microseconds: among the recordings of so long before the newest are some that have their seal."""
Lines = list[tuple[bytes, bytes]]
"""`chained` and JSON of links in a row."""


class Links:
    """Asked by exam-clips for every recording it reads again. `authority`: PEM of the site's authority; None: who
    signed the seals is not asked.
    """

    def __init__(self, media: Path, index: Reader, authority: bytes | None) -> None:
        self._files = ChainFiles(media)
        self._index = index
        self._authority = authority
        self._kept: dict[Path, tuple[tuple[int, int], Lines]] = {}
        self._seals: dict[str, tuple[int, int, bytes, datetime | None]] = {}
        """By camera: after the seal at which link, up to which link, and the `chained` signed there and when."""

    def judged(self, segment: Segment, found: Check, heads: Sequence[SealedHead] = ()) -> Check:
        """`row_altered` for a file that fits its row, and the row not the chain. `heads`: seals the journal knows, of
        any camera. `unreadable` where the disk does not give the chain: nobody altered anything. Raises Unavailable.
        """
        if found not in ("whole", "elsewhere"):
            return found
        try:
            return found if self._holds(segment, heads) else "row_altered"
        except OSError as error:
            log.error("%s: its chain cannot be read: %s", segment.path, error)
        return "unreadable"

    def sealed(self, segment: Segment) -> datetime | None:
        """When exam-recorder signed the link of a recording, or one after it; None: not yet. Does that hold? Whoever
        asks for `judged` afterwards knows. Raises Unavailable.
        """
        rows = self._index.rows("SELECT n FROM segment WHERE id = ?", segment.id)
        n = rows[0][0] if rows else None
        return self._seals[segment.camera][3] if n and self._seal_over(segment.camera, n)[0] else None

    def _holds(self, segment: Segment, heads: Sequence[SealedHead]) -> bool:
        columns = COLUMNS["segment"]
        rows = self._index.rows(f"SELECT {', '.join(columns)}, chained FROM segment WHERE id = ?", segment.id)
        if not rows:
            return False
        row = dict(zip(columns, rows[0], strict=False))
        n, camera = row["n"], segment.camera
        if n is None or row["path"] != segment.path:
            return False
        self._wait(camera, n)
        until, signed = self._seal_over(camera, n)
        if not until and self._unsealed(segment, n):
            return False
        newest = self._index.chain_head(camera) or (0, b"")
        # What was cut off later is told of itself, and says nothing of a file under a seal that fits.
        last = newest[0] if until else max((one.n for one in heads), default=0)
        after = [one for one in heads if one.camera == camera and n <= one.n <= last]
        told = min(after, key=lambda one: one.n, default=None)
        lines = self._from(camera, n, max(until, told.n if told else 0))
        link = self._link(camera, n) if lines else None
        for path in self._files.files(camera)[-1:] if not lines else ():
            self._lines(path)  # behind a file that cannot be read none is written: nobody took the line away
        if not isinstance(link, SegmentLink) or lines[0][0] != rows[0][-1]:
            return False
        if any(getattr(link, column) != row[column] for column in columns):
            return False
        if self._backdated(camera, n, until):
            return False
        if told and (len(lines) <= told.n - n or lines[told.n - n][0].hex() != told.head):
            return False
        return not until or (len(lines) > until - n and lines[until - n][0] == signed)

    def _backdated(self, camera: str, n: int, until: int) -> bool:
        """Was it put into the past? The links between the seals before and over it say so, and those beside them."""
        after = self._seals[camera][0] if until else n
        asked = range(max(1, after - BESIDE, n - PER_FILE), min((until or n) + BESIDE, n + PER_FILE) + 1)
        links = {number: link for number in (1, *asked) if (link := self._link(camera, number))}
        order = Order(links[1].start if 1 in links else 0)
        return any(late.n == n for number in asked if number in links for late in order.see(links[number]))

    def _link(self, camera: str, n: int) -> Link | None:
        line = self._line(camera, n)
        try:
            return read_line(line[0].hex().encode() + b" " + line[1])[2] if line else None
        except BadLine:
            return None

    def _unsealed(self, segment: Segment, n: int) -> bool:
        """Was a seal taken away that stood over link `n`? The index knows none: the seals' file may, and what follows
        upon a link that old has long been sealed. Time is what the newest recording says: nobody seals while nothing
        is recorded. What was filled in or found again is as old as what was recorded after it.
        """
        camera = segment.camera
        with contextlib.suppress(BadLine):
            newest = self._files.newest_seal(camera)
            if newest and read_seal(newest)[1].n >= n:
                return True
        if self._authority is None:  # perhaps this store was never to be sealed
            return False
        newest_of = {one: self._newest(one) for one in self._index.cameras()}
        sealed = min(max(newest_of.values()), micros(datetime.now(UTC))) - SEALED
        if segment.state == "closed" and segment.end and micros(segment.end) < sealed:
            return True
        later = self._index.rows(
            "SELECT 1 FROM segment WHERE camera = ? AND start > ? AND end < ? AND n >= ? AND state = 'closed' LIMIT 1",
            *(camera, min(newest_of[camera], sealed) - DAY, sealed, n),
        )
        return bool(later)

    def _newest(self, camera: str) -> int:
        rows = self._index.rows("SELECT coalesce(max(start), 0) FROM segment WHERE camera = ?", camera)
        return int(rows[0][0])

    def _wait(self, camera: str, n: int) -> None:
        """A line of the chain follows its row into the file at once: the newest is given a moment."""
        newest = self._index.chain_head(camera)
        for _again in range(PATIENCE if newest and newest[0] - n < JUST_NOW else 0):
            if self._line(camera, n):
                return
            time.sleep(0.1)

    def _from(self, camera: str, n: int, until: int) -> Lines:
        """The links from `n` to `until`, or as far as they are chained; none when `n` itself is not."""
        found: Lines = []
        head = self._said(camera, n - 1) if n > 1 else START
        for number in range(n, max(until, n) + 1):
            line = self._line(camera, number)
            if line is None or head is None or chained(head, line[1]) != line[0]:
                break
            found.append(line)
            head = line[0]
        return found

    def _said(self, camera: str, n: int) -> bytes | None:
        line = self._line(camera, n)
        return line[0] if line else None

    def _line(self, camera: str, n: int) -> tuple[bytes, bytes] | None:
        path = self._files.holding(camera, n)
        lines, at = self._lines(path), n - int(path.stem)
        return lines[at] if at < len(lines) else None

    def _lines(self, path: Path) -> Lines:
        try:
            state = path.stat()
        except FileNotFoundError:
            return []
        stamp = state.st_size, state.st_mtime_ns
        kept = self._kept.pop(path, None)
        if kept is None or kept[0] != stamp:
            with open(path, "rb") as source:
                kept = stamp, [_parted(line) for line in source if line.endswith(b"\n")]
        self._kept[path] = kept
        while len(self._kept) > FILES_KEPT:
            del self._kept[next(iter(self._kept))]
        return kept[1]

    def _seal_over(self, camera: str, n: int) -> tuple[int, bytes]:
        """The link of the first seal at or after link `n` and what it signs; (0, b""): none stands over it yet.

        A seal that is not in order signs nothing that could fit.
        """
        after, until, signed, _at = self._seals.get(camera, (0, 0, b"", None))
        if after < n <= until:
            return until, signed
        low, high = (
            1,
            int(self._index.rows("SELECT coalesce(max(number), 0) FROM seal WHERE camera = ?", camera)[0][0]),
        )
        if not high or self._sealed(camera, high) < n:
            return 0, b""
        while low < high:
            middle = (low + high) // 2
            if self._sealed(camera, middle) >= n:
                high = middle
            else:
                low = middle + 1
        before = self._sealed(camera, low - 1) if low > 1 else 0
        until, (signed, at) = self._sealed(camera, low), self._signed(camera, low)
        self._seals[camera] = before, until, signed, at
        return until, signed

    def _sealed(self, camera: str, number: int) -> int:
        rows = self._index.rows("SELECT n FROM seal WHERE camera = ? AND number = ?", camera, number)
        return int(rows[0][0]) if rows else 0

    def _signed(self, camera: str, number: int) -> tuple[bytes, datetime | None]:
        rows = self._index.rows("SELECT line FROM seal WHERE camera = ? AND number = ?", camera, number)
        try:
            signed, seal = read_seal(rows[0][0].encode())
            if not by_recorder(signed, seal, self._authority):
                return b"", None
            return (
                (bytes.fromhex(seal.head), seal.at.astimezone(UTC)) if seal.camera == camera else (b"", None)
            )
        except (IndexError, BadLine, ValueError):
            return b"", None


def _parted(line: bytes) -> tuple[bytes, bytes]:
    """A line of a chain's file; one that is none fits nothing."""
    head, _blank, body = line.rstrip(b"\n").partition(b" ")
    try:
        return bytes.fromhex(head.decode()), body
    except ValueError:
        return b"", body
