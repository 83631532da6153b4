"""A file of the chain that cannot be read while a lost index is built again holds up as little as it may."""

import errno
import shutil
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from appliance.base.storage_settings import PlaceSettings
from cameras.archive.status import make_status
from cameras.archive.store import EVERYWHERE
from cameras.archive.terms import LEAST
from cameras.chain import ChainFiles
from cameras.chain.files import whole_lines
from cameras.index import Index, moment
from cameras.recorder import Recorder
from cameras.recorder.reconcile import complete, reconcile
from tests.cameras.archive_site import NOW, Store, orders, settle, sitting
from tests.cameras.test_archive_walk import lose_index

DAY = timedelta(days=1)


def test_a_chain_file_that_cannot_be_read_is_tried_again_beside_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.chain.files.PER_FILE", 2)
    monkeypatch.setattr("cameras.recorder.HELD_AGAIN", 0.1)
    store = Store(tmp_path, places=[])
    made = [store.record("C1", NOW - days * DAY)[0] for days in range(20, 0, -1)]
    store.index.file_lines()
    bad = store.media / "chain.d" / "C1" / "0000000003.links"
    lines = bad.read_bytes()
    (store.media / made[2].path).unlink()  # freed: only the chain knows it
    bad.unlink()
    bad.mkdir()
    lose_index(store).close()
    recorder = Recorder(msgspec.structs.replace(store.settings, cameras=[]))
    recorder.start()
    assert recorder.index
    trying = threading.Thread(target=recorder.complete)
    trying.start()
    while recorder.index.unread is None:
        time.sleep(0.05)
    looked = len(recorder.index.rows("SELECT 1 FROM segment"))
    time.sleep(0.3)
    assert trying.is_alive() and looked == 18
    bad.rmdir()
    bad.write_bytes(lines)
    trying.join(10)
    assert not trying.is_alive() and recorder.index.unread == []
    assert len(recorder.index.rows("SELECT 1 FROM segment")) == 20
    recorder.stop()


def test_a_stop_waits_for_one_file_that_cannot_be_read_and_not_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.recorder.HELD_AGAIN", 0.1)
    recorder = Recorder(msgspec.structs.replace(Store(tmp_path, places=[]).settings, cameras=[]))
    recorder.start()
    assert recorder.index
    names = "".join(f"C1/{number:010d}.links\n" for number in range(1, 200))
    tried = list[str]()

    def slow(_files: ChainFiles, name: str) -> bool:
        tried.append(name)
        time.sleep(0.2)
        return False

    def once(*_told: object) -> bool:
        recorder.media.joinpath("index.db.rebuilding").write_text(names)
        return True

    monkeypatch.setattr("cameras.recorder.complete", once)
    monkeypatch.setattr("cameras.recorder.readable", slow)
    trying = threading.Thread(target=recorder.complete)
    trying.start()
    while len(tried) < 2:
        time.sleep(0.02)
    recorder.stop()
    trying.join(10)
    assert not trying.is_alive() and len(tried) < 10


def test_a_part_of_a_chain_file_that_came_back_hides_no_other_line_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.chain.files.PER_FILE", 2)
    store = Store(tmp_path, places=[])
    made = [store.record("C1", NOW - days * DAY)[0] for days in range(20, 0, -1)]
    store.index.file_lines()
    (store.media / made[2].path).unlink()  # freed: only the chain knows it
    bad, given = store.media / "chain.d" / "C1" / "0000000003.links", iter([False])
    index = store.index = lose_index(store)

    def once(path: Path) -> Iterator[bytes]:
        if path == bad and next(given, True) is False:
            raise OSError(errno.EIO, "Input/output error", str(path))
        return whole_lines(path)

    monkeypatch.setattr("cameras.index.rebuild.whole_lines", once)
    complete(store.media, index, NOW, lambda: False)
    assert index.unread == ["C1/0000000003.links"] and len(index.rows("SELECT 1 FROM segment")) == 19
    index.close()
    index = store.index = Index(store.media)
    reconcile(store.media, index, NOW)
    assert index.unread == ["C1/0000000003.links"]
    complete(store.media, index, NOW, lambda: False)
    assert index.unread == [] and len(index.rows("SELECT 1 FROM segment")) == 20


def test_an_index_lost_again_is_not_taken_for_one_that_lacks_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.chain.files.PER_FILE", 1)
    store = Store(tmp_path, places=[])
    for days in range(14, 4, -1):
        store.record("C1", NOW - days * DAY)
    (store.media / "index.db.rebuilding").write_text("C2/0000000003.links\n")
    assert store.index.lacking == {"C2"}
    lose_index(store)


