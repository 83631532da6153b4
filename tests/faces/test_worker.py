"""A lane's worker process: real engine, real pictures, crashes and hangs."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.base.errors import Corrupt, DeviceFault, Unavailable
from appliance.faces import demo_people, lane, pictures
from appliance.faces.lane import FaceWorker
from appliance.wire.faceworker import Reference

ASTRONAUT = Reference("roster", demo_people.portrait("astronaut"))
HOPPER = Reference("chip", demo_people.portrait("hopper"))


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[FaceWorker]:
    (tmp_path / "live.jpg").write_bytes(demo_people.live("astronaut"))
    worker = FaceWorker(camera=f"sim:{tmp_path / 'live.jpg'}", timeout=6.0)
    yield worker
    await worker.close()


async def test_a_check_compares_the_live_picture_with_each_photograph(
    worker: FaceWorker, tmp_path: Path
) -> None:
    looked = await worker.look([ASTRONAUT, HOPPER, Reference("chip", b"rubbish")])
    right, wrong, rubbish = looked.compared
    assert right.distance is not None and right.distance < 0.45
    assert wrong.distance is not None and wrong.distance > 0.60
    assert (rubbish.distance, rubbish.cause) == (None, "bad_picture")
    assert (looked.engine, looked.faces, looked.cause) == ("dlib", 1, "") and looked.version
    assert pictures.decode(looked.live).shape == (720, 1280, 3)
    assert (await worker.ping()).camera == "ok"

    (tmp_path / "live.jpg").write_bytes(demo_people.two_people())
    assert (await worker.look([ASTRONAUT])).cause == "two_faces"
    (tmp_path / "live.jpg").write_bytes(demo_people.nobody())
    looked = await worker.look([ASTRONAUT])
    assert looked.cause == "no_face" and looked.live and looked.compared == []
    asyncio.get_running_loop().call_later(
        0.3, (tmp_path / "live.jpg").write_bytes, demo_people.live("astronaut", 1)
    )
    assert (await worker.look([ASTRONAUT], patience=3.0)).cause == ""
    (tmp_path / "live.jpg").unlink()
    looked = await worker.look([ASTRONAUT])
    assert (looked.cause, looked.live) == ("camera_missing", b"")
    assert (await worker.look([HOPPER], live=demo_people.live("hopper"))).compared[0].distance


@pytest.mark.long
async def test_a_worker_that_dies_or_hangs_is_started_again(worker: FaceWorker) -> None:
    await worker.start()
    first = worker.pid
    assert first
    os.kill(first, signal.SIGKILL)
    await asyncio.sleep(0.1)
    assert (await worker.look([ASTRONAUT])).cause == "" and worker.pid != first
    assert worker.starts == 2

    hung = worker.pid
    assert hung
    os.kill(hung, signal.SIGSTOP)
    worker._timeout = 0.3
    with pytest.raises(Unavailable) as caught:
        await worker.look([ASTRONAUT])
    assert caught.value.code == "face_engine_silent"
    worker._timeout = 6.0
    assert (await worker.look([ASTRONAUT])).cause == "" and worker.starts == 3


async def test_a_worker_with_much_left_to_say_can_be_closed() -> None:
    """A check that is cancelled leaves pictures unread; more of them than a stream keeps."""
    worker, pipe = FaceWorker(), asyncio.subprocess.PIPE
    talks = "import sys, time; sys.stdout.write('x' * 2_000_000); time.sleep(60)"
    worker._process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", talks, stdin=pipe, stdout=pipe
    )
    assert worker._process.stdout
    await worker._process.stdout.readexactly(1)
    await asyncio.sleep(0.2)
    async with asyncio.timeout(5):
        await worker.close()


async def test_a_worker_that_cannot_begin_says_why() -> None:
    with pytest.raises(Unavailable) as caught:
        await FaceWorker(engine="nothing").start()
    assert caught.value.code == "unknown_engine"


async def test_a_worker_that_cannot_begin_is_not_started_at_every_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A model that is missing stays missing: the lane's probe asks every five seconds, and every card asks."""
    worker = FaceWorker(engine="nothing")
    for _ in range(5):
        with pytest.raises(Unavailable, match="unknown_engine"):
            await worker.ping()
    assert worker.starts == 1
    monkeypatch.setattr(lane, "AGAIN_LONGEST", 0.0)
    worker._not_before = 0.0
    with pytest.raises(Unavailable):
        await worker.ping()
    worker._engine = "dlib"  # somebody brought what was missing
    assert (await worker.ping()).camera == "none" and worker.starts == 3
    await worker.close()


def film(path: Path) -> None:
    """A short real video of the astronaut, as a camera would deliver it."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        frame = av.VideoFrame.from_ndarray(pictures.decode(demo_people.live("astronaut")), format="rgb24")
        for _ in range(20):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_pictures_from_a_stream_and_from_a_camera(tmp_path: Path) -> None:
    film(tmp_path / "film.mp4")
    for source in (pictures.rtsp(str(tmp_path / "film.mp4")), pictures.usb(str(tmp_path / "film.mp4"))):
        assert source.grab().shape == (720, 1280, 3)
        source.close()
    gone = pictures.usb(str(tmp_path / "gone.mp4"), wait=0.3)
    with pytest.raises(DeviceFault) as caught:
        gone.grab()
    assert caught.value.code == "camera_missing"
    gone.close()
    with pytest.raises(Corrupt):
        pictures.source("http://nowhere")
