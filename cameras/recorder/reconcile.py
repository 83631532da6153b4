"""At start: what the index says against what the disk holds, both ways. Nothing is deleted, every
difference is said.

Only the last days are walked, so that a store of three years starts at once; `recordings verify` looks at
all. A lost index is built again from the chain's files and every day is walked: the last days before anything is
recorded, the years before beside the recording (`complete`).
"""

import hashlib
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.base.errors import Unavailable
from appliance.base.ids import new_id
from appliance.wire.recorder import Kept
from cameras.archive.store import ArchiveReader
from cameras.chain import FOLDER, SegmentLink
from cameras.chain.files import sync_folder
from cameras.chain.link import LATEST
from cameras.fragments import whole_boxes, whole_length
from cameras.index import EPOCH, LONGEST, Index, Segment, micros, moment
from cameras.index.rebuild import RECENT, agree, far_behind, file_held, front, older, restore_paths
from cameras.media import CARD, FILLED, packet_span, plain

log = logging.getLogger("examsite.recorder")

DAYS = 2
CHUNK = 1 << 20
LEFT = 600.0
"""Seconds for which a file that is being written never stands still: a camera that sends nothing loses its own."""
WRITTEN = LONGEST + timedelta(seconds=LEFT)
"""No two files of a camera that a killed recorder left open began farther apart."""
JOIN = timedelta(seconds=1)
"""A gap ends where the next file begins, as well as the camera's time stamps tell it."""
SET = EPOCH + WRITTEN
"""Before all that was ever recorded."""
LONGEST_FILM = timedelta(days=2)
"""No file of ours says it lasts longer, also one that was put into a gap."""
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
"""Of a camera; also what its folder is called."""


def reconcile(media: Path, index: Index, now: datetime) -> None:
    """Complete what a crash left open, adopt files the index has lost, name what is missing. Each is a finding of `now`
    (`Index.found`).
    """
    lost = not index.rows("SELECT 1 FROM run LIMIT 1")
    if far_behind(index, index.chain) or (lost and (_long(media) or rebuilding(index).exists())):
        _mark(index)  # before the head jumps: without the mark nobody would give the years before back
    later = rebuilding(index).exists()
    if index.damaged:
        index.find(now, "index_damaged", index.path.name, "set aside; built again from the files")

    def unread(camera: str, error: OSError) -> None:
        index.held.add(camera)  # a line behind a hole would hide the hole for ever
        _unreadable(index, f"{FOLDER}/{camera}", error, now)

    given = agree(index, index.chain, newest=RECENT if later else None, unread=unread)
    for camera, count in given.items():
        index.find(
            now, "restored", f"{FOLDER}/{camera}", f"{count} rows given back to the index from the chain"
        )
    foreign = _foreign(media, index)
    for segment in index.unfinished():
        if segment.id in foreign:
            not_ours(index, segment, now)
        else:
            recover(media, index, segment, now)
    if not later:  # a file whose link has not been read again would be taken for one without
        for folder in _folders(media, None if lost else _recent(now)):
            _compare(media, index, folder, now)
    index.file_lines()


def complete(media: Path, index: Index, now: datetime, stopped: Callable[[], bool]) -> bool:
    """Beside the recording: what `reconcile` left of an index that was lost, or far behind. True: there was something.
    `stopped` is asked now and then, and may wait; what it cuts off goes on at the next start, and so does what a file
    of the chain that cannot be read keeps back (`Reader.unread` names it from then on).
    """
    file_held(index, index.chain, stopped)
    if not rebuilding(index).exists():
        return False
    bad: list[str] = []

    def unread(name: str, error: OSError) -> None:
        bad.append(name)
        _unreadable(index, f"{FOLDER}/{name}", error, now)

    for camera, count in older(index, index.chain, stopped, unread, index.unread or ()).items():
        if count:
            index.find(
                now, "restored", f"{FOLDER}/{camera}/", f"{count} rows given back beside the recording"
            )
    if stopped():
        return True
    if bad:
        _mark(index, bad)  # before files are looked at, which may give back a part of what these lack
    for folder in _folders(media):
        if stopped():
            return True
        _compare(media, index, folder, now, stopped)
    if not stopped() and not bad:
        rebuilding(index).unlink()
    return True


def rebuilding(index: Index) -> Path:
    """The file that is there until the index is whole again; it names what cannot be read when nothing else is left."""
    return index.path.with_name(index.path.name + ".rebuilding")


def _mark(index: Index, unread: Iterable[str] = ()) -> None:
    """Durable, and never seen half: exam-archive deletes by it."""
    new = rebuilding(index).with_name(rebuilding(index).name + ".new")
    with open(new, "w") as out:
        out.writelines(f"{name}\n" for name in unread)
        out.flush()
        os.fsync(out.fileno())
    os.replace(new, rebuilding(index))
    sync_folder(index.path.parent)


