"""Live view: which stream is taken for it, and pictures that live, out of the second stream or the recording."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest

from appliance.base import sockets
from appliance.base.settings import Settings
from appliance.base.sockets import Streamed
from appliance.wire.live import GetKeys, GetLive, Keys, LiveHead, LivePicture
from cameras.live.pictures import LivePictures
from cameras.live.second import SecondStreams, second_of
from cameras.media2 import Profile
from cameras.simulator.camera import SimulatedCamera, Traits
from cameras.timecode import camera_tag, read_luma
from tests.cameras.conftest import PASSWORD, site


def profile(token: str, width: int, height: int, uri: str = "rtsp://192.0.2.1/x") -> Profile:
    return Profile(
        token=token,
        codec="H264",
        width=width,
        height=height,
        fps=10,
        bitrate_kbps=0,
        key_interval_s=1,
        uri=uri,
    )


MAIN, SUB, TINY, HALF = (
    profile("a", 1920, 1080),
    profile("b", 640, 360),
    profile("c", 352, 288),
    profile("d", 1280, 720),
)


@pytest.mark.parametrize(
    ("profiles", "main", "chosen"),
    [
        ([MAIN, SUB, TINY], "", SUB),
        ([MAIN, TINY, HALF], "a", TINY),
        ([MAIN, HALF], "", HALF),
        ([SUB, MAIN], "a", SUB),
        ([MAIN, SUB], "b", None),
        ([MAIN, profile("e", 640, 360, uri="")], "", None),
        ([MAIN], "", None),
        ([], "", None),
    ],
)
def test_the_stream_for_the_live_view(profiles: list[Profile], main: str, chosen: Profile | None) -> None:
    assert second_of(profiles, main) == chosen


@contextlib.asynccontextmanager
async def looked_at(settings: Settings, still: Any) -> AsyncIterator[Path]:
    """The two halves behind their sockets: second streams at `recorder`, pictures at `clips`."""
    seconds = SecondStreams(lambda: settings.cameras, lambda _camera: PASSWORD)
    recorder = await sockets.serve(settings.socket("recorder"), {GetKeys: seconds.keys})
    living = LivePictures(settings.socket("recorder"), lambda: [one.code for one in settings.cameras], still)
    clips = await sockets.serve(settings.socket("clips"), {GetLive: living.live})
    try:
        yield settings.socket("clips")
    finally:
        seconds.stop()
        recorder.close()
        clips.close()


async def pictures(path: Path, camera: str, count: int) -> list[LivePicture]:
    asked = GetLive(cameras=[camera, "nobody"])
    head, chunks = await sockets.ask_stream(path, asked, LiveHead, timeout=15.0)
    assert head.cameras == [camera]
    found = []
    async for chunk in chunks:
        found.append(msgspec.msgpack.decode(chunk, type=LivePicture))
        if len(found) == count:
            break
    await chunks.aclose()
    return found


async def no_still(_camera: str) -> LivePicture:
    raise AssertionError("a camera with a second stream needs no still")


async def test_one_cameras_nonsense_does_not_end_the_live_view(tmp_path: Path) -> None:
    async def still(camera: str) -> LivePicture:
        if camera == "C1":
            raise ValueError("cannot mmap an empty file")
        return LivePicture(camera=camera, at=datetime.now(UTC), jpeg=b"\xff\xd8still", second=False)

    living = LivePictures(tmp_path / "nobody.sock", lambda: ["C1", "C2"], still)  # every camera by stills
    clips = await sockets.serve(tmp_path / "clips.sock", {GetLive: living.live})
    _head, chunks = await sockets.ask_stream(
        tmp_path / "clips.sock", GetLive(cameras=["C1", "C2"]), LiveHead, timeout=15.0
    )
    assert msgspec.msgpack.decode(await anext(chunks), type=LivePicture).camera == "C2"
    await chunks.aclose()
    clips.close()


@pytest.mark.long
async def test_pictures_of_the_second_stream_live(tmp_path: Path) -> None:
    traits = Traits(code="C1", password=PASSWORD, discovery_port=0, second=True)
    async with SimulatedCamera(traits) as camera, looked_at(site(tmp_path, camera), no_still) as path:
        first, later = await pictures(path, "C1", 2)
        assert first.second and later.at > first.at
        for one in (first, later):
            seen: Any = cv2.imdecode(np.frombuffer(one.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
            assert seen.shape == (360, 640)
            code = read_luma(seen)
            assert code and code.tag == camera_tag("C1")
            assert abs(code.at - one.at) < timedelta(seconds=2.5)
        again = await pictures(path, "C1", 1)
        assert again[0].at >= later.at, "who comes later begins with the newest"


@pytest.mark.long
async def test_a_camera_without_a_second_stream_is_shown_by_stills(tmp_path: Path) -> None:
    async def still(camera: str) -> LivePicture:
        return LivePicture(camera=camera, at=datetime.now(UTC), jpeg=b"\xff\xd8still", second=False)

    traits = Traits(code="C1", password=PASSWORD, discovery_port=0)
    async with SimulatedCamera(traits) as camera, looked_at(site(tmp_path, camera), still) as path:
        (shown,) = await pictures(path, "C1", 1)
    assert shown.jpeg == b"\xff\xd8still" and not shown.second


async def test_a_stream_nobody_asks_for_is_not_opened(tmp_path: Path) -> None:
    seconds = SecondStreams(list, lambda _camera: "")
    assert await seconds.keys(GetKeys(cameras=["C1"])) == Keys(frames=[], faults={})
    seconds.stop()
    served = await LivePictures(tmp_path / "none", lambda: ["C1"], no_still).live(GetLive(cameras=["C2"]))
    assert isinstance(served, Streamed) and served.head == LiveHead(cameras=[])
    await asyncio.sleep(0)


async def test_after_the_clock_was_set_back_stills_go_on(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    times = [now - timedelta(hours=1), now]

    async def still(camera: str) -> LivePicture:
        return LivePicture(camera=camera, at=times.pop(0), jpeg=b"", second=False)

    living = LivePictures(tmp_path / "none", lambda: ["C1"], still)
    living._newest["C1"] = 1, LivePicture(camera="C1", at=now, jpeg=b"", second=False)
    assert len(await living._stills_of(["C1"])) == 1
    living._stills.clear()
    assert await living._stills_of(["C1"]) == [], "the same picture again"
