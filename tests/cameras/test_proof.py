"""Is it whole? Files of a span read again over the socket; a downloaded clip checked with one certificate."""

import asyncio
import contextlib
import io
import struct
import threading
import time
import weakref
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest

from appliance.base import crypto
from appliance.base.errors import Corrupt, NotFound, Unavailable
from appliance.base.handover import ask_to_write
from appliance.base.settings import CameraSettings, RecorderSettings, Settings, SiteSettings
from appliance.base.site import Site
from appliance.base.sockets import ask_stream
from appliance.wire.playback import GetCopy, WriteClip, Written
from appliance.wire.proof import BOX
from appliance.wire.recorder import (
    CameraSpan,
    CheckedFile,
    ClipHead,
    ClipProof,
    GetClip,
    SignedProof,
    SpanHead,
    VerifySpans,
)
from appliance.wire.seals import SealedHead
from cameras import clips
from cameras.archive.locate import Locator
from cameras.clips.cut import Cut, cut
from cameras.clips.proof import verify_clip
from cameras.index import Index, Segment
from cameras.integrity import checked, file_sha256
from tests.cameras.test_store import opened, put
from tests.command import examsite

NOW = datetime(2026, 11, 21, 1, 0, 0, tzinfo=UTC)


def film(seconds: int) -> bytes:
    """A small film as the recorder writes it."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4", options={"movflags": "frag_keyframe+empty_moov"}) as out:
        stream = out.add_stream("libx264", rate=5, options={"preset": "ultrafast", "g": "5"})
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(seconds * 5):
            picture = np.full((96, 160, 3), 40 + number * 3, dtype=np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    return target.getvalue()


def site_keys(settings: Settings) -> bytes:
    """The keys exam-clips needs; returns the authority's certificate."""
    state = settings.state
    crypto.new_authority(state / "authority", "test authority")
    (state / "keys").mkdir(parents=True)
    for name in ("clips", "web"):
        crypto.new_leaf(state / "authority", state / "keys", name)
    site = Site(code="999999-01", name="示范考点", mode="demo", epoch="e" * 32, created=NOW)
    (state / "site.json").write_bytes(msgspec.json.encode(site))
    authority = (state / "authority" / "authority.pem").read_bytes()
    (state / "keys" / "authority.pem").write_bytes(authority)
    return authority


class Store:
    """Four finished files of ten seconds each of camera C1, and one after a gap."""

    def __init__(self, folder: Path) -> None:
        self.media = folder / "media"
        self.settings = Settings(
            site=SiteSettings(
                code="999999-01", name="示范考点", state=str(folder / "state"), run=str(folder / "run")
            ),
            cameras=[CameraSettings(code="C1", name="理论考场前部", address="127.0.0.1:1", room="T1")],
            recorder=RecorderSettings(media=str(self.media)),
        )
        self.authority = site_keys(self.settings)
        self.index = Index(self.media)
        body = film(10)
        starts = [0, 10, 20, 30, 90]
        self.files: list[Segment] = [
            put(self.index, self.media, NOW + timedelta(seconds=at), 10, "r1" if at < 90 else "r2", body)
            for at in starts
        ]
        self.index.open_gap_row("g1", "C1", NOW + timedelta(seconds=40), "network", "test")
        self.index.close_gap("g1", NOW + timedelta(seconds=90))

    def path(self, number: int) -> Path:
        return self.media / self.files[number].path

    def flip(self, number: int, at: int = 3000) -> None:
        body = bytearray(self.path(number).read_bytes())
        body[at] ^= 1
        self.path(number).write_bytes(body)

    async def check(self, first: int = 0, last: int = 100) -> list[CheckedFile]:
        span = CameraSpan(
            camera="C1", start=NOW + timedelta(seconds=first), end=NOW + timedelta(seconds=last)
        )
        asked = VerifySpans(spans=[span, span])
        head, frames = await ask_stream(self.settings.socket("clips"), asked, SpanHead)
        found = [msgspec.msgpack.decode(frame, type=CheckedFile) async for frame in frames]
        assert head.files == len(found), "a file that two spans touch is read once"
        return found

    async def download(self, target: Path, first: int = 5, last: int = 25) -> ClipHead:
        asked = GetClip(
            camera="C1", start=NOW + timedelta(seconds=first), end=NOW + timedelta(seconds=last), proof=True
        )
        head, chunks = await ask_stream(self.settings.socket("clips"), asked, ClipHead)
        target.write_bytes(b"".join([chunk async for chunk in chunks]))
        return head


