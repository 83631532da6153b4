"""What goes wrong with evidence, and what is given out then: never another film, never less without a word."""

import asyncio
import hashlib
import sys
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from appliance.base import crypto
from appliance.base.errors import Corrupt, Unavailable
from appliance.base.i18n import in_language
from appliance.base.sockets import ask_stream
from appliance.base.storage_settings import PlaceSettings, StorageSettings
from appliance.reports import evidence as reports
from appliance.reports import render
from appliance.web.clip_export import patiently
from appliance.web.package import _recording
from appliance.web.package_zip import Package
from appliance.wire.evidence import Broken, EvidenceSheet, PackageFile, PlainHeading
from appliance.wire.playback import CopyProof, GetCopy, Written
from appliance.wire.proof import lost_at_end, sealing
from appliance.wire.recorder import Cause, Clip, ClipHead, Gap, Sealing
from appliance.wire.screens import ReadScreens, ScreenRead, ScreensHead
from appliance.wire.seals import SealedHead
from cameras import clips
from cameras.archive.locate import Locator, Where
from cameras.archive.places import MARK, Mark
from cameras.archive.store import DISK, Archive
from cameras.clips import bring, proof
from cameras.clips.cut import cut
from cameras.clips.film import lying, spoiled
from cameras.clips.links import Links
from cameras.clips.proof import Proven, verify_clip
from cameras.clips.reel import reel_of
from cameras.clips.write import write
from cameras.index import Segment, micros
from cameras.verify_cli import _tell_clip
from tests.cameras.sealed_store import World, newest_seals
from tests.cameras.test_chain import forge
from tests.cameras.test_proof import NOW, Store


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = Store(tmp_path)
    yield made
    made.index.close()


def span(store: Store, first: float, last: float, run: str = "") -> tuple[float, float]:
    """What a clip asked for so covers, in seconds from NOW."""
    head = cut(store.index, store.media, "C1", at(first), at(last), None, run).head
    return (head.start - NOW).total_seconds(), (head.end - NOW).total_seconds()


def test_a_file_that_is_gone_or_wiped_ends_a_clip_and_not_the_request(store: Store) -> None:
    assert span(store, 0, 40) == (0, 40)
    store.path(1).unlink()
    assert span(store, 0, 40) == (0, 10)
    assert span(store, 10, 40) == (20, 40), "the rest is asked for from where the first part ends"
    store.path(2).write_bytes(bytes(store.path(2).stat().st_size))
    assert span(store, 10, 40) == (30, 40)
    with pytest.raises(Corrupt) as told:
        span(store, 12, 28)
    assert told.value.code == "segment_unreadable"


