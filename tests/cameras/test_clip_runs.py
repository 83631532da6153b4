"""Recordings that are not simply there: moved to another tier, deleted after their date, or lying over one another."""

import zipfile
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from appliance.base.errors import Corrupt
from appliance.wire.recorder import CameraSpan, CheckedFile, SpanHead, VerifySpans
from cameras.archive.locate import Locator
from cameras.clips import ClipServer
from cameras.clips.cut import cut
from cameras.clips.film import lying
from cameras.clips.find import find
from cameras.clips.package_proof import is_package, verify_package
from cameras.clips.proof import Proven
from cameras.clips.reel import reel_of
from cameras.index import Index, micros
from tests.cameras import archive_site
from tests.cameras.test_film import segment
from tests.cameras.test_proof import NOW, Store
from tests.cameras.test_store import put

DAY = timedelta(days=1)


async def test_what_has_moved_or_was_deleted_is_not_called_missing(tmp_path: Path) -> None:
    store = archive_site.Store(tmp_path, free_after_days=2)
    nas = store.mount("nas", "nas")
    now = archive_site.NOW
    gone = store.record("C1", now - DAY * 1200, count=1)
    moved = store.record("C1", now - DAY * 3, count=3)
    store.run()
    with store.rounds() as rounds:
        rounds.take_orders(archive_site.orders(before=now - DAY * 1096))
        archive_site.settle(rounds)
    (nas / moved[1].path).write_bytes(b"x" * archive_site.SIZE)
    (nas / moved[2].path).unlink()
    spans = [CameraSpan(camera="C1", start=now - DAY * 1300, end=now)]
    made = await ClipServer(store.settings).verify_spans(VerifySpans(spans=spans))
    assert isinstance(made.head, SpanHead) and made.head.files == 4
    found = [msgspec.msgpack.decode(chunk, type=CheckedFile) async for chunk in made.chunks]
    assert {one.path: one.found for one in found} == {
        gone[0].path: "deleted",
        moved[0].path: "whole",
        moved[1].path: "altered",
        moved[2].path: "missing",
    }
    nas.rename(tmp_path / "unplugged")
    made = await ClipServer(store.settings).verify_spans(VerifySpans(spans=spans))
    states = [msgspec.msgpack.decode(chunk, type=CheckedFile).found async for chunk in made.chunks]
    assert sorted(states) == ["deleted", "elsewhere", "elsewhere", "elsewhere"]


def test_two_connections_over_one_another_are_both_found(tmp_path: Path) -> None:
    """The clock was set back by 15 s after half a minute: 01:00:15 to 01:00:30 is on record twice."""
    index = Index(tmp_path)
    for run, begins in (("r1", 0), ("r2", 15)):
        for number in range(3):
            at = NOW + timedelta(seconds=begins + 10 * number)
            put(
                index,
                tmp_path,
                at + timedelta(microseconds=1 if run == "r2" else 0),
                10,
                run,
                segment(at, 10),
            )
    end, now = NOW + timedelta(seconds=60), NOW + timedelta(seconds=45)
    found = find(index, tmp_path, "C1", NOW, end, now)
    assert [(one.run, one.start, one.end) for one in found.clips] == [
        ("r1", NOW, NOW + timedelta(seconds=30)),
        (
            "r2",
            NOW + timedelta(seconds=15, microseconds=1),
            NOW + timedelta(seconds=45, microseconds=1),
        ),
    ]
    assert found.gaps == []
    for one in found.clips:
        made = cut(index, tmp_path, "C1", one.start, one.end, run=one.run)
        assert abs(made.film.end - one.end) < timedelta(seconds=1), "whole, not the end of the other one"
        assert {part.run for part in made.segments} == {one.run}
    settings = Store(tmp_path / "site").settings
    reel = reel_of(index, tmp_path, "C1", NOW, end, now, Locator(settings))
    assert [(one.run, one.start) for one in reel.pieces] == [
        ("r1", micros(NOW)),
        ("r2", micros(NOW + timedelta(seconds=15, microseconds=1))),
    ]
    assert reel.pieces[0].end == micros(NOW + timedelta(seconds=30)), "not cut short by the other one"


def test_a_film_before_a_package_is_no_package(tmp_path: Path) -> None:
    """Whatever players show of it, the package behind it vouches for nothing."""
    store = Store(tmp_path)
    package, forged = tmp_path / "package.zip", tmp_path / "forged.mp4"
    with zipfile.ZipFile(package, "w") as target:
        target.writestr("manifest.json", b"{}")
    forged.write_bytes(store.path(0).read_bytes() + package.read_bytes())
    assert is_package(package) and zipfile.is_zipfile(forged) and not is_package(forged)
    with pytest.raises(Corrupt):
        verify_package(forged, store.authority)
    # Neither when something that looks like an entry stands in front of it.
    forged.write_bytes(package.read_bytes() + store.path(0).read_bytes() + package.read_bytes())
    with pytest.raises(Corrupt):
        verify_package(forged, store.authority)


async def test_a_file_the_archive_moves_meanwhile_is_read_where_it_lies_then(tmp_path: Path) -> None:
    store = Store(tmp_path)
    end = NOW + timedelta(seconds=25)
    made = cut(store.index, store.media, "C1", NOW, end, lying(store.media))
    away = tmp_path / "nas"
    moved = away / store.files[1].path
    moved.parent.mkdir(parents=True)
    store.path(1).rename(moved)
    proven = Proven(
        store.settings,
        made,
        NOW,
        end,
        lambda one: moved if one.path == store.files[1].path else lying(away)(one),
    )
    assert len(b"".join(proven.read())) == proven.head.bytes
