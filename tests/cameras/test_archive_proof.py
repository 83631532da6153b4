"""The proof beside the copies: what is brought there, what it is worth after a loss, and what never replaces it."""

import contextlib
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from minio import Minio

from appliance.base.ids import new_id
from appliance.base.storage_settings import PlaceSettings
from appliance.wire.archive import GetEvents
from cameras.archive.mirror import copy_list
from cameras.archive.places import MARK, PROOF, Mark, Pace
from cameras.archive.process import ArchiveProcess
from cameras.archive.status import make_status
from cameras.archive.store import FILE, ArchiveReader
from cameras.chain import ChainFiles
from tests.cameras.archive_site import NOW, Store, proof_of, settle

DAY = timedelta(days=1)


def test_the_proof_lies_beside_every_copy(tmp_path: Path) -> None:
    store = Store(tmp_path)
    nas = store.mount("nas", "nas")
    made = store.record("C1", NOW - DAY, count=2)
    store.index.file_lines()
    store.run()
    (links,) = ChainFiles(store.media).files("C1")
    there = proof_of(nas) / links.relative_to(store.media)
    assert there.read_bytes() == links.read_bytes() and len(links.read_bytes().splitlines()) == 2
    with sqlite3.connect(proof_of(nas) / FILE) as link:
        assert link.execute("SELECT count(*) FROM copy").fetchone() == (len(made),)
    store.record("C1", NOW)
    store.index.file_lines()
    store.run()
    assert there.read_bytes() != links.read_bytes(), "once an hour"
    store.clock.advance(3600)
    store.run()
    assert there.read_bytes() == links.read_bytes()


def new_disk(store: Store, folder: Path) -> Store:
    """The same site with a new, empty recording disk."""
    new = Store(folder)
    new.settings = msgspec.structs.replace(new.settings, storage=store.settings.storage)
    new.first = False
    return new


def files_of(folder: Path) -> dict[str, bytes]:
    """Everything below a folder."""
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_a_new_recording_disk_gets_the_list_and_takes_nothing_of_the_old_proof(tmp_path: Path) -> None:
    store = Store(tmp_path)
    nas = store.mount("nas", "nas")
    (old,) = store.record("C1", NOW - DAY)
    store.index.file_lines()
    store.run()
    kept, before = proof_of(nas), files_of(proof_of(nas))
    assert {Path(name).name for name in before} == {FILE, "0000000001.links"}
    late = nas.rename(tmp_path / "late")
    new = new_disk(store, tmp_path / "new")
    new.record("C1", NOW)
    new.index.file_lines()
    with new.rounds() as rounds:
        settle(rounds)
        assert rounds.problems["list"][1] == "an older one may lie on nas"
        assert [one.waits_for for one in make_status(rounds).problems] == [["nas"]]
        assert [name for name, _place, _step in rounds._steps()] == ["fetched", "days"]
        late.rename(nas)
        assert not rounds.once() and not ArchiveProcess(rounds).alive()
    for hours in (0, 1, 25):
        new.clock.advance(hours * 3600)
        new.run()
    assert {copy.place for copy in ArchiveReader(new.media).copies(old.path)} == {"nas"}
    assert files_of(kept) == before, "another chain and another list have a folder of their own"
    (other,) = (one for one in (nas / PROOF).iterdir() if one != kept)
    assert (other / "chain.d/C1/0000000001.links").read_bytes() == ChainFiles(new.media).files("C1")[
        0
    ].read_bytes()


def test_the_list_of_another_site_is_left_alone(tmp_path: Path) -> None:
    """As in a bucket that two sites use: no mark lies in it."""
    theirs, ours = Store(tmp_path / "theirs"), Store(tmp_path / "ours")
    nas = theirs.mount("nas", "nas")
    theirs.settings = msgspec.structs.replace(
        theirs.settings, site=msgspec.structs.replace(theirs.settings.site, code="110000-07")
    )
    (nas / MARK).write_bytes(msgspec.json.encode(Mark(name="nas", kind="nas", site="110000-07")))
    theirs.record("C1", NOW - DAY)
    theirs.run()
    shutil.copytree(nas / PROOF, ours.mount("nas", "nas") / PROOF)
    ours.first = False
    with ours.rounds() as rounds:
        settle(rounds)
        assert not rounds.moved and not rounds.archive.new
        assert not rounds.archive.rows("SELECT 1 FROM copy")
        assert not rounds.archive.rows("SELECT 1 FROM event WHERE kind = 'list_restored'")


