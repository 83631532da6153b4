"""Does a camera's chain hold, do its seals, and is the index what the chain says? Nothing is read but chain and index.

What is altered or taken out is named as closely as it can be: the link where the chain breaks, the row that is not as
its link, the seal that does not fit.
"""

import contextlib
import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from appliance.wire.seals import SealedHead
from cameras.chain.files import FOLDER, SEALS, ChainFiles, whole_lines
from cameras.chain.journaled import Journaled
from cameras.chain.link import START, BadLine, Link, Seal, SegmentLink, chained, read_line, read_seal
from cameras.chain.order import Order
from cameras.chain.signed import by_recorder

ChainCode = Literal[
    "chain_altered",
    "link_missing",
    "row_altered",
    "row_missing",
    "row_added",
    "backdated",
    "seal_altered",
    "seal_missing",
    "unsealed",
    "cut_off",
    "not_as_journaled",
    "unreadable",
]
HOURLY = timedelta(hours=2)
"""What ended longer ago than this is under a seal, or seals were taken out."""


class ChainFinding(msgspec.Struct, kw_only=True):
    """What does not hold. `path`: the recording it is about, or the chain's file and link."""

    code: ChainCode
    camera: str
    path: str


class Rows(Protocol):
    """The index."""

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one SELECT."""


COLUMNS = {
    "segment": ("camera", "n", "id", "run", "path", "start", "end", "bytes", "sha256", "state", "cause"),
    "gap": ("camera", "n", "id", "start", "end", "cause", "detail"),
}
CAMERAS = """
WITH RECURSIVE
  s(camera) AS (SELECT min(camera) FROM segment UNION ALL
    SELECT (SELECT min(camera) FROM segment WHERE camera > s.camera) FROM s WHERE s.camera IS NOT NULL),
  g(camera) AS (SELECT min(camera) FROM gap UNION ALL
    SELECT (SELECT min(camera) FROM gap WHERE camera > g.camera) FROM g WHERE g.camera IS NOT NULL)
