"""Recordings over years: copies, freeing, finding, off-line disks, deletion by order and by nothing else."""

import errno
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from appliance.base.errors import NotFound, Unavailable
from appliance.base.storage_settings import PlaceSettings
from appliance.wire.seals import Deletion, Remembered
from cameras.archive.cli import check_folder
from cameras.archive.lawful import lawful, list_digest
from cameras.archive.locate import Locator
from cameras.archive.places import INVENTORY
from cameras.archive.status import make_status
from cameras.archive.store import DISK, EVERYWHERE, Archive, ArchiveReader
from cameras.integrity import verify
from cameras.recorder.reconcile import reconcile
from tests.cameras.archive_site import NOW, SIZE, Store, orders, settle, sitting

LONG_AGO = NOW - timedelta(days=1200)
BEFORE = NOW - timedelta(days=1096)
DAY = timedelta(days=1)


def test_a_copy_is_verified_before_the_original_may_go(tmp_path: Path) -> None:
    store = Store(tmp_path, free_after_days=2)
    nas = store.mount("nas", "nas")
    old, new = (
        store.record("C1", NOW - 5 * DAY, count=3),
        store.record("C1", NOW - timedelta(hours=1), count=2),
    )
    altered = old[1]
    body = bytearray((store.media / altered.path).read_bytes())
    body[7] ^= 1
    (store.media / altered.path).write_bytes(body)
    store.run()
    find = Locator(store.settings)
    assert [find.where(one).lies for one in old] == ["online", "here", "online"]
    assert [find.where(one).lies for one in new] == ["here", "here"]
    assert all((nas / one.path).exists() for one in [old[0], old[2], *new])
    assert not (nas / altered.path).exists(), "what is not as it was recorded is no copy"
    assert find.locate(old[0]) == nas / old[0].path
    reader = ArchiveReader(store.media)
    assert reader.removals(old[0].path)[DISK].why == "verified copies: nas"
    assert reader.gone("C1/", NOW) == {old[0].path, old[2].path}
    with store.rounds() as rounds:
        assert [(one.place, one.code) for one in make_status(rounds).findings] == [("", "altered")]
        told = rounds.archive.rows("SELECT count(*) FROM event WHERE kind = 'finding'")
    assert told == [(1,)], "told once"


def test_a_place_that_is_not_mounted_gets_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path, free_after_days=1)
    nas = store.mount("nas", "nas")
    (one,) = store.record("C1", NOW - 5 * DAY)
    (nas / "examsite-place.json").rename(tmp_path / "mark")  # an empty mount point
    store.run()
    assert list(nas.iterdir()) == [] and (store.media / one.path).exists()
    (tmp_path / "mark").rename(nas / "examsite-place.json")
    store.run()
    assert not (store.media / one.path).exists()
    (nas / "examsite-place.json").rename(tmp_path / "mark")
    find = Locator(store.settings)
    assert find.where(one).lies == "silent"
    with pytest.raises(Unavailable) as silent:
        find.locate(one)
    assert silent.value.code == "place_silent"


def test_a_disk_pulled_out_while_it_is_written_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path, free_after_days=1)
    nas = store.mount("nas", "nas")
    made = store.record("C1", NOW - 5 * DAY, count=3)
    kept, left = os.replace, [2]

    def pulled(*names: Path) -> None:
        left[0] -= 1
        if left[0] == 0:
            nas.rename(tmp_path / "pulled")
            raise OSError(errno.EIO, "Input/output error")
        kept(*names)

    monkeypatch.setattr(os, "replace", pulled)
    store.run()
    monkeypatch.undo()
    assert [(store.media / one.path).exists() for one in made].count(True) >= 2
    (tmp_path / "pulled").rename(nas)
    store.run()
    assert all((nas / one.path).exists() and not (store.media / one.path).exists() for one in made)
    assert not list(nas.rglob("*.part"))


def test_a_recording_that_cannot_be_read_holds_up_no_other(tmp_path: Path) -> None:
    store = Store(tmp_path)
    nas = store.mount("nas", "nas")
    bad, good = store.record("C1", NOW - 5 * DAY, count=2)
    (store.media / bad.path).unlink()
    (store.media / bad.path).mkdir()
    store.run()
    assert (nas / good.path).exists() and not (nas / bad.path).exists()
    with store.rounds() as rounds:
        assert [(one.path, one.code) for one in make_status(rounds).findings] == [(bad.path, "unreadable")]


