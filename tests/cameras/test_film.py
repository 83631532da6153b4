"""A film nobody has written: any byte of it, any time of it, as players and other software read it."""

import io
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from appliance.base.errors import Corrupt, NotFound
from appliance.wire.playback import Reel
from cameras import timecode
from cameras.archive.locate import Locator
from cameras.clips import film as films
from cameras.clips.copy import Copied
from cameras.clips.cut import cut
from cameras.clips.proof import verify_clip
from cameras.clips.reel import reel_of
from cameras.index import Index
from cameras.recorder.segment import SegmentWriter
from tests.cameras.test_proof import NOW, Store
from tests.cameras.test_store import put

FPS = 5
TAG = timecode.camera_tag("C1")


@cache
def segment(start: datetime, seconds: int, codec: str = "libx264", bframes: int = 0) -> bytes:
    """A file as the recorder writes it, every picture with its own time in it."""
    target = io.BytesIO()
    source = io.BytesIO()
    with av.open(source, "w", format="mp4") as out:
        options = {"preset": "ultrafast", "g": str(FPS), "bf": str(bframes)}
        stream: Any = out.add_stream(codec, rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = 960, 540, "yuv420p"
        for number in range(seconds * FPS):
            luma = np.full((1080, 1920), 90, np.uint8)
            timecode.draw(luma, timecode.TimeCode(start + timedelta(seconds=number / FPS), TAG))
            plane = np.full((810, 960), 128, np.uint8)
            plane[:540] = luma[::2, ::2]
            out.mux(stream.encode(av.VideoFrame.from_ndarray(plane, format="yuv420p")))
        out.mux(stream.encode(None))
    source.seek(0)
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "2000000"}
    given: Any = av.open(source)
    with given, av.open(target, "w", format="mp4", options=options) as out:
        made: Any = out.add_stream_from_template(given.streams.video[0])
        first = None
        for packet in given.demux(video=0):
            if packet.dts is None or packet.pts is None:
                continue
            first = packet.dts if first is None else first
            packet.pts, packet.dts = packet.pts - first, packet.dts - first
            packet.stream = made
            out.mux(packet)
    return target.getvalue()


class Seconds:
    """Camera C1: segments of ten seconds from NOW on."""

    def __init__(self, media: Path, count: int = 3, **how: Any) -> None:
        self.media, self.index = media, Index(media)
        for number in range(count):
            at = NOW + timedelta(seconds=10 * number)
            put(self.index, media, at, 10, "r1", segment(at, 10, **how))

    def film(self, first: float, last: float) -> tuple[films.Film, bytes]:
        at = NOW + timedelta(seconds=first)
        made = cut(self.index, self.media, "C1", at, NOW + timedelta(seconds=last)).film
        return made, b"".join(made.read())


def times(body: bytes) -> list[tuple[float, timecode.TimeCode | None]]:
    """Presentation time and the time in the picture, of every picture."""
    given: Any = av.open(io.BytesIO(body))
    with given:
        return [(float(frame.time or 0), timecode.read_frame(frame)) for frame in given.decode(video=0)]


@pytest.mark.parametrize("bframes", [0, pytest.param(2, marks=pytest.mark.long)])
def test_a_clip_shows_the_second_it_claims(tmp_path: Path, bframes: int) -> None:
    store = Seconds(tmp_path, bframes=bframes)
    made, body = store.film(7.5, 22.1)
    assert len(body) == made.size
    shown = times(body)
    assert made.start <= NOW + timedelta(seconds=7.5) < made.start + timedelta(seconds=1.1)
    assert len(shown) >= 14 * FPS
    for at, code in shown:
        assert code is not None and code.tag == TAG
        lag = made.start + timedelta(seconds=at) - code.at
        # With pictures out of order the first is shown later by as many as are held back.
        assert timedelta(0) <= lag <= timedelta(seconds=bframes / FPS, milliseconds=2), (at, lag)
    if not bframes:
        assert shown[-1][1] is not None and abs(shown[-1][1].at - (NOW + timedelta(seconds=22))) < timedelta(
            milliseconds=2
        )


def test_any_byte_can_be_asked_for(tmp_path: Path) -> None:
    made, body = Seconds(tmp_path, 2).film(0, 20)
    for offset in (
        0,
        1,
        len(made.front) - 1,
        len(made.front),
        len(made.front) + 1,
        len(body) // 2,
        len(body) - 1,
    ):
        assert b"".join(made.read(offset, 777)) == body[offset:]
    assert b"".join(made.read(len(body))) == b""