SELECT camera FROM s WHERE camera IS NOT NULL UNION SELECT camera FROM g WHERE camera IS NOT NULL
UNION SELECT camera FROM chain UNION SELECT camera FROM seal
"""
"""Every camera of the index, whether it has a chain or not; by the indexes of both tables, row by row of none."""
LATE = ("filled", "recovered", "adopted")
"""States of recordings that get their link long after their time."""
SOME = 100
"""Rows without a link that are named when a camera has no chain at all and only a sample is looked at."""


class ChainCheck:
    """Checks the chains of a store. `authority`: PEM certificate of the site's authority; None: seals are held against
    the chain, and not who signed them. `now`: when it is checked. `heads`: seals the journal knows. `only`: of each
    camera, recordings (number of their link -> id) whose files of the chain are followed, with the newest ones; None:
    all are. The signature of every seal is checked in any case.
    """

    def __init__(
        self,
        media: Path,
        index: Rows,
        authority: bytes | None,
        now: datetime,
        heads: Iterable[SealedHead] = (),
        only: Mapping[str, Mapping[int, str]] | None = None,
    ) -> None:
        self._files = ChainFiles(media)
        self._index = index
        self._authority = authority
        self._now = now
        self.links = 0
        """Links checked so far."""
        self.journaled = Journaled(heads)
        self._only = only

    def findings(self) -> Iterator[ChainFinding]:
        """Everything that does not hold, camera by camera."""
        known = {row[0] for row in self._index.rows(CAMERAS)}
        for camera in sorted(known | set(self._files.cameras()) | self.journaled.cameras):
            try:
                yield from self._camera(camera)
            except OSError as error:  # a bad sector holds up no other camera's chain
                name = Path(os.fsdecode(error.filename)).name if error.filename else ""
                yield ChainFinding(code="unreadable", camera=camera, path=str(Path(FOLDER, camera, name)))

    def _camera(self, camera: str) -> Iterator[ChainFinding]:
        # The recorder may be adding meanwhile: what is in the index now is what has to be in the files.
        rows = self._index.rows("SELECT n, head FROM chain WHERE camera = ?", camera)
        until, newest_head = rows[0] if rows else (0, START)
        known_seals = self._index.rows("SELECT coalesce(max(number), 0) FROM seal WHERE camera = ?", camera)[
            0
        ][0]
        self._wait(camera, until)
        seals: dict[int, list[Seal]] = {}
        newest: Seal | None = None
        for found in self._seals(camera, known_seals):
            if isinstance(found, ChainFinding):
                yield found
                continue
            seals.setdefault(found.n, []).append(found)
            newest = found
        head, n, counts, last_end, heads_until = START, 0, {"segment": 0, "gap": 0}, 0, START
        differs, first = 0, self._first(camera)
        order = Order(first)
        wanted = dict(self._only.get(camera, {})) if self._only is not None else {}
        followed = self._followed(
            camera, [until, newest.n if newest else 0, *self.journaled.left(camera)[-1:]]
        )
        yield from self._files_missing(camera, until)
        for path, line in self._lines(camera, followed):
            if line is None:
                order = Order(first)
                head, n = self._before(path, order)
                continue
            self.links += 1
            where = f"{FOLDER}/{camera}/{path.name}#{n + 1}"
            try:
                said, body, link = read_line(line)
            except BadLine:
                yield ChainFinding(code="chain_altered", camera=camera, path=where)
                n += 1
                continue
            if link.n != n + 1:
                yield ChainFinding(code="link_missing", camera=camera, path=where)
            elif chained(head, body) != said or link.camera != camera:
                yield ChainFinding(code="chain_altered", camera=camera, path=_name(link, where))
            head, n = said, link.n
            if not self.journaled.fits(camera, n, head):
                differs = differs or n
            heads_until = head if n == until else heads_until
            for seal in seals.pop(n, []):
                if seal.head != head.hex():
                    yield _seal_finding("seal_altered", camera, seal.number)
            counts["segment" if isinstance(link, SegmentLink) else "gap"] += 1
            if n > (newest.n if newest else 0):
                made = _made(link, path)
                last_end = min(last_end or made, made)
            yield from self._row(link, said, where)
            for late in order.see(link):
                yield ChainFinding(code="backdated", camera=camera, path=late.path)
            if wanted.get(n) == link.id:
                del wanted[n]
        for at, left in seals.items():  # they name links that are not there
            if followed is None or at > n or self._files.holding(camera, at).name in followed:
                yield from (_seal_finding("link_missing", camera, seal.number) for seal in left)
        cut = [
            at
            for at in self.journaled.left(camera)
            if followed is None or at > n or self._files.holding(camera, at).name in followed
        ]
        if differs:
            yield ChainFinding(code="not_as_journaled", camera=camera, path=f"{FOLDER}/{camera}#{differs}")
        elif cut:
            yield ChainFinding(code="cut_off", camera=camera, path=f"{FOLDER}/{camera}#{cut[-1]}")
        if until > n:
            yield ChainFinding(code="link_missing", camera=camera, path=f"{FOLDER}/{camera}#{n + 1}")
        elif until and heads_until != newest_head:
            yield ChainFinding(code="chain_altered", camera=camera, path=f"{FOLDER}/{camera}#{until}")
        if followed is not None and max(until, n):
            yield from (
                ChainFinding(code="row_added", camera=camera, path=self._path(one)) for one in wanted.values()
            )
        else:
            yield from self._added(camera, max(until, n), counts, None if followed is None else SOME)
        # Without the authority nobody can tell whether this store was ever to be sealed.
        if (newest or self._authority) and last_end and self._now - HOURLY > _moment(last_end):
            number = newest.number + 1 if newest else 1
            yield ChainFinding(code="unsealed", camera=camera, path=f"{FOLDER}/{camera}/{SEALS}#{number}")

    def _followed(self, camera: str, newest: list[int]) -> set[str] | None:
        """Names of the files that are followed; None: all."""
        if self._only is None:
            return None
        return {self._files.holding(camera, n).name for n in (*self._only.get(camera, ()), *newest) if n}

    def _lines(self, camera: str, followed: set[str] | None) -> Iterator[tuple[Path, bytes | None]]:
        """Every line of the files that are followed; None where one begins that does not go on from the one before."""
        for path in self._files.files(camera):
            if followed is None or path.name in followed:
                if followed is not None:
                    yield path, None
                yield from ((path, line) for line in whole_lines(path))

    def _first(self, camera: str) -> int:
        """Start of a camera's first link; 0: nobody can tell."""
        path = self._files.holding(camera, 1)
        with contextlib.suppress(BadLine, StopIteration):
            return read_line(next(whole_lines(path)) if path.exists() else b"")[2].start
        return 0

    def _before(self, path: Path, order: Order) -> tuple[bytes, int]:
        """Hash and number of the link before a file's first; `order` sees all of the file it lies in."""
        before, found = self._files.before(path), (START, 0)
        for line in whole_lines(before) if before and before.exists() else ():
            with contextlib.suppress(BadLine):
                said, _, link = read_line(line)
                found = said, link.n
                order.see(link)
        return found

    def _files_missing(self, camera: str, until: int) -> Iterator[ChainFinding]:
        """Files of the chain that are not there, when not all are followed."""
        if self._only is not None:
            there = {path.name for path in self._files.files(camera)}
            for path in self._files.expected(camera, until):
                if path.name not in there:
                    where = f"{FOLDER}/{camera}/{path.name}"
                    yield ChainFinding(code="link_missing", camera=camera, path=where)

    def _path(self, segment: str) -> str:
        return str(self._index.rows("SELECT path FROM segment WHERE id = ?", segment)[0][0])

    def _row(self, link: Link, said: bytes, where: str) -> Iterator[ChainFinding]:
        table = "segment" if isinstance(link, SegmentLink) else "gap"
        columns = COLUMNS[table]
        rows = self._index.rows(f"SELECT {', '.join(columns)}, chained FROM {table} WHERE id = ?", link.id)
        if not rows:
            yield ChainFinding(code="row_missing", camera=link.camera, path=_name(link, where))
        elif rows[0] != (*(getattr(link, column) for column in columns), said):
            yield ChainFinding(code="row_altered", camera=link.camera, path=_name(link, where))

    def _wait(self, camera: str, until: int) -> None:
        """Give the recorder a moment: a line follows its row into the file at once."""
        for _again in range(10):
            last = 0
            for _path, line in self._files.lines(camera, newest=1):
                with contextlib.suppress(BadLine):
                    last = read_line(line)[2].n
            if last >= until:
                return
            time.sleep(0.1)

    def _added(
        self, camera: str, until: int, counts: dict[str, int], most: int | None
    ) -> Iterator[ChainFinding]:
        """Rows that are over and are no links; those the recorder adds meanwhile are links of the index. `most`: so
        many of them.
        """
        for table, over in (("segment", "state <> 'open'"), ("gap", "end IS NOT NULL")):
            over = (
                f"camera = ? AND {over} AND (n IS NULL OR n <= {until} OR n >"
                " (SELECT coalesce(max(n), 0) FROM chain WHERE chain.camera = ?))"
            )
            asked = camera, camera
            count = self._index.rows(f"SELECT count(*) FROM {table} WHERE {over}", *asked)[0][0]
            if count <= counts[table]:
                continue
            ids = {
                link.id
                for link in self._readable(camera)
                if isinstance(link, SegmentLink) == (table == "segment")
            }
            path = "path" if table == "segment" else "id"
            rows = self._index.rows(f"SELECT id, {path} FROM {table} WHERE {over}", *asked)
            added = (shown for name, shown in rows if name not in ids)
            for shown in islice(added, most):
                yield ChainFinding(code="row_added", camera=camera, path=shown)

    def _readable(self, camera: str) -> Iterator[Link]:
        for _path, line in self._files.lines(camera):
            try:
                yield read_line(line)[2]
            except BadLine:
                continue

    def _seals(self, camera: str, known: int) -> Iterator[Seal | ChainFinding]:
        """The seals of a camera, in order, and what is wrong with them."""
        number, previous = 0, ""
        for line in self._files.seals(camera):
            try:
                signed, seal = read_seal(line)
            except BadLine:
                yield _seal_finding("seal_altered", camera, number + 1)
                number += 1
                continue
            follows = seal.number == number + 1 and seal.previous == previous
            if not follows:
                yield _seal_finding("seal_missing", camera, number + 1)
            elif seal.camera != camera or not by_recorder(signed, seal, self._authority):
                yield _seal_finding("seal_altered", camera, seal.number)
            number = seal.number
            previous = hashlib.sha256(signed.body.encode()).hexdigest()
            yield seal
        if known > number:
            yield _seal_finding("seal_missing", camera, number + 1)


def _seal_finding(code: ChainCode, camera: str, number: int) -> ChainFinding:
    return ChainFinding(code=code, camera=camera, path=f"{FOLDER}/{camera}/{SEALS}#{number}")


def _name(link: Link, where: str) -> str:
    """A recording by its path, a gap by its link."""
    return link.path if isinstance(link, SegmentLink) else where


def _made(link: Link, path: Path) -> int:
    """When a link was made, as well as it can be told: what is filled into a gap now, or found again, is of the past.
    `path`: the file it lies in, which grows with each link.
    """
    if isinstance(link, SegmentLink) and link.state in LATE:
        return max(link.end, path.stat().st_mtime_ns // 1000)
    return link.end


def _moment(value: int) -> datetime:
    return datetime.fromisoformat("1970-01-01T00:00:00+00:00") + timedelta(microseconds=value)
