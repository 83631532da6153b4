"""The index is lost, damaged, older than the files, or the files lack lines: one is put right from the other."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from appliance.base.errors import Unavailable
from appliance.wire.orders import Orders, SittingOrder
from cameras.chain import SegmentLink, encode, files, link_line, read_line
from cameras.index import Index
from cameras.index.rebuild import agree
from cameras.index.untold import findings
from cameras.recorder import CHANGED, Recorder
from cameras.recorder.reconcile import complete, rebuilding, reconcile
from cameras.recorder.sealing import Sealer
from tests.cameras.sealed_store import NOW, World
from tests.cameras.test_store import put

HOUR = timedelta(hours=1)
TABLES = {
    "segment": "id, run, camera, path, start, end, bytes, sha256, state, cause, n, chained",
    "gap": "id, camera, start, end, cause, detail, n, chained",
    "chain": "camera, n, head",
    "seal": "camera, number, at, n, sitting, line",
}


def content(index: Index) -> dict[str, list[str]]:
    """Everything the chain carries."""
    return {
        table: sorted(map(repr, index.rows(f"SELECT {columns} FROM {table}")))
        for table, columns in TABLES.items()
    }


@pytest.mark.parametrize("how", ["gone", "damaged", "older"])
def test_a_lost_index_is_built_again_from_the_files(world: World, how: str) -> None:
    before = content(world.index)
    database = world.media / "index.db"
    if how == "older":
        world.index.write("DELETE FROM segment WHERE n > 2")
        world.index.write("DELETE FROM gap")
        world.index.write("UPDATE chain SET n = 2, head = (SELECT chained FROM segment WHERE n = 2)")
    world.index.close()
    if how != "older":
        for path in world.media.glob("index.db*"):
            path.unlink()
        assert world.verify().ok, "the folder of recordings alone is enough"
    if how == "damaged":
        database.write_bytes(b"no database at all" * 1000)
    index = Index(world.media)
    reconcile(world.media, index, NOW)
    assert content(index) == before
    codes = {row[0] for row in index.rows("SELECT code FROM finding")}
    assert codes == ({"restored", "index_damaged"} if how == "damaged" else {"restored"})
    assert index.found(NOW, CHANGED) == {"C1": 1}, "no crash explains it: an alarm"
    assert world.verify().ok
    more = put(index, world.media, NOW + timedelta(minutes=9), 60, "r9")
    assert read_line(world.links.read_bytes().splitlines()[-1])[2].id == more.id
    index.close()


@pytest.mark.parametrize("how", ["header", "page", "in_use"])
def test_a_torn_page_of_the_index_costs_nothing(world: World, how: str) -> None:
    """A power cut or a dying disk leaves nonsense in the middle of it: at the start, or while the recorder runs."""
    before = content(world.index)
    world.index.close()
    database = world.media / "index.db"
    page = 4096
    torn = bytearray(database.read_bytes())
    assert len(torn) > 4 * page
    if how == "in_use":
        index = Index(world.media)
        index.rows("SELECT count(*) FROM segment")
        index.write("UPDATE segment SET cause = cause")  # the file is the one that was opened
        index.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        index.rows("PRAGMA cache_size = 0")
        with open(database, "r+b") as raw:
            for number in range(1, len(torn) // page):
                raw.seek(number * page)
                raw.write(b"\x77" * page)
        with pytest.raises((Unavailable, sqlite3.DatabaseError)):
            for segment in list(index.every()):
                index.write("UPDATE segment SET cause = 'x' WHERE id = ?", segment.id)
        assert index.broken
        with contextlib.suppress(sqlite3.Error):
            index.close()
    else:
        where = 0 if how == "header" else page
        torn[where : where + page] = b"\x77" * page
        database.write_bytes(torn)
    settings = msgspec.structs.replace(world.settings, cameras=[])
    recorder = Recorder(settings)
    recorder.start()
    assert recorder.index and recorder.healthy()
    assert content(recorder.index) == before
    told = recorder.index.rows("SELECT code FROM finding WHERE code = 'index_damaged'")
    assert told, "a fact says so"
    assert list(world.media.glob("index.db.damaged-*")), "and the damaged file is kept"
    assert not list(world.media.glob("index.db.broken")) and not list(world.media.glob("*.rebuilding"))
    untold = findings(recorder.index)
    assert {(one.code, one.camera) for one in untold} == {("index_damaged", "recorder"), ("restored", "C1")}
    assert world.verify().ok
    with pytest.raises(Unavailable) as told_so:
        Recorder(settings).start()
    assert told_so.value.code == "recorder_runs"
    recorder.stop()
    recorder = Recorder(settings)
    recorder.start()
    assert recorder.index and findings(recorder.index) == untold, "it is said once"
    recorder.stop()


def test_lines_the_files_lack_follow_from_the_index(world: World) -> None:
    whole, sealed = world.links.read_bytes(), world.seals.read_bytes()
    world.index.close()
    world.links.write_bytes(whole[:-200])  # torn by a power cut
    world.seals.write_bytes(sealed[:-10])
    index = Index(world.media)
    reconcile(world.media, index, NOW)
    assert (world.links.read_bytes(), world.seals.read_bytes()) == (whole, sealed)
    world.links.unlink()
    world.seals.unlink()
    reconcile(world.media, index, NOW)
    assert (world.links.read_bytes(), world.seals.read_bytes()) == (whole, sealed)
    assert index.rows("SELECT 1 FROM finding") == [] and world.verify().ok
    index.close()


def test_a_line_the_disk_does_not_take_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = world.links.read_bytes()
    add = world.index.chain.add_link

    def full(*_line: object) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr(world.index.chain, "add_link", full)
    world.put(10)
    assert world.links.read_bytes() == whole
    monkeypatch.setattr(world.index.chain, "add_link", add)
    world.index._unfiled[0] = (add, world.index._unfiled[0][1])
    world.put(11)
    assert world.links.read_bytes().count(b"\n") == 8 and world.verify().ok


def test_a_start_reads_the_ends_of_the_chain_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three years of seals are 30 MB for each camera, of links half a gigabyte."""
    before = content(world.index)
    for path in (world.seals, world.links):
        with path.open("ab") as file:
            file.write(b"torn by a power cut")
    read = list[Path]()
    whole = files.whole_lines

    def reading(path: Path) -> Iterator[bytes]:
        read.append(path)
        return whole(path)

    monkeypatch.setattr("cameras.index.rebuild.whole_lines", reading)
    monkeypatch.setattr(files, "whole_lines", reading)
    monkeypatch.setattr(files, "TAIL", 16)
    reconcile(world.media, world.index, NOW)
    assert set(read) == {world.links} and content(world.index) == before
    assert b"torn" not in world.seals.read_bytes() + world.links.read_bytes()
    world.index.write("DELETE FROM seal WHERE number = 2")
    reconcile(world.media, world.index, NOW)
    assert content(world.index) == before and world.seals in read


