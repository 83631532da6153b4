"""Nothing is left out on the ways through the index: while it is built anew, and when one recording cannot be had."""

import errno
import io
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from minio import Minio

from appliance.base.storage_settings import PlaceSettings
from cameras.archive.locate import Locator
from cameras.archive.places import FolderPlace, Pace
from cameras.archive.status import make_status
from cameras.archive.store import EVERYWHERE
from cameras.archive.terms import LEAST
from cameras.index import Index
from cameras.recorder.reconcile import complete, reconcile
from tests.cameras.archive_site import NOW, SIZE, Store, orders, settle, sitting

DAY = timedelta(days=1)


def lose_index(store: Store) -> Index:
    """Gone, and the newest days given back; the rest is for `complete`."""
    store.index.file_lines()
    store.index.close()
    for ending in ("", "-wal", "-shm"):
        store.media.joinpath(f"index.db{ending}").unlink(missing_ok=True)
    index = Index(store.media)
    reconcile(store.media, index, NOW)
    assert index.rebuilding
    return index


def test_what_comes_back_to_a_lost_index_is_copied_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.chain.files.PER_FILE", 1)
    place = PlaceSettings(name="nas", kind="nas", folder=str(tmp_path / "nas"), after_days=2)
    store = Store(tmp_path, places=[place], free_after_days=3)
    made = [store.record("C1", NOW - days * DAY)[0] for days in range(14, 4, -1)]
    store.run()
    nas = store.mount("nas", "nas")  # it was away while its copies fell due
    index = lose_index(store)
    with store.rounds() as rounds:
        settle(rounds)
        (problem,) = make_status(rounds).problems
        assert "正在重建录像索引" in problem.words() and "自动继续" in problem.next_words()
        complete(store.media, index, NOW, lambda: False)
        settle(rounds)
        assert not rounds.problems
    assert [(nas / one.path).exists() for one in made] == [True] * 10
    assert not any((store.media / one.path).exists() for one in made)


def test_what_comes_back_to_a_lost_index_is_deleted_past_its_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.chain.files.PER_FILE", 1)
    store = Store(tmp_path, places=[])
    old = [store.record("C1", NOW - days * DAY)[0] for days in range(1215, 1200, -1)]
    longer = sitting("s1", old[2].start - timedelta(hours=1), NOW + DAY)
    with store.rounds() as rounds:
        rounds.take_orders(orders(longer, before=old[4].start))
        settle(rounds)
    assert [(store.media / one.path).exists() for one in old[:5]] == [False, False, True, False, True]
    index, due = lose_index(store), NOW + 2 * DAY
    with store.rounds() as rounds:
        store.clock.advance(2 * 86400)
        rounds.take_orders(orders(longer, before=NOW - LEAST, due=due))
        settle(rounds)
        complete(store.media, index, NOW, lambda: False)
        rounds.take_orders(orders(longer, before=NOW - LEAST, due=due))
        settle(rounds)
    assert not any((store.media / one.path).exists() for one in old)


def test_a_hold_holds_what_has_not_come_back_to_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.chain.files.PER_FILE", 1)
    store = Store(tmp_path, places=[])
    old = [store.record("C1", NOW - days * DAY)[0] for days in range(1215, 1200, -1)]
    held = orders(sitting("s1", old[0].start, NOW - DAY, hold=True), before=NOW - LEAST, permit=False)
    with store.rounds() as rounds:  # killed between the rows of an order and its files
        rounds.archive.remove(old[0].path, EVERYWHERE, NOW, "past three years", "account:a account:b", 1)
    index = lose_index(store)
    with store.rounds() as rounds:
        for _half in range(2):
            rounds.take_orders(held)
            settle(rounds)
            assert (store.media / old[0].path).exists()
            complete(store.media, index, NOW, lambda: False)
        assert EVERYWHERE not in rounds.archive.removals(old[0].path)


def test_what_waits_for_a_disk_keeps_no_other_from_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.archive.copying.AT_ONCE", 4)
    store = Store(tmp_path, offline_after_days=1, free_after_days=2, scrub_days=2)
    nas = store.mount("nas", "nas")
    disk = store.mount("disks/usb1", "A-001", "offline")
    away = store.record("C1", NOW - 9 * DAY, count=6)
    store.run()
    with store.rounds() as rounds:
        rounds.end_disk("A-001", "console:root")
    disk.rename(tmp_path / "cupboard")
    store.mount("disks/usb2", "A-002", "offline")
    here = store.record("C2", NOW - 8 * DAY, count=2)
    store.run()
    assert not any((store.media / one.path).exists() for one in away + here)
    shutil.rmtree(nas)
    store.mount("nas", "nas")  # a new, empty one
    with store.rounds() as rounds:
        for _day in range(4):
            settle(rounds)
            store.clock.advance(86400)
    assert [(nas / one.path).exists() for one in away + here] == [False] * 6 + [True] * 2


