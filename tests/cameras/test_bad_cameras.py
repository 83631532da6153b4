"""The probe and the recorder against cameras that behave badly, over their real protocols."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import pytest

from appliance.base.errors import DeviceFault, Refused
from appliance.wire.simulators import SetCamera
from cameras import measure, passwords, stream, transport
from cameras import probe as probing
from cameras.clips.find import find
from cameras.index import Reader
from cameras.measure import look
from cameras.onvif import OnvifCamera
from cameras.probe import Probe, probe
from cameras.simulator.camera import SimulatedCamera, Traits
from tests.cameras.conftest import PASSWORD, recorded, recording, site, until

START = datetime(2000, 1, 1, tzinfo=UTC)


def traits(**more: Any) -> Traits:
    return Traits(code="C1", password=PASSWORD, discovery_port=0, **more)


@pytest.fixture(autouse=True)
def a_short_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "LOOK_SECONDS", 1.2)


def outcome(found: Probe) -> dict[str, bool | None]:
    return {check.code: check.ok for check in found.checks}


async def probed(camera: SimulatedCamera, **more: Any) -> Probe:
    return await asyncio.to_thread(probe, camera.address, camera.traits.user, PASSWORD, **more)


class Listener:
    """A server on another host's behalf: takes what comes and keeps it."""

    def __init__(self, answer: bytes = b"") -> None:
        self.heard = b""
        self.port = 0
        self._answer = answer

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await asyncio.wait_for(reader.read(4096), 2):
                self.heard += chunk
                writer.write(self._answer)
        except (OSError, TimeoutError):
            pass
        finally:
            writer.close()

    @asynccontextmanager
    async def serving(self, host: str = "127.0.0.2") -> AsyncIterator["Listener"]:
        server = await asyncio.start_server(self._take, host, 0)
        self.port = int(server.sockets[0].getsockname()[1])
        try:
            yield self
        finally:
            server.close()


@pytest.mark.long
async def test_h265_is_told_by_media2_and_measured() -> None:
    async with SimulatedCamera(traits(codec="h265", fps=5)) as camera:
        found = await probed(camera)
        assert found.profiles[0].codec == "H265" and found.measured and found.measured.codec == "H265"
        assert outcome(found)["codec"] is True and outcome(found)["measured_resolution"] is True
        assert camera.http.calls.count("GetProfiles") == 2, (
            "once by Media2, once as nobody; Media1 was not needed"
        )


@pytest.mark.long
async def test_media1_alone_cannot_say_h265() -> None:
    async with SimulatedCamera(traits(codec="h265", fps=5, media="media1")) as camera:
        found = await probed(camera)
        assert outcome(found)["codec"] is False
        assert found.profiles[0].codec == "H264" and found.measured and found.measured.codec == "H265"


@pytest.mark.parametrize(("media", "options"), [("media2", False), ("both", True), ("media1", True)])
async def test_each_media_service_alone_and_empty_options(media: str, options: bool) -> None:
    async with SimulatedCamera(traits(media=media, empty_options=options)) as camera:
        asked = OnvifCamera(camera.address, "admin", PASSWORD)
        profile = (await asyncio.to_thread(asked.profiles))[0]
        assert (profile.codec, profile.width, profile.height, profile.bitrate_kbps) == (
            "H264",
            1920,
            1080,
            4096,
        )
        assert profile.uri.endswith("/stream1") and profile.snapshot.endswith(".jpg")
        assert asked.media == (1 if media == "media1" else 2)
        sizes = await asyncio.to_thread(asked.resolutions, "main")
        assert sizes == ([] if options else [(1920, 1080)])


@pytest.mark.long
async def test_a_recording_of_h265_plays(tmp_path: Path) -> None:
    async with SimulatedCamera(traits(codec="h265", fps=5)) as camera:
        settings = site(tmp_path, camera)
        async with recording(settings) as recorder:
            await recorded(recorder, 2.0)
            status = recorder.status().cameras[0]
        assert (status.codec, status.width, status.height) == ("HEVC", 1920, 1080)
    media = Path(settings.recorder.media)
    segment = next(iter(Reader(media).every()))
    with av.open(str(media / segment.path)) as container:
        frames = sum(1 for _frame in container.decode(video=0))
    assert frames >= 5