@pytest.mark.parametrize("kind", ["nas", "s3"])
def test_a_list_that_names_no_site_comes_back_from_a_folder_with_our_mark(
    kind: Literal["nas", "s3"], tmp_path: Path, object_storage: str
) -> None:
    """Made before lists named their site. Nobody says whose it is where it lies in a bucket."""
    store = Store(tmp_path)
    nas = store.mount("nas", "nas")
    (one,) = store.record("C1", NOW - DAY)
    store.run()
    (listed,) = nas.glob(f"{PROOF}/*/{FILE}")
    with contextlib.closing(sqlite3.connect(listed)) as link, link:
        link.execute("DELETE FROM kept WHERE name = 'site'")
    if kind == "s3":
        (tmp_path / "key").write_text("access\nsecret-secret\n")
        (tmp_path / "key").chmod(0o640)
        bucket = f"old-{new_id()[-8:].lower()}"
        client = Minio(object_storage, "access", "secret-secret", secure=False, region="us-east-1")
        client.make_bucket(bucket)
        client.fput_object(bucket, f"{PROOF}/old/{FILE}", str(listed))
        place = PlaceSettings(
            name="cloud",
            kind="s3",
            endpoint=object_storage,
            bucket=bucket,
            secure=False,
            key_file=f"{tmp_path}/key",
        )
        store.settings = msgspec.structs.replace(
            store.settings, storage=msgspec.structs.replace(store.settings.storage, places=[place])
        )
    for path in store.media.glob(f"{FILE}*"):
        path.unlink()
    with store.rounds() as rounds:
        rounds.once()
        assert rounds.moved == (kind == "nas")
    if kind == "nas":
        assert ArchiveReader(store.media).copies(one.path)


def test_a_new_list_waits_a_day_for_places_that_may_keep_the_old_one(tmp_path: Path) -> None:
    store = Store(tmp_path, free_after_days=2)
    store.first = False
    with store.rounds() as rounds:
        settle(rounds)
        assert set(rounds.problems) == {"list"}
        store.clock.advance(86400)
        settle(rounds)
        assert not rounds.archive.new and rounds.problems == {}