def test_a_source_that_gives_nothing_stops_no_other_copy(tmp_path: Path, object_storage: str) -> None:
    (tmp_path / "key").write_text("access\nsecret-secret\n")
    (tmp_path / "key").chmod(0o640)
    place = PlaceSettings(
        name="cloud",
        kind="s3",
        endpoint=object_storage,
        bucket="cold",
        secure=False,
        key_file=str(tmp_path / "key"),
    )
    client = Minio(
        object_storage, access_key="access", secret_key="secret-secret", secure=False, region="us-east-1"
    )
    client.make_bucket("cold")
    store = Store(tmp_path, places=[place], free_after_days=2, offline_after_days=1)
    gone, cold, *others = store.record("C1", NOW - 40 * DAY, count=4)
    body = (store.media / cold.path).read_bytes()
    store.run()
    assert not (store.media / gone.path).exists()
    client.remove_object("cold", gone.path)
    client.put_object("cold", cold.path, io.BytesIO(body), SIZE, metadata={"x-amz-storage-class": "GLACIER"})
    others += store.record("C1", NOW - 5 * DAY)
    disk = store.mount("disks/usb1", "A-001", "offline")
    with store.rounds() as rounds:
        settle(rounds)
        assert [(disk / one.path).exists() for one in others] == [True] * 3
        assert (disk / "proof.d").exists()
        (problem,) = make_status(rounds).problems
        assert problem.what == "A-001" and problem.text.startswith("cloud: InvalidObjectState")
        assert [(one.place, one.path) for one in make_status(rounds).findings] == [("cloud", gone.path)]
        client.put_object("cold", cold.path, io.BytesIO(body), SIZE)
        settle(rounds)
        assert (disk / cold.path).read_bytes() == body and not rounds.problems


def test_one_reading_that_fails_loses_no_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path, free_after_days=2, scrub_days=10)
    nas = store.mount("nas", "nas")
    (one,) = store.record("C1", NOW - 5 * DAY)
    store.run()
    assert not (store.media / one.path).exists()
    whole, digest, fails = (nas / one.path).read_bytes(), FolderPlace.digest, [errno.EIO]

    def reading(place: FolderPlace, path: str, pace: Pace) -> str:
        if path == one.path and fails:
            raise OSError(fails.pop(), "Input/output error")
        return digest(place, path, pace)

    monkeypatch.setattr(FolderPlace, "digest", reading)

    def found() -> list[tuple[str, str]]:
        """After the next reading."""
        before = rounds.archive.rows("SELECT rounds FROM scrub WHERE place = 'nas'")
        while rounds.archive.rows("SELECT rounds FROM scrub WHERE place = 'nas'") == before:
            store.clock.advance(86400)
            settle(rounds)
        assert Locator(store.settings).locate(one) == nas / one.path
        return [(finding.place, finding.code) for finding in make_status(rounds).findings]

    with store.rounds() as rounds:
        assert found() == [("nas", "unreadable")]
        assert rounds.copier.verified_elsewhere(one, "") == [], "it counts for nothing"
        assert found() == [], "the next reading has found it whole"
        (nas / one.path).write_bytes(b"x" * SIZE)
        assert found() == [("nas", "altered")]
        (store.media / one.path).write_bytes(whole)
        settle(rounds)
    assert (nas / one.path).read_bytes() == whole
    assert (nas / f"{one.path}.altered").read_bytes() == b"x" * SIZE


def test_a_file_a_disk_does_not_give_makes_it_read_no_more_often(tmp_path: Path) -> None:
    store = Store(tmp_path, places=[], offline_after_days=1, free_after_days=2, scrub_days=10)
    disk = store.mount("disks/usb1", "A-001", "offline")
    first, _second = store.record("C1", NOW - 9 * DAY, count=2)
    store.run()
    (disk / first.path).unlink()
    (disk / first.path).mkdir()
    with store.rounds() as rounds:
        for _day in range(6):
            store.clock.advance(86400)
            settle(rounds)
        assert rounds.archive.rows("SELECT rounds FROM scrub WHERE place = 'A-001'") == [(1,)], (
            "as often as due"
        )
        assert Locator(store.settings).where(first).place == "A-001", "whoever has the disk may try"
        disk.rename(tmp_path / "cupboard")
        settle(rounds)
        (status,) = (one for one in make_status(rounds).places if one.name)
        assert status.read and status.read > NOW, "the others were read since"
        assert Locator(store.settings).where(first).lies == "offline"


