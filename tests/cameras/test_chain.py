"""The chain of recordings and gaps, its seals, and the index built again from them."""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from appliance.base import crypto
from appliance.wire.orders import Orders, SittingOrder
from appliance.wire.seals import SealedHead
from cameras import integrity
from cameras.chain import START, SegmentLink, chained, encode, link_line, read_line, read_seal
from cameras.chain.journaled import broken
from cameras.clips.links import Links
from cameras.clips.seals import NewSeals
from cameras.index import micros
from cameras.recorder.sealing import Sealer
from tests.cameras.sealed_store import LATER, NOW, World, newest_seals
from tests.cameras.test_store import opened


def alter_row(world: World) -> str:
    world.index.write("UPDATE segment SET start = start + 60000000 WHERE id = ?", world.files[1].id)
    return world.files[1].path


def remove_segment_row(world: World) -> str:
    world.index.write("DELETE FROM segment WHERE id = ?", world.files[1].id)
    (world.media / world.files[1].path).unlink()
    return world.files[1].path


def remove_gap_row(world: World) -> str:
    world.index.write("DELETE FROM gap")
    return "chain.d/C1/0000000001.links#4"


def alter_gap_row(world: World) -> str:
    world.index.write("UPDATE gap SET cause = 'resting'")
    return "chain.d/C1/0000000001.links#4"


def add_row(world: World) -> str:
    world.index.open_segment(opened("forged", "C1/x.mp4", NOW + timedelta(minutes=4), "r1"))
    world.index.write("UPDATE segment SET state = 'closed', end = start, n = 4 WHERE id = 'forged'")
    (world.media / "C1" / "x.mp4").write_bytes(b"")
    return "C1/x.mp4"


def open_row(world: World) -> str:
    """A film in a gap, of which the index says that it is still being written."""
    world.index.open_segment(opened("forged", "C1/x.mp4", NOW + timedelta(minutes=4), "r1"))
    (world.media / "C1" / "x.mp4").write_bytes(b"")
    world.put(8)  # and the recorder goes on
    return "C1/x.mp4"


def alter_file(world: World) -> str:
    path = world.media / world.files[1].path
    path.write_bytes(path.read_bytes().replace(b"a", b"b", 1))
    return world.files[1].path


def remove_file(world: World) -> str:
    (world.media / world.files[1].path).unlink()
    return world.files[1].path


def alter_link(world: World) -> str:
    world.links.write_bytes(world.links.read_bytes().replace(b'"bytes":3003', b'"bytes":3004'))
    return world.files[1].path


def remove_link(world: World) -> str:
    world.cut(world.links, 3)
    return "chain.d/C1/0000000001.links#4"


def forge(world: World) -> str:
    """A forger without the key does everything else: file, row, link and every hash after it."""
    path = world.media / world.files[1].path
    body = path.read_bytes().replace(b"a", b"b", 1)
    path.write_bytes(body)
    head, lines = START, []
    for line in world.links.read_bytes().splitlines(keepends=True):
        link = read_line(line)[2]
        if isinstance(link, SegmentLink) and link.path == world.files[1].path:
            link = msgspec.structs.replace(link, sha256=hashlib.sha256(body).hexdigest())
            world.index.write("UPDATE segment SET sha256 = ? WHERE id = ?", link.sha256, link.id)
        head = chained(head, encode(link))
        table = "segment" if isinstance(link, SegmentLink) else "gap"
        world.index.write(f"UPDATE {table} SET chained = ? WHERE id = ?", head, link.id)
        lines.append(link_line(head, encode(link)))
    world.links.write_bytes(b"".join(lines))
    world.index.write("UPDATE chain SET head = ?", head)
    return "chain.d/C1/seals#1"


def take_chain(world: World) -> str:
    """And the whole chain of the camera goes, with all its seals: away from the box no journal knows it."""
    forge(world)
    shutil.rmtree(world.links.parent)
    world.index.write("DELETE FROM chain")
    world.index.write("DELETE FROM seal")
    return world.files[1].path


def never_chained(world: World) -> str:
    """Films of a camera that has never recorded anything."""
    path = world.media / "C1" / "x.mp4"
    path.write_bytes(b"film")
    world.index.write(
        "INSERT INTO segment(id, run, camera, path, start, end, bytes, sha256, state)"
        " VALUES ('forged', 'r1', 'C1', 'C1/x.mp4', 1, 2, 4, ?, 'closed')",
        hashlib.sha256(b"film").hexdigest(),
    )
    world.index.write("UPDATE segment SET camera = 'C0' WHERE id = 'forged'")
    return "C1/x.mp4"


