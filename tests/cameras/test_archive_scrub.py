"""Everything is read again in time; what does not hold is named and made anew; object storage by moto's server."""

import contextlib
import hashlib
import io
import os
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minio import Minio

from appliance.base.storage_settings import PlaceSettings
from appliance.wire.archive import Storage
from cameras.archive.forecast import Coming, Disk, Measured, forecast
from cameras.archive.locate import Locator
from cameras.archive.object_storage import keys_of
from cameras.archive.places import Pace, PlaceSilent
from cameras.archive.rounds import Rounds
from cameras.archive.scrub import allowed
from cameras.archive.status import levels_told, make_status
from cameras.archive.store import FILE
from cameras.archive.walk import Walk
from cameras.index import micros, moment
from tests.cameras.archive_site import NOW, SIZE, Store, orders, settle, sitting

DAY = timedelta(days=1)
GB = 10**9
TODAY = date(2026, 11, 21)


@given(st.integers(1, 10**15), st.integers(1, 182), st.floats(0, 400))
def test_a_round_is_over_in_time_and_never_early(total: int, days: int, passed: float) -> None:
    now = NOW + timedelta(days=passed)
    read = allowed(total, 0, NOW, now, days)
    assert 0 <= read <= total and (passed < days or read == total)
    assert allowed(total, read, NOW, now, days) == 0


def test_a_half_year_reads_each_byte_and_names_what_does_not_hold(tmp_path: Path) -> None:
    store = Store(tmp_path, scrub_days=100)
    nas = store.mount("nas", "nas")
    made = store.record("C1", NOW - 9 * DAY, count=10)
    with store.rounds() as rounds:
        settle(rounds)
        altered, gone = made[2], made[4]
        (nas / altered.path).write_bytes(b"x" * SIZE)
        (nas / gone.path).unlink()
        (store.media / made[6].path).unlink()
        for _days in range(10):
            store.clock.advance(5 * 86400)
            settle(rounds)
        half = {one.name: one for one in make_status(rounds).places}
        assert 0.3 < half["nas"].scrub_part < 0.7 and 0.3 < half[""].scrub_part < 0.7
        for _days in range(12):
            store.clock.advance(5 * 86400)
            settle(rounds)
        status, lost = make_status(rounds), ("", made[6].path, "missing")
        assert {(one.place, one.path, one.code) for one in status.findings} == {
            lost,
            ("nas", altered.path, "altered"),
        }, "what was missing was made anew; what somebody may have altered stays in sight"
        assert rounds.archive.rows("SELECT count(*) FROM finding WHERE over IS NOT NULL") == [(1,)]
        assert all(one.scrub_ended for one in status.places)
        for _days in range(22):
            store.clock.advance(5 * 86400)
            settle(rounds)
        found = {(one.place, one.path, one.code) for one in make_status(rounds).findings}
        assert found == {lost}, "the next round has seen that the copies made anew hold"
        told = rounds.archive.rows("SELECT count(*) FROM finding")
    assert told == [(3,)]
    assert (nas / altered.path).read_bytes() == (store.media / altered.path).read_bytes()
    assert (nas / (altered.path + ".altered")).read_bytes() == b"x" * SIZE, "kept for whoever looks into it"
    assert Locator(store.settings).where(made[6]).lies == "online"


