"""The list and the proof of the recordings are lost, damaged, or of another disk; places that come and go."""

import os
import shutil
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from appliance.base.errors import ExamError, Unavailable
from appliance.base.storage_settings import PlaceSettings
from appliance.wire.archive import Acknowledged, PreparePlace
from cameras.archive.cli import check_folder
from cameras.archive.copying import UNREAD
from cameras.archive.locate import Locator
from cameras.archive.places import INVENTORY, MARK, FolderPlace, Mark, PlaceSilent, mounted_disks
from cameras.archive.process import ArchiveProcess
from cameras.archive.rounds import Rounds
from cameras.archive.status import make_status
from cameras.archive.store import FILE, ArchiveReader
from cameras.index import moment
from cameras.recorder.reconcile import reconcile
from tests.cameras.archive_site import NOW, SIZE, Store, orders, proof_of, settle

DAY = timedelta(days=1)
LONG_AGO = NOW - 1200 * DAY


def lose(store: Store, instead: bytes | None = None) -> None:
    """The list of archived recordings is gone, or something else."""
    for ending in ("", "-wal", "-shm"):
        (store.media / (FILE + ending)).unlink(missing_ok=True)
    if instead is not None:
        (store.media / FILE).write_bytes(instead)


@pytest.mark.parametrize("instead", [None, b"", b"no database at all" * 99])
def test_a_lost_list_comes_back_from_a_place(tmp_path: Path, instead: bytes | None) -> None:
    store = Store(tmp_path, free_after_days=2, offline_after_days=1)
    store.mount("nas", "nas")
    disk = store.mount("disks/usb1", "A-001", "offline")
    (gone,) = store.record("E1", LONG_AGO)
    (one,) = store.record("C1", NOW - 9 * DAY)
    with store.rounds() as rounds:
        rounds.take_orders(orders(before=NOW - 1100 * DAY))
        settle(rounds)
        store.clock.advance(2 * 86400)
        settle(rounds)
        before = rounds.archive.id
    disk.rename(tmp_path / "cupboard")
    lose(store, instead)
    with store.rounds() as rounds:
        assert not rounds.once() and not ArchiveProcess(rounds).alive(), "a new process takes the list"
    with store.rounds() as rounds:
        assert rounds.archive.id != before, "its events are numbered anew"
        assert rounds.archive.rows("SELECT kind FROM event ORDER BY number DESC LIMIT 1") == [
            ("list_restored",)
        ]
        settle(rounds)
        assert make_status(rounds).found == 0
    find = Locator(store.settings, store.clock)
    assert find.where(gone).lies == "deleted" and find.where(one).lies == "online"
    assert {copy.place for copy in ArchiveReader(store.media).copies(one.path)} == {"A-001", "nas"}
    assert len(list(store.media.glob(f"{FILE}.damaged-*"))) == bool(instead)


def test_a_damaged_list_stops_no_recording(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (one,) = store.record("C1", NOW - timedelta(hours=1))
    (store.media / one.path).unlink()
    lose(store, b"no database at all" * 99)
    reconcile(store.media, store.index, NOW)
    assert store.index.rows("SELECT code FROM finding") == [("archive_unreadable",)]


def test_a_disk_nobody_knows_any_more_is_taken_in_from_its_inventory(tmp_path: Path) -> None:
    store = Store(tmp_path, places=[], offline_after_days=1, free_after_days=2)
    disk = store.mount("disks/usb1", "A-001", "offline")
    made = store.record("C1", NOW - 9 * DAY, count=2)
    store.run()
    (proof_of(disk) / FILE).unlink()
    lose(store)
    with store.rounds() as rounds:
        settle(rounds)
        assert rounds.archive.rows("SELECT state, copies FROM place WHERE name = 'A-001'") == [("full", 2)]
    assert [Locator(store.settings).where(one).lies for one in made] == ["online"] * 2


def test_a_disk_pulled_while_it_is_taken_in_stops_no_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path, places=[])
    disk = store.mount("disks/usb1", "A-001", "offline")
    (one,) = store.record("C1", NOW - 9 * DAY)
    line = {"path": one.path, "bytes": SIZE, "sha256": one.sha256}
    (disk / INVENTORY).write_bytes(msgspec.json.encode(line) + b"\n")
    space = FolderPlace.space

    def pulled(place: FolderPlace) -> tuple[int, int]:
        disk.rename(tmp_path / "pulled")
        return space(place)

    monkeypatch.setattr(FolderPlace, "space", pulled)
    with store.rounds() as rounds:
        rounds.once()
        (_media, known) = make_status(rounds).places
        assert (known.name, known.copies, known.read) == ("A-001", 1, moment(0)) and not rounds.problems


