"""What a camera hears is recorded, keeps step with the picture, and is played."""

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import numpy as np
import pytest

from appliance.base import sockets
from appliance.wire.recorder import ClipHead, GetClip
from cameras import clips, g711, integrity, timecode
from cameras.clips.find import find
from cameras.index import Reader
from cameras.recorder.sound import kept
from cameras.simulator.camera import SimulatedCamera, Traits
from cameras.simulator.kinds import Sound
from cameras.simulator.sound import pitch
from tests.cameras.conftest import PASSWORD, recorded, recording, site, until


@pytest.mark.parametrize("law", ["pcm_alaw", "pcm_mulaw"])
def test_g711_is_what_others_take_it_for(law: str) -> None:
    codes = bytes(range(256))
    context = av.CodecContext.create(law, "r")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout = 8000, "mono"
    packet = av.Packet(codes)
    decoded = np.concatenate([frame.to_ndarray().ravel() for frame in context.decode(packet)])
    levels = g711.decode(codes, law)
    assert (levels == decoded).all()
    assert len(set(levels.tolist())) == (256 if law == "pcm_alaw" else 255)
    assert (g711.decode(g711.encode(levels, law), law) == levels).all(), "there and back"


def test_what_mp4_carries_and_g711_is_kept() -> None:
    assert [kept(one) for one in ("aac", "pcm_alaw", "pcm_mulaw", "adpcm_g726", "adpcm_g722", "")] == [
        *(True, True, True),
        *(False, False, False),
    ]


def heard(file: Path) -> tuple[str, int, np.ndarray, float]:
    """Codec, rate, samples (-1 to 1) of a film's sound, and when it begins."""
    with av.open(str(file)) as container:
        stream = container.streams.audio[0]
        frames = list(container.decode(stream))
        samples = np.concatenate([frame.to_ndarray().reshape(-1).astype(float) for frame in frames])
        if frames[0].format.name.startswith("s16"):
            samples /= 32768
        begin = float((frames[0].pts or 0) * stream.time_base)
        return stream.codec_context.name, stream.codec_context.sample_rate, samples, begin


def pictured(file: Path) -> tuple[datetime, float]:
    """The time the first picture shows, and its place in the film."""
    with av.open(str(file)) as container:
        for frame in container.decode(video=0):
            code = timecode.read_frame(frame)
            assert code is not None
            return code.at, float(frame.time or 0)
    raise AssertionError("no picture")


@pytest.mark.long
async def test_sound_keeps_step_with_the_picture_and_is_played(tmp_path: Path) -> None:
    kinds: list[tuple[str, Sound]] = [("C1", "g711a"), ("C2", "aac")]
    traits = [Traits(code=code, password=PASSWORD, discovery_port=0, sound=sound) for code, sound in kinds]
    heads: dict[str, ClipHead] = {}
    async with SimulatedCamera(traits[0]) as one, SimulatedCamera(traits[1]) as other:
        settings = site(tmp_path, one, other, segment=2.0)
        async with recording(settings) as recorder:
            await until(lambda: all(camera.recorded_s > 5 for camera in recorder.status().cameras), 20.0)
            assert [camera.sound for camera in recorder.status().cameras] == ["pcm_alaw", "aac"]
            server = await clips.serve(settings)
            now = datetime.now(UTC)
            start, end = now - timedelta(seconds=4.5), now - timedelta(seconds=2)
            for code, _ in kinds:
                asked = GetClip(camera=code, start=start, end=end)
                heads[code], chunks = await sockets.ask_stream(settings.socket("clips"), asked, ClipHead)
                (tmp_path / f"{code}.mp4").write_bytes(b"".join([chunk async for chunk in chunks]))
            server.close()
    in_step(tmp_path / "C1.mp4", heads["C1"], "flac")
    in_step(tmp_path / "C2.mp4", heads["C2"], "aac")
    assert integrity.verify(tmp_path / "media").ok
    assert all(size > 1000 for size in await heard_in_the_browser(tmp_path, ["C1.mp4", "C2.mp4"]))


def in_step(file: Path, head: ClipHead, codec: str) -> None:
    """The clip's sound is this camera's, begins with it and keeps step."""
    name, rate, samples, begin = heard(file)
    assert name == codec and abs(begin) < 0.1, "the sound begins with the clip"
    length = (head.end - head.start).total_seconds()
    assert abs(len(samples) / rate - length) < 0.5, "late sound at two borders"
    shown, place = pictured(file)
    hertz = np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples)
    assert abs(hertz - pitch(head.camera)) < 10, "it is this camera's"
    # The tone begins with each second of the camera's clock, which the picture shows.
    loud = np.abs(samples) > 0.05
    blocks = loud[: len(loud) // 80 * 80].reshape(-1, 80).any(axis=1)
    onsets = np.flatnonzero(blocks[1:] & ~blocks[:-1]) + 1
    first = shown.microsecond / 1e6
    seconds = [(first + one * 80 / rate + begin - place) % 1.0 for one in onsets]
    steps = [one for one in seconds if min(one, 1 - one) < 0.1]
    assert len(steps) >= 2 and len(steps) >= len(seconds) - 2, (seconds, "a border may cut a tone in two")


async def heard_in_the_browser(folder: Path, names: list[str]) -> list[int]:
    """Bytes of sound Debian's Chromium decodes when it plays these clips."""
    from playwright.async_api import async_playwright

    (folder / "page.html").write_text("".join(f"<video src='{name}'></video>" for name in names))
    flags = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        page = await browser.new_page()
        await page.goto(f"file://{folder}/page.html")
        decoded = await page.evaluate(
            "() => Promise.all([...document.querySelectorAll('video')].map(v => new Promise((done, failed) => {"
            " v.onerror = () => failed(v.error.message); v.onended = () => done(v.webkitAudioDecodedByteCount);"
            " v.play(); })))"
        )
        await browser.close()
    return list(decoded)


@pytest.mark.long
async def test_pictures_that_stop_while_the_sound_goes_on_are_a_gap(tmp_path: Path) -> None:
    traits = Traits(code="C1", password=PASSWORD, discovery_port=0, sound="g711a")
    async with SimulatedCamera(traits) as camera:
        settings = site(tmp_path, camera, segment=2.0)
        async with recording(settings) as recorder:
            await recorded(recorder, 2.0)
            stopped = datetime.now(UTC)
            camera.source.stalled = True
            await until(lambda: recorder.status().cameras[0].state != "recording", 15.0)
            assert recorder.status().cameras[0].cause == "camera"
            await asyncio.sleep(1.0)
            camera.source.stalled = False
            back = datetime.now(UTC)
            await until(lambda: recorder.status().cameras[0].state == "recording", 15.0)
    media = Path(settings.recorder.media)
    found = find(Reader(media), media, "C1", stopped - timedelta(seconds=1), back, back)
    assert [one.cause for one in found.gaps][-1] == "camera"
    assert abs((found.gaps[0].start - stopped).total_seconds()) < 1.0 and found.gaps[-1].end == back