@pytest.mark.parametrize("length", [1, 3, 100])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (b"", 0)),
        (b"torn", (b"", 4)),
        (b"one\n", (b"one\n", 0)),
        (b"one\ntwo\ntorn", (b"two\n", 4)),
        (b"a long first line\nshort\n", (b"short\n", 0)),
        (b"short\na long last line\nx", (b"a long last line\n", 1)),
    ],
)
def test_the_last_line_of_a_file(
    body: bytes, expected: tuple[bytes, int], length: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "TAIL", length)
    (tmp_path / "x").write_bytes(body)
    assert files._tail(tmp_path / "x") == expected


def test_a_second_loss_of_rows_is_told_like_the_first(world: World) -> None:
    for lost in (1, 2):
        world.index.write("DELETE FROM segment WHERE n > 2")
        world.index.write("UPDATE chain SET n = 2, head = (SELECT chained FROM segment WHERE n = 2)")
        reconcile(world.media, world.index, NOW + timedelta(days=30 * lost))
        assert world.index.rows("SELECT count(*) FROM finding WHERE code = 'restored'") == [(lost,)]


def test_an_index_that_lacks_seals_is_an_alarm_each_time_and_logged_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """What somebody took out of it comes back at the next start; until then nothing is sealed."""

    def rounds(day: int) -> bool:
        """Able, after three rounds an hour after a sitting."""
        now = world.now + timedelta(days=day)
        over = dict.fromkeys(("opens_at", "starts_at", "ends_at", "started_at", "ended_at"), now - HOUR)
        sitting = SittingOrder(id=f"s{day}", rooms=["T1"], **over)  # type: ignore[arg-type]
        orders = Orders(made_at=now, rooms=["T1"], sittings=[sitting])
        for second in range(0, 15, 5):
            world.sealer.round(["C1"], orders, now, day * 86400.0 + second)
        return world.sealer.able(day * 86400.0 + 10)

    assert rounds(0)
    for month in (1, 2):
        world.index.write("DELETE FROM seal WHERE number = (SELECT max(number) FROM seal)")
        world.put(20 + month)
        assert not rounds(30 * month)
        told = [one for one in caplog.records if "lacks seals" in one.getMessage()]
        assert len(told) == month and len(findings(world.index)) == month
        agree(world.index, world.index.chain)  # as a start does
        world.sealer = Sealer(world.settings, world.index)
        assert rounds(30 * month + 1)