def _long(media: Path) -> bool:
    """Are there more days than recording can wait for?"""
    return len({folder.name for folder in _folders(media)}) > RECENT


def _compare(
    media: Path, index: Index, folder: Path, now: datetime, stopped: Callable[[], bool] = lambda: False
) -> None:
    """The files of one day of a camera against their rows."""
    prefix = plain(folder.relative_to(media)) + "/"
    # In this order: the recorder may be writing meanwhile, and a row comes before its file.
    try:
        there = {plain(path.relative_to(media)): path for path in folder.iterdir() if path.is_file()}
    except OSError as error:
        _unreadable(index, prefix, error, now)
        return
    known = index.known_paths(prefix)
    gone = {name for name in known - there.keys() if not _there(media / name)}
    if gone:
        # Those never made were told when they were found so, or the disk did not take them.
        never = index.rows(
            "SELECT path FROM segment WHERE path >= ? AND path < ? AND state IN ('open', 'missing')",
            *(prefix, prefix + "\U0010ffff"),
        )
        gone -= {path for (path,) in never}
    for name in sorted(_not_there(media, index, prefix, gone, now)):
        index.find(now, "missing", name, "the index knows this file, the disk does not")
        log.error("recording missing: %s", name)
    unknown = there.keys() - known
    try:
        if not unknown:
            return
        restored, linked = restore_paths(index, index.chain, folder.parent.name, unknown)
    except OSError as error:  # nobody knows whether they have a link: a second one would be wrong for ever
        _unreadable(index, prefix, error, now)
        return
    for name in sorted(unknown):
        if name in restored:
            index.find(now, "restored", name, "the index had lost its row, the chain had it")
            log.warning("restored the row of %s", name)
        elif name in linked:
            log.error("%s has its link, and the row of that says another file", name)
        else:
            _adopt(index, name, there[name], now)
            if stopped():
                return


def _not_there(media: Path, index: Index, prefix: str, names: set[str], now: datetime) -> set[str]:
    """Those that ought to be there. A damaged list of what was deleted must not stop recording: then nobody can say."""
    if not names:
        return names
    try:
        return names - ArchiveReader(media).gone(prefix, now)
    except Unavailable as error:
        index.find(now, "archive_unreadable", prefix, f"{len(names)} files are not there; {error}")
        log.error("the list of archived recordings cannot be read: %s", error)
        return set()


def _recent(now: datetime) -> set[str]:
    """Names of the last days' folders."""
    return {f"{now - timedelta(days=back):%Y%m%d}" for back in range(-1, DAYS)}


def _folders(media: Path, days: set[str] | None = None) -> Iterator[Path]:
    """The days' folders of all cameras; only of `days` when given."""
    for camera in _below(media):
        if CODE.fullmatch(camera.name):  # and not `lost+found`, which nobody may read
            yield from (day for day in _below(camera) if days is None or day.name in days)