def read_again(store: Store, rounds: Rounds, days: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Originals read in so many days, a round a day."""
    read: list[str] = []

    def digest(path: Path, _pace: Pace) -> str:
        read.append(path.relative_to(store.media).as_posix())
        return hashlib.sha256(path.read_bytes()).hexdigest()

    monkeypatch.setattr("cameras.archive.scrub.file_digest", digest)
    for _day in range(days):
        store.clock.advance(86400)
        settle(rounds)
    return read


@pytest.mark.long
def test_a_disk_that_is_freed_is_read_round_after_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.archive.scrub.LOOKED_AT", 3)
    store = Store(tmp_path, scrub_days=4, free_after_days=2)
    store.mount("nas", "nas")
    stays = store.record("C1", NOW - DAY)[0]
    store.record("C2", NOW - DAY, count=7)
    with store.rounds() as rounds:
        settle(rounds)
        rounds.archive.find("", stays.path, "mistimed", NOW)
        read = []
        for day in range(11):
            store.record("C2", NOW + day * DAY)
            read += read_again(store, rounds, 1, monkeypatch)
        (disk,) = [one for one in make_status(rounds).places if not one.name]
        assert read.count(stays.path) >= 2 and disk.scrub_ended, "it has an end, while the disk is used"
        assert rounds.archive.rows("SELECT code, over FROM finding") == [("mistimed", None)], (
            "no reading ends it"
        )


def test_an_index_built_anew_is_read_from_its_first_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path, scrub_days=10)
    made = store.record("C1", NOW - DAY, count=10)
    with store.rounds() as rounds:
        settle(rounds)
        assert len(read_again(store, rounds, 5, monkeypatch)) == 5
        with store.index.transaction() as link:
            link.execute("UPDATE segment SET rowid = rowid + 100")
        rebuilding = store.index.path.with_name("index.db.rebuilding")
        rebuilding.touch()
        assert read_again(store, rounds, 1, monkeypatch) == []
        rebuilding.unlink()
        assert len(read_again(store, rounds, 3, monkeypatch)) == 9, "what was due is due anew"
        assert set(read_again(store, rounds, 2, monkeypatch)) <= {one.path for one in made}


def test_an_off_line_disk_is_read_while_it_is_plugged_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path, places=[], offline_after_days=1)
    disk = store.mount("disks/usb1", "A-001", "offline")
    made = store.record("C1", NOW - 9 * DAY, count=30)
    store.run()
    cupboard = disk.rename(tmp_path / "cupboard")
    store.clock.advance(100 * 86400)
    with store.rounds() as rounds:
        settle(rounds)
        assert make_status(rounds).places[1].read == NOW
        cupboard.rename(disk)
        settle(rounds)
        (plugged,) = (one for one in make_status(rounds).places if one.name)
        assert plugged.scrub_ended == store.clock.now(), "whole, at once"
        assert rounds.archive.rows("SELECT min(verified) FROM copy") == [(micros(store.clock.now()),)]
        settle(rounds)
        assert rounds.archive.rows("SELECT rounds FROM scrub WHERE place = 'A-001'") == [(1,)], (
            "not again and again"
        )
        with rounds.archive.transaction() as link:  # as one that was taken in
            link.execute("UPDATE copy SET verified = 0 WHERE path = ?", (made[9].path,))
        disk.rename(cupboard)
        settle(rounds)
        assert make_status(rounds).places[1].read == moment(0)


def test_object_storage_is_a_place_like_any_other(tmp_path: Path, object_storage: str) -> None:
    (tmp_path / "key").write_text("access\nsecret-secret\n")
    (tmp_path / "key").chmod(0o644)
    place = PlaceSettings(
        name="cloud",
        kind="s3",
        endpoint=object_storage,
        bucket="rec",
        secure=False,
        key_file=str(tmp_path / "key"),
    )
    store = Store(tmp_path, places=[place], free_after_days=2)
    made = store.record("C1", NOW - 9 * DAY, count=3)
    whole = (store.media / made[2].path).read_bytes()
    with pytest.raises(PlaceSilent, match="others may read it"):
        keys_of(place)
    (tmp_path / "key").chmod(0o640)
    store.run()
    assert all((store.media / one.path).exists() for one in made), "no bucket, no copy"
    client = Minio(
        object_storage, access_key="access", secret_key="secret-secret", secure=False, region="us-east-1"
    )
    client.make_bucket("rec")
    store.run()
    assert not any((store.media / one.path).exists() for one in made)
    find = Locator(store.settings)
    assert {find.where(one).lies for one in made} == {"s3"}
    for ending in ("", "-wal", "-shm"):
        (store.media / (FILE + ending)).unlink(missing_ok=True)
    assert {find.where(one).lies for one in made} == {"missing"}
    store.clock.advance(86400)
    store.run()  # a lost list comes back out of the bucket
    assert {find.where(one).lies for one in made} == {"s3"}
    with store.rounds() as rounds:
        settle(rounds)
        fetched = rounds.copier.fetched(made[0].path, rounds.copier.places["cloud"])
        assert fetched.stat().st_size == SIZE
        client.put_object("rec", made[2].path, io.BytesIO(b"x" * SIZE), SIZE)
        with pytest.raises(PlaceSilent, match="altered"):
            rounds.copier.fetched(made[2].path, rounds.copier.places["cloud"])
        client.remove_object("rec", made[1].path)
        store.clock.advance(86400 * 200)
        settle(rounds)
        found = {(one.place, one.path, one.code) for one in make_status(rounds).findings}
        lost, altered = {("", made[1].path, "missing")}, ("cloud", made[2].path, "altered")
        assert found == lost | {("cloud", made[1].path, "missing"), altered}
        assert find.where(made[2]).lies == "s3", "there is no better one"
        (store.media / made[2].path).write_bytes(whole)
        settle(rounds)
        for name, body in ((made[2].path, whole), (made[2].path + ".altered", b"x" * SIZE)):
            with contextlib.closing(client.get_object("rec", name)) as kept:
                assert kept.read() == body, (
                    "kept for whoever looks into it, when one that holds took its place"
                )
        os.rename(tmp_path / "key", tmp_path / "away")
        settle(rounds)
        assert [one.state for one in make_status(rounds).places if one.name == "cloud"] == ["silent"]


def days_of(size: int, count: int = 28, hours: float = 8) -> dict[date, Measured]:
    return {TODAY - timedelta(days=n): Measured(size, int(hours * 3.6e9)) for n in range(1, count + 1)}


def test_the_forecast_counts_what_comes_and_what_leaves() -> None:
    disk = Disk(total=1000 * GB, free=500 * GB, reserve=0)
    found = forecast(TODAY, disk, {"C1": days_of(10 * GB), "C2": days_of(40 * GB)}, [], 14)
    assert found.days_left == pytest.approx(10.0) and found.per_day == 50 * GB
    assert [(one.camera, one.days_left) for one in found.cameras] == [("C1", 50.0), ("C2", 12.5)]
    assert found.ahead[4].used == 750 * GB and found.short == []
    long_plan = Coming(
        id="s1",
        name="s1",
        start=NOW + 5 * DAY,
        day=TODAY + 5 * DAY,
        hours=80,
        cameras=frozenset({"C1", "C2"}),
    )
    short = forecast(TODAY, disk, {"C1": days_of(10 * GB), "C2": days_of(40 * GB)}, [long_plan], 14)
    assert [(one.id, one.missing) for one in short.short] == [("s1", 250 * GB)], "days before"
    leaving = Disk(total=1000 * GB, free=500 * GB, reserve=0, free_after=5)
    assert forecast(TODAY, leaving, {"C1": days_of(50 * GB)}, [], 14).days_left is None, (
        "as much leaves as comes"
    )
    assert forecast(TODAY, Disk(total=10, free=0, reserve=1), {}, [], 14).days_left == 0.0
    assert forecast(TODAY, disk, {}, [], 14).days_left is None


def test_a_camera_that_stood_still_and_a_new_one_are_reckoned_with() -> None:
    summer = {day - timedelta(days=60): one for day, one in days_of(16 * GB).items()}
    disk = Disk(total=1000 * GB, free=20 * GB, reserve=0)
    plan = Coming(
        id="s1", name="s1", start=NOW, day=TODAY + 9 * DAY, hours=8, cameras=frozenset({"C1", "C2"})
    )
    found = forecast(TODAY, disk, {"C1": summer, "C2": {}}, [plan], 14)
    assert [(one.per_day, one.per_hour) for one in found.cameras] == [(0, 2 * GB), (0, 1_800_000_000)]
    assert [(one.id, one.missing) for one in found.short] == [("s1", (16 + 14) * GB - 20 * GB + 400_000_000)]


def test_a_sitting_without_room_is_told_once_and_a_silent_place_frees_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path, free_after_days=2)
    nas = store.mount("nas", "nas")
    with store.rounds() as rounds:
        start = NOW + 3 * DAY
        rounds.take_orders(orders(sitting("s1", start, NOW + 1200 * DAY), before=NOW - 1100 * DAY))
        for back in range(1, 20):
            rounds.archive.rows(
                "INSERT INTO day VALUES ('C1', ?, 100000000000, ?, 480)",
                *(f"{NOW - back * DAY:%Y%m%d}", 8 * 3_600_000_000),
            )

        def later(seconds: int) -> Storage:
            store.clock.advance(seconds)
            settle(rounds)
            with rounds.archive.transaction() as link:
                link.execute("UPDATE place SET total = 1000000000000, free = 250000000000 WHERE name = ''")
            return make_status(rounds)

        status = later(0)
        assert status.forecast.days_left is None, "as much leaves as comes"
        assert [one.days_left is not None for one in status.places] == [False, True]
        (nas / "examsite-place.json").unlink()
        assert later(0).forecast.days_left is None and later(3600).forecast.days_left is None, "it restarts"
        status = later(86400)
        assert status.forecast.days_left is not None, "a silent place takes no copies"
        well = msgspec.structs.replace(status, forecast=msgspec.structs.replace(status.forecast, short=[]))

        def told(*seen: tuple[Storage, timedelta]) -> int:
            for what, after in seen:
                levels_told(rounds.archive, what, NOW + after)
            return len(rounds.archive.rows("SELECT 1 FROM event WHERE kind = 'short'"))

        minute, hour = timedelta(minutes=1), timedelta(hours=1)
        rounds.archive.keep("without_room", "")
        with rounds.archive.transaction() as link:  # of the true disk
            link.execute("DELETE FROM event WHERE kind = 'short'")
        assert (
            told((status, 0 * hour), (well, 20 * minute), (status, 40 * minute), (status, 99 * minute)) == 0
        )
        assert told((status, 100 * minute), (status, 101 * minute)) == 1
        assert told((well, 2 * hour), (status, 3 * hour), (status, 5 * hour)) == 1, "once"
        assert rounds.archive.rows("SELECT 1 FROM event WHERE kind = 'filling'")


def test_what_fills_a_gap_of_last_week_is_not_late(tmp_path: Path) -> None:
    store = Store(tmp_path)
    nas = store.mount("nas", "nas")
    store.record("C1", NOW - 9 * DAY)
    with store.rounds() as rounds:

        def overdue(hours: int) -> list[bool]:
            store.clock.advance(hours * 3600)
            settle(rounds)
            return [one.overdue is not None for one in make_status(rounds).places]

        settle(rounds)
        nas.rename(tmp_path / "away")
        store.record("C1", NOW - 8 * DAY)
        assert overdue(1) == overdue(20) == [False, False], "it came now"
        assert overdue(6) == [False, True]


@settings(max_examples=30)
@given(st.integers(1, 10**13), st.floats(0, 1), st.lists(st.integers(0, 10**11), max_size=5))
def test_more_room_never_lasts_shorter(total: int, part: float, rates: list[int]) -> None:
    measured = {f"C{n}": days_of(size) for n, size in enumerate(rates)}
    free = int(total * part)
    one = forecast(TODAY, Disk(total=total, free=free, reserve=0), measured, [], 14)
    more = forecast(TODAY, Disk(total=total * 2, free=free + total, reserve=0), measured, [], 14)
    far = 10**6
    assert (more.days_left if more.days_left is not None else far) >= (
        one.days_left if one.days_left is not None else far
    )
    assert all(0 <= day.used <= total for day in one.ahead)


def test_rows_given_back_to_an_index_are_not_looked_at_one_by_one(tmp_path: Path) -> None:
    place = PlaceSettings(name="nas", kind="nas", folder=str(tmp_path / "nas"), after_days=2)
    store = Store(tmp_path, places=[place])
    nas = store.mount("nas", "nas")
    made = [store.record("C1", NOW - days * DAY)[0] for days in (9, 8, 7)]
    with store.rounds() as rounds:
        settle(rounds)
        with (
            store.index.transaction() as link
        ):  # built anew: the last days first, the others beside the recording
            link.execute("UPDATE run SET cause = 'restored'")
            link.execute("UPDATE segment SET rowid = 100 WHERE path = ?", (made[2].path,))
            link.execute("UPDATE segment SET rowid = rowid + 200 WHERE rowid < 100")
        settle(rounds)
        assert rounds.archive.rows("SELECT 1 FROM pending") == []
        (filled,) = store.record("C1", NOW - 8 * DAY + timedelta(hours=1))
        settle(rounds)
    assert (nas / filled.path).exists()


def test_what_waits_for_another_look_is_taken_page_by_page(tmp_path: Path) -> None:
    store = Store(tmp_path)
    made = store.record("C1", NOW - DAY, count=9)
    with store.rounds() as rounds:
        walk = Walk(store.index, rounds.archive, "way")
        walk.passed(*walk.take(99, NOW))
        for one in made[2:]:
            walk.once_more(one.path)
        walk.once_more("C1/20000101/gone.mp4")
        asked: list[str] = []
        find = walk._completed
        walk._completed = lambda path: asked.append(path) or find(path)  # type: ignore[func-returns-value,method-assign]
        given = [[row.segment.path for row in walk.take(4, NOW)] for _turn in range(4)]
        assert given == [[one.path for one in made[first : first + 2]] for first in (2, 4, 6)] + [
            [made[8].path, made[2].path]
        ], "round and round"
        assert len(asked) == 3 + 2 + 2 + 3