def test_what_was_taken_in_counts_when_it_was_read(tmp_path: Path) -> None:
    store = Store(tmp_path, places=[], free_after_days=2)
    disk = store.mount("disks/usb1", "A-001", "offline")
    (rotten, lost, altered), (whole,) = (
        store.record("C1", NOW - 9 * DAY, count=3),
        store.record("C2", NOW - 9 * DAY),
    )
    lines = [
        {"path": one.path, "bytes": SIZE, "sha256": one.sha256} for one in (rotten, whole, lost, altered)
    ]
    for one in (rotten, whole, lost, altered):
        (disk / one.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(store.media / one.path, disk / one.path)
    (disk / rotten.path).write_bytes(b"x" * SIZE)
    (store.media / lost.path).unlink()
    (store.media / altered.path).write_bytes(b"x" * SIZE)
    outside = tmp_path / "C1.mp4"
    outside.write_bytes(b"somebody else's")
    for path in (str(outside), f"../../{outside.name}", "/dev/zero"):
        lines.append({"path": path, "bytes": 15, "sha256": "0"})
    (disk / INVENTORY).write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    with store.rounds() as rounds:
        rounds.archive.find("", lost.path, "missing", NOW)
        rounds.archive.find("", altered.path, "altered", NOW)
        rounds._reach()
        assert rounds.archive.rows("SELECT copies FROM place WHERE name = 'A-001'") == [(4,)]
        assert rounds.copier.verified_elsewhere(whole, "") == [], "nobody has read it"
        assert rounds.archive.suspect(altered.path) == {""} and len(make_status(rounds).findings) == 2
        store.clock.advance(181 * 86400)
        settle(rounds)
        found = {(one.place, one.path, one.code) for one in make_status(rounds).findings}
        assert found == {("", altered.path, "altered"), ("A-001", rotten.path, "altered")}
        assert rounds.copier.verified_elsewhere(whole, "") == ["A-001"]
        rounds.once()
    here = [(store.media / one.path).exists() for one in (rotten, whole, altered)]
    assert here == [True, False, True] and outside.exists()


def test_a_link_on_a_disk_leads_nowhere(tmp_path: Path) -> None:
    store = Store(tmp_path)
    disk = store.mount("disks/usb1", "A-001", "offline")
    (one,) = store.record("C1", NOW - DAY)
    (disk / "C1").symlink_to(store.media / "C1")
    with pytest.raises(PlaceSilent, match="link"):
        FolderPlace("A-001", "offline", disk).set_aside(one.path)
    assert (store.media / one.path).exists()


def test_the_disk_of_another_site_and_a_label_twice_get_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path, places=[], offline_after_days=1)
    foreign = store.mount("disks/usb1", "A-001", "offline")
    (foreign / MARK).write_bytes(msgspec.json.encode(Mark(name="A-001", kind="offline", site="110000-07")))
    twins = [store.mount(f"disks/{name}", "A-002", "offline") for name in ("usb2", "usb3")]
    store.record("C1", NOW - 9 * DAY)
    store.run()
    assert all([one.name for one in folder.iterdir()] == [MARK] for folder in (foreign, *twins))
    assert mounted_disks(tmp_path / "disks", "110000-07") == {"A-001": foreign}


def test_a_disk_in_its_cupboard_is_unplugged_and_counts_for_half_a_year(tmp_path: Path) -> None:
    store = Store(tmp_path, places=[], offline_after_days=1)
    disk = store.mount("disks/usb1", "A-001", "offline")
    store.record("C1", NOW - 9 * DAY, count=1)
    store.run()
    disk.rename(tmp_path / "cupboard")
    with store.rounds() as rounds:
        settle(rounds)
        assert [one.state for one in make_status(rounds).places] == ["online", "unplugged"]
        segment = store.index.between("C1", NOW - 10 * DAY, NOW)[0]
        assert rounds.copier.verified_elsewhere(segment, "") == ["A-001"]
        store.clock.advance(UNREAD.total_seconds() + 60)
        assert rounds.copier.verified_elsewhere(segment, "") == []
        with pytest.raises(Unavailable) as away:
            rounds.end_disk("A-001", "console:root")
        assert away.value.code == "disk_not_plugged_in"