def test_a_piece_that_cannot_be_played_takes_no_other_with_it(store: Store) -> None:
    def pieces(locator: Locator) -> list[tuple[int, int, bool]]:
        reel = reel_of(store.index, store.media, "C1", at(0), at(40), at(80), locator)
        second = 1_000_000
        begin = micros(at(0))
        return [
            ((one.start - begin) // second, (one.end - begin) // second, bool(one.codec))
            for one in reel.pieces
        ]

    assert pieces(archived(store, 2)) == [(0, 40, True)], "moved is not damaged"
    store.path(1).unlink()
    assert pieces(Locator(store.settings)) == [(0, 10, True), (10, 20, False), (20, 40, False)]
    reel = reel_of(store.index, store.media, "C1", at(0), at(40), at(80), Locator(store.settings))
    assert reel.pieces[1].lost == "missing" and reel.pieces[0].lost == "" and reel.first == at(0)
    store.path(3).write_bytes(b"cut")
    assert pieces(archived(store)) == [(0, 10, True), (10, 20, False), (20, 30, True), (30, 40, False)]
    reel = reel_of(store.index, store.media, "C1", at(0), at(40), at(80), archived(store))
    assert [one.lost for one in reel.pieces] == ["", "missing", "", "unreadable"]


def archived(store: Store, *numbers: int) -> Locator:
    """These recordings have left the disk for a NAS."""
    nas = store.media.parent / "nas"
    nas.mkdir(exist_ok=True)
    (nas / MARK).write_bytes(msgspec.json.encode(Mark(name="nas", kind="nas", site="999999-01")))
    storage = StorageSettings(places=[PlaceSettings(name="nas", kind="nas", folder=str(nas))])
    archive = Archive(store.media)
    archive.rows("INSERT OR IGNORE INTO place(name, kind) VALUES ('nas', 'nas')")
    for number in numbers:
        path = store.files[number].path
        (nas / path).parent.mkdir(parents=True, exist_ok=True)
        (store.media / path).rename(nas / path)
        archive.keep_copy("nas", path, 1, "0", NOW)
        archive.remove(path, DISK, at(0), "moved", "test")
    archive.close()
    return Locator(msgspec.structs.replace(store.settings, storage=storage))


async def packed(store: Store, target: Path) -> Package:
    """What a package holds of the first stretch of C1."""

    async def read(*_asked: Any) -> list[SealedHead]:
        return newest_seals(store.index)

    box: Any = SimpleNamespace(
        settings=store.settings, local=lambda one: one, now=lambda: at(0), db=SimpleNamespace(read=read)
    )
    server = await clips.serve(store.settings)
    try:
        package = Package(target, box, lambda _done, _total: None)
        await _recording(package, box, Clip(camera="C1", start=at(0), end=at(40), bytes=0, run="r1"), "clip")
        await package.close(b"{}")
    finally:
        server.close()
    return package


async def test_one_file_that_is_gone_takes_no_other_out_of_a_package(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.path(1).unlink()
    store.flip(2, at=-20)
    whole = Links.judged
    monkeypatch.setattr(
        Links, "judged", lambda *given: given[2] if given[1].state == "filled" else whole(*given)
    )
    store.index.write("UPDATE segment SET state = 'filled' WHERE id = ?", store.files[3].id)
    package = await packed(store, tmp_path / "p.zip")
    assert sealing(package.sources) == Sealing(sources=3, unsealed=2), "the altered one waits for none"
    covered = [(one.path, one.start, one.end, one.kept) for one in package.files]
    assert covered == [
        ("clips/C1-20261121-010000.mp4", at(0), at(10), []),
        ("clips/C1-20261121-010020.mp4", at(20), at(40), ["filled"]),
    ]
    assert [(one.path, one.code) for one in package.left_out] == [
        ("clips/C1-20261121-010010-to-010020.mp4", "segment_unreadable")
    ]
    assert [(one.path, one.source, one.code) for one in package.broken] == [
        ("clips/C1-20261121-010020.mp4", store.files[2].path, "altered")
    ]


async def test_a_recording_that_breaks_off_is_named_and_not_in_the_package(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = proof._blocks

    def torn(path: Path, buffers: tuple[bytearray, bytearray]) -> Iterator[memoryview]:
        yield from blocks(path, buffers)
        if path == store.path(2):
            raise spoiled(path)  # a bad sector

    monkeypatch.setattr(proof, "_blocks", torn)
    package = await packed(store, tmp_path / "p.zip")
    times = [(one.start, one.end) for one in package.files]
    assert times == [(at(0), at(20)), (at(30), at(40))], "what is sound before and behind it is there"
    assert [one.code for one in package.left_out] == ["segment_unreadable"]
    with zipfile.ZipFile(tmp_path / "p.zip") as made:
        assert len(made.namelist()) == 3 and made.testzip() is None
    reel = reel_of(store.index, store.media, "C1", at(0), at(40), at(100), Locator(store.settings))
    assert [bool(one.codec) for one in reel.pieces] == [True, False, True], "and the page offers them apart"


def test_a_clip_says_how_its_recordings_came_into_the_store(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, state in ((1, "filled"), (2, "recovered")):
        store.index.write("UPDATE segment SET state = ? WHERE id = ?", state, store.files[number].id)
    made = cut(store.index, store.media, "C1", at(5), at(25))
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"".join(Proven(store.settings, made, at(5), at(25), lying(store.media)).read()))
    found = verify_clip(file, store.authority)
    assert found.ok
    assert found.sealing is None and b'"sealed' not in file.read_bytes(), "as earlier versions gave it out"
    _tell_clip(found)
    told, err = capsys.readouterr()
    assert "完整" in err and "签封" not in err
    assert "1 段录像是后来补录的" in told and "1 段录像因异常中断结束" in told


def test_the_cover_names_every_cause_and_what_was_filled_or_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = PackageFile(path="clips/a.mp4", kind="clip", bytes=1, sha256="0", kept=["filled"])
    causes: list[Cause] = ["resting", "clock", "network", ""]
    sheet = EvidenceSheet(
        heading=PlainHeading(
            site_code="9", site_name="考点", demo=True, timezone="Asia/Shanghai", made_at=NOW
        ),
        name="张三",
        more="",
        start=at(0),
        end=at(60),
        files=[clip],
        gaps=[Gap(camera="C1", start=at(0), end=at(5), cause=cause) for cause in causes]
        + [Gap(camera="C1", start=at(5), end=at(9), cause="disk", filled=True, origin="card")],
        left_out=[],
        broken=[Broken(path="clips/a.mp4", source="C1/x.mp4", code="altered")],
        sealing=Sealing(sources=4, unsealed=2, open=1),
        cameras={"C1": "前部"},
        lines=[],
        journal_seq=1,
        journal_hash="0",
    )
    monkeypatch.setattr(reports, "pdf", render.html)
    with in_language("en"):
        page = str(reports.evidence_cover(sheet))
    for words in (
        "not recorded, by plan",
        "the server&#39;s clock was set ahead",
        "network down",
        "no cause on record",
        "disk; filled later from the camera&#39;s own card",
        "put into a gap later, not recorded here",
        "altered · C1/x.mp4",
        "Source recordings not sealed yet when this was given out: 2 of 4.",
        "Source recordings still being written when this was given out: 1.",
    ):
        assert page.count(words) == 1, words


def test_a_file_altered_together_with_its_row_does_not_pass(tmp_path: Path) -> None:
    """Links of the store's first five recordings: two seals stand over them."""
    first = World(tmp_path / "seen")

    def found(world: World, chosen: bytes | None = None) -> list[str]:
        links = Links(world.media, world.index, world.authority if chosen is None else chosen)
        return [links.judged(one, "whole") for one in world.files]

    assert found(first) == ["whole"] * 5
    later = first.put(7)
    (row,) = first.index.between("C1", later.start, later.start + timedelta(seconds=1))
    assert Links(first.media, first.index, first.authority).judged(row, "whole") == "whole", "not sealed yet"
    crypto.new_authority(tmp_path / "foreign", "other site")
    assert found(first, (tmp_path / "foreign" / "authority.pem").read_bytes()) == ["row_altered"] * 5

    row_alone = World(tmp_path / "row")
    row_alone.index.write("UPDATE segment SET sha256 = 'new' WHERE id = ?", row_alone.files[1].id)
    assert found(row_alone) == ["whole", "row_altered", "whole", "whole", "whole"]
    chain_too = World(tmp_path / "chain")
    forge(chain_too)
    assert found(chain_too) == ["row_altered"] * 5, "no seal fits the links that were made anew"
    added = World(tmp_path / "added")
    added.index.write("UPDATE segment SET n = NULL WHERE id = ?", added.files[0].id)
    assert found(added)[:2] == ["row_altered", "whole"]


def test_a_chain_made_anew_passes_neither_without_its_seals_nor_under_new_ones(tmp_path: Path) -> None:
    """The recorder, its index robbed of the seals, would sign the forged chain itself; the journal has the true one."""

    def found(world: World, heads: list[SealedHead]) -> set[str]:
        links = Links(world.media, world.index, world.authority)
        return {links.judged(one, "whole", heads) for one in world.files}

    world = World(tmp_path / "seals")
    heads = newest_seals(world.index)
    beyond = msgspec.structs.replace(heads[0], n=9999, head="ab" * 32)
    assert found(world, [beyond]) == {"whole"}, "what is cut off behind a seal is told of itself"
    world.index.write("DELETE FROM seal")
    assert found(world, []) == {"row_altered"}, "the seals' file knows them"
    world.seals.unlink()
    assert found(world, []) == {"whole"}, "as young as if no seal were due"
    for minute in (130, 131):
        world.put(minute)
    assert found(world, []) == {"row_altered"}, "the recorder went on for hours: there was a seal"

    forged = World(tmp_path / "forged")
    forge(forged)
    forged.index.write("DELETE FROM seal")
    forged.sealer.seal("C1", forged.now)
    assert forged.index.last_seal("C1") is None, "the seals' file has more than the index"
    assert forged.index.rows("SELECT code FROM finding") == [("seals_lost",)]
    forged.seals.unlink()
    forged.sealer.seal("C1", forged.now)
    assert found(forged, []) == {"whole"}, "signed once more"
    assert found(forged, heads) == {"row_altered"}


async def test_the_inspectors_check_holds_rows_against_the_chain(store: Store) -> None:
    server = await clips.serve(store.settings)
    store.flip(1)
    body = store.path(1).read_bytes()
    store.index.write(
        "UPDATE segment SET sha256 = ? WHERE id = ?", hashlib.sha256(body).hexdigest(), store.files[1].id
    )
    assert [one.found for one in await store.check()] == ["whole", "row_altered", "whole", "whole", "whole"]
    file = store.media.parent / "clip.mp4"
    await store.download(file)
    assert [one.code for one in verify_clip(file, store.authority).findings] == ["source_row_altered"]
    server.close()


async def test_what_lies_in_object_storage_is_fetched_before_a_clip_is_cut(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else's turn is held meanwhile; whoever waits is told how far it is, and asks again for the same work."""
    locator, come, fetched = Locator(store.settings), threading.Event(), []

    def slowly(segment: Segment) -> Path:
        fetched.append(segment.path)
        if len(fetched) > 1:
            come.wait(10)
        return store.media / segment.path

    monkeypatch.setattr(locator, "where", lambda _segment: Where(lies="s3", place="cloud"))
    monkeypatch.setattr(bring, "PATIENCE", 0.3)
    bringer = bring.Bringer(store.index, locator, slowly)
    wanted = "C1", at(5), at(25), "r1"
    told = await asyncio.gather(bringer.bring(wanted), bringer.bring(wanted), return_exceptions=True)
    assert [str(one) for one in told] == [str(told[0])] * 2 and isinstance(told[0], Unavailable)
    assert told[0].code == "being_fetched" and told[0].params == {"place": "cloud", "here": 1, "total": 3}
    come.set()
    monkeypatch.setattr(bring, "PATIENCE", 10.0)
    asked: list[str] = []

    async def ask() -> str:
        asked.append("again")
        if len(asked) == 1:
            raise told[0]  # type: ignore[misc]
        await bringer.bring(wanted)
        return "cut"

    assert await patiently(ask) == "cut" and len(asked) == 2
    with pytest.raises(Unavailable):
        asked.clear()
        await patiently(ask, -1.0)
    assert fetched[:3] == [one.path for one in store.files[:3]]
    await bringer.bring(("C2", at(5), at(25), ""))


def test_whoever_writes_slowly_says_so_all_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of a still room is small: it would be silent for longer than its asker waits."""
    monkeypatch.setattr(sys.modules[write.__module__], "TOLD", 0.0)
    made: Any = SimpleNamespace(written=Written(bytes=3))
    with open(tmp_path / "copy.mp4", "wb") as target:
        frames = list(write(made, iter([b"a", b"b", b"c"]), target.fileno()))
    assert [msgspec.msgpack.decode(one, type=Written).bytes for one in frames] == [1, 2, 3, 3]


async def test_those_who_wait_for_the_disk_keep_nobody_else_from_a_thread(store: Store) -> None:
    server = clips.ClipServer(store.settings)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
    serving = await clips.serve(store.settings, server)
    with server._reading:
        waiting = [asyncio.create_task(store.check()) for _one in range(4)]
        await asyncio.wait(waiting, timeout=0.3)
        assert await asyncio.wait_for(asyncio.to_thread(int), 5) == 0
    assert [len(found) for found in await asyncio.gather(*waiting)] == [5] * 4
    serving.close()


async def test_a_file_that_is_gone_is_one_dark_minute_of_screens(store: Store) -> None:
    server = await clips.serve(store.settings)
    for number in (1, 2, 3):
        store.path(number).unlink()
    asked = ReadScreens(camera="C1", start=at(0), end=at(100))
    head, frames = await ask_stream(store.settings.socket("clips"), asked, ScreensHead)
    found = [msgspec.msgpack.decode(frame, type=ScreenRead) async for frame in frames]
    assert head.minutes == 2 and [one.problem for one in found] == ["recording_missing", ""]
    server.close()


async def test_a_copy_says_how_many_pictures_it_lacks(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    server = await clips.serve(store.settings)
    body = bytearray(store.path(0).read_bytes())
    at_data = body.rfind(b"mdat") + 40
    body[at_data : at_data + 600] = bytes(600)
    store.path(0).write_bytes(body)
    file = store.media.parent / "copy.mp4"
    asked = GetCopy(camera="C1", start=at(0), end=at(10))
    _head, chunks = await ask_stream(store.settings.socket("clips"), asked, ClipHead)
    pieces = [chunk async for chunk in chunks]
    file.write_bytes(b"".join(pieces))
    found = verify_clip(file, store.authority)
    assert found.ok and isinstance(found.clip, CopyProof) and found.clip.lost == lost_at_end(pieces[-1]) > 0
    _tell_clip(found)
    assert f"副本里没有的画面：{found.clip.lost} 幅" in capsys.readouterr().out
    server.close()