def cut_tail(world: World) -> str:
    """The last recording never was: file, row and link go, and the index's head is set back."""
    (world.media / world.files[4].path).unlink()
    world.index.write("DELETE FROM segment WHERE id = ?", world.files[4].id)
    world.cut(world.links, 5)
    last = read_line(world.links.read_bytes().splitlines()[-1])
    world.index.write("UPDATE chain SET n = ?, head = ?", last[2].n, last[0])
    return "chain.d/C1/seals#2"


def remove_first_seal(world: World) -> str:
    world.cut(world.seals, 0)
    return "chain.d/C1/seals#1"


def remove_last_seal(world: World) -> str:
    world.cut(world.seals, 1)
    return "chain.d/C1/seals#2"


def foreign_seal(world: World) -> str:
    """The last seal is made again with a key of the same name by another authority."""
    lines = world.seals.read_bytes().splitlines(keepends=True)
    other = world.media.parent / "other"
    crypto.new_authority(other / "authority", "test authority")
    (other / "keys").mkdir()
    crypto.new_leaf(other / "authority", other / "keys", "recorder")
    signer = crypto.Signer.load(other / "keys" / "recorder.key")
    signed, _ = read_seal(lines[1])
    signed.signature = signer.sign(signed.body.encode()).hex()
    lines[1] = msgspec.json.encode(signed) + b"\n"
    world.seals.write_bytes(b"".join(lines))
    return "chain.d/C1/seals#2"


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        (alter_row, "row_altered"),
        (remove_segment_row, "row_missing"),
        (remove_gap_row, "row_missing"),
        (alter_gap_row, "row_altered"),
        (add_row, "row_added"),
        (open_row, "left_open"),
        (alter_file, "altered"),
        (remove_file, "missing"),
        (alter_link, "chain_altered"),
        (remove_link, "link_missing"),
        (forge, "seal_altered"),
        (take_chain, "row_added"),
        (cut_tail, "link_missing"),
        (remove_first_seal, "seal_missing"),
        (remove_last_seal, "seal_missing"),
        (foreign_seal, "seal_altered"),
    ],
)
def test_what_was_done_to_the_store_is_named(world: World, tamper: Callable[[World], str], code: str) -> None:
    found = world.verify()
    assert found.ok and (found.checked, found.links) == (5, 6), found
    path = tamper(world)
    found = world.verify()
    assert not found.ok and (code, path) in {(one.code, one.path) for one in found.findings}, found.findings
    assert {one.camera for one in found.findings} == {"C1"}


def test_what_no_seal_follows_for_hours_is_said(world: World) -> None:
    world.put(8)
    assert world.verify().ok
    assert [one.code for one in world.verify(NOW + timedelta(hours=3)).findings] == ["unsealed"]
    world.sealer.seal("C1", world.now)
    assert world.verify(NOW + timedelta(hours=3)).ok


@pytest.mark.parametrize("sample", [None, 5])
def test_a_camera_without_any_chain_is_looked_at(world: World, sample: int | None) -> None:
    never = never_chained(world)
    found = integrity.verify(world.media, sample, world.authority, LATER)
    assert [(one.code, one.camera, one.path) for one in found.findings] == [("row_added", "C0", never)]
    gone = take_chain(world)
    codes = {(one.code, one.path) for one in integrity.verify(world.media, sample, None, LATER).findings}
    assert codes >= {("row_added", gone), ("row_added", never), ("row_added", "g1")}


def test_what_is_filled_in_now_waits_for_its_seal_as_all_else(world: World) -> None:
    now = datetime.now(UTC)
    film = opened("fill", "C1/20261121/x.filled.mp4", NOW + timedelta(minutes=3), "r1")
    world.index.open_segment(film)
    (world.media / film.path).write_bytes(b"film")
    digest = hashlib.sha256(b"film").hexdigest()
    world.index.close_segment(
        film.id, film.start, film.start + timedelta(minutes=2), 4, digest, "filled", "x"
    )
    assert world.verify(now).ok
    assert [one.code for one in world.verify(now + timedelta(hours=3)).findings] == ["unsealed"]


def test_a_store_without_any_seal_is_said(world: World) -> None:
    """A forger who has everything but the key takes the seals away."""
    world.seals.unlink()
    world.index.write("DELETE FROM seal")
    assert [one.code for one in world.verify(NOW + timedelta(hours=3)).findings] == ["unsealed"]
    assert integrity.verify(world.media, None, None, NOW + timedelta(hours=3)).ok, (
        "no authority, no word on it"
    )


