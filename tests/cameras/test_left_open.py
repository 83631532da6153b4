"""Rows that are open at a start, or stay open while the recorder runs: whose they are, and what their files give."""

import errno
import io
import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest

from cameras import integrity
from cameras.index import Index, Segment, micros, untold
from cameras.recorder import CHANGED, SHOWN
from cameras.recorder.duty import Duty
from cameras.recorder.left import LeftOpen
from cameras.recorder.reconcile import LEFT, reconcile
from tests.cameras.reel import film
from tests.cameras.sealed_store import NOW, World
from tests.cameras.test_day import Simulated
from tests.cameras.test_store import opened, put

NOTHING = "/proc/self/mem"
"""Reading its first byte is an input/output error, as a sector that is gone."""


def left(index: Index, media: Path, minute: float, body: bytes | None = b"", ending: str = ".mp4") -> Segment:
    """A row that is still open. `body` None: its file cannot be read."""
    start = NOW + timedelta(minutes=minute)
    path = f"C1/{start:%Y%m%d}/{start:%Y%m%dT%H%M%S.%f}Z{ending}"
    segment = opened(f"left-{minute}", path, start)
    index.open_segment(segment)
    if body is None:
        (media / path).symlink_to(NOTHING)
    else:
        (media / path).parent.mkdir(exist_ok=True)
        (media / path).write_bytes(body)
    return segment


def states(index: Index) -> dict[str, str]:
    return {one.id: one.state for one in index.every() if one.id.startswith("left")}


def findings(index: Index) -> set[tuple[str, str]]:
    return {(row[0], row[1]) for row in index.rows("SELECT code, path FROM finding")}


def test_an_unreadable_file_stops_no_start_and_no_round(world: World) -> None:
    bad, good = left(world.index, world.media, 10, None), left(world.index, world.media, 11)
    unknown = (world.media / bad.path).with_name(f"{NOW:%Y%m%d}T015900.000000Z.mp4")
    unknown.symlink_to(NOTHING)
    rounds = LeftOpen(world.media, world.index)
    for second in (0.0, LEFT, LEFT + 5, 2 * LEFT):
        rounds.round(NOW, second)
    assert states(world.index) == {bad.id: "open", good.id: "recovered"}
    reconcile(world.media, world.index, NOW)
    assert states(world.index) == {bad.id: "open", good.id: "recovered"}
    name = str(unknown.relative_to(world.media))
    assert {("unreadable", bad.path), ("unreadable", name), ("recovered", good.path)} <= findings(world.index)
    assert ("left_open", bad.path) in {(one.code, one.path) for one in world.verify().findings}


def test_an_unreadable_chain_stops_no_start(world: World) -> None:
    world.links.unlink()
    world.links.symlink_to(NOTHING)
    lost = left(world.index, world.media, 10)
    reconcile(world.media, world.index, NOW)
    assert findings(world.index) == {("unreadable", "chain.d/C1"), ("recovered", lost.path)}


def test_seals_do_not_wait_for_what_was_left_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    duty = Duty(world.settings, world.index)
    world.put(10)

    def fails(*_when: object) -> None:
        raise OSError(5, "I/O error")

    monkeypatch.setattr(LeftOpen, "round", fails)
    duty.round()
    assert len(world.index.chain.seals("C1")) == 3 and duty.sealed()