def _below(folder: Path) -> list[Path]:
    """The folders in one; of one that cannot be read none."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError as error:
        log.error("%s cannot be read: %s", folder, error)
        return []


def measure(path: Path) -> tuple[int, str, float]:
    """Bytes, SHA-256 and seconds of pictures of a file that may end in the middle of a fragment, as the disk holds them
    for good. 0 seconds of what is no film of a recorder's making. Raises OSError.
    """
    digest, size = hashlib.sha256(), 0
    _settle(path)
    with open(path, "rb", buffering=0) as source:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
        whole = whole_length(whole_boxes(source.fileno()))
    seconds = 0.0
    if whole:
        try:
            seconds = packet_span(path)
        except Exception as error:  # whoever copies a strange film here must not end every start
            log.error("%s cannot be read: %s", path, error)
        if seconds > LONGEST_FILM.total_seconds():
            log.error("%s says it lasts %.0f s, which is not believed", path, seconds)
            seconds = 0.0
    return size, digest.hexdigest(), seconds


def _settle(path: Path) -> None:
    """What a killed recorder wrote goes to the disk before it is vouched for; what the disk lost is not read from
    memory, where the system goes on holding it as if it had been written.
    """
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
        sync_folder(path.parent)
    except OSError as error:
        log.error("%s: the disk does not hold all of it: %s", path, error)
    finally:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def _foreign(media: Path, index: Index) -> set[str]:
    """Open rows no killed recorder left. It writes one file of a camera at a time, where the newest link ends, and
    closes what it left within minutes (left.py); what begins where the chain has a gap was put there by somebody else.
    What was being put into a gap is its own, as is what could not be read at an earlier start (`recover` says so), and
    a row without a file vouches for nothing.
    """
    held = [one for one in index.unfinished() if not one.path.endswith(FILLED) and _there(media / one.path)]
    found: set[str] = set()
    for camera in {one.camera for one in held}:
        mine, after = [one for one in held if one.camera == camera], _front(index, camera)
        # Where the newest link ends it was writing: a gap that says otherwise ended by a clock that ran ahead.
        past = [one for one in mine if after is None or one.start < after - JOIN]
        found |= {one.id for one in past if _in_gap(index, one)}
        mine = [one for one in mine if one.id not in found and not _was_unreadable(index, one)]
        found |= {one.id for one in mine if after and one.start < after - WRITTEN}
        mine = [one for one in mine if one.id not in found]
        if after and after != SET:
            mine.sort(key=lambda one: abs(one.start - after), reverse=True)
        found |= {one.id for one in mine if abs(mine[-1].start - one.start) > WRITTEN}
    return found


def _front(index: Index, camera: str) -> datetime | None:
    """Where the newest link of its time ends; None: there is none. `SET`: our clock was set then."""
    newest = front(index.chain, camera)
    if isinstance(newest, SegmentLink) and newest.cause == "clock":
        return SET
    return moment(newest.end) if newest else None


def _was_unreadable(index: Index, segment: Segment) -> bool:
    return bool(index.rows("SELECT 1 FROM finding WHERE code = 'unreadable' AND path = ?", segment.path))


def _in_gap(index: Index, segment: Segment) -> bool:
    at = micros(segment.start)
    return bool(
        index.rows(
            "SELECT 1 FROM gap WHERE camera = ? AND n IS NOT NULL AND cause <> 'clock' AND start <= ? AND end > ?",
            *(segment.camera, at, at + micros(EPOCH + JOIN)),
        )
    )


def _there(path: Path) -> bool:
    """Only what is certainly not there is not."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def not_ours(index: Index, segment: Segment, now: datetime) -> None:
    """An open row the recorder never wrote stays as it is, and gets no link: nobody signs for its file."""
    index.find(now, "row_added", segment.path, "a row that is still open and that the recorder did not make")
    log.error("a row of the index was not made by the recorder: %s", segment.path)


def recover(media: Path, index: Index, segment: Segment, now: datetime) -> None:
    """Close a row nobody writes any more with what the disk holds of it; one whose file cannot be read stays open."""
    try:
        size, sha256, seconds = measure(media / segment.path)
    except FileNotFoundError:
        index.miss_segment(segment)
        index.find(now, "missing", segment.path, "the file of an unfinished segment is gone")
        log.error("recording missing: %s", segment.path)
        return
    except OSError as error:
        _unreadable(index, segment.path, error, now)
        return
    end, after = segment.start + timedelta(seconds=seconds), _front(index, segment.camera)
    state: Kept = "filled" if segment.path.endswith(FILLED) else "recovered"
    if state == "recovered" and after and end < after - WRITTEN:
        state = "adopted"  # nobody could tell it from one that was put there since
    # What fills a gap has said at once where it comes from.
    cause = index.rows("SELECT cause FROM segment WHERE id = ?", segment.id)[0][0] or "stopped"
    index.close_segment(segment.id, segment.start, end, size, sha256, state, cause)
    code = "adopted" if state == "adopted" else "recovered"
    index.find(now, code, segment.path, f"kept {seconds:.1f} s of a segment that was not closed")
    log.warning("recovered %.1f s of %s", seconds, segment.path)


def _unreadable(index: Index, name: str, error: Exception, now: datetime) -> None:
    """A bad sector: recording goes on, and the next start reads it again."""
    index.find(now, "unreadable", name, str(error))
    log.error("%s cannot be read: %s", name, error)


def _adopt(index: Index, name: str, path: Path, now: datetime) -> None:
    try:
        if "\N{REPLACEMENT CHARACTER}" in name:
            raise ValueError(name)
        simple = path.name.replace(CARD, ".mp4").replace(FILLED, ".mp4")
        start = datetime.strptime(simple, "%Y%m%dT%H%M%S.%fZ.mp4").replace(tzinfo=UTC)
        if not 0 <= micros(start) < LATEST - micros(EPOCH + LONGEST_FILM):
            raise ValueError(name)
    except ValueError:
        index.find(now, "unknown_file", name, "not a recording of ours; left where it is")
        log.error("unknown file among the recordings: %s", name)
        return
    try:
        size, sha256, seconds = measure(path)
        end = start + timedelta(seconds=seconds)
    except OSError as error:
        _unreadable(index, name, error, now)
        return
    segment = Segment(
        id=new_id(),
        run=new_id(),
        camera=name.split("/")[0],
        path=name,
        start=start,
        end=end,
        bytes=size,
        sha256=sha256,
        state="filled" if simple != path.name else "adopted",
    )
    index.adopt(segment)
    index.find(now, "adopted", name, "the disk has this recording, the index had lost it")
    log.warning("adopted %s", name)