def test_a_file_put_back_and_freed_again_weighs_once(tmp_path: Path) -> None:
    store = Store(tmp_path, free_after_days=2)
    nas = store.mount("nas", "nas")
    (one,) = store.record("C1", NOW - 5 * DAY)
    store.record("C2", NOW - timedelta(hours=1))
    store.run()
    weight = "SELECT bytes, copies FROM place WHERE name = ''"
    with store.rounds() as rounds:

        def put_back() -> list[tuple[int, int]]:
            shutil.copyfile(nas / one.path, store.media / one.path)
            rounds.archive.find("", one.path, "missing", NOW)
            rounds.archive.clear("", one.path, NOW)
            return settle(rounds) or rounds.archive.rows(weight)

        assert rounds.archive.rows(weight) == put_back() == put_back() == [(SIZE, 1)]
        assert not (store.media / one.path).exists()
        (store.media / one.path).write_bytes((nas / one.path).read_bytes())
        (nas / one.path).unlink()
        rounds.archive.find("", one.path, "missing", NOW)
        rounds.archive.clear("", one.path, NOW)
        settle(rounds)
        assert (store.media / one.path).exists(), "the last one stays"
        assert rounds.archive.rows(weight) == [(2 * SIZE, 2)]


def test_an_original_that_is_missing_weighs_nothing_until_it_is_back(tmp_path: Path) -> None:
    store = Store(tmp_path, scrub_days=2)
    store.mount("nas", "nas")
    _first, one, _last = store.record("C1", NOW - DAY, count=3)
    file = store.media / one.path
    body = file.read_bytes()
    with store.rounds() as rounds:

        def weight(days: int) -> int:
            """Once everything was read again; counted anew it is the same."""
            for _day in range(days):
                store.clock.advance(86400)
                settle(rounds)
            asked = "SELECT bytes, copies FROM place WHERE name = ''"
            ((size, number),) = rounds.archive.rows(asked)
            with store.index.transaction() as link:
                link.execute("UPDATE segment SET rowid = rowid + 100")
            settle(rounds)
            assert rounds.archive.rows(asked) == [(size, number)] and size == number * SIZE
            return int(number)

        assert weight(1) == 3
        file.unlink()
        assert weight(5) == 2
        file.write_bytes(body)
        assert weight(5) == 3
        file.unlink()
        rounds.copier.free_some("", 1, 1)
        assert weight(0) == 0, "gone before it left the recording disk"


def test_an_index_built_anew_keeps_nothing_new_from_its_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.archive.copying.AT_ONCE", 2)
    store = Store(tmp_path)
    nas = store.mount("nas", "nas")
    store.record("C1", NOW - 9 * DAY, count=12)
    store.run()
    with store.rounds() as rounds:
        with store.index.transaction() as link:
            link.execute("UPDATE segment SET rowid = rowid + 100")
        (new,) = store.record("C1", NOW - timedelta(hours=1))
        rounds.once()
        assert (nas / new.path).exists(), "in one round: what has its copies is not looked at one by one"


def test_what_came_late_just_before_the_index_was_lost_is_copied_and_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.chain.files.PER_FILE", 1)
    place = PlaceSettings(name="nas", kind="nas", folder=str(tmp_path / "nas"), after_days=2)
    store = Store(tmp_path, places=[place], free_after_days=3)
    nas = store.mount("nas", "nas")
    made = [store.record("C1", NOW - days * DAY)[0] for days in range(14, 4, -1)]
    store.run()
    (filled,) = store.record("C1", NOW - 8 * DAY + timedelta(hours=1))  # no round has seen it
    store.index = lose_index(store)
    complete(store.media, store.index, NOW, lambda: False)
    with store.rounds() as rounds:
        settle(rounds)
        assert (nas / filled.path).exists()
        assert rounds.archive.rows("SELECT 1 FROM pending") == []
        (newer,) = store.record("C1", NOW - 4 * DAY)  # one that stays would keep those behind it
        settle(rounds)
    assert not any((store.media / one.path).exists() for one in [*made, filled, newer])


def test_a_chain_file_that_cannot_be_read_keeps_no_other_row_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.chain.files.PER_FILE", 1)
    store = Store(tmp_path, places=[])
    made = [store.record(camera, NOW - days * DAY)[0] for camera in ("C1", "C2") for days in range(14, 4, -1)]
    store.index.file_lines()
    bad = store.media / "chain.d" / "C1" / "0000000003.links"
    line = bad.read_bytes()
    bad.unlink()
    bad.mkdir()
    index = store.index = lose_index(store)
    complete(store.media, index, NOW, lambda: False)
    assert {path for (path,) in index.rows("SELECT path FROM segment")} == {
        one.path for one in made if one != made[2]
    }
    named = index.rows("SELECT path FROM finding WHERE code = 'unreadable'")
    assert ("chain.d/C1/0000000003.links",) in named
    assert index.unread == ["C1/0000000003.links"] and index.lacking == {"C1"}
    bad.rmdir()
    bad.write_bytes(line)
    complete(store.media, index, NOW, lambda: False)
    assert len(index.rows("SELECT 1 FROM segment")) == 20 and index.unread == []