def test_a_camera_taken_away_without_its_seals_holds_up_no_other(world: World) -> None:
    world.index.write("DELETE FROM seal WHERE number = (SELECT max(number) FROM seal)")
    world.put(21)
    world.sealer.round(["C1", "C2"], None, world.now, 0.0)
    assert not world.sealer.able(0.0)
    world.sealer.round(["C2"], None, world.now, 5.0)
    assert world.sealer.able(5.0)


def many_days(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Fourteen links in files of one each: more than a start waits for; gives what the index holds then."""
    monkeypatch.setattr(files, "PER_FILE", 1)
    lines = world.links.read_bytes().splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        world.links.with_name(f"{number:010d}.links").write_bytes(line)
    for number in range(7, 15):
        world.put(number)
        world.sealer.seal("C1", world.now)
    before = content(world.index)
    world.index.close()
    for path in world.media.glob("index.db*"):
        path.unlink()
    return before


def test_recording_does_not_wait_for_three_years(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = many_days(world, monkeypatch)
    recorder = Recorder(msgspec.structs.replace(world.settings, cameras=[]))
    recorder.start()
    index = recorder.index
    assert index
    assert [row[0] for row in index.rows("SELECT n FROM segment ORDER BY n")] == list(range(9, 15))
    assert index.last_seal("C1") and index.rows("SELECT count(*) FROM seal") == [(1,)]
    assert content(index)["chain"] == before["chain"], "what is recorded now is the next link"
    later = put(index, world.media, datetime.now(UTC), 60, "r9")
    recorder.complete()
    assert index.rows("SELECT 1 FROM finding WHERE path = 'chain.d/C1/'") and not rebuilding(index).exists()
    index.write("DELETE FROM segment WHERE id = ?", later.id)
    index.write("UPDATE chain SET n = 14, head = (SELECT chained FROM segment WHERE n = 14)")
    assert content(index) == before
    recorder.stop()


def test_what_a_stop_cuts_off_goes_on_at_the_next_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = many_days(world, monkeypatch)
    index = Index(world.media)
    reconcile(world.media, index, NOW)
    asked = iter([False, False, True])
    assert complete(world.media, index, NOW, lambda: next(asked, True)) and rebuilding(index).exists()
    assert index.rows("SELECT count(*) FROM segment") == [(9,)], "three steps of one file each"
    index.close()
    index = Index(world.media)
    reconcile(world.media, index, NOW)
    assert complete(world.media, index, NOW, lambda: False) and not rebuilding(index).exists()
    assert content(index) == before and world.verify().ok
    index.close()


@pytest.mark.parametrize(
    "path",
    ["../site.db", "C1/../../site.db", "C1/20261121/../../x.mp4", "/etc/passwd", "C2/20261121/x.mp4", "C1/"],
)
def test_a_forged_link_names_nothing_outside(path: str, world: World) -> None:
    """The archive deletes by these names."""
    row = world.files[0]
    link = SegmentLink(
        camera="C1",
        n=7,
        id="forged",
        run="r",
        path=path,
        start=1,
        end=2,
        bytes=row.bytes,
        sha256=row.sha256,
        state="closed",
        cause="",
    )
    with world.links.open("ab") as lines:
        lines.write(link_line(bytes(32), encode(link)))
    reconcile(world.media, world.index, NOW)
    assert world.index.rows("SELECT 1 FROM segment WHERE id = 'forged'") == []


def test_a_line_whose_folder_is_not_synced_is_not_added_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PER_FILE", 6)  # the next link begins a file
    sync, fails = files.sync_folder, [2]

    def once(folder: Path) -> None:
        if folder == world.links.parent and fails[0]:
            fails[0] -= 1
            raise OSError(5, "I/O error")
        sync(folder)

    monkeypatch.setattr(files, "sync_folder", once)
    for minute in (10, 11, 12):
        world.put(minute)
    assert world.links.with_name("0000000007.links").read_bytes().count(b"\n") == 3 and world.verify().ok