def test_a_growing_file_gives_what_is_whole(tmp_path: Path) -> None:
    store = Seconds(tmp_path, 2)
    path = max(tmp_path.rglob("*.mp4"))
    whole = path.read_bytes()
    store.index.write("UPDATE segment SET end = NULL, state = 'open' WHERE path LIKE ?", f"%{path.name}")
    path.write_bytes(whole[: len(whole) // 2])
    made, body = store.film(12, 20)
    assert made.end < NOW + timedelta(seconds=20) and len(times(body)) >= FPS
    path.write_bytes(whole[:300])
    with pytest.raises(NotFound):
        store.film(12, 20)
    path.write_bytes(whole)
    assert store.film(12, 20)[0].end == NOW + timedelta(seconds=20)


def test_a_broken_file_is_said(tmp_path: Path) -> None:
    store = Seconds(tmp_path, 1)
    path = max(tmp_path.rglob("*.mp4"))
    body = path.read_bytes()
    for place in range(0, 1200, 37):  # whatever the header says: no other error, no endless reading
        path.write_bytes(body[:place] + bytes([body[place] ^ 0xFF]) + body[place + 1 :])
        try:
            store.film(0, 10)
        except (Corrupt, NotFound):
            continue
    path.unlink()
    with pytest.raises(Corrupt):
        store.film(0, 10)


def test_pieces_begin_where_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cameras.clips.reel.LONG", timedelta(seconds=10))
    store = Store(tmp_path)
    media = tmp_path / "other"
    kept = Seconds(media, 3)
    settings = store.settings
    found: Reel = reel_of(
        kept.index,
        media,
        "C1",
        NOW + timedelta(seconds=5),
        NOW + timedelta(seconds=40),
        datetime.now(UTC),
        Locator(_with_media(settings, media)),
    )
    assert len(found.pieces) == 3 and [one.codec[:5] for one in found.pieces] == ["avc1."] * 3
    assert found.pieces[0].frame_s == pytest.approx(1 / FPS)
    assert [(gap.start, gap.cause) for gap in found.gaps] == [(NOW + timedelta(seconds=30), "")]
    for piece in found.pieces:
        start, end = (
            datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at) for at in (piece.start, piece.end)
        )
        made = cut(kept.index, media, "C1", start, end).film
        assert made.start == start, "a player counts from here"
        shown = times(b"".join(made.read()))
        assert shown[0][1] is not None and abs(shown[0][1].at - start) < timedelta(milliseconds=2)


def _with_media(settings: Any, media: Path) -> Any:
    import msgspec

    return msgspec.structs.replace(
        settings, recorder=msgspec.structs.replace(settings.recorder, media=str(media))
    )


@pytest.mark.long
def test_h265_is_named_as_browsers_name_it(tmp_path: Path) -> None:
    made, body = Seconds(tmp_path, 1, codec="libx265").film(0, 10)
    assert made.codec.startswith(("hev1.1.", "hvc1.1."))
    assert len(times(body)) == 10 * FPS


@pytest.mark.long
def test_the_recorders_own_writer_is_read(tmp_path: Path) -> None:
    source = io.BytesIO(segment(NOW, 10))
    given: Any = av.open(source)
    with given:
        writer = SegmentWriter(tmp_path / "C1" / "one.mp4", given.streams.video[0], 2.0)
        for packet in given.demux(video=0):
            if packet.pts is not None and packet.dts is not None:
                writer.write(packet, packet.pts, packet.dts)
        writer.finish()
    index = Index(tmp_path / "store")
    put(index, tmp_path / "store", NOW, 10, "r1", (tmp_path / "C1" / "one.mp4").read_bytes())
    made = cut(index, tmp_path / "store", "C1", NOW + timedelta(seconds=3), NOW + timedelta(seconds=8)).film
    shown = times(b"".join(made.read()))
    assert len(shown) == 5 * FPS and shown[0][1] is not None


@pytest.mark.long
def test_a_copy_has_the_time_in_it_and_names_its_original(tmp_path: Path) -> None:
    store = Store(tmp_path)
    kept = Seconds(tmp_path / "other", 2)
    settings = _with_media(store.settings, kept.media)
    start, end = NOW + timedelta(seconds=5), NOW + timedelta(seconds=12)
    made = cut(kept.index, kept.media, "C1", start, end)
    copied = Copied(settings, made, start, end)
    file = tmp_path / "copy.mp4"
    file.write_bytes(b"".join(copied.read()))
    found = verify_clip(file, store.authority)
    assert found.ok and found.clip is not None and found.clip.form == "examsite-copy 1"
    assert found.clip.original_bytes == made.film.size
    shown = times(file.read_bytes())
    assert len(shown) == 7 * FPS
    for at, code in shown:  # the camera's own time at the bottom is still read: nothing is shifted
        assert code is not None and abs(made.film.start + timedelta(seconds=at) - code.at) < timedelta(
            milliseconds=50
        )
    body = bytearray(file.read_bytes())
    body[len(body) // 2] ^= 1
    file.write_bytes(body)
    assert [one.code for one in verify_clip(file, store.authority).findings] == ["altered"]


def test_a_copy_goes_on_where_the_camera_changes_the_pictures_size(tmp_path: Path) -> None:
    """The recorder goes on in the same file; the copy keeps the size of its first picture."""
    store, raw = Store(tmp_path), io.BytesIO()
    for width, height in ((160, 96), (192, 128), (128, 72)):
        part = io.BytesIO()
        with av.open(part, "w", format="h264") as out:
            stream: Any = out.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "bf": "0"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for number in range(2 * FPS):
                picture = np.full((height, width, 3), 40 + number, np.uint8)
                out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            out.mux(stream.encode(None))
        raw.write(part.getvalue())
    raw.seek(0)
    store.path(0).unlink()
    given: Any = av.open(raw, format="h264")
    with given:
        video = given.streams.video[0]
        writer = SegmentWriter(store.path(0), video, 2.0)
        for number, packet in enumerate(one for one in given.demux(video) if one.size):
            at = round(number / FPS / video.time_base)
            writer.write(packet, at, at)
        writer.finish()
    start, end = NOW, NOW + timedelta(seconds=6)
    made = cut(store.index, store.media, "C1", start, end)
    copied: Any = av.open(io.BytesIO(b"".join(Copied(store.settings, made, start, end).read())))
    with copied:
        sizes = [(one.width, one.height) for one in copied.decode(video=0)]
    assert len(sizes) == 6 * FPS and set(sizes) == {(160, 96 + 2 * 16)}
