"""The chain's files lack links, or cannot be read: nothing is added twice, and nothing behind a hole."""

import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from cameras import integrity
from cameras.chain import SegmentLink, chained, encode, files, link_line, read_line
from cameras.clips.links import Links
from cameras.index import Index, Reader, writer
from cameras.index.rebuild import file_held
from cameras.recorder import CHANGED, Recorder
from cameras.recorder.reconcile import complete, rebuilding, reconcile
from tests.cameras.sealed_store import NOW, World
from tests.cameras.test_index_lost import content, many_days
from tests.cameras.test_store import put


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("how", ["empty", "torn", "zeros"])
def test_a_newest_file_without_a_link_ruins_no_chain(
    how: str, lost: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill, a power cut or a full disk between the making of a file of the chain and its first line."""
    monkeypatch.setattr(files, "PER_FILE", 6)
    first, more = world.links.read_bytes(), world.put(10)
    newest = world.links.with_name("0000000007.links")
    line, before = newest.read_bytes(), content(world.index)
    world.index.close()
    newest.write_bytes({"empty": b"", "torn": line[:50], "zeros": bytes(len(line))}[how])
    world.links.with_name("copy.links").write_bytes(b"")
    if lost:
        for path in world.media.glob("index.db*"):
            path.unlink()
        found = world.verify()
        assert [(one.code, one.path) for one in found.findings] == [("added", more.path)], "its link is lost"
        assert found.links == 6
    index = Index(world.media)
    reconcile(world.media, index, NOW)
    assert world.links.read_bytes() == first and world.verify().ok
    if lost:
        assert index.rows("SELECT count(*) FROM gap") == [(1,)]
        states = index.rows("SELECT n, state FROM segment ORDER BY n")
        assert states == [*((n, "closed") for n in (1, 2, 3, 5, 6)), (7, "adopted")]
    else:
        assert newest.read_bytes() == line and content(index) == before
    index.close()


def test_a_lost_chain_is_written_again_beside_the_recording(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PER_FILE", 2)
    shutil.rmtree(world.links.parent)
    for minute in range(7, 20):
        world.put(minute)
    shutil.rmtree(world.links.parent)
    index, written = world.index, list[str]()
    add = files.ChainFiles._add

    def adding(self: files.ChainFiles, path: Path, line: bytes) -> None:
        written.append(path.name)
        add(self, path, line)

    monkeypatch.setattr(files.ChainFiles, "_add", adding)
    reconcile(world.media, index, NOW)
    assert written == ["seals"] and index.held == {"C1"}, "ten files are more than a start waits for"
    world.put(20)
    world.sealer.seal("C1", world.now)
    assert written == ["seals"], "what is recorded meanwhile has its link, and no line behind a hole"
    asked = iter([False, False, True])
    assert not complete(world.media, index, NOW, lambda: next(asked, True)) and index.held == {"C1"}
    assert written[1:] == [f"{n:010d}.links" for n in (1, 3, 5)], "each is written and synced once"
    complete(world.media, index, NOW, lambda: False)
    assert not index.held and world.verify().ok and world.verify().links == 20
    world.put(21)
    assert world.verify().ok
    shutil.rmtree(world.links.parent)
    monkeypatch.setattr(files, "PER_FILE", 5)
    del written[:]
    reconcile(world.media, index, NOW)
    assert not index.held and len(written) == 6 and world.verify().ok, "five files a start does by itself"


def test_for_a_line_that_lacks_not_all_rows_are_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start waits for it, and three years are 1.5 million rows of a camera."""
    monkeypatch.setattr("cameras.index.rebuild.NEWEST_ROWS", 3)
    asked, each = list[int](), Reader.each

    def reading(self: Reader, sql: str, *values: int) -> Iterator[tuple[int, ...]]:
        asked.append(values[-1])
        yield from each(self, sql, *values)

    monkeypatch.setattr(Reader, "each", reading)
    whole = world.links.read_bytes()
    world.cut(world.links, -1)
    reconcile(world.media, world.index, NOW)
    assert asked == [3, 3] and world.links.read_bytes() == whole
    del asked[:]
    world.links.unlink()
    reconcile(world.media, world.index, NOW)
    assert asked[:2] == [3, 3] and min(asked[2:]) > 3 and world.links.read_bytes() == whole
    del asked[:]
    world.index.held.add("C1")
    complete(world.media, world.index, NOW, lambda: False)
    assert not asked and not world.index.held, "and nothing while nobody else may write"


def test_behind_a_chain_that_could_not_be_read_nothing_is_added(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between a row and its line; the next start is not given the file, the one after it is."""
    whole = world.links.read_bytes()
    world.put(7)
    world.index.close()
    world.links.unlink()
    world.links.symlink_to("/proc/self/mem")
    index = Index(world.media)
    reconcile(world.media, index, NOW)
    world.links.unlink()
    world.links.write_bytes(whole)
    put(index, world.media, NOW + timedelta(minutes=8), 60)
    assert world.links.read_bytes() == whole
    complete(world.media, index, NOW, lambda: False)
    put(index, world.media, NOW + timedelta(minutes=9), 60)
    assert world.links.read_bytes().count(b"\n") == 9 and world.verify().ok
    index.close()


def test_the_mark_of_an_index_far_behind_is_durable_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_days(world, monkeypatch)
    index, synced = Index(world.media), list[object]()

    def sync(folder: Path) -> None:
        synced.append((folder, rebuilding(index).exists(), index.chain_head("C1")))

    monkeypatch.setattr(sys.modules[reconcile.__module__], "sync_folder", sync)
    reconcile(world.media, index, NOW)
    assert synced[0] == (world.media, True, None) and index.chain_head("C1")
    index.close()


def test_a_file_whose_row_says_another_gets_no_second_link(world: World) -> None:
    file = world.files[1]
    world.index.write("UPDATE segment SET path = path || 'x' WHERE id = ?", file.id)
    reconcile(world.media, world.index, NOW)
    assert world.index.chain_head("C1") and world.links.read_bytes().count(b"\n") == 6
    assert ("row_altered", file.path) in {(one.code, one.path) for one in world.verify().findings}


def test_a_torn_page_met_while_lines_are_added_ends_no_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By one power cut: a page of an index too large to be looked over, and the newest line of the chain."""
    monkeypatch.setattr(writer, "LOOKED_OVER", 0)
    for minute in range(7, 60):
        world.put(minute)
    asked = "SELECT rootpage FROM sqlite_master WHERE name = 'segment'"
    page, size = world.index.rows(asked)[0][0], 4096
    world.index.close()
    world.cut(world.links, -1)
    with open(world.media / "index.db", "r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(b"\x77" * size)
    recorder = Recorder(msgspec.structs.replace(world.settings, cameras=[]))
    recorder.start()
    assert recorder.index and recorder.healthy() and recorder.index.damaged
    assert recorder.index.rows("SELECT count(*) FROM segment") == [(58,)]
    recorder.stop()


def test_a_chain_that_cannot_be_read_holds_up_no_other_and_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, unreadable = world.links.read_bytes(), world.media / "chain.d" / "C0" / "0000000001.links"
    world.index.close()
    unreadable.parent.mkdir()
    for links in (world.links, unreadable):
        links.unlink(missing_ok=True)
        links.symlink_to("/proc/self/mem")
    recorder = Recorder(msgspec.structs.replace(world.settings, cameras=[]))
    recorder.start()
    assert recorder.index and recorder.index.held == {"C0", "C1"}
    told = recorder.index.found(NOW - timedelta(days=1), CHANGED)
    assert told["C0"] == told["C1"] == 1, "an alarm at the camera"
    world.links.unlink()
    world.links.write_bytes(first)
    file_held(recorder.index, recorder.index.chain, lambda: False)
    assert recorder.index.held == {"C0"}
    monkeypatch.setattr("cameras.recorder.HELD_AGAIN", 0.1)
    trying = threading.Thread(target=recorder.complete)
    trying.start()
    time.sleep(0.3)
    unreadable.unlink()
    trying.join(5)
    assert not trying.is_alive() and not recorder.index.held
    recorder.stop()


@pytest.mark.parametrize(
    ("n", "start", "end"), [(7, 0, 10**18), (7, -1, 0), (7, 10**19, 10**19), (10**12, 0, 0)]
)
def test_a_line_that_tells_a_time_of_no_calendar_ends_no_start(
    n: int, start: int, end: int, world: World
) -> None:
    said, _, last = read_line(world.links.read_bytes().splitlines()[-1])
    assert isinstance(last, SegmentLink)
    body = encode(msgspec.structs.replace(last, n=n, id="f", path="C1/x", start=start, end=end))
    with world.links.open("ab") as lines:
        lines.write(link_line(chained(said, body), body))
    world.index.close()
    recorder = Recorder(world.settings)
    recorder.start()
    assert recorder.status().cameras
    recorder.stop()
    found = world.verify().findings
    assert [(one.code, one.path) for one in found] == [("chain_altered", "chain.d/C1/0000000001.links#7")]


def test_behind_a_chain_that_stays_unreadable_nobody_is_accused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("chain.files", "clips.links"):
        monkeypatch.setattr(f"cameras.{module}.PER_FILE", 6)
    world.put(7)
    newest = world.links.with_name("0000000007.links")
    newest.unlink()
    newest.symlink_to("/proc/self/mem")
    world.index.held.add("C1")
    for minute in range(8, 20):
        world.put(minute)
    links = Links(world.media, world.index, world.authority)
    assert {links.judged(one, "whole") for one in list(world.index.every())[5:]} == {"unreadable"}
    newest.unlink()
    assert {links.judged(one, "whole") for one in list(world.index.every())[5:]} == {"row_altered"}


def test_names_that_are_none_of_ours_end_neither_a_start_nor_a_verification(world: World) -> None:
    """A day of the year 1 or 9999, and bytes that are no text: in an index that is built again."""
    world.index.close()
    for path in [*world.media.glob("index.db*"), world.links]:
        path.unlink()
    strange = ["C1/00010101/00010101T000000.000000Z.mp4", "C1/99991231/99991231T235959.000000Z.mp4"]
    for name in (*map(os.fsencode, strange), b"chain.d/\xff/x", b"references.d/C1/\xff.jpg"):
        path = world.media / os.fsdecode(name)
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
    index = Index(world.media)
    reconcile(world.media, index, NOW)
    assert index.rows("SELECT path FROM finding WHERE code = 'unknown_file' ORDER BY path") == [
        (one,) for one in strange
    ]
    assert index.rows("SELECT count(*) FROM segment WHERE state = 'adopted'") == [(5,)]
    told = msgspec.json.decode(msgspec.json.encode(world.verify()), type=integrity.Verified)
    assert {one.path for one in told.findings} >= {*strange, "references.d/C1/\ufffd.jpg"}
    index.close()


def test_a_chain_the_disk_does_not_give_is_a_finding(world: World) -> None:
    """Not an end without a word about the other cameras."""
    world.links.unlink()
    world.links.symlink_to("/proc/self/mem")
    assert [(one.code, one.path) for one in world.verify().findings if one.code == "unreadable"] == [
        ("unreadable", "chain.d/C1")
    ]