def test_links_cut_off_with_their_seals_are_missed_by_the_journal(world: World) -> None:
    """Everything but the journal is put right by whoever cuts: without it nothing is seen for two hours."""
    heads = [
        SealedHead(camera="C1", number=seal.number, n=seal.n, head=seal.head, at=seal.at)
        for _, seal in map(read_seal, world.index.chain.seals("C1"))
    ]
    assert newest_seals(world.index) == heads[-1:] and [one.n for one in heads] == [3, 6]
    files = world.index.chain
    found = world.verify(heads=heads)
    assert found.ok and found.journaled == 2 and broken(files, heads) == ([], [])
    for segment in world.files[3:]:
        (world.media / segment.path).unlink()
    for _ in range(3):
        world.cut(world.links, 3)
    world.cut(world.seals, 1)
    world.index.write("DELETE FROM segment WHERE n > 3")
    world.index.write("DELETE FROM gap")
    world.index.write("DELETE FROM seal WHERE number > 1")
    world.index.write("UPDATE chain SET n = 3, head = (SELECT chained FROM segment WHERE n = 3)")
    assert world.verify().ok and world.verify().journaled is None
    found = world.verify(heads=heads)
    assert [(one.code, one.path) for one in found.findings] == [("cut_off", "chain.d/C1#6")]
    assert found.journaled == 1 and broken(files, heads) == (heads[1:], [])
    for minute in (7, 8, 9):  # and the recorder goes on, seals included
        world.put(minute)
    world.sealer.seal("C1", world.now)
    now = newest_seals(world.index)[0]
    assert (now.number, now.n) == (2, 6) and world.verify().ok
    found = world.verify(heads=[*heads, now])
    assert [(one.code, one.path) for one in found.findings] == [("not_as_journaled", "chain.d/C1#6")]
    assert broken(files, [*heads, now]) == (heads[1:], [])
    gone = SealedHead(camera="C9", number=1, n=4, head="00" * 32, at=NOW)
    assert [one.path for one in world.verify(heads=[gone]).findings] == ["chain.d/C9#4"]