def test_a_chain_file_that_cannot_be_read_holds_up_the_deletion_of_its_camera_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.chain.files.PER_FILE", 1)
    place = PlaceSettings(name="index", kind="nas", folder=str(tmp_path / "nas"), after_days=2)
    store = Store(tmp_path, places=[place], free_after_days=3)
    nas = store.mount("nas", "index")
    old = {
        camera: [store.record(camera, NOW - days * DAY)[0] for days in range(1210, 1202, -1)]
        for camera in ("C1", "C2")
    }
    longer = sitting("s1", old["C1"][2].start, NOW + DAY)
    with store.rounds() as rounds:
        rounds.take_orders(orders(longer, before=old["C1"][3].start, due=NOW))
        settle(rounds)
        assert [(nas / one.path).exists() for one in old["C1"][:4]] == [False, False, True, True]
        # Killed between the rows of an order and its files.
        for camera in ("C1", "C2"):
            rounds.archive.remove(old[camera][3].path, EVERYWHERE, NOW, "past", "account:a account:b", 1)
    store.index.file_lines()
    bad = store.media / "chain.d" / "C1" / "0000000004.links"
    line = bad.read_bytes()
    bad.unlink()
    bad.mkdir()
    index = store.index = lose_index(store)
    complete(store.media, index, NOW, lambda: False)
    held = sitting("s2", old["C1"][3].start, NOW - DAY, hold=True)
    told = orders(
        longer, held, sitting("s0", moment(0), NOW, room="T2"), before=NOW - LEAST, due=NOW + 2 * DAY
    )
    (late,) = store.record("C1", NOW - 5 * DAY)
    with store.rounds() as rounds:
        for _round in range(2):
            rounds.take_orders(told)
            settle(rounds)
            store.clock.advance(2 * 86400)
        assert (nas / late.path).exists() and not (store.media / late.path).exists()
        assert all((nas / one.path).exists() for one in old["C1"][2:])
        assert not any((nas / one.path).exists() for one in old["C2"])
        (problem,) = make_status(rounds).problems
        assert (
            problem.lacking == ["C1"] and "chain.d" in problem.words() and "proof.d" in problem.next_words()
        )
        assert "C1/0000000004.links" in problem.words()
        bad.rmdir()
        bad.write_bytes(line)
        complete(store.media, index, NOW, lambda: False)
        rounds.take_orders(told)
        settle(rounds)
        assert [(nas / one.path).exists() for one in old["C1"]] == [number == 3 for number in range(8)]
        assert EVERYWHERE not in rounds.archive.removals(old["C1"][3].path), "only a new order takes it"
        assert not rounds.problems


def test_a_place_may_be_called_as_a_step_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path, places=[PlaceSettings(name="index", kind="nas", folder=str(tmp_path / "nas"))])
    store.mount("nas", "index")
    store.record("C1", NOW - DAY)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(total=1 << 40, free=0))
    with store.rounds() as rounds:
        settle(rounds)
        problem = next(one for one in make_status(rounds).problems if one.what == "index")
    assert problem.words() == "录像存储，index：no room。"


@pytest.mark.parametrize("lost", [False, True])
def test_a_folder_of_the_chain_that_cannot_be_listed_keeps_no_other_camera_from_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    monkeypatch.setattr("cameras.chain.files.PER_FILE", 2)
    monkeypatch.setattr("cameras.recorder.HELD_AGAIN", 0.1)
    store = Store(tmp_path, places=[])
    for camera in ("C1", "C2"):
        for days in range(20, 0, -1):
            store.record(camera, NOW - days * DAY)
    store.index.file_lines()
    store.index.close()
    if lost:
        for ending in ("", "-wal", "-shm"):
            store.media.joinpath(f"index.db{ending}").unlink(missing_ok=True)
    listed = ChainFiles.files

    def files(self: ChainFiles, camera: str, after: int = 0) -> list[Path]:
        if camera == "C1":
            raise OSError(errno.EIO, "Input/output error")
        return listed(self, camera, after)

    monkeypatch.setattr(ChainFiles, "files", files)
    recorder = Recorder(msgspec.structs.replace(store.settings, cameras=[]))
    recorder.start()
    index = recorder.index
    assert index and index.held == {"C1"}
    trying = threading.Thread(target=recorder.complete)
    trying.start()

    def came_back(camera: str, lacking: set[str]) -> None:
        count = f"SELECT COUNT(*) FROM segment WHERE camera = '{camera}'"
        ends = time.monotonic() + 30
        while index.rows(count) != [(20,)] or index.lacking != lacking:
            assert time.monotonic() < ends, f"rows of {camera} are not given back"
            time.sleep(0.05)

    try:
        came_back("C2", {"C1"} if lost else set())
        monkeypatch.setattr(ChainFiles, "files", listed)
        came_back("C1", set())
    finally:
        recorder.stop()
        trying.join(10)