def test_a_torn_line_of_an_inventory_is_a_line_of_its_own(tmp_path: Path) -> None:
    place = FolderPlace("A-001", "offline", tmp_path)
    (tmp_path / MARK).write_bytes(msgspec.json.encode(Mark(name="A-001", kind="offline", site="x")))
    (tmp_path / INVENTORY).write_bytes(b'{"path": "C1/2026')
    (tmp_path / "C1/20261121").mkdir(parents=True)
    (tmp_path / "C1/20261121/a.mp4").write_bytes(b"")
    line = {"sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
    place.list_copy(line | {"path": "C1/20261121/a.mp4"})
    found = check_folder(tmp_path)
    assert (found.ok, found.checked, found.torn) == (True, 1, 1)
    whole = (tmp_path / INVENTORY).read_bytes()
    second = msgspec.json.encode(line | {"path": "C1/20261121/b.mp4"}) + b"\n"
    for there, damaged in ((b"C1/", b"/dev/zero/"), (b"C1/", b"C1_"), (b"path", b"pa|h"), (b'"C1', b"|C1")):
        (tmp_path / INVENTORY).write_bytes(whole + second.replace(there, damaged))
        found = check_folder(tmp_path)
        assert (found.ok, found.checked, found.torn) == (False, 1, 1), "what it listed is not checked"
        assert [(one.code, one.path) for one in found.findings] == [("altered", INVENTORY)]


def test_an_index_built_anew_is_counted_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (gone,) = store.record("E1", LONG_AGO)
    made = store.record("C1", NOW - DAY, count=3)
    with store.rounds() as rounds:
        rounds.take_orders(orders(before=NOW - 1100 * DAY))
        settle(rounds)
        with store.index.transaction() as link:  # other numbers, as after a rebuild
            link.execute("UPDATE segment SET rowid = rowid + 100")
        settle(rounds)
        assert rounds.archive.rows("SELECT sum(segments), sum(bytes) FROM day") == [(3, len(made) * SIZE)]
        assert rounds.archive.rows("SELECT bytes, copies FROM place WHERE name = ''") == [(3 * SIZE, 3)]
    assert not (store.media / gone.path).exists()


def test_what_is_filled_behind_the_bookmark_is_copied_too(tmp_path: Path) -> None:
    place = PlaceSettings(name="nas", kind="nas", folder=str(tmp_path / "nas"), after_days=2)
    store = Store(tmp_path, places=[place], free_after_days=3)
    nas = store.mount("nas", "nas")
    store.record("C1", NOW - 9 * DAY)
    store.run()
    (filled,) = store.record("C1", NOW - 12 * DAY)
    store.run()
    assert (nas / filled.path).exists() and not (store.media / filled.path).exists()


def test_one_camera_that_waits_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cameras.archive.copying.FREED_AT_ONCE", 2)
    store = Store(tmp_path)
    nas = store.mount("nas", "nas")
    waits, (goes,) = store.record("C1", NOW - 9 * DAY, count=4), store.record("C2", NOW - 9 * DAY)
    store.run()
    for one in waits:
        (nas / one.path).unlink()
    with store.rounds() as rounds:
        rounds.once()
        rounds.copier.free_some("", 2, 1)
    assert not (store.media / goes.path).exists()
    assert all((store.media / one.path).exists() for one in waits)


def test_a_step_that_fails_is_told_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    nas = store.mount("nas", "nas")
    (one,) = store.record("C1", NOW - DAY)

    def fails(*_anything: object) -> bool:
        raise KeyError("a fault of the program")

    monkeypatch.setattr("cameras.archive.rounds.count_days", fails)
    with store.rounds() as rounds:
        settle(rounds)
        store.clock.advance(3600)
        settle(rounds)
        (problem,) = make_status(rounds).problems
        assert (problem.what, problem.since) == ("days", NOW)
        assert make_status(rounds).round_ended == store.clock.now()
        lose(store)
        (store.media / FILE).touch()
        assert not rounds.once() and not ArchiveProcess(rounds).alive(), "a new process takes the new list"
    assert (nas / one.path).exists()


def test_the_recordings_need_their_own_disk(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (tmp_path / "state").mkdir()
    recorder = msgspec.structs.replace(store.settings.recorder, own_disk=True)
    with pytest.raises(Unavailable) as refused:
        Rounds(msgspec.structs.replace(store.settings, recorder=recorder), store.clock)
    assert refused.value.code == "media_not_mounted" and not (store.media / FILE).exists()


def prepared(rounds: Rounds, label: str, folder: Path) -> str:
    """What preparing a place is answered: its state, or the code of the refusal."""
    asked = PreparePlace(label=label, folder=str(folder), actor="console:root")
    try:
        return ArchiveProcess(rounds)._prepare(asked).state
    except ExamError as error:
        return error.code


def test_what_may_become_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = PlaceSettings(name="cloud", kind="s3", endpoint="x:1", bucket="b")
    nas = PlaceSettings(name="nas", kind="nas", folder=str(tmp_path / "nas"))
    store = Store(tmp_path, places=[nas, cloud])
    disk, other = tmp_path / "disks" / "usb1", tmp_path / "elsewhere"
    for folder in (disk, other, tmp_path / "nas"):
        folder.mkdir(parents=True)
    with store.rounds() as rounds:
        assert prepared(rounds, "A-001", disk) == "not_mounted", "the disk of the box itself"
        disks = {tmp_path / "media": 1, disk: 2, tmp_path / "nas": 3}
        monkeypatch.setattr("cameras.archive.prepare._disk", lambda folder: disks.get(folder, 0))
        for label in ("", "*", "a/b", " A"):
            assert prepared(rounds, label, disk) == "bad_label"
        assert prepared(rounds, "A-001", other) == "not_below_offline"
        assert prepared(rounds, "nas", other) == prepared(rounds, "cloud", other) == "not_its_folder"
        assert prepared(rounds, "nas", tmp_path / "nas") == "online"
        (disk / MARK).mkdir()
        assert prepared(rounds, "A-001", disk) == "place_not_writable"
        (disk / MARK).rmdir()
        assert prepared(rounds, "A-001", disk) == prepared(rounds, "A-001", disk) == "filling"
        assert prepared(rounds, "A-002", disk) == "another_place"


def test_what_was_fetched_stays_for_an_hour_after_each_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    fetched = store.media / ".fetched"
    fetched.mkdir()
    used, old = fetched / "C1_a.mp4", fetched / "C1_b.mp4"
    for file in (used, old):
        file.touch()
        os.utime(file, (1, 1))
    with store.rounds() as rounds:
        place = FolderPlace("nas", "nas", tmp_path / "nas")
        assert rounds.copier.fetched("C1/a.mp4", place) == used
        settle(rounds)
        assert used.exists() and not old.exists()
        usage = shutil.disk_usage(tmp_path)
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(total=1 << 40, free=1 << 20))
        with pytest.raises(PlaceSilent, match="recording goes first"):
            rounds.copier.fetched("C1/c.mp4", place)


def test_a_copy_that_holds_comes_before_an_altered_original(tmp_path: Path) -> None:
    store = Store(tmp_path)
    nas = store.mount("nas", "nas")
    shorter, same_length, lost = store.record("C1", NOW - DAY, count=3)
    store.run()
    (store.media / shorter.path).write_bytes(b"x")
    (store.media / same_length.path).write_bytes(b"x" * SIZE)
    find = Locator(store.settings)
    assert find.locate(shorter) == nas / shorter.path
    assert find.where(same_length).lies == "here", "nobody has read it again yet"
    with store.rounds() as rounds:
        settle(rounds)
        store.clock.advance(181 * 86400)
        settle(rounds)
    assert find.locate(same_length) == nas / same_length.path
    (nas / lost.path).unlink()
    (store.media / lost.path).write_bytes(b"x")
    assert find.locate(lost) == store.media / lost.path, "there is no better one: its hash is told as altered"


def test_what_was_set_aside_goes_with_its_recording(tmp_path: Path) -> None:
    store = Store(tmp_path, scrub_days=1)
    nas = store.mount("nas", "nas")
    (old,) = store.record("C1", LONG_AGO)
    store.run()
    (nas / old.path).write_bytes(b"x" * SIZE)
    with store.rounds() as rounds:
        for _day in range(3):
            store.clock.advance(86400)
            settle(rounds)
        assert (nas / f"{old.path}.altered").exists()
        rounds.take_orders(orders(before=NOW - 1100 * DAY))
        settle(rounds)
    assert not list(nas.rglob(f"{Path(old.path).name}*")), "the three years are over, for the altered one too"


def test_two_people_know_until_something_else_is_found(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.rounds() as rounds:
        for path in ("C1/a", "C1/b"):
            rounds.archive.find("nas", path, "altered", NOW)
        known = Acknowledged(id="k1", place="nas", path="", until=NOW)
        rounds.take_orders(msgspec.structs.replace(orders(before=NOW - 1100 * DAY), acknowledged=[known]))
        status = make_status(rounds)
        assert (status.found, status.acknowledged, status.findings) == (0, 2, [])
        assert rounds.archive.suspect("C1/a") == {"nas"}, "known is not mended"
        rounds.archive.find("nas", "C1/c", "altered", NOW + DAY)
        rounds.archive.clear("nas", "C1/a", NOW + DAY)
        rounds.archive.find("nas", "C1/a", "altered", NOW + DAY)
        assert make_status(rounds).found == 2, "a new one, and one that held in between"
        rounds.archive.find("nas", "C1/d", "altered", NOW - DAY)
        rounds.take_orders(msgspec.structs.replace(orders(before=NOW - 1099 * DAY), acknowledged=[known]))
        assert make_status(rounds).found == 3, "found under a clock set back: nobody knows of it"
