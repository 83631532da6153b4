"""At start, the index against the chain's files: what one of them has lost it gets from the other.

An index that is gone, or older than the files, gets its rows back with their hashes, gaps and seals; nothing has to be
read again. Lines a power cut or a full disk kept from the files are added from the rows.
"""

import contextlib
import logging
import re
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from cameras.chain import (
    START,
    BadLine,
    ChainFiles,
    GapLink,
    Link,
    Seal,
    SegmentLink,
    chained,
    encode,
    link_line,
    read_line,
    read_seal,
)
from cameras.chain.files import whole_lines
from cameras.chain.order import BEHIND, live
from cameras.index import EPOCH, Index, Reader, micros, moment

log = logging.getLogger("examsite.recorder")

BATCH = 2000
RECENT = 6
"""Newest files of a camera's chain that a start reads: the last days."""
NEWEST_ROWS = 100_000
"""Of all cameras, in which what a start lacks lies: of days, and read in a moment."""
ALL_ROWS = 1 << 62
DAY = timedelta(days=1)
INSIDE = re.compile(r"[0-9]{8}/[0-9A-Za-z][0-9A-Za-z.\-]*")
"""Day and name of a recording's file."""
EVERY = {
    "segment": ("camera", "n", "id", "run", "path", "start", "end", "bytes", "sha256", "state", "cause"),
    "gap": ("camera", "n", "id", "start", "end", "cause", "detail"),
}


def far_behind(index: Index, files: ChainFiles) -> bool:
    """Does the index lack more than recording can wait for?"""
    for camera in files.cameras():
        with contextlib.suppress(OSError):  # `agree` tells of a camera's folder that cannot be read
            if len(files.files(camera, after=(index.chain_head(camera) or (0,))[0])) > RECENT:
                return True
    return False


def agree(
    index: Index,
    files: ChainFiles,
    mend: bool = True,
    newest: int | None = None,
    unread: Callable[[str, OSError], None] | None = None,
) -> dict[str, int]:
    """Rows given back to the index, by camera. `mend` False: the files are left as they are. `newest`: only out of so
    many files, and the newest seal; the rest is for `older`. `unread`: told of a camera whose files cannot be read, and
    the others go on. Raises OSError without it, and sqlite3.Error.
    """
    given: dict[str, int] = {}
    known = {row[0] for row in index.rows("SELECT camera FROM chain")}
    for camera in sorted(known | set(files.cameras())):
        try:
            if mend:
                files.mend(camera)
            if count := _agree(index, files, camera, newest):
                given[camera] = count
        except OSError as error:
            if unread is None:
                raise
            unread(camera, error)
    return given


def _agree(index: Index, files: ChainFiles, camera: str, newest: int | None) -> int:
    n, given = (index.chain_head(camera) or (0, START))[0], 0
    last, head = _newest(files, camera)
    if last > n:
        given = _restore(index, (one for one in read(files, camera, newest, after=n) if one[1].n > n))
        log.warning("camera %s: %d rows of the index given back from the chain", camera, given)
    elif len(files.expected(camera, n)) - len(files.expected(camera, last)) > RECENT:
        index.held.add(camera)
    elif last < n:
        with index.noting_damage():
            _file(index, files, camera, last, head)
    _restore_seals(index, files, camera, newest is not None)
    return given


def _newest(files: ChainFiles, camera: str) -> tuple[int, bytes]:
    """Number and `chained` of the newest link that can be read. The newest file may hold none: a kill, a power cut or a
    full disk came between its making and its first line.
    """
    for path in reversed(files.files(camera)):
        found = [(link.n, said) for said, link in _readable(path, whole_lines(path))]
        if found:
            return max(found)
    return 0, START


def front(files: ChainFiles, camera: str) -> Link | None:
    """The newest link that was made in its time; None: there is none, or it cannot be read."""
    found: Link | None = None
    with contextlib.suppress(OSError):
        for _, link in read(files, camera, newest=2):
            found = link if live(link) and (found is None or link.n > found.n) else found
    return found


def newest_end(index: Index, camera: str) -> datetime | None:
    """Where the newest recording of a camera ends, by the chain: after the clock was set back those made before it have
    later times, and a gap that began behind them would leave out what was not recorded.
    """
    end: int | None = None
    last = 0
    with contextlib.suppress(OSError):
        for _, link in read(index.chain, camera, newest=2):
            last = max(last, link.n)
            late = isinstance(link, SegmentLink) and link.state in ("recovered", "adopted")
            if live(link) and (end is None or not late or link.end < end - BEHIND):
                end = link.end
            elif late and end is not None:  # perhaps it was only closed after the others
                end = max(end, link.end)
    if end is None or last != (index.chain_head(camera) or (0,))[0]:
        return index.last_end(camera)
    return moment(end)