@pytest.fixture
async def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = Store(tmp_path)
    server = await clips.serve(made.settings)
    yield made
    server.close()
    made.index.close()


async def test_the_files_of_a_span_are_read_again(store: Store) -> None:
    assert [one.found for one in await store.check()] == ["whole"] * 5
    assert len(await store.check(12, 18)) == 1
    store.flip(1)
    store.path(3).unlink()
    store.index.open_segment(opened("open", "C1/20261121/open.mp4", NOW + timedelta(seconds=99), "r2"))
    found = {one.path: one.found for one in await store.check()}
    assert [found[one.path] for one in store.files] == ["whole", "altered", "whole", "missing", "whole"]
    assert found["C1/20261121/open.mp4"] == "open"


async def test_a_file_the_recorder_has_missed_is_still_named(store: Store) -> None:
    store.path(2).unlink()
    store.index.miss_segment(store.files[2])
    assert [one.found for one in await store.check()].count("missing") == 1


async def test_a_chain_the_disk_does_not_give_ends_no_check_and_accuses_nobody(store: Store) -> None:
    links = store.media / "chain.d" / "C1" / "0000000001.links"
    links.unlink()
    links.mkdir()
    asked = VerifySpans(
        spans=[CameraSpan(camera="C1", start=NOW, end=NOW + timedelta(seconds=100))],
        heads=[SealedHead(camera="C1", number=1, n=3, head="ab" * 32, at=NOW)],
    )
    head, frames = await ask_stream(store.settings.socket("clips"), asked, SpanHead)
    found = [msgspec.msgpack.decode(frame, type=CheckedFile).found async for frame in frames]
    assert (head.broken, head.unread, found) == ([], 1, ["unreadable"] * 5)