def test_an_original_waits_for_as_many_copies_as_are_asked_for(tmp_path: Path) -> None:
    places = [
        PlaceSettings(name="nas", kind="nas", folder=str(tmp_path / "nas")),
        PlaceSettings(name="second", kind="disk", folder=str(tmp_path / "second"), keep_days=20),
    ]
    store = Store(tmp_path, places=places, free_after_days=2, copies=2)
    store.mount("nas", "nas")
    old, older = store.record("C1", NOW - 5 * DAY)[0], store.record("C2", NOW - 30 * DAY)[0]
    store.run()
    assert (store.media / old.path).exists()
    store.mount("second", "second", "disk")
    store.run()
    assert not (store.media / old.path).exists() and not (store.media / older.path).exists()
    assert (tmp_path / "second" / older.path).exists(), "the last but one of two may not leave"
    (tmp_path / "nas" / old.path).write_bytes(b"")
    assert Locator(store.settings).where(old).lies == "online"


@pytest.mark.parametrize("copy_is_there", [True, False])
def test_what_a_kill_left_goes_only_while_its_copies_are_there(tmp_path: Path, copy_is_there: bool) -> None:
    store = Store(tmp_path, free_after_days=2)
    nas = store.mount("nas", "nas")
    (one,) = store.record("C1", NOW - DAY)
    store.run()
    with store.rounds() as rounds:  # killed between the row and the file
        rounds.archive.remove(one.path, DISK, NOW, "verified copies: nas", "process:archive")
    if not copy_is_there:
        (nas / one.path).unlink()
    store.run()
    assert (store.media / one.path).exists() is not copy_is_there
    assert (DISK in ArchiveReader(store.media).removals(one.path)) is copy_is_there


@pytest.mark.parametrize("copy_is_there", [True, False])
def test_an_original_somebody_put_back_stays_while_it_is_the_last(
    tmp_path: Path, copy_is_there: bool
) -> None:
    store = Store(tmp_path, free_after_days=2)
    nas = store.mount("nas", "nas")
    (one,) = store.record("C1", NOW - 5 * DAY)
    store.run()
    assert not (store.media / one.path).exists()
    shutil.copyfile(nas / one.path, store.media / one.path)
    if not copy_is_there:
        (nas / one.path).unlink()
    with store.rounds() as rounds:
        rounds.archive.find(DISK, one.path, "missing", NOW)
        rounds.archive.clear(DISK, one.path, NOW)
        settle(rounds)
    assert (store.media / one.path).exists() is not copy_is_there


def test_a_place_gets_a_copy_that_holds_when_the_original_does_not(tmp_path: Path) -> None:
    places = [
        PlaceSettings(name="nas", kind="nas", folder=str(tmp_path / "nas")),
        PlaceSettings(name="second", kind="disk", folder=str(tmp_path / "second")),
    ]
    store = Store(tmp_path, places=places)
    store.mount("nas", "nas")
    (one,) = store.record("C1", NOW - DAY)
    store.run()
    kept = (store.media / one.path).read_bytes()
    (store.media / one.path).write_bytes(b"x" * SIZE)
    away = (tmp_path / "nas").rename(tmp_path / "away")
    second = store.mount("second", "second", "disk")
    store.run()
    assert not (second / one.path).exists() and ArchiveReader(store.media).suspect(one.path) == {DISK}
    away.rename(tmp_path / "nas")
    store.run()
    assert (second / one.path).read_bytes() == kept


def test_what_holds_again_is_copied(tmp_path: Path) -> None:
    store = Store(tmp_path, scrub_days=10)
    nas = store.mount("nas", "nas")
    (one,) = store.record("C1", NOW - DAY)
    kept = (store.media / one.path).read_bytes()
    (store.media / one.path).write_bytes(b"x" * SIZE)
    store.run()
    (store.media / one.path).write_bytes(kept)
    store.clock.advance(20 * 86400)
    store.run()
    store.run()
    assert (nas / one.path).read_bytes() == kept


def test_off_line_disks_follow_one_another_and_are_asked_for_by_label(tmp_path: Path) -> None:
    store = Store(tmp_path, places=[], free_after_days=2, offline_after_days=1)
    first = store.mount("disks/usb1", "A-001", "offline")
    old = store.record("C1", NOW - 9 * DAY, count=2)
    with store.rounds() as rounds:
        settle(rounds)
        rounds.end_disk("A-001", "console:root")
        body = msgspec.json.decode(
            rounds.archive.rows("SELECT body FROM event WHERE kind = 'disk_ended'")[0][0]
        )
    assert (body["recordings"], body["bytes"], body["label"]) == (2, 2 * SIZE, "A-001")
    checked = check_folder(first)
    assert checked.ok and checked.checked == 2 and checked.inventory == body["inventory"]
    cupboard = first.rename(tmp_path / "cupboard")
    later = store.record("C1", NOW - 8 * DAY, count=2)
    second = store.mount("disks/usb2", "A-002", "offline")
    store.run()
    assert len((second / INVENTORY).read_bytes().splitlines()) == 2, (
        "the second goes on where the first ended"
    )
    find = Locator(store.settings)
    assert (find.where(old[0]).lies, find.where(old[0]).place) == ("offline", "A-001")
    with pytest.raises(Unavailable) as wanted:
        find.locate(old[0])
    assert wanted.value.code == "disk_wanted" and "A-001" in wanted.value.text("en")
    assert find.locate(later[0]) == second / later[0].path
    cupboard.rename(first)
    assert find.locate(old[0]) == first / old[0].path
    (first / old[1].path).write_bytes(b"x")
    (first / old[0].path).unlink()
    assert [one.code for one in check_folder(first).findings] == ["missing", "altered"]