def test_a_row_that_cannot_be_closed_holds_up_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = left(world.index, world.media, 10), left(world.index, world.media, 11)
    close = world.index.close_segment

    def refuses(segment: str, *rest: object) -> None:
        if segment == bad.id:
            raise sqlite3.OperationalError("disk I/O error")
        close(segment, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(world.index, "close_segment", refuses)
    rounds = LeftOpen(world.media, world.index)
    rounds.round(NOW, 0.0)
    rounds.round(NOW, LEFT)
    assert states(world.index) == {bad.id: "open", good.id: "recovered"}


def test_a_row_somebody_else_put_there_gets_no_link(world: World) -> None:
    """A film in a gap, of which the index says that it is still being written."""
    world.index.close()
    index = Index(world.media)
    old = left(index, world.media, -3 * 60)  # hours before what was recorded last
    gap = left(index, world.media, 4)  # the chain says that nothing was recorded then
    ours = [left(index, world.media, minute) for minute in (9, 10)]
    fill = left(index, world.media, -30, ending=".filled.mp4")
    never = opened("left-never", f"C1/{NOW:%Y%m%d}/never.mp4", NOW - timedelta(days=1))
    index.open_segment(never)
    index.opened.clear()  # another process did
    reconcile(world.media, index, NOW)
    expected = dict.fromkeys((one.id for one in ours), "recovered")
    expected |= {old.id: "open", gap.id: "open", fill.id: "filled", never.id: "missing"}
    assert states(index) == expected
    rounds = LeftOpen(world.media, index)
    later = left(index, world.media, 3.5)
    index.opened.clear()
    for second in (0.0, LEFT, 2 * LEFT):
        rounds.round(NOW, second)
    assert states(index) == expected | {later.id: "open"}
    added = {("row_added", one.path) for one in (old, gap, later)}
    assert {one for one in findings(index) if one[0] == "row_added"} == added
    assert index.found(NOW - SHOWN, CHANGED) == {"C1": 4} and not index.found(NOW + SHOWN, CHANGED)
    assert {(one.code, one.many) for one in untold.findings(index)} >= {("row_added", 3), ("missing", 1)}
    told = {(one.code, one.path) for one in integrity.verify(world.media, now=NOW).findings}
    assert {("left_open", path) for _, path in added} <= told
    index.close()


@pytest.mark.parametrize("genuine", [False, True])
def test_a_row_put_where_something_was_recorded_is_not_ours(world: World, genuine: bool) -> None:
    """Hours ago and between two recordings, whichever open row the index was given last."""
    for minute in range(200, 206):
        world.put(minute)
    ours = left(world.index, world.media, 206) if genuine else None
    forged = left(world.index, world.media, 1.5)
    world.index.opened.clear()
    reconcile(world.media, world.index, NOW + timedelta(minutes=210))
    expected = {forged.id: "open"} | ({ours.id: "recovered"} if ours else {})
    assert states(world.index) == expected
    assert {path for code, path in findings(world.index) if code == "row_added"} == {forged.path}


def test_a_file_that_could_be_read_too_late_is_found_again(world: World) -> None:
    """A sector that was gone for hours: the row is no stranger's, and nobody vouches for the time between."""
    late = left(world.index, world.media, 10, None)
    reconcile(world.media, world.index, NOW)
    for minute in range(11, 200, 20):
        world.put(minute)
    (world.media / late.path).unlink()
    (world.media / late.path).write_bytes(b"")
    reconcile(world.media, world.index, NOW)
    assert states(world.index) == {late.id: "adopted"}
    assert {("unreadable", late.path), ("adopted", late.path)} <= findings(world.index)
    world.put(200)
    assert world.verify().ok


def test_after_the_clock_was_set_back_what_was_left_open_is_ours(world: World) -> None:
    set_back = opened("set-back", f"C1/{NOW:%Y%m%d}/set-back.mp4", NOW + timedelta(minutes=301))
    world.index.open_segment(set_back)
    (world.media / set_back.path).write_bytes(b"")
    world.index.close_segment(set_back.id, set_back.start, set_back.start, 0, "0" * 64, "closed", "clock")
    ours = left(world.index, world.media, 61)
    world.index.opened.clear()
    reconcile(world.media, world.index, NOW)
    assert states(world.index) == {ours.id: "recovered"}


FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "500000"}


def strange(media: Path, kind: str) -> Path:
    """A file that is no recording, and is called like one of today."""
    path = media / "C1" / f"{NOW:%Y%m%d}" / f"{NOW:%Y%m%d}T020000.000000Z.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    made = io.BytesIO()
    with av.open(io.BytesIO(film())) as source, av.open(made, "w", format="mp4", options=FRAGMENTED) as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    body = made.getvalue()
    if kind == "times":
        at = body.rfind(b"tfdt")
        body = body[: at + 8] + (1 << 56).to_bytes(8) + body[at + 16 :]
    elif kind == "sound":
        made = io.BytesIO()
        with av.open(made, "w", format="mp4", options=FRAGMENTED) as out:
            stream = out.add_stream("aac", rate=8000, layout="mono")
            for number in range(4):
                frame = av.AudioFrame.from_ndarray(
                    np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
                )
                frame.sample_rate, frame.pts = 8000, 1024 * number
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        body = made.getvalue()
    elif kind == "name":
        path = Path(os.fsdecode(os.fsencode(path.parent) + b"/\xff.mp4"))
    elif kind == "year":
        path = path.with_name("99991231T235959.000000Z.mp4")
    path.write_bytes(body)
    return path


