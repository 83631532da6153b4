"""Passwords go to their camera only, and never in clear; clocks that are told to nobody, or follow a time server."""

import asyncio
import threading
from pathlib import Path

import pytest

from appliance.base.errors import DeviceFault, Refused
from appliance.web.camera_alarms import camera_alarms
from cameras import stream
from cameras.address import stream_at, with_credentials
from cameras.index import Index
from cameras.onvif import OnvifCamera
from cameras.onvif_plain import PlainCamera
from cameras.probe import events_heard
from cameras.recorder.camera import CameraRecorder
from cameras.simulator import soap
from cameras.simulator.camera import SimulatedCamera
from cameras.simulator.kinds import Authentication
from cameras.simulator.misbehave import orders
from tests.cameras.conftest import PASSWORD, site, until
from tests.cameras.test_bad_cameras import Listener, traits


@pytest.mark.parametrize(
    ("method", "spared"), [("OPTIONS", 0), ("OPTIONS", 1), ("DESCRIBE", 1), ("SETUP", 0), ("PLAY", 0)]
)
async def test_ffmpeg_is_not_sent_away_either(method: str, spared: int) -> None:
    """The camera answers our own question well, and sends FFmpeg on to somebody who wants the password in clear."""
    wants = b'RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n'
    async with SimulatedCamera(traits()) as camera, Listener(wants).serving() as other:
        camera.rtsp.sends_to = f"rtsp://127.0.0.2:{other.port}/stream1"
        camera.rtsp.sends_on, camera.rtsp.spared = (method,), spared
        uri = f"rtsp://127.0.0.1:{camera.rtsp.port}/stream1"
        with pytest.raises(DeviceFault) as fault:
            login = with_credentials(uri, "admin", PASSWORD)
            await asyncio.to_thread(stream.open_stream, login, uri)
        assert fault.value.code == "camera_redirects"
    assert other.heard == b""


async def test_the_stream_does_not_pass_the_door() -> None:
    """After PLAY FFmpeg holds the camera's own connection, and goes on asking on it."""
    async with SimulatedCamera(traits()) as camera:
        uri = f"rtsp://127.0.0.1:{camera.rtsp.port}/stream1"
        login = with_credentials(uri, "admin", PASSWORD)
        container = await asyncio.to_thread(stream.open_stream, login, uri)
        packets = container.demux(video=0)
        for _count in range(30):  # more than the start holds
            assert (await asyncio.to_thread(next, packets)).size
        await until(lambda: not any(one.name.startswith("door-") for one in threading.enumerate()))
        await asyncio.to_thread(container.close)
        await until(lambda: camera.rtsp.viewers == 0)


async def test_a_password_is_not_sent_in_clear() -> None:
    wants = b'RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n'
    async with Listener(wants).serving() as other:
        uri = f"rtsp://127.0.0.2:{other.port}/stream1"
        with pytest.raises(Refused) as refused:
            await asyncio.to_thread(stream.open_stream, with_credentials(uri, "admin", PASSWORD), uri)
    assert refused.value.code == "camera_clear_password" and b"Authorization" not in other.heard


async def test_a_clock_that_is_told_to_nobody_is_asked_with_the_password(tmp_path: Path) -> None:
    async with SimulatedCamera(traits(skew=3.0)) as camera:
        camera.http.camera.tells_time = False
        ways: list[Authentication] = ["token", "digest", "both"]
        for way in ways:
            camera.http.camera.authentication = way
            asked = PlainCamera(camera.address, "admin", PASSWORD)
            assert abs(await asyncio.to_thread(asked.read_clock) - 3.0) < 1.0
            assert await asyncio.to_thread(asked.greet), "its events can be asked for too"
        settings = site(tmp_path, camera)
        passwords_ = [PASSWORD, "another", "another"]
        made = CameraRecorder(
            settings.cameras[0], settings.recorder, Index(tmp_path), lambda: passwords_.pop(0)
        )
        made.status.state = "recording"
        await asyncio.to_thread(made.read_clock)
        assert [one.code for one in camera_alarms([made.status])] == ["camera_clock"]
        with pytest.raises(Refused):
            await asyncio.to_thread(made.read_clock)
        assert made.status.clock_offset_s is None, "what was read before holds no longer"
        asked_so_far = len(camera.http.calls)
        await asyncio.to_thread(made.read_clock)
        assert len(camera.http.calls) == asked_so_far, "a wrong password is not proven again so soon"
        assert [one.code for one in camera_alarms([made.status])] == ["camera_clock_unknown"]


async def test_a_camera_that_tells_no_time_is_recorded(tmp_path: Path) -> None:
    async with SimulatedCamera(traits()) as camera:
        camera.http.camera.clockless = True
        settings = site(tmp_path, camera)
        made = CameraRecorder(settings.cameras[0], settings.recorder, Index(tmp_path), lambda: PASSWORD)
        assert (await asyncio.to_thread(made._uri, False)).endswith("/stream1")
        made.status.state = "recording"
        assert [one.code for one in camera_alarms([made.status])] == ["camera_clock_unknown"]


async def test_a_camera_without_the_older_question_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(soap.PLAIN, "GetCapabilities")
    async with SimulatedCamera(traits(media="media2")) as camera:
        asked = OnvifCamera(camera.address, "admin", PASSWORD)
        assert (await asyncio.to_thread(asked.profiles))[0].uri and asked.media == 2


async def test_a_clock_set_by_hand_keeps_its_time_server() -> None:
    async with SimulatedCamera(traits(skew=30.0)) as camera:
        for ntp in (True, False):
            camera.http.camera.ntp, camera.traits.skew = ntp, 30.0
            asked = OnvifCamera(camera.address, "admin", PASSWORD)
            off = await asyncio.to_thread(asked.set_clock)
            assert abs(off) < 1.5 and camera.http.camera.ntp is ntp and asked.follows_server is ntp


def test_a_disturbed_clock_goes_back_to_its_own() -> None:
    begun, ended = orders("clock", PASSWORD, 7.0)
    assert begun.skew != 7.0 and ended and ended.skew == 7.0


@pytest.mark.parametrize(
    ("there", "password", "ok"), [(True, PASSWORD, True), (False, PASSWORD, None), (True, "x", False)]
)
async def test_a_check_listens_once(there: bool, password: str, ok: bool | None) -> None:
    async with SimulatedCamera(traits(events=there)) as camera:
        found = await asyncio.to_thread(events_heard, camera.address, "admin", password)
        assert (found.code, found.ok) == ("events", ok)
        assert camera.http.events.count == 0, "it was given back"


@pytest.mark.parametrize(
    "uri", ["http://192.0.2.1/x.m3u8", "rtsps://192.0.2.1/s", "file:///etc/passwd", "tcp://h:1"]
)
def test_nothing_but_rtsp_is_opened(uri: str) -> None:
    with pytest.raises(ValueError):
        stream_at(uri, "192.0.2.1")
    with pytest.raises(DeviceFault) as fault:
        stream.open_stream(uri, uri)
    assert fault.value.code == "camera_no_rtsp"
    assert stream_at("rtsp://u:p@192.0.2.9/s", "192.0.2.1") == "rtsp://192.0.2.1/s"