def test_only_what_is_past_its_date_goes_and_only_by_order(tmp_path: Path) -> None:
    store = Store(tmp_path)
    nas = store.mount("nas", "nas")
    gone, held, longer = (store.record("C1", LONG_AGO + number * DAY, count=3) for number in range(3))
    other_room = store.record("C2", LONG_AGO + DAY)
    entrance = store.record("E1", LONG_AGO + DAY)
    young = store.record("C1", BEFORE + timedelta(minutes=1))
    plan = [
        sitting("s-held", LONG_AGO + DAY, NOW - 9 * DAY, hold=True),
        sitting("s-longer", LONG_AGO + 2 * DAY, NOW + 9 * DAY),
        sitting("s-other", LONG_AGO - 5 * DAY, NOW - 90 * DAY, room="T2"),
    ]
    store.run()
    with store.rounds() as rounds:
        rounds.take_orders(orders(*plan, before=BEFORE, permit=False))
        settle(rounds)
        assert all(
            (store.media / one.path).exists() for one in [*gone, *held, *longer, *other_room, *entrance]
        )
        assert (make_status(rounds).due.days, make_status(rounds).due.kept) == (3, 2)
        rounds.take_orders(orders(*plan, before=BEFORE))
        settle(rounds)
    assert not any(
        (folder / one.path).exists() for one in [*gone, *other_room] for folder in (store.media, nas)
    )
    assert all((nas / one.path).exists() for one in [*held, *longer, *entrance, *young])
    reader = ArchiveReader(store.media)
    removal = reader.removals(gone[0].path)[EVERYWHERE]
    assert (removal.why, removal.who) == ("past three years", "account:a account:b")
    with pytest.raises(NotFound) as deleted:
        Locator(store.settings, store.clock).locate(gone[0])
    assert deleted.value.code == "recording_deleted"
    plan[0].hold = False
    with store.rounds() as rounds:
        (body,) = [
            msgspec.json.decode(b)
            for (b,) in rounds.archive.rows("SELECT body FROM event WHERE kind = 'deleted'")
        ]
        assert (body["permit"], body["recordings"], body["bytes"]) == ("p1", 4, 4 * SIZE)
        rounds.take_orders(orders(*plan, before=BEFORE))
        settle(rounds)
        assert not any((store.media / one.path).exists() for one in [*held, *entrance]), "the hold was lifted"
        assert all((store.media / one.path).exists() for one in [*longer, *young])
        rounds.take_orders(orders(*plan, before=BEFORE, due=NOW + 10 * DAY))
        settle(rounds)
        assert all((store.media / one.path).exists() for one in longer), "an order of a day that has not come"
        store.clock.advance(10 * 86400)
        settle(rounds)
        assert not any((store.media / one.path).exists() for one in longer), "its own date has come"
        assert all((store.media / one.path).exists() for one in young)


def test_a_full_disk_deletes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path, free_after_days=1)
    store.mount("nas", "nas")
    made = store.record("C1", LONG_AGO, count=3)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(total=1 << 40, free=0))
    with store.rounds() as rounds:
        settle(rounds)
        assert "copy nas" in rounds.problems
        status = make_status(rounds)
    assert all((store.media / one.path).exists() for one in made)
    assert status.forecast.days_left == 0.0 and list((tmp_path / "nas").glob("C1/*/*")) == []


def test_a_deleted_recording_leaves_a_disk_that_is_plugged_in_later(tmp_path: Path) -> None:
    store = Store(tmp_path, places=[], offline_after_days=1)
    disk = store.mount("disks/usb1", "A-001", "offline")
    (one,) = store.record("C1", LONG_AGO)
    store.run()
    away = disk.rename(tmp_path / "cupboard")
    with store.rounds() as rounds:
        rounds.take_orders(orders(before=BEFORE))
        settle(rounds)
    assert not (store.media / one.path).exists() and (away / one.path).exists()
    assert Locator(store.settings, store.clock).where(one).lies == "deleted"
    away.rename(disk)
    store.run()
    assert (disk / one.path).exists(), "nobody has said yet that it is not on hold now"
    with store.rounds() as rounds:
        rounds.take_orders(orders(before=BEFORE))
        settle(rounds)
    assert not (disk / one.path).exists()
    checked = check_folder(disk)
    assert checked.ok and checked.deleted == 1