@pytest.mark.parametrize("kind", ["sound", "times", "name", "year"])
def test_a_strange_file_ends_no_start(world: World, kind: str) -> None:
    path, now = strange(world.media, kind), NOW + timedelta(hours=2)
    lost = left(world.index, world.media, 90)
    for _ in range(2):
        reconcile(world.media, world.index, now)
    name = os.fsencode(path.relative_to(world.media)).decode(errors="replace")
    code = "unknown_file" if kind in ("name", "year") else "adopted"
    assert findings(world.index) == {(code, name), ("recovered", lost.path)}
    added = {one.path for one in world.verify(now).findings if one.code == "added"}
    assert added == ({name} if code != "adopted" else set()) and msgspec.json.encode(list(added))


def test_a_file_the_disk_did_not_take_is_no_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Simulated(tmp_path, monkeypatch)
    make, fails = os.open, [3]

    def refuses(path: str | Path, flags: int, *rest: int) -> int:
        if fails[0] and str(path).endswith(".mp4") and flags & os.O_CREAT:
            fails[0] -= 1
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return make(path, flags, *rest)

    monkeypatch.setattr(os, "open", refuses)
    made.run(90.0)
    assert fails == [0] and not made.index.unfinished()
    assert [part[0] for part in made.covered()][:2] == ["disk", "recorded"]
    reconcile(tmp_path, made.index, made.clock.now())
    assert not findings(made.index) and integrity.verify(tmp_path).never == 3


def test_a_segment_is_closed_once(world: World) -> None:
    done = world.files[0]
    with pytest.raises(sqlite3.IntegrityError, match=done.id):
        world.index.close_segment(done.id, NOW, NOW, 1, "0" * 64, "filled", "x")
    assert world.verify().ok


def test_a_row_lost_from_an_old_day_comes_back_with_its_link(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However far back its link lies: a new one would be the second of the same file."""
    monkeypatch.setattr("cameras.chain.files.PER_FILE", 3)
    lines = world.links.read_bytes().splitlines(keepends=True)
    world.links.write_bytes(b"".join(lines[:3]))
    world.links.with_name("0000000004.links").write_bytes(b"".join(lines[3:]))
    for minute in range(7, 40):
        put(world.index, world.media, NOW + timedelta(minutes=minute), 60)
    world.index.write("DELETE FROM segment WHERE id = ?", world.files[1].id)
    reconcile(world.media, world.index, NOW)
    assert findings(world.index) == {("restored", world.files[1].path)} and world.verify().ok


def test_only_what_is_written_just_now_needs_no_hash(world: World) -> None:
    """A row put into an old gap is the newest one of a copied disk for ever."""
    now = datetime.now(UTC)
    path = world.media / left(world.index, world.media, 4).path
    assert [one.code for one in world.verify(now).findings] == ["left_open"]
    world.index.write("UPDATE segment SET start = ? WHERE state = 'open'", micros(now) - 60_000_000)
    found = world.verify(now)
    assert found.ok and found.open == 1
    assert "left_open" in {one.code for one in world.verify(now + timedelta(hours=1)).findings}
    path.unlink()  # the row comes first
    assert world.verify(now).open == 1
    world.put(10)  # another one has begun since
    world.index.write("UPDATE run SET cause = 'restored' WHERE rowid = (SELECT max(rowid) FROM run)")
    assert world.verify(now).open == 1, "a row of long ago, given back to an index built anew"
    world.index.write("UPDATE run SET cause = 'network' WHERE cause = 'restored'")
    assert "left_open" in {one.code for one in world.verify(now).findings}
