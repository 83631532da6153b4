"""Which sitting a recording belongs to, what a hold is worth, and how far an order reaches."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.wire.archive import Permit
from appliance.wire.seals import Deletion
from cameras.archive.lawful import list_digest
from cameras.archive.locate import Locator
from cameras.archive.places import REMOVED, FolderPlace
from cameras.archive.rounds import Rounds
from cameras.archive.status import make_status
from cameras.archive.store import EVERYWHERE, ArchiveReader
from cameras.archive.terms import LEAST, Stay, Term, Terms, bounded, rooms_between, still_held, terms_of
from cameras.archive.told import Told
from cameras.archive.trusted_time import REST, Seen, furthest
from cameras.index import Segment, micros
from tests.cameras.archive_site import NOW, SIZE, Store, orders, settle, sitting

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FRIDAY = datetime(2023, 6, 2, 1, 0, tzinfo=UTC)
ALWAYS = {"C1": [Stay("T1", FRIDAY - 9 * DAY, NOW)]}
PERMIT = Permit(id="p", due=NOW, before=NOW - LEAST, why="", who="")


def term(name: str, start: datetime, hours: float, hold: bool = False, room: str = "T1") -> Term:
    return Term(name, frozenset({room}), start, start + hours * HOUR, NOW - DAY, hold)


def segment(start: datetime, camera: str = "C1") -> Segment:
    return Segment(
        id="x",
        run="r",
        camera=camera,
        path="p",
        start=start,
        end=start + timedelta(minutes=1),
        bytes=1,
        sha256="",
        state="closed",
    )


def test_a_sitting_ended_on_monday_has_its_friday() -> None:
    long = term("practical", FRIDAY, 73, hold=True)
    terms = Terms([long, *(term(f"s{n}", FRIDAY + n * HOUR, 1) for n in range(40))], ALWAYS)
    for hours in (0.0, 0.5, 30, 72.9):
        assert terms.held(segment(FRIDAY + hours * HOUR))
        assert not terms.may_go(segment(FRIDAY + hours * HOUR), PERMIT)
    assert terms.may_go(segment(FRIDAY + 74 * HOUR), PERMIT)


MOVED = [Stay("T1", FRIDAY, FRIDAY + 9 * DAY), Stay("T2", FRIDAY + 10 * DAY, NOW)]


@pytest.mark.parametrize(
    ("days", "rooms"),
    [
        (-1, None),
        (0, {"T1"}),
        (8.9, {"T1"}),
        (9.5, {"T1", "T2"}),
        (10.5, {"T2"}),
        (3000, {"T2"}),
    ],
)
def test_a_camera_was_where_it_was_seen(days: float, rooms: set[str] | None) -> None:
    at = FRIDAY + days * DAY
    assert rooms_between(MOVED, at, at + HOUR / 60) == rooms


def test_a_camera_set_into_another_room_keeps_what_it_saw() -> None:
    held, other = term("s1", FRIDAY + DAY, 2, hold=True), term("s2", FRIDAY + DAY, 2, room="T2")
    terms = Terms([held, other], {"C1": MOVED})
    assert terms.held(segment(FRIDAY + DAY)), "it looked at T1 then, whatever it looks at today"
    unknown = Terms([held, other], {})
    assert unknown.held(segment(FRIDAY + DAY)), "nobody knows: it belongs to every sitting"


@pytest.mark.parametrize(("first", "held"), [(700, True), (2 / 24, True), (-700, False)])
def test_a_room_that_becomes_an_exam_room_later_keeps_what_it_saw(first: float, held: bool) -> None:
    of_t1, of_w1 = term("s1", FRIDAY, 2, hold=True), term("s2", FRIDAY + first * DAY, 2, room="W1")
    terms = Terms([of_t1, of_w1], {"C9": [Stay("W1", FRIDAY - 999 * DAY, NOW)]})
    assert terms.held(segment(FRIDAY + HOUR, "C9")) is held


@given(st.integers(0, 4000), st.integers(0, 4000))
def test_no_order_reaches_beyond_the_law(before: int, due: int) -> None:
    asked = Permit(id="p", due=NOW + due * DAY, before=NOW - LEAST + before * DAY, why="", who="")
    found = bounded(asked, NOW)
    assert found.before <= NOW - LEAST and found.due <= NOW


@pytest.mark.parametrize(
    ("known", "said", "lifted", "left"),
    [
        ([], ["h1"], [], ["h1"]),
        (["h1"], ["h1"], [], ["h1"]),
        (["h1"], [], ["h1"], []),
        (["h1"], [], [], ["h1"]),  # a site database of before the hold
        (["h1", "h2"], [], ["h2"], []),  # put again and lifted, by people who looked at it
        (["h1"], ["h2"], ["h1"], ["h2"]),
        ([], [], ["h1"], []),
    ],
)
def test_a_hold_is_over_when_it_is_told_lifted(
    known: list[str], said: list[str], lifted: list[str], left: list[str]
) -> None:
    assert still_held(frozenset(known), said, lifted) == frozenset(left)


def test_the_clock_reaches_no_further_than_time_has_passed() -> None:
    seen = Seen(micros(NOW), "b1", 1000.0)
    assert furthest(seen, "b1", 1000.0 + 3600) == NOW + 2 * HOUR
    assert furthest(seen, "b2", 60.0) == NOW + REST + timedelta(minutes=2)
    assert furthest(seen, "b1", 10.0) == NOW


def test_a_clock_ten_years_ahead_lets_nothing_go(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (young,) = store.record("C1", NOW - 100 * DAY)
    store.run()
    ahead = NOW + 3650 * DAY
    with store.rounds() as rounds:
        rounds._up = lambda: ("boot", NOW.timestamp() + 3600)
        rounds.clock.advance(3650 * 86400)  # type: ignore[attr-defined]
        rounds.take_orders(orders(before=ahead - LEAST, due=ahead))
        settle(rounds)
        assert rounds.archive.rows("SELECT 1 FROM removal") == []
    assert (store.media / young.path).exists()


@pytest.mark.parametrize("other", ["C1", "E1"])
def test_what_was_recorded_under_a_wrong_clock_stays_and_is_named(tmp_path: Path, other: str) -> None:
    store = Store(tmp_path)
    store.record(other, NOW - DAY)
    of_2000 = store.record("C1", datetime(2000, 1, 1, tzinfo=UTC), count=2)
    with store.rounds() as rounds:
        rounds.take_orders(orders(before=NOW - LEAST))
        settle(rounds)
        assert rounds.archive.rows("SELECT code, path FROM finding") == [("mistimed", of_2000[0].path)]
    assert all((store.media / one.path).exists() for one in of_2000)


def test_an_index_built_anew_newest_first_finds_nothing_mistimed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old = [store.record("C1", NOW - days * DAY)[0] for days in (1300, 1250, 1200)]
    of_2000 = store.record("C1", datetime(2000, 1, 1, tzinfo=UTC))[0]
    store.record("C1", NOW - DAY)
    with store.index.transaction() as link:
        link.execute("UPDATE run SET rowid = -rowid, cause = 'restored'")
        link.execute("UPDATE segment SET rowid = -rowid")
        link.execute("UPDATE segment SET rowid = rowid + 100")
    with store.rounds() as rounds:
        rounds.take_orders(orders(before=NOW - LEAST))
        settle(rounds)
        assert rounds.archive.rows("SELECT code, path FROM finding") == [("mistimed", of_2000.path)]
    assert [(store.media / one.path).exists() for one in (*old, of_2000)] == [False] * 3 + [True]


def test_an_order_of_before_the_start_takes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (old,) = store.record("C1", NOW - 1200 * DAY)
    with store.rounds() as rounds:
        rounds.take_orders(orders(before=NOW - LEAST))
    store.run()
    assert (store.media / old.path).exists(), "kept orders are for the forecast"
    with store.rounds() as rounds:
        rounds.take_orders(orders(sitting("s1", old.start, NOW - DAY, hold=True), before=NOW - LEAST))
        settle(rounds)
        assert (store.media / old.path).exists(), "the hold was put while exam-archive stood still"
        rounds.take_orders(orders(before=NOW - LEAST))
        rounds._heard -= 999.0  # type: ignore[operator]
        settle(rounds)
        assert (store.media / old.path).exists(), "exam-web has been silent"


def test_a_hold_put_while_files_go_spares_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    nas = store.mount("nas", "nas")
    old = store.record("C1", NOW - 1200 * DAY, count=6)
    held = orders(sitting("s1", old[0].start, NOW - DAY, hold=True), before=NOW - LEAST)
    monkeypatch.setattr("cameras.archive.deletion.CHUNK", 2)
    with store.rounds() as rounds:
        kept = rounds.deleter._end

        def ended(paths: list[str]) -> None:
            kept(paths)
            (store.media / old[2].path).unlink(missing_ok=True)  # killed between the original and its copy
            rounds.take_orders(held)

        monkeypatch.setattr(rounds.deleter, "_end", ended)
        settle(rounds)
        rounds.archive.find("nas", old[3].path, "altered", NOW)
        rounds.take_orders(orders(before=NOW - LEAST))
        settle(rounds)
    assert [(nas / one.path).exists() for one in old] == [False] * 2 + [True] * 4
    with store.rounds() as rounds:  # killed and started again: still on hold, until it is lifted
        rounds.take_orders(held)
        settle(rounds)
        find, (removed,) = (
            Locator(store.settings, store.clock),
            rounds.archive.rows("SELECT sum(done) FROM removal"),
        )
        assert [find.where(one).lies for one in old] == ["deleted"] * 2 + ["online"] + ["here"] * 3
        assert removed == (6 + 1,), "nothing is being carried out"
        assert rounds.archive.suspect(old[3].path) == {"nas"}, "what was found of it is not over"
        assert rounds.archive.rows("SELECT bytes, copies FROM place WHERE name = ''") == [(3 * SIZE, 3)]
        assert rounds.archive.rows("SELECT segments FROM day") == [(4,)]
        ((event, _said), (_number, spared)) = rounds.archive.rows(
            "SELECT number, body FROM event WHERE kind IN ('deleted', 'kept')"
        )
        assert len(rounds.archive.list_of(event)) == 6 and b'"recordings":4' in spared.encode()
        rounds.take_orders(orders(sitting("s1", old[0].start, NOW - DAY), before=NOW - LEAST))
        settle(rounds)
        told = rounds.archive.rows("SELECT kind FROM event WHERE kind IN ('deleted', 'kept')")
        assert [kind for (kind,) in told] == ["deleted", "kept", "deleted"], "by an order of its own"
    assert not any((folder / one.path).exists() for one in old for folder in (store.media, nas))
    reader, later = ArchiveReader(store.media), NOW + 9 * DAY
    for number, said in reader.rows("SELECT number, body FROM event WHERE kind = 'deleted'"):
        digest = msgspec.json.decode(said)["list"]
        told_it = Deletion(first=old[0].start, last=old[-1].start, at=NOW, list=digest)
        path = reader.rows("SELECT path FROM removal WHERE event = ? AND place = '*'", number)[0][0]
        (one,) = (one for one in old if one.path == path)
        assert Told(reader, store.index, [told_it]).lawful(one, reader.removals(path)[EVERYWHERE], later)


def test_what_a_kill_cut_off_weighs_nothing_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    old, _young = store.record("C1", NOW - 1200 * DAY, count=2), store.record("C1", NOW - DAY)
    with store.rounds() as rounds:
        settle(rounds)
        monkeypatch.setattr(rounds.deleter, "_carry_out", lambda _going: None)
        rounds.take_orders(orders(before=NOW - LEAST))
        settle(rounds, 1)
        (store.media / old[0].path).unlink()
    with store.rounds() as rounds:
        rounds.take_orders(orders(before=NOW - LEAST))
        settle(rounds)
        assert rounds.archive.rows("SELECT bytes, copies FROM place WHERE name = ''") == [(SIZE, 1)]


def test_a_site_database_of_before_the_hold_lifts_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (old,) = store.record("C1", NOW - 1200 * DAY)
    one = sitting("s1", old.start, NOW - DAY)

    def told(rounds: Rounds, holds: list[str], lifted: list[str]) -> bool:
        said = msgspec.structs.replace(one, holds=holds, lifted=lifted)
        rounds.take_orders(orders(said, before=NOW - LEAST))
        settle(rounds)
        return (store.media / old.path).exists()

    with store.rounds() as rounds:
        assert told(rounds, ["h1"], []) and told(rounds, [], [])
        assert [(one.id, one.rooms) for one in make_status(rounds).unlifted] == [("s1", ["T1"])]
        assert not told(rounds, [], ["h1"]) and make_status(rounds).unlifted == []


@pytest.mark.parametrize("hold", [True, False])
def test_what_belonged_to_a_sitting_belongs_to_it_whatever_is_told_of_its_times_later(
    tmp_path: Path, hold: bool
) -> None:
    one = sitting("s1", NOW - DAY, NOW - DAY, hold=hold)
    sooner, later = one.start - HOUR, one.end + HOUR
    shorter = msgspec.structs.replace(one, start=one.start + HOUR / 2, end=one.end - HOUR / 2)
    with Store(tmp_path).rounds() as rounds:
        for told in (one, shorter, msgspec.structs.replace(one, start=sooner, end=later), one):
            rounds.take_orders(orders(told, before=NOW - LEAST))
        rounds.take_orders(orders(msgspec.structs.replace(shorter, hold=True), before=NOW - LEAST))
        (found,) = terms_of(rounds.archive).on_hold()
    assert (found.start, found.end) == (sooner, later)


def test_a_sitting_put_off_has_its_new_time_alone(tmp_path: Path) -> None:
    one = sitting("s1", NOW + HOUR, NOW + 1200 * DAY)
    put_off = msgspec.structs.replace(one, start=one.start + DAY, end=one.end + DAY, hold=True)
    with Store(tmp_path).rounds() as rounds:
        rounds.take_orders(orders(one, before=NOW - LEAST))
        rounds.take_orders(orders(put_off, before=NOW - LEAST))
        (found,) = terms_of(rounds.archive).on_hold()
    assert (found.start, found.end) == (put_off.start, put_off.end)


def test_what_went_can_be_held_against_the_journal(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old = store.record("C1", NOW - 1200 * DAY, count=3)
    with store.rounds() as rounds:
        rounds.archive.find("", old[0].path, "altered", NOW)
        rounds.take_orders(orders(before=NOW - LEAST))
        settle(rounds)
        ((event, body),) = rounds.archive.rows("SELECT number, body FROM event WHERE kind = 'deleted'")
        assert rounds.archive.rows("SELECT 1 FROM finding WHERE over IS NULL") == [], "over with its life"
    reader, said = ArchiveReader(store.media), msgspec.json.decode(body)
    told = Deletion(first=old[0].start, last=old[-1].start, at=NOW, list=said["list"])
    later = NOW + 9 * DAY
    removal = reader.removals(old[0].path)[EVERYWHERE]
    assert removal.event == event
    assert list_digest((one.path, one.sha256) for one in reversed(old)) == said["list"]
    assert Told(reader, store.index, [told]).lawful(old[0], removal, later)
    (put_in,) = store.record("E1", old[0].start + timedelta(seconds=5))  # held evidence, taken away by hand
    with store.rounds() as rounds:
        rounds.archive.remove(put_in.path, EVERYWHERE, NOW, "past three years", "policy", event)
    forged = reader.removals(put_in.path)[EVERYWHERE]
    assert not Told(reader, store.index, [told]).lawful(put_in, forged, later)
    forged = msgspec.structs.replace(forged, event=0)
    assert not Told(reader, store.index, [told]).lawful(put_in, forged, later)


def test_what_was_deleted_goes_from_a_disk_nobody_knew(tmp_path: Path) -> None:
    store = Store(tmp_path, places=[])
    (old,), (kept,) = store.record("C1", NOW - LEAST - 99 * DAY), store.record("C1", NOW - DAY)
    bodies = {one.path: (store.media / one.path).read_bytes() for one in (old, kept)}
    with store.rounds() as rounds:
        rounds.take_orders(orders(before=NOW - LEAST))
        settle(rounds)
        assert not (store.media / old.path).exists()
        disk = store.mount("disks/usb1", "A-001", "offline")
        for one in (old, kept):
            (disk / one.path).parent.mkdir(parents=True, exist_ok=True)
            (disk / one.path).write_bytes(bodies[one.path])
        place = FolderPlace("A-001", "offline", disk)
        for one in (old, kept):
            place.list_copy({"path": one.path, "bytes": SIZE, "sha256": one.sha256})
        settle(rounds)
        assert [(disk / one.path).exists() for one in (old, kept)] == [False, True]
        assert rounds.archive.rows("SELECT path FROM copy") == [(kept.path,)]
    assert old.path in (disk / REMOVED).read_text("utf-8")