def file_held(index: Index, files: ChainFiles, stopped: Callable[[], bool]) -> None:
    """Beside the recording: the lines of the cameras whose files lack more than a start waits for, or could not be read
    then. What still cannot be read waits, and holds up no other. `stopped` is asked after each file, and may wait.
    """
    for camera in sorted(index.held):
        try:
            with index.noting_damage():
                _file_held(index, files, camera, stopped)
        except OSError as error:
            log.error("camera %s: lines of its chain wait: %s", camera, error)
        if stopped():
            return


def _file_held(index: Index, files: ChainFiles, camera: str, stopped: Callable[[], bool]) -> None:
    last, head = _newest(files, camera)
    if last > (index.chain_head(camera) or (0,))[0]:
        return  # the index has lost rows as well: the next start gives them back
    last, head = _file(index, files, camera, last, head, stopped)
    if stopped():
        return
    with index.alone():
        _file(index, files, camera, last, head)
        _restore_seals(index, files, camera, newest=False)
        index.held.discard(camera)


def readable(files: ChainFiles, name: str) -> bool:
    """Whether the disk gives a file, or a camera's folder (below the folder of the chains), now."""
    path = files.folder / name
    try:
        for _line in path.iterdir() if path.is_dir() else whole_lines(path):
            pass
    except OSError:
        return False
    return True


def older(
    index: Index,
    files: ChainFiles,
    stopped: Callable[[], bool],
    unread: Callable[[str, OSError], None],
    again: Collection[str] = (),
) -> dict[str, int]:
    """What `agree` left, beside the recording: rows given back, by camera. `stopped` is asked after each file, and may
    wait. What is there already is not read again. `unread`: told of a file or a camera's folder (below the folder of
    the chains) that cannot be read, and the others go on. `again`: what could not be read before, of which a part may
    be there.
    """
    given: dict[str, int] = {}
    for camera in files.cameras():
        try:
            there = files.files(camera)
        except OSError as error:
            unread(camera, error)
            continue
        for path in reversed(there):
            name = f"{camera}/{path.name}"
            try:
                with contextlib.suppress(BadLine):
                    if name not in again and _has(index, read_line(files.newest(path))[2]):
                        continue
                given[camera] = given.get(camera, 0) + _restore(index, _readable(path, whole_lines(path)))
            except OSError as error:
                unread(name, error)
            if stopped():
                return given
        try:
            _keep_seals(index, _unknown_seals(files, camera, 0)[0])
        except OSError as error:
            unread(f"{camera}/seals", error)
    return given


def _has(index: Index, one: Link) -> bool:
    table = "segment" if isinstance(one, SegmentLink) else "gap"
    return bool(index.rows(f"SELECT 1 FROM {table} WHERE id = ? AND n IS NOT NULL", one.id))


def read(
    files: ChainFiles, camera: str, newest: int | None = None, after: int = 0
) -> Iterator[tuple[bytes, Link]]:
    """`chained` and link of every line that can be read (ChainFiles.lines)."""
    for path, line in files.lines(camera, newest, after):
        yield from _readable(path, [line])


def _readable(path: Path, lines: Iterable[bytes]) -> Iterator[tuple[bytes, Link]]:
    for line in lines:
        try:
            said, _, link = read_line(line)
        except BadLine as error:
            log.error("a line of %s cannot be read: %s", path, error)
            continue
        yield said, link


def restore_paths(
    index: Index, files: ChainFiles, camera: str, paths: Collection[str]
) -> tuple[set[str], set[str]]:
    """Give the index back the rows of recordings: those that have one now, and those the chain knows. It is read from
    its end back to where all that ended is older than their days, however far that is: a link made anew would be a
    second one of the same file.
    """
    found: dict[str, tuple[bytes, Link]] = {}
    oldest = max(min(map(_day, paths)), EPOCH + DAY) - DAY
    for file in reversed(files.files(camera)):
        newest: datetime | None = None  # of a file without any link nothing is known
        for said, link in _readable(file, whole_lines(file)):
            newest = max(newest or EPOCH, moment(link.end))
            if isinstance(link, SegmentLink) and link.path in paths:
                found[link.path] = said, link
        if (newest and newest < oldest) or len(found) == len(paths):
            break
    _restore(index, iter(found.values()))
    return {path for path in found if index.rows("SELECT 1 FROM segment WHERE path = ?", path)}, set(found)