async def test_a_redirected_stream_is_not_followed() -> None:
    async with SimulatedCamera(traits()) as camera, Listener().serving() as other:
        await camera.change(SetCamera(sends_to=f"rtsp://127.0.0.2:{other.port}/stream1"))
        found = await probed(camera)
        assert outcome(found)["stream"] is False and found.measured is None
        assert "密码没有发往该地址" in next(one.text for one in found.checks if one.code == "stream")
    assert other.heard == b""


async def test_a_redirected_service_is_not_followed() -> None:
    async with SimulatedCamera(traits()) as camera, Listener().serving() as other:
        asked = OnvifCamera(camera.address, "admin", PASSWORD)
        await asyncio.to_thread(asked.profiles)
        await camera.change(SetCamera(soap_sends_to=f"http://127.0.0.2:{other.port}/onvif/device_service"))
        with pytest.raises(DeviceFault) as fault:
            await asyncio.to_thread(asked.device)
        assert fault.value.code == "camera_redirects"
    assert other.heard == b""


async def test_no_request_leaves_the_host() -> None:
    async with Listener(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").serving() as other:
        sender = transport.transport("127.0.0.1", "admin", PASSWORD)
        with pytest.raises(transport.ForeignHost):
            await asyncio.to_thread(sender.post, f"http://127.0.0.2:{other.port}/", b"x", {})
    assert other.heard == b""


@pytest.mark.parametrize("flood", [False, True])
async def test_an_answer_that_does_not_end(flood: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "OPERATION_TIMEOUT", 0.6)
    monkeypatch.setattr(transport, "ANSWER_LIMIT", 200_000)

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 90000000\r\n\r\n")
        try:
            for _ in range(200):
                writer.write(b"x" * 65_536 if flood else b"x")
                await writer.drain()
                await asyncio.sleep(0 if flood else 0.1)
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    begun = time.monotonic()
    with pytest.raises(DeviceFault):
        await asyncio.to_thread(OnvifCamera(address, "admin", "x").read_clock)
    assert time.monotonic() - begun < 4
    server.close()


@pytest.mark.long
async def test_a_silent_service_and_a_stalled_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "OPERATION_TIMEOUT", 0.5)
    monkeypatch.setattr(stream, "TIMEOUT", (1.0, 1.0))
    async with SimulatedCamera(traits()) as camera:
        uri = f"rtsp://127.0.0.1:{camera.rtsp.port}/stream1"
        await camera.change(SetCamera(silent=True, stalled=True))
        with pytest.raises(DeviceFault) as silent:
            await asyncio.to_thread(OnvifCamera(camera.address, "admin", PASSWORD).read_clock)
        assert silent.value.code == "camera_silent"
        with pytest.raises(DeviceFault):
            await asyncio.to_thread(look, uri, "admin", PASSWORD)
        monkeypatch.setattr(probing, "DEADLINE", 0.2)
        with pytest.raises(DeviceFault) as slow:
            await probed(camera)
        assert slow.value.code == "camera_slow"


async def test_a_camera_that_asks_for_no_password() -> None:
    async with SimulatedCamera(traits(user="")) as camera:
        found = await probed(camera)
        assert outcome(found)["password_asked"] is False and outcome(found)["password_not_factory"] is False


async def test_a_factory_password_is_known_without_trying_any() -> None:
    async with SimulatedCamera(Traits(code="C1", password="Admin12345", discovery_port=0)) as camera:
        found = await asyncio.to_thread(probe, camera.address, "admin", "Admin12345")
        assert outcome(found)["password_asked"] is True and outcome(found)["password_not_factory"] is False
        assert "factory_password_refused" not in outcome(found), "nothing is tried unless it is asked for"


@pytest.mark.long
async def test_factory_passwords_are_tried_with_care() -> None:
    async with SimulatedCamera(traits()) as camera:
        right = OnvifCamera(camera.address, "admin", PASSWORD)
        told = await asyncio.to_thread(probing.factory_tried, right, PASSWORD)
        assert told.ok is True
        wrong = OnvifCamera(camera.address, "admin", "other")
        before = len(camera.http.calls)
        told = await asyncio.to_thread(probing.factory_tried, wrong, "other")
        assert told.ok is None, "the right password is refused as if the camera had locked itself"
        asked = [call for call in camera.http.calls[before:] if call != "GetSystemDateAndTime"]
        assert len(asked) <= 4, "nothing more is tried then"


