"""What a camera hears is recorded, keeps step with the picture, and is played."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import numpy as np
import pytest

from appliance.wire.recorder import ClipHead
from cameras import clips, g711, integrity, timecode
from cameras.clips.find import find
from cameras.index import Reader
from cameras.recorder.sound import kept
from cameras.simulator.camera import SimulatedCamera, Traits
from cameras.simulator.kinds import Sound
from cameras.simulator.sound import SOUNDS, pitch
from tests.cameras.conftest import PASSWORD, recorded, recording, site, until
from tests.cameras.test_recording import fetch


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
@pytest.mark.parametrize(("sound", "codec"), [("g711a", "flac"), ("aac", "aac")])
async def test_sound_keeps_step_with_the_picture(tmp_path: Path, sound: Sound, codec: str) -> None:
    traits = Traits(code="C1", password=PASSWORD, discovery_port=0, sound=sound)
    async with SimulatedCamera(traits) as camera:
        settings = site(tmp_path, camera, segment=2.0)
        async with recording(settings) as recorder:
            await recorded(recorder, 6.0)
            assert recorder.status().cameras[0].sound == ("pcm_alaw" if sound == "g711a" else "aac")
            server = await clips.serve(settings)
            now = datetime.now(UTC)
            start, end = now - timedelta(seconds=5.5), now - timedelta(seconds=2.5)
            head: ClipHead = await fetch(settings, start, end, tmp_path / "clip.mp4")
            server.close()
    name, rate, samples, begin = heard(tmp_path / "clip.mp4")
    assert name == codec and abs(begin) < 0.1, "the sound begins with the clip"
    assert (
        abs(len(samples) / rate - (head.end - head.start).total_seconds()) < 0.35
    )  # late sound at two borders
    shown, place = pictured(tmp_path / "clip.mp4")
    loud = np.abs(samples) > 0.05
    hertz = np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples)
    assert abs(hertz - pitch("C1")) < 10, "it is this camera's"
    # The tone begins with each second of the camera's clock, which the picture shows.
    blocks = loud[: len(loud) // 80 * 80].reshape(-1, 80).any(axis=1)
    onsets = np.flatnonzero(blocks[1:] & ~blocks[:-1]) + 1
    first = shown.microsecond / 1e6
    seconds = [(first + one * 80 / rate + begin - place) % 1.0 for one in onsets]
    steps = [one for one in seconds if min(one, 1 - one) < 0.1]
    assert len(steps) >= 2 and len(steps) >= len(seconds) - 1, (seconds, SOUNDS)
    assert integrity.verify(tmp_path / "media").ok


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