def test_the_journal_is_told_only_of_seals_that_hold(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody puts into the index is not the recorder's word: the journal would hold it for ever."""
    for minute in (8, 9):
        world.put(minute)
        world.sealer.seal("C1", world.now)
    lines = world.index.chain.seals("C1")
    told = NewSeals(world.media, world.index, world.authority)
    first, _, third, last = (
        SealedHead(camera="C1", number=one.number, n=one.n, head=one.head, at=one.at)
        for _, one in map(read_seal, lines)
    )
    assert told.after({}) == [last] and told.after({"C1": (4, last.head)}) == []
    assert told.after({"C1": (2, "x")}) == [third, last], "exam-web was away for two"
    assert told.after({"C1": (9, "x")}) == [last], "another chain lies there"
    signed, seal = read_seal(lines[-1])
    forged = msgspec.structs.replace(seal, number=5, head="ab" * 32)
    signed.body = msgspec.json.encode(forged).decode()
    for number, line in ((5, msgspec.json.encode(signed)), (6, lines[0]), (7, b"{}")):
        world.index.write(
            "INSERT INTO seal VALUES ('C1', ?, ?, 8, '', ?)", number, micros(seal.at), line.decode()
        )
    assert told.after({"C1": (2, "x")}) == [third, last] and told.after({"C1": (4, last.head)}) == []
    assert [one.number for one in told.after({"C1": (0, "")})] == [1, 2, 3, 4] and first.number == 1
    links = world.links.read_bytes()
    world.cut(world.links, 7)
    assert told.after({"C1": (2, "x")}) == [third], "its link has not come into the files yet"
    world.links.write_bytes(links)
    monkeypatch.setattr("cameras.clips.seals.AT_ONCE", 3)  # as many as were put in
    world.put(11)
    world.index.write("UPDATE seal SET line = ? WHERE number = 7", lines[1].decode())
    signer, certified = world.sealer._signer, lines[-1]
    assert signer
    signed, _ = read_seal(certified)
    genuine = msgspec.structs.replace(seal, number=8)
    signed.body = msgspec.json.encode(genuine).decode()
    signed.signature = signer.sign(signed.body.encode()).hex()
    world.index.keep_seal(genuine, msgspec.json.encode(signed))
    assert [told.after({"C1": (4, last.head)}) for _ in range(2)] == [
        [],
        [msgspec.structs.replace(last, number=8)],
    ]


def test_a_chain_that_cannot_be_read_or_comes_late_keeps_back_its_own_seals_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.clips.seals.AT_ONCE", 3)
    for minute in range(8, 13):
        world.put(minute)
        world.sealer.seal("C1", world.now)
    world.index.open_gap_row("g2", "C2", NOW, "network", "test")
    world.index.close_gap("g2", LATER)
    world.sealer.seal("C2", world.now)
    told = NewSeals(world.media, world.index, world.authority)
    heads = told.after({"C1": (0, "")})[:1]
    links = world.links.read_bytes()
    world.links.unlink()
    for known in ({"C1": (0, "")}, {}):
        assert [one.camera for one in told.after(known)] == ["C2"], "the recorder's next start gives it back"
    world.links.mkdir()  # the disk does not give it
    for known in ({"C1": (0, "")}, {}):
        assert [one.camera for one in told.after(known)] == ["C2"]
    assert broken(world.index.chain, heads) == ([], heads)
    links_of = Links(world.media, world.index, world.authority)
    assert links_of.judged(world.files[0], "whole", heads) == "unreadable", "nobody altered anything"
    world.links.rmdir()
    world.links.write_bytes(links)
    seen: list[int] = []
    for _ in range(3):
        seen += [one.number for one in told.after({"C1": (len(seen), "")}) if one.camera == "C1"]
    assert seen == [1, 2, 3, 4, 5, 6, 7], "a page of them was not passed over for good"


def test_seals_come_every_hour_and_after_each_sitting(world: World) -> None:
    def numbers() -> list[tuple[int, str]]:
        return [(seal.n, seal.sitting) for _, seal in map(read_seal, world.index.chain.seals("C1"))]

    ended = world.now + timedelta(minutes=90)
    sitting = SittingOrder(
        id="s1", rooms=["T1"], opens_at=world.now, starts_at=world.now, ends_at=ended, ended_at=ended
    )
    orders = Orders(made_at=world.now, rooms=["T1"], sittings=[sitting])
    for minute in range(200):
        if minute % 10 == 0:
            world.put(20 + minute)
        world.sealer.round(["C1"], orders, world.now + timedelta(minutes=minute), minute * 60.0)
    assert numbers()[2:] == [(7, ""), (13, ""), (16, "s1"), (19, ""), (25, "")]
    again = Sealer(world.settings, world.index)
    again.round(["C1"], orders, world.now + timedelta(minutes=200), 0.0)
    assert numbers()[7:] == [(26, "")], "the sitting has its seal, the newest link gets one"


def test_nothing_is_sealed_under_a_clock_at_which_the_key_does_not_hold(world: World) -> None:
    """A box without a battery for its clock starts in the year 2000 until it has been told the time."""
    sealer = Sealer(world.settings, world.index)
    world.put(12)
    sealer.round(["C1"], None, world.now - timedelta(days=9000), 0.0)
    assert len(world.index.chain.seals("C1")) == 2 and not sealer.able(0.0)
    sealer.round(["C1"], None, world.now, 5.0)
    assert len(world.index.chain.seals("C1")) == 3 and sealer.able(5.0) and world.verify().ok


def test_what_was_recorded_before_the_clock_was_set_gets_its_seal_at_once(world: World) -> None:
    sealer, ahead = Sealer(world.settings, world.index), timedelta(days=3)
    sealer.round(["C1"], None, world.now, 0.0)
    world.put(12)
    for second in (5, 10, 15):
        sealer.round(["C1"], None, world.now + ahead + timedelta(seconds=second), second)
    assert world.verify(world.now + ahead).ok, "and not as if seals had been taken out"


def test_seals_that_fail_for_hours_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_seal: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    sealer = Sealer(world.settings, world.index)
    sealer.round(["C1"], None, world.now, 0.0)
    world.put(12)
    monkeypatch.setattr(world.index, "keep_seal", full)
    for second in (3600.0, 7000.0):
        sealer.round(["C1"], None, world.now, second)
        assert sealer.able(second)
    sealer.round(["C1"], None, world.now, 11000.0)
    assert not sealer.able(11000.0)


def test_without_keys_nothing_is_sealed_and_recording_goes_on(world: World) -> None:
    (world.settings.state / "keys" / "recorder.key").unlink()
    sealer = Sealer(world.settings, world.index)
    sealer.round(["C1"], None, world.now, 0.0)
    world.put(12)
    sealer.seal("C1", world.now)
    assert len(world.index.chain.seals("C1")) == 2 and world.verify().ok and not sealer.able(0.0)