def test_a_box_that_is_off_at_night_waits_no_longer_for_a_place(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.first = False
    waits = []
    for hours in (10, 14, 0.5):
        with store.rounds() as rounds:
            settle(rounds)
            waits.append(rounds.archive.new)
            store.clock.advance(hours * 3600)
    with store.rounds() as rounds:
        settle(rounds)
        waits.append(rounds.archive.new)
        store.clock.advance(3600)
        settle(rounds)
        assert not rounds.archive.new, "the day is over, and the place did not come with the box"
    assert waits == [True] * 4


def test_a_place_whose_proof_cannot_be_listed_is_left_out_after_a_day(tmp_path: Path) -> None:
    store = Store(tmp_path)
    nas = store.mount("nas", "nas")
    (one,) = store.record("C1", NOW - DAY)
    store.first = False
    (nas / PROOF / "x").mkdir(parents=True)
    (nas / PROOF / "x" / FILE).symlink_to(tmp_path)
    with store.rounds() as rounds:
        settle(rounds)
        assert "a link leads elsewhere" in rounds.problems["list"][1] and not (nas / one.path).exists()
        store.clock.advance(86400)
        settle(rounds)
        assert "list" not in rounds.problems and (nas / one.path).exists()


def test_a_clock_that_was_ahead_makes_no_list_wait_longer(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.first = False
    store.clock.advance(9 * 365 * 86400)
    with store.rounds() as rounds:
        settle(rounds)
        store.clock.advance(-9 * 365 * 86400)
        settle(rounds)
        store.clock.advance(86400)
        settle(rounds)
        assert not rounds.archive.new


def test_a_chain_cut_short_is_told_and_takes_nothing_of_its_copy(tmp_path: Path) -> None:
    store = Store(tmp_path)
    nas = store.mount("nas", "nas")
    store.record("C1", NOW - DAY, count=3)
    store.index.file_lines()
    store.run()
    (links,) = ChainFiles(store.media).files("C1")
    kept, whole = proof_of(nas), links.read_bytes()
    with links.open("ab") as out:
        out.write(b"torn by a power cut")
    store.clock.advance(3600)
    store.run()
    assert proof_of(nas) == kept, "only whole lines are brought"
    links.write_bytes(whole.splitlines(keepends=True)[0] + b"another line\n")
    store.clock.advance(3600)
    with store.rounds() as rounds:
        settle(rounds)
        (found,) = make_status(rounds).findings
    there = links.relative_to(store.media)
    assert (found.place, found.path, found.code) == ("nas", f"{PROOF}/{kept.name}/{there}", "altered")
    assert (kept / there).read_bytes() == whole
    assert links.read_bytes() in {(one / there).read_bytes() for one in (nas / PROOF).iterdir()}


def test_a_long_chain_is_brought_in_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cameras.chain.files.PER_FILE", 1)
    store, now = Store(tmp_path), [0.0]
    nas = store.mount("nas", "nas")
    store.record("C1", NOW - DAY, count=4)
    store.index.file_lines()
    monkeypatch.setattr("cameras.archive.mirror.TURN", 0.5)
    monkeypatch.setattr("cameras.archive.mirror.time.monotonic", lambda: now.append(now[-1] + 0.3) or now[-1])  # type: ignore[func-returns-value]
    with store.rounds() as rounds:
        assert rounds.once() and 0 < len(list(proof_of(nas).rglob("*.links"))) < 4
    monkeypatch.undo()
    monkeypatch.setattr("cameras.chain.files.PER_FILE", 1)
    store.run()
    assert len(list(proof_of(nas).rglob("*.links"))) == 4


def test_a_copy_of_the_list_is_finished_whatever_is_written_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.archive.mirror.PAGES", 2)
    store, made = Store(tmp_path), list[int]()
    with store.rounds() as rounds:
        with rounds.archive.transaction() as link:
            link.executemany("INSERT INTO kept VALUES (?, '')", [(f"{n:200d}",) for n in range(200)])

        class Busy(Pace):
            def took(self, size: int) -> None:
                made.append(size)
                rounds.archive.keep("orders", str(len(made)))

        copy_list(rounds.archive.path, tmp_path / "copy", Busy(1.0))
    with sqlite3.connect(tmp_path / "copy") as link:
        assert link.execute("SELECT count(*) FROM kept WHERE name = 'orders'").fetchone() == (0,)
        pages, size = (link.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size"))
    assert len(made) <= pages // 2 + 1 and set(made) == {2 * size}, "it was not begun anew"


def test_a_list_that_has_no_room_is_tried_once_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, tried = Store(tmp_path), list[Path]()
    store.mount("nas", "nas")

    def refused(_source: Path, target: Path, _pace: Pace) -> None:
        tried.append(target)
        raise OSError("no room")

    monkeypatch.setattr("cameras.archive.mirror.copy_list", refused)
    with store.rounds() as rounds:
        for _round in range(5):
            rounds.once()
        assert len(tried) == 1
        store.clock.advance(3601)
        rounds.once()
    assert len(tried) == 2


def test_what_was_not_fetched_is_told_again_by_a_list_that_came_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.rounds() as rounds:
        process, archive = ArchiveProcess(rounds), rounds.archive
        first, second = (archive.tell(NOW, "disk_ended", {"label": label}) for label in ("A-001", "A-002"))
        process._events(GetEvents(archive=archive.id, after=first))
        archive.begin_anew()
        told = process._events(GetEvents(archive=archive.id, after=0)).events
    assert [one.number for one in told] == [second]