def _day(path: str) -> datetime:
    """Of the folder a recording lies in."""
    try:
        return datetime.strptime(path.split("/")[1], "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return EPOCH + DAY


def _restore(index: Index, links: Iterator[tuple[bytes, Link]]) -> int:
    count = 0
    while batch := list(islice(links, BATCH)):
        with index.transaction() as link:
            for said, one in batch:
                if not _ours(one):
                    log.error("link %d of camera %s names no recording of ours", one.n, one.camera)
                    continue
                if isinstance(one, SegmentLink):
                    link.execute(
                        "INSERT OR IGNORE INTO run(id, camera, opened, closed, cause, codec, width, height)"
                        " VALUES (?, ?, ?, ?, 'restored', '', 0, 0)",
                        (one.run, one.camera, one.start, one.end),
                    )
                table = "segment" if isinstance(one, SegmentLink) else "gap"
                names = (*EVERY[table], "chained")
                values = (*(getattr(one, name) for name in EVERY[table]), said)
                # A row that was still open when the index was kept is completed.
                link.execute(f"DELETE FROM {table} WHERE id = ? AND n IS NULL", (one.id,))
                marks = ", ".join("?" * len(names))
                done = link.execute(
                    f"INSERT OR IGNORE INTO {table}({', '.join(names)}) VALUES ({marks})", values
                )
                count += done.rowcount
                known = link.execute("SELECT n FROM chain WHERE camera = ?", (one.camera,)).fetchone()
                if known is None or known[0] < one.n:
                    index.keep_head(link, one.camera, one.n, said)
    return count


def _ours(one: Link) -> bool:
    """A path out of a file is believed, and later deleted by, only where recordings lie."""
    if isinstance(one, GapLink):
        return True
    code, _, rest = one.path.partition("/")
    return code == one.camera and bool(INSIDE.fullmatch(rest))


def _file(
    index: Index,
    files: ChainFiles,
    camera: str,
    last: int,
    head: bytes,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[int, bytes]:
    """Add the lines the files lack, one file after the other: a chain of three years is read through once, and not
    held in memory. The files end with link `last`, whose `chained` is `head`; gives with which they end then.
    """
    rows, first, until = Reader(index.path.parent), last, (index.chain_head(camera) or (0,))[0]
    where = array("q", bytes(8 * (until - last)))  # of each link its row; that of a gap negative
    # No index of the table finds a row by its link: mostly a look at the newest is enough.
    for newest in (NEWEST_ROWS, ALL_ROWS):
        for table, sign in (("segment", 1), ("gap", -1)) if not all(where) else ():
            for n, row in rows.each(
                f"SELECT n, rowid FROM {table} NOT INDEXED WHERE camera = ? AND n > ? AND n <= ?"
                f" AND rowid > (SELECT coalesce(max(rowid), 0) FROM {table}) - ?",
                *(camera, last, until, newest),
            ):
                where[n - last - 1] = sign * row
    while last < until:
        end = min(files.last_with(last + 1), until)
        lines = []
        for one in _links(rows, where[last - first : end - first]):
            body = encode(one)
            head = chained(head, body)
            lines.append(link_line(head, body))
        if lines:
            files.add_link(camera, last + 1, b"".join(lines))
        last = end
        if stopped():
            break
    if last > first:
        log.warning("camera %s: lines %d to %d of the chain added to its files", camera, first + 1, last)
    return last, head


def _links(rows: Reader, where: Iterable[int]) -> list[Link]:
    links: list[Link] = []
    for table, kind, sign in (("segment", SegmentLink, 1), ("gap", GapLink, -1)):
        names, asked = EVERY[table], [sign * one for one in where if sign * one > 0]
        marks = ", ".join("?" * len(asked))
        found = rows.rows(f"SELECT {', '.join(names)} FROM {table} WHERE rowid IN ({marks})", *asked)
        links += [kind(**dict(zip(names, row, strict=True))) for row in found]
    return sorted(links, key=lambda one: one.n)


def _restore_seals(index: Index, files: ChainFiles, camera: str, newest: bool) -> None:
    """What one side lacks at its end; when both end with the same seal nothing is read."""
    known, filed, line = (index.last_seal(camera) or (0,))[0], 0, files.newest_seal(camera)
    with contextlib.suppress(BadLine):
        seal = read_seal(line)[1]
        filed = seal.number
        if newest and filed > known:
            _keep_seals(index, [(seal, line)])
            known = filed
    if filed != known:
        new, filed = _unknown_seals(files, camera, known)
        _keep_seals(index, new)
    lines = index.rows("SELECT line FROM seal WHERE camera = ? AND number > ? ORDER BY number", camera, filed)
    if lines:
        files.add_seal(camera, "".join(line for (line,) in lines).encode())


def _keep_seals(index: Index, seals: list[tuple[Seal, bytes]]) -> None:
    rest = iter(seals)
    while batch := list(islice(rest, BATCH)):
        with index.transaction() as link:
            link.executemany(
                "INSERT OR IGNORE INTO seal(camera, number, at, n, sitting, line) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (one.camera, one.number, micros(one.at), one.n, one.sitting, line.decode())
                    for one, line in batch
                ],
            )


def _unknown_seals(files: ChainFiles, camera: str, known: int) -> tuple[list[tuple[Seal, bytes]], int]:
    """Seals after the number `known`, and the last number in the file."""
    new, last = [], 0
    for line in files.seals(camera):
        try:
            _, seal = read_seal(line)
        except BadLine as error:
            log.error("camera %s: a seal cannot be read: %s", camera, error)
            continue
        last = max(last, seal.number)
        if seal.number > known:
            new.append((seal, line))
    return new, last