async def test_a_downloaded_clip_proves_itself(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    head = await store.download(file)
    assert head.bytes == file.stat().st_size
    found = verify_clip(file, store.authority)
    assert found.ok and found.checked == 1 and found.clip and found.clip.form == "examsite-clip 1"
    assert found.clip.camera == "C1" and found.clip.mark == "DEMO"
    assert found.clip.start == NOW + timedelta(seconds=5)
    assert [one.path for one in found.clip.sources] == [one.path for one in store.files[:3]]
    with av.open(str(file)) as container:
        assert len(list(container.decode(video=0))) == 100, "players skip the proof"


def written(store: Store, wanted: GetClip | GetCopy, file: Path) -> tuple[ClipHead, Written]:
    """What was told at the end of a clip or copy that exam-clips wrote into `file`."""
    request = WriteClip(asked=wanted)
    head, line = ask_to_write(store.settings.socket("clips"), request, ClipHead)
    with contextlib.closing(line), open(file, "wb") as target:
        *_, last = line.write_to(target.fileno())
    return head, msgspec.msgpack.decode(last, type=Written)


@pytest.mark.parametrize("kind", [GetClip, GetCopy])
async def test_a_clip_is_written_into_the_askers_file(
    store: Store, tmp_path: Path, kind: type[GetClip | GetCopy]
) -> None:
    file = tmp_path / "clip.mp4"
    asked = kind(camera="C1", start=NOW + timedelta(seconds=5), end=NOW + timedelta(seconds=25))
    head, told = await asyncio.to_thread(written, store, asked, file)
    assert told.bytes == file.stat().st_size and told.sha256 == file_sha256(file) and not told.broken
    assert verify_clip(file, store.authority).ok
    store.flip(1)
    head, told = await asyncio.to_thread(written, store, asked, file)
    assert told.sha256 == file_sha256(file)
    if kind is GetClip:
        assert told.bytes == head.bytes and told.broken == [f"altered {store.files[1].path}"]
        assert [one.code for one in verify_clip(file, store.authority).findings] == ["source_altered"]


async def test_a_full_disk_is_told_and_the_next_export_works(store: Store, tmp_path: Path) -> None:
    asked = GetClip(camera="C1", start=NOW, end=NOW + timedelta(seconds=25), proof=True)
    with pytest.raises(Unavailable) as told:
        await asyncio.to_thread(written, store, asked, Path("/dev/full"))
    assert told.value.code == "file_unwritable" and "space" in told.value.params["detail"]
    _head, whole = await asyncio.to_thread(written, store, asked, tmp_path / "clip.mp4")
    assert whole.sha256 == file_sha256(tmp_path / "clip.mp4")


async def test_one_reader_at_a_time_reads_the_disk_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, most, together = 0, 0, threading.Lock()

    def slowly(locator: Locator, segment: Segment) -> CheckedFile:
        nonlocal reading, most
        with together:
            reading += 1
            most = max(most, reading)
        time.sleep(0.05)
        with together:
            reading -= 1
        return checked(locator, segment)

    monkeypatch.setattr(clips, "checked", slowly)
    await asyncio.gather(store.download(tmp_path / "one"), store.check(), store.check())
    assert most == 1


async def test_whoever_moves_about_in_a_clip_has_it_cut_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts: list[weakref.ref[Cut]] = []

    def counted(*given: Any) -> Cut:
        made = cut(*given)
        cuts.append(weakref.ref(made))
        return made

    monkeypatch.setattr(clips, "cut", counted)
    monkeypatch.setattr(clips, "CHUNK", 1024)
    server = clips.ClipServer(store.settings)

    async def read(offset: int = 0, last: int = 25) -> bytes:
        asked = GetClip(camera="C1", start=NOW, end=NOW + timedelta(seconds=last), offset=offset)
        made = await server.get_clip(asked)
        return b"".join([chunk async for chunk in made.chunks])

    whole, tail = await asyncio.gather(read(), read(1500))
    assert tail == whole[1500:] and await read(len(whole)) == b"" and len(cuts) == 1
    monkeypatch.setattr(clips, "CUTS_KEPT", 2)
    for last in (26, 27):  # no more are kept; the oldest goes
        await read(last=last)
    assert len(cuts) == 3 and cuts[0]() is None
    monkeypatch.setattr(clips, "CUT_KEPT", 0.0)
    await read(last=27)
    await asyncio.sleep(0.05)
    assert len(cuts) == 3 and cuts[2]() is None, "nobody asks for it any more: it is forgotten"
    store.path(0).unlink()
    store.index.miss_segment(store.files[0])
    for _ in range(2):
        with pytest.raises(NotFound):
            await read(last=5)


async def test_whatever_is_done_to_a_clip_is_seen(store: Store, tmp_path: Path) -> None:
    file, other = tmp_path / "clip.mp4", tmp_path / "other.mp4"
    await store.download(file)
    whole = file.read_bytes()
    at = whole.rindex(BOX)

    def codes(body: bytes, authority: bytes = store.authority) -> list[str]:
        other.write_bytes(body)
        found = verify_clip(other, authority)
        assert found.ok == (not found.findings)
        return [one.code for one in found.findings]

    assert codes(whole) == []
    for place in (0, 5, 40, at // 2, at - 5):
        assert codes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]) == ["altered"]
    assert codes(whole + b"more") == ["altered"]
    assert codes(whole[: at - 4]) == ["no_proof"]
    assert codes(whole[:-1]) == ["no_proof"]
    assert codes(whole[: at - 104] + whole[at - 4 :]) == ["altered"]
    signed = msgspec.json.decode(whole[at + len(BOX) :], type=SignedProof)
    stated = msgspec.json.decode(signed.body, type=ClipProof)
    stated.start -= timedelta(hours=1)
    assert codes(whole[: at - 4] + boxed(signed, msgspec.json.encode(stated).decode())) == ["bad_signature"]
    crypto.new_authority(tmp_path / "foreign", "other site")
    foreign = (tmp_path / "foreign" / "authority.pem").read_bytes()
    assert codes(whole, foreign) == ["bad_certificate"]
    other.write_bytes(b"not a film at all")
    with pytest.raises(Corrupt, match="no recording"):
        verify_clip(other, store.authority)
    with pytest.raises(NotFound):
        verify_clip(tmp_path / "nowhere.mp4", store.authority)