def test_verify_and_the_recorder_know_what_has_moved_or_was_deleted(tmp_path: Path) -> None:
    store = Store(tmp_path, free_after_days=2)
    nas = store.mount("nas", "nas")
    gone, old = store.record("C1", LONG_AGO, count=1), store.record("C1", NOW - DAY * 3, count=4)
    store.run()
    with store.rounds() as rounds:
        rounds.take_orders(orders(before=BEFORE))
        settle(rounds)
    assert not any((store.media / one.path).exists() for one in [*old, *gone])
    found = verify(store.media, now=NOW, locator=Locator(store.settings))
    assert (found.checked, found.deleted, found.elsewhere) == (4, 1, 0)
    assert not [one for one in found.findings if one.code in ("missing", "altered", "added")]
    (nas / old[1].path).write_bytes(b"x" * SIZE)
    (nas / old[2].path).unlink()
    found = verify(store.media, now=NOW, locator=Locator(store.settings))
    assert {(one.code, one.path) for one in found.findings if one.code in ("missing", "altered")} == {
        ("altered", old[1].path),
        ("missing", old[2].path),
    }
    assert verify(store.media, now=NOW).elsewhere == 4, (
        "without the configuration nobody knows where the places are"
    )
    reconcile(store.media, store.index, NOW - DAY * 2)
    assert store.index.rows("SELECT code FROM finding WHERE code = 'missing'") == []


@pytest.mark.parametrize(
    ("start", "removed", "deletions", "expected"),
    [
        (LONG_AGO, NOW, None, True),
        (LONG_AGO, NOW + timedelta(seconds=1), None, False),
        (NOW - 3 * DAY, NOW, None, False),
        (NOW - 3 * DAY, NOW + 1200 * DAY, None, False),
        (LONG_AGO, NOW - 2 * DAY, [], False),
        (LONG_AGO, NOW - timedelta(hours=1), [], True),
        (LONG_AGO, NOW - 2 * DAY, [(LONG_AGO - DAY, LONG_AGO + DAY, NOW)], True),
        (LONG_AGO, NOW - 2 * DAY, [(LONG_AGO - DAY, LONG_AGO + DAY, NOW - 3 * DAY)], False),
        (LONG_AGO, NOW - 2 * DAY, [(LONG_AGO - 9 * DAY, LONG_AGO - DAY, NOW)], False),
        (datetime(2020, 2, 29, 8, tzinfo=UTC), datetime(2023, 3, 1, 7, tzinfo=UTC), None, False),
        (datetime(2020, 2, 29, 8, tzinfo=UTC), datetime(2023, 3, 1, 8, tzinfo=UTC), None, True),
    ],
)
def test_a_recording_may_be_gone_after_three_years_and_as_the_journal_says(
    start: datetime,
    removed: datetime,
    deletions: list[tuple[datetime, datetime, datetime]] | None,
    expected: bool,
) -> None:
    told = None
    if deletions is not None:
        told = [Deletion(first=first, last=last, at=at) for first, last, at in deletions]
    assert lawful(start, removed, NOW, told) == expected


def test_a_row_in_the_archive_excuses_no_missing_recording(tmp_path: Path) -> None:
    store = Store(tmp_path)
    young, old = store.record("C1", NOW - DAY)[0], store.record("C1", LONG_AGO)[0]
    archive = Archive(store.media)
    for one in (young, old):
        (store.media / one.path).unlink()
        archive.remove(one.path, EVERYWHERE, NOW - 2 * DAY, "kept 3 years", "policy", 7 if one is old else 0)
    archive.close()
    find = Locator(store.settings, store.clock)
    assert [find.where(one).lies for one in (young, old)] == ["missing", "deleted"]

    def missing(deletions: list[Deletion] | None) -> set[str]:
        known = None if deletions is None else Remembered(heads=[], deletions=deletions)
        found = verify(store.media, now=NOW, locator=find, known=known)
        return {one.path for one in found.findings if one.code == "missing"}

    assert missing(None) == {young.path}
    assert missing([]) == {young.path, old.path}, "the journal knows of no deletion"
    told = Deletion(first=LONG_AGO - DAY, last=LONG_AGO, at=NOW - DAY)
    assert missing([told]) == {young.path, old.path}, "not on the list the journal has the hash of"
    told = msgspec.structs.replace(told, list=list_digest([(old.path, old.sha256)]))
    assert missing([told]) == {young.path}
    reconcile(store.media, store.index, NOW)
    assert store.index.rows("SELECT path FROM finding WHERE code = 'missing'") == [(young.path,)]