async def test_a_wrong_password_costs_one_attempt(
    camera: SimulatedCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"rtsp://127.0.0.1:{camera.rtsp.port}/stream1"
    proofs: list[str] = []
    true = passwords.digest_holds

    def counted(header: str, *more: Any) -> bool:
        if header:
            proofs.append(header)
        return true(header, *more)

    monkeypatch.setattr(passwords, "digest_holds", counted)
    with pytest.raises(Refused) as refused:
        await asyncio.to_thread(look, uri, "admin", "wrong")
    assert refused.value.code == "camera_password" and len(proofs) == 1


@pytest.mark.long
async def test_jumping_time_stamps_cost_a_moment(camera: SimulatedCamera, tmp_path: Path) -> None:
    settings = site(tmp_path, camera)
    async with recording(settings) as recorder:
        await recorded(recorder, 1.5)
        for jump in (3600.0, -7200.0):
            before = recorder.status().cameras[0].recorded_s
            await camera.change(SetCamera(jump=jump))
            await until(lambda before=before: recorder.status().cameras[0].recorded_s > before + 1.5)  # type: ignore[misc]
    media, now = Path(settings.recorder.media), datetime.now(UTC)
    found = find(Reader(media), media, "C1", now - timedelta(seconds=20), now, now)
    inside = [gap for gap in found.gaps if gap.start >= found.clips[0].end and gap.end < found.clips[-1].end]
    assert [gap.cause for gap in inside] == ["camera", "camera"]
    assert all(gap.end - gap.start < timedelta(seconds=2) for gap in inside)
    assert found.clips[-1].end - found.clips[0].start < timedelta(seconds=20), "no hour was invented"


@pytest.mark.long
async def test_a_jump_of_the_bit_rate_and_a_reboot(camera: SimulatedCamera, tmp_path: Path) -> None:
    settings = site(tmp_path, camera)
    async with recording(settings) as recorder:
        await recorded(recorder, 1.0)
        await camera.change(SetCamera(crf=12))
        await asyncio.sleep(1.5)
        assert recorder.status().cameras[0].state == "recording"
        await camera.change(SetCamera(reboot=1.0))
        await until(lambda: recorder.status().cameras[0].state == "connecting")
        await until(lambda: recorder.status().cameras[0].state == "recording", 6.0)
    causes = [gap.cause for gap in Reader(Path(settings.recorder.media)).gaps("C1", START, datetime.now(UTC))]
    assert causes == ["network", "stopped"]


async def test_too_many_bits_fail() -> None:
    async with SimulatedCamera(traits(crf=4)) as camera:
        found = await probed(camera)
        assert outcome(found)["picture_frozen"] is True and outcome(found)["bitrate"] is False


@pytest.mark.long
async def test_a_frozen_picture_fails(camera: SimulatedCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "LOOK_SECONDS", 3.0)  # its encoder has to come to rest
    await camera.change(SetCamera(frozen=True))
    assert outcome(await probed(camera))["picture_frozen"] is False


@pytest.mark.long
async def test_the_recorder_sends_nothing_to_another_host(camera: SimulatedCamera, tmp_path: Path) -> None:
    settings = site(tmp_path, camera)
    async with Listener().serving() as other:
        await camera.change(SetCamera(sends_to=f"rtsp://127.0.0.2:{other.port}/stream1"))
        async with recording(settings) as recorder:
            await until(lambda: recorder.status().cameras[0].cause == "camera")
            await camera.change(SetCamera(sends_to=""))
            await until(lambda: recorder.status().cameras[0].state == "recording")
    assert other.heard == b""


async def test_a_password_changed_on_the_camera_stops_and_is_said(
    camera: SimulatedCamera, tmp_path: Path
) -> None:
    settings = site(tmp_path, camera)
    async with recording(settings) as recorder:
        await recorded(recorder, 1.0)
        await camera.change(SetCamera(password="another one", drop=True))
        await until(lambda: recorder.status().cameras[0].cause == "camera")
        status = recorder.status().cameras[0]
        assert status.state == "connecting"
    gaps = Reader(Path(settings.recorder.media)).gaps("C1", START, datetime.now(UTC))
    assert [gap.cause for gap in gaps][-2:] == ["camera", "stopped"]


async def test_a_busy_box_does_not_put_a_clock_wrong(
    camera: SimulatedCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading the descriptions takes seconds on a busy box: that is no part of the camera's clock."""
    asked = OnvifCamera(camera.address, "admin", PASSWORD)
    true = asked._clock_service

    def slow() -> Any:
        time.sleep(2.5)
        return true()

    monkeypatch.setattr(asked, "_clock_service", slow)
    assert abs(await asyncio.to_thread(asked.read_clock)) < 1.0