def boxed(signed: SignedProof, body: str) -> bytes:
    text = msgspec.json.encode(msgspec.structs.replace(signed, body=body))
    return struct.pack(">I", 4 + len(BOX) + len(text)) + BOX + text


async def test_another_process_cannot_vouch_for_a_clip(store: Store, tmp_path: Path) -> None:
    keys = store.settings.state / "keys"
    for kind in ("key", "pem"):
        (keys / f"clips.{kind}").write_bytes((keys / f"web.{kind}").read_bytes())
    await store.download(tmp_path / "clip.mp4")
    found = verify_clip(tmp_path / "clip.mp4", store.authority)
    assert [one.code for one in found.findings] == ["bad_certificate"]


async def test_a_clip_of_altered_files_says_so(store: Store, tmp_path: Path) -> None:
    store.flip(1, at=-20)
    await store.download(tmp_path / "clip.mp4")
    found = verify_clip(tmp_path / "clip.mp4", store.authority)
    assert [(one.code, one.path) for one in found.findings] == [("source_altered", store.files[1].path)]


@pytest.mark.parametrize("last", [9, 39])
async def test_a_clip_of_nothing_but_altered_rows_is_as_long_as_was_said(
    store: Store, tmp_path: Path, last: int
) -> None:
    """The longest there is to be said of a source: whoever downloads it was told the length before."""
    for one in store.files[:4]:
        store.index.write("UPDATE segment SET cause = 'x' WHERE id = ?", one.id)
    head = await store.download(tmp_path / "clip.mp4", 1, last)
    assert head.bytes == (tmp_path / "clip.mp4").stat().st_size
    found = verify_clip(tmp_path / "clip.mp4", store.authority)
    assert {one.code for one in found.findings} == {"source_row_altered"}


async def test_no_key_no_proof(store: Store, tmp_path: Path) -> None:
    (store.settings.state / "keys" / "clips.key").unlink()
    with pytest.raises(NotFound) as told:
        await store.download(tmp_path / "clip.mp4")
    assert told.value.code == "no_key"


async def test_the_command_answers_as_written(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    await store.download(file)
    authority = store.settings.state / "authority" / "authority.pem"

    def run(path: Path, *more: str) -> tuple[int, str, str]:
        return examsite("recordings", "verify-clip", str(path), "--authority", str(authority), *more)

    status, out, _err = await asyncio.to_thread(run, file, "--json")
    told = msgspec.json.decode(out)
    assert (status, told["ok"], told["checked"], told["findings"]) == (0, True, 1, [])
    body = bytearray(file.read_bytes())
    body[500] ^= 1
    file.write_bytes(body)
    status, out, _err = await asyncio.to_thread(run, file, "--json")
    told = msgspec.json.decode(out)
    assert (status, told["ok"], [one["code"] for one in told["findings"]]) == (1, False, ["altered"])
    status, out, _err = await asyncio.to_thread(run, file)
    assert status == 1 and "不一致" in out
    (tmp_path / "text.mp4").write_text("this is not a film")
    assert (await asyncio.to_thread(run, tmp_path / "text.mp4"))[0] == 2
    assert (await asyncio.to_thread(run, tmp_path / "none.mp4"))[0] == 2
