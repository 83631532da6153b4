"""Recorder and clips on a real stream: what was asked for is what the picture says."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import av
import msgspec
import pytest

from appliance.base import sockets
from appliance.base.errors import NotFound
from appliance.base.settings import Settings
from appliance.wire.orders import Orders
from appliance.wire.recorder import (
    ClipHead,
    FindClips,
    Found,
    GetClip,
    GetStatus,
    GetStill,
    Status,
    StillHead,
)
from cameras import clips, integrity, timecode
from cameras.clips.find import find
from cameras.index import Reader
from cameras.recorder import at_rest
from cameras.simulator.camera import SimulatedCamera
from tests.cameras.conftest import PASSWORD, recorded, recording, site, until

START_OF_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def times_in(file: Path) -> list[datetime]:
    """The time every picture of a clip shows."""
    found = []
    with av.open(str(file)) as container, contextlib.suppress(av.error.InvalidDataError):
        # A file whose end is cut off stops there.
        for frame in container.decode(video=0):
            code = timecode.read_frame(frame)
            assert code is not None, "a picture without a readable time"
            assert code.tag == timecode.camera_tag("C1")
            found.append(code.at)
    return found


async def fetch(settings: Settings, start: datetime, end: datetime, target: Path) -> ClipHead:
    """GetClip over the socket into a file."""
    asked = GetClip(camera="C1", start=start, end=end)
    head, chunks = await sockets.ask_stream(settings.socket("clips"), asked, ClipHead)
    target.write_bytes(b"".join([chunk async for chunk in chunks]))
    return head


async def test_a_clip_shows_the_second_that_was_asked_for(camera: SimulatedCamera, tmp_path: Path) -> None:
    settings = site(tmp_path, camera, segment=2.0)
    async with recording(settings) as recorder:
        await recorded(recorder, 6.0)
        server = await clips.serve(settings)
        now = datetime.now(UTC)
        # Across a border of segments, and into the one still being written.
        start, end = now - timedelta(seconds=4.5), now - timedelta(seconds=1.9)
        head = await fetch(settings, start, end, tmp_path / "clip.mp4")
        assert head.bytes == (tmp_path / "clip.mp4").stat().st_size
        assert head.start <= start and start - head.start < timedelta(seconds=1.3)
        shown = times_in(tmp_path / "clip.mp4")
        assert abs((shown[0] - head.start).total_seconds()) < 0.5
        assert abs((shown[-1] - end).total_seconds()) < 0.5
        assert all(timedelta(0) < b - a < timedelta(seconds=0.5) for a, b in pairwise(shown))
        with av.open(str(tmp_path / "clip.mp4")) as container:
            assert container.duration is not None
            assert abs(container.duration / 1e6 - (head.end - head.start).total_seconds()) < 0.2
            assert (container.streams.video[0].width, container.streams.video[0].height) == (1920, 1080)
        body = (tmp_path / "clip.mp4").read_bytes()
        assert body.index(b"moov") < body.index(b"mdat"), "a browser would have to load it all first"

        asked = FindClips(cameras=[], start=now - timedelta(seconds=60), end=now)
        found = await sockets.ask(settings.socket("clips"), asked, Found)
        assert len(found.clips) == 1 and found.clips[0].bytes > 0
        assert [gap.end for gap in found.gaps] == [found.clips[0].start]

        still, chunks = await sockets.ask_stream(
            settings.socket("clips"), GetStill(camera="C1", width=960), StillHead
        )
        jpeg = b"".join([chunk async for chunk in chunks])
        assert (still.width, still.height, still.bytes) == (960, 540, len(jpeg))
        assert timedelta(0) < datetime.now(UTC) - still.at < timedelta(seconds=5)
        (tmp_path / "still.jpg").write_bytes(jpeg)
        with av.open(str(tmp_path / "still.jpg")) as container:
            code = timecode.read_frame(next(container.decode(video=0)))
        assert code is not None and abs((code.at - still.at).total_seconds()) < 0.5

        with pytest.raises(NotFound) as nothing:
            await fetch(settings, now - timedelta(hours=2), now - timedelta(hours=1), tmp_path / "none")
        assert nothing.value.code == "no_recording"
        server.close()
    assert integrity.verify(Path(settings.recorder.media)).ok


@pytest.mark.long
async def test_a_pulled_plug_is_a_gap_with_its_cause_and_recording_comes_back(
    camera: SimulatedCamera, tmp_path: Path
) -> None:
    settings = site(tmp_path, camera)
    async with recording(settings) as recorder:
        await recorded(recorder, 2.0)
        pulled = datetime.now(UTC)
        await camera.unplug()
        await until(lambda: recorder.status().cameras[0].state == "connecting")
        assert recorder.status().cameras[0].cause == "network"
        await asyncio.sleep(0.5)
        plugged = datetime.now(UTC)
        await camera.plug()
        await until(lambda: recorder.status().cameras[0].state == "recording", 5.0)
        await asyncio.sleep(0.5)
    index = Reader(Path(settings.recorder.media))
    gap = index.gaps("C1", pulled - timedelta(seconds=5), plugged)[0]
    assert gap.cause == "network" and gap.end is not None
    assert abs(gap.start - pulled) < timedelta(seconds=0.5)
    assert plugged < gap.end < plugged + timedelta(seconds=5)
    found = find(index, Path(settings.recorder.media), "C1", pulled, datetime.now(UTC), datetime.now(UTC))
    assert [one.cause for one in found.gaps] == ["network", "stopped"]
    assert index.open_gap("C1") is not None, "a stopped recorder leaves an open gap"


@pytest.mark.long
async def test_sixteen_cameras_come_back_at_once(camera: SimulatedCamera, tmp_path: Path) -> None:
    """As after the restart of a switch; all are one simulated camera with sixteen viewers."""
    settings = site(tmp_path, camera)
    one = settings.cameras[0]
    settings = msgspec.structs.replace(
        settings, cameras=[msgspec.structs.replace(one, code=f"C{number}") for number in range(16)]
    )

    def all_are(state: str) -> bool:
        return all(found.state == state for found in recorder.status().cameras)

    async with recording(settings) as recorder:
        await until(lambda: all_are("recording"), 30.0)
        await camera.unplug()
        await until(lambda: all_are("connecting"), 15.0)
        plugged = datetime.now(UTC)
        await camera.plug()
        await until(lambda: all_are("recording"), 15.0)
    index = Reader(Path(settings.recorder.media))
    for number in range(16):
        # The last picture lasts a tenth of a second: its gap may begin after the plug was put back.
        gaps = index.gaps(f"C{number}", START_OF_TIME, plugged + timedelta(seconds=1))
        # One of sixteen may have needed a second try at the start: not that gap.
        ends = [gap.end for gap in gaps if gap.cause == "network" and not (gap.end and gap.end < plugged)]
        assert ends and ends[0] and ends[0] < plugged + timedelta(seconds=5), number
    assert integrity.verify(Path(settings.recorder.media)).ok


def start_process(tmp_path: Path, settings: Settings) -> subprocess.Popen[bytes]:
    """`examsite run recorder` as a process of its own."""
    config = tmp_path / "site.msgpack"
    config.write_bytes(msgspec.msgpack.encode(settings))
    code = (
        "import asyncio, sys, msgspec\n"
        "from appliance.base.settings import Settings\n"
        "from cameras.cli import recorder\n"
        "asyncio.run(recorder(msgspec.msgpack.decode(open(sys.argv[1], 'rb').read(), type=Settings)))\n"
    )
    return subprocess.Popen([sys.executable, "-c", code, str(config)], env=dict(os.environ))


async def asked(settings: Settings) -> Status | None:
    """GetStatus, or None while nobody answers."""
    try:
        return await sockets.ask(settings.socket("recorder"), GetStatus(), Status)
    except Exception:
        return None


@pytest.mark.long
async def test_a_killed_recorder_keeps_the_earlier_seconds(camera: SimulatedCamera, tmp_path: Path) -> None:
    settings = site(tmp_path, camera, segment=60.0)
    process = start_process(tmp_path, settings)
    try:
        deadline = time.monotonic() + 20
        while True:
            status = await asked(settings)
            if status and status.cameras[0].recorded_s >= 4.0:
                break
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        killed = datetime.now(UTC)
    finally:
        process.kill()
        process.wait()
    media = Path(settings.recorder.media)
    assert Reader(media).newest("C1").state == "open"  # type: ignore[union-attr]
    async with recording(settings) as recorder:
        await recorded(recorder, 5.0)
    index = Reader(media)
    first = next(iter(index.every()))
    assert first.state == "recovered" and first.end is not None
    assert killed - timedelta(seconds=2.5) < first.end <= killed + timedelta(seconds=0.5)
    shown = times_in(media / first.path)
    assert abs((shown[0] - first.start).total_seconds()) < 0.5
    assert abs((shown[-1] - first.end).total_seconds()) < 0.5
    gap = index.gaps("C1", first.end, datetime.now(UTC))[0]
    assert (gap.start, gap.cause) == (first.end, "stopped")
    assert integrity.verify(media).ok


@pytest.mark.parametrize("hanging", [False, pytest.param(True, marks=pytest.mark.long)])
async def test_a_clean_stop_is_quick(hanging: bool, camera: SimulatedCamera, tmp_path: Path) -> None:
    settings = site(tmp_path, camera)
    process = start_process(tmp_path, settings)
    deadline = time.monotonic() + 20
    while not ((status := await asked(settings)) and status.cameras[0].recorded_s > 1):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    if hanging:
        assert process.wait(timeout=5) == 0  # this thread is the camera's: it sends nothing meanwhile
    else:
        assert await asyncio.to_thread(process.wait, 4.0) == 0  # systemd waits 5 s
    assert Reader(Path(settings.recorder.media)).newest("C1").state == "closed"  # type: ignore[union-attr]


async def test_a_wrong_password_is_said_and_not_hammered(camera: SimulatedCamera, tmp_path: Path) -> None:
    settings = site(tmp_path, camera)
    (tmp_path / "password").write_text(PASSWORD + "!")
    async with recording(settings) as recorder:
        await until(lambda: recorder.status().cameras[0].cause == "camera")
        await asyncio.sleep(2.0)
    assert camera.http.calls.count("GetServices") <= 2


@pytest.mark.long
async def test_a_camera_at_rest_is_missed_before_it_is_needed(
    camera: SimulatedCamera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unplugged, or of another password: said while it rests by its plan, and over when it is right again."""
    for name in ("EVERY", "AGAIN", "PROOF_EVERY"):
        monkeypatch.setattr(at_rest, name, 0.2)
    settings = site(tmp_path, camera)
    settings.cameras[0] = msgspec.structs.replace(settings.cameras[0], record="sittings")
    async with recording(settings) as recorder:
        recorder.duty.book.keep(Orders(made_at=datetime.now(UTC), rooms=["T1"], sittings=[]))
        at = recorder.cameras[0].status
        await until(lambda: at.state == "resting")
        await asyncio.sleep(1.0)
        assert (at.unready, at.refused) == ("", False)
        for ahead in (300.0, 0.0):  # somebody sets its clock: told at once, not at the next round
            camera.traits.skew = ahead
            await asyncio.to_thread(recorder.read_clocks, "C1")
            assert abs((at.clock_offset_s or 0.0) - ahead) < 2.0
        await camera.unplug()
        await until(lambda: at.unready == "network")
        assert at.state == "resting" and recorder.status().cameras[0].unready == "network"
        await camera.plug()
        await until(lambda: at.unready == "")
        camera.rtsp.password = PASSWORD + "!"
        await until(lambda: at.refused)
        assert recorder.refused("C1"), "nobody else proves the password meanwhile"


@pytest.mark.long
async def test_a_full_disk_is_said_and_recording_goes_on_later(
    camera: SimulatedCamera, tmp_path: Path
) -> None:
    settings = site(tmp_path, camera)
    room = [(10**9, 10**9)]
    async with recording(settings) as recorder:
        recorder.cameras[0]._free = lambda _folder: room[0]
        await recorded(recorder, 1.0)
        room[0] = (10**9, 10**6)
        await until(lambda: recorder.status().cameras[0].cause == "disk")
        assert recorder.status().cameras[0].state == "stopped"
        room[0] = (10**9, 10**9)
        await until(lambda: recorder.status().cameras[0].state == "recording")
    index = Reader(Path(settings.recorder.media))
    causes = [
        gap.cause for gap in index.gaps("C1", datetime.now(UTC) - timedelta(minutes=1), datetime.now(UTC))
    ]
    assert causes == ["disk", "stopped"]
    assert integrity.verify(Path(settings.recorder.media)).ok


@pytest.mark.long
async def test_a_disk_that_is_truly_full(camera: SimulatedCamera, tmp_path: Path) -> None:
    """A small disk of its own fills up, is emptied, and recording goes on; nothing of the recorder is deleted."""
    settings = site(tmp_path, camera, segment=60.0)
    media = Path(settings.recorder.media)
    media.mkdir()
    code = (
        "import asyncio, subprocess, sys, msgspec\n"
        "from appliance.base.settings import Settings\n"
        "from cameras.cli import recorder\n"
        "import cameras.recorder.camera as room\n"
        "room.RESERVE = 0  # the pause before the end of the disk is left out: writes fail in the middle\n"
        "subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=3m', 'none', sys.argv[2]], check=True)\n"
        "open(sys.argv[2] + '/ballast', 'wb').write(bytes(1024 * 1024))\n"
        "settings = msgspec.msgpack.decode(open(sys.argv[1], 'rb').read(), type=Settings)\n"
        "asyncio.run(recorder(settings))\n"
    )
    config = tmp_path / "site.msgpack"
    config.write_bytes(msgspec.msgpack.encode(settings))
    command = ["unshare", "-rm", sys.executable, "-c", code, str(config), str(media)]
    process = subprocess.Popen(command)
    inside = Path(f"/proc/{process.pid}/root{media}")
    try:
        deadline = time.monotonic() + 60
        while not ((status := await asked(settings)) and status.cameras[0].cause == "disk"):
            assert time.monotonic() < deadline and process.poll() is None
            await asyncio.sleep(0.2)
        kept = sorted(path.name for path in inside.rglob("*.mp4"))
        assert status.cameras[0].state == "stopped" and kept
        (inside / "ballast").unlink()
        while not ((status := await asked(settings)) and status.cameras[0].state == "recording"):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
        assert set(kept) <= {path.name for path in inside.rglob("*.mp4")}
        await asyncio.sleep(2.5)
        process.send_signal(signal.SIGSTOP)
        shutil.copytree(inside, tmp_path / "copy")
    finally:
        process.kill()
        process.wait()
    causes = [gap.cause for gap in Reader(tmp_path / "copy").gaps("C1", START_OF_TIME, datetime.now(UTC))]
    assert causes and set(causes) == {"disk"}
    first = next(Reader(tmp_path / "copy").every())
    shown = times_in(tmp_path / "copy" / first.path)
    assert len(shown) > 10, "what the disk took can be watched"
    assert first.end and abs((shown[-1] - first.end).total_seconds()) < 0.5, (
        "no more is claimed than is there"
    )
    found = integrity.verify(tmp_path / "copy")
    assert [one.code for one in found.findings] == [], "the hash is that of what the disk took"


@pytest.mark.long
async def test_a_clip_plays_in_the_browser(camera: SimulatedCamera, tmp_path: Path) -> None:
    """Debian's Chromium knows the clip's length and goes to any second of it."""
    from playwright.async_api import async_playwright

    settings = site(tmp_path, camera)
    async with recording(settings) as recorder:
        await recorded(recorder, 4.5)
        server = await clips.serve(settings)
        end = datetime.now(UTC) - timedelta(seconds=1.5)
        head = await fetch(settings, end - timedelta(seconds=3), end, tmp_path / "clip.mp4")
        server.close()
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = await browser.new_page()
        (tmp_path / "page.html").write_text("<video muted src='clip.mp4'></video>")
        await page.goto(f"file://{tmp_path}/page.html")
        await page.wait_for_function("document.querySelector('video').readyState >= 3")
        video = await page.evaluate(
            "() => new Promise(done => { const v = document.querySelector('video');"
            " v.onseeked = () => done([v.duration, v.currentTime, v.videoWidth, v.videoHeight]);"
            " v.currentTime = 1.5; })"
        )
        await browser.close()
    assert abs(video[0] - (head.end - head.start).total_seconds()) < 0.2
    assert video[1:] == [1.5, 1920, 1080]
