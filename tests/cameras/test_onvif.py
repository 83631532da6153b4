"""ONVIF, discovery and RTSP against the simulated camera."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import av
import pytest

from appliance.base import sockets
from appliance.base.errors import DeviceFault, Refused
from appliance.wire.simulators import CameraDid, GetCamera, SetCamera
from cameras import timecode
from cameras.discovery import discover
from cameras.onvif import OnvifCamera
from cameras.probe import probe
from cameras.simulator.camera import SimulatedCamera, Traits
from cameras.stream import open_stream
from tests.cameras.conftest import PASSWORD

PORT = 37702
"""Discovery of these tests, apart from simulated cameras that may run on this machine."""


@pytest.mark.parametrize("authentication", ["token", "digest", "both"])
async def test_profiles_with_each_authentication(authentication: str) -> None:
    traits = Traits(code="C1", password=PASSWORD, authentication=authentication, discovery_port=0)  # type: ignore[arg-type]
    async with SimulatedCamera(traits) as camera:
        asked = OnvifCamera(camera.address, "admin", PASSWORD)
        profile = (await asyncio.to_thread(asked.profiles))[0]
        assert (profile.codec, profile.width, profile.height, profile.fps) == ("H264", 1920, 1080, 10.0)
        assert profile.uri == f"rtsp://127.0.0.1:{camera.rtsp.port}/stream1"
        assert (await asyncio.to_thread(asked.device)).serial == "C1"
        assert await asyncio.to_thread(asked.resolutions, "main") == [(1920, 1080)]
        assert camera.http.calls[0] == "GetSystemDateAndTime", "the clock comes first"
        wrong = OnvifCamera(camera.address, "admin", PASSWORD + "!")
        with pytest.raises(Refused) as refused:
            await asyncio.to_thread(wrong.profiles)
        assert refused.value.code == "camera_password"


async def test_a_skewed_clock_is_told_and_compensated() -> None:
    traits = Traits(code="C1", password=PASSWORD, authentication="token", skew=-3600, discovery_port=0)
    async with SimulatedCamera(traits) as camera:
        asked = OnvifCamera(camera.address, "admin", PASSWORD)
        assert abs(await asyncio.to_thread(asked.read_clock) + 3600) < 1.0
        assert await asyncio.to_thread(asked.profiles)
        wrong = OnvifCamera(camera.address, "admin", "x")
        with pytest.raises(Refused) as refused:
            await asyncio.to_thread(wrong.profiles)
        assert refused.value.code == "camera_password_or_clock"


async def test_probe_measures_and_never_follows_another_host() -> None:
    traits = Traits(
        code="C1", password=PASSWORD, advertise="192.0.2.9", empty_options=True, skew=30, discovery_port=0
    )
    async with SimulatedCamera(traits) as camera:
        found = await asyncio.to_thread(probe, camera.address, "admin", PASSWORD)
        assert found.measured and (found.measured.width, found.measured.height) == (1920, 1080)
        assert found.measured.codec == "H264" and abs(found.measured.fps - 10) < 1.5
        assert "192.0.2.9" not in found.profiles[0].uri + found.profiles[0].snapshot
        assert abs(found.clock_offset_s - 30) < 1
        assert [check.code for check in found.checks if not check.ok] == ["clock"]
        assert (
            await asyncio.to_thread(OnvifCamera(camera.address, "admin", PASSWORD).resolutions, "main") == []
        )


async def test_silence_and_nonsense_are_told_apart() -> None:
    with pytest.raises(DeviceFault) as silent:
        await asyncio.to_thread(OnvifCamera("127.0.0.1:1", "admin", "x").read_clock)
    assert silent.value.code == "camera_silent"

    async def page(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>hi</html>")
        writer.close()

    server = await asyncio.start_server(page, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(DeviceFault) as nonsense:
        await asyncio.to_thread(OnvifCamera(f"127.0.0.1:{port}", "admin", "x").profiles)
    assert nonsense.value.code in ("camera_bad_answer", "camera_empty_answer")
    server.close()


async def test_discovery_finds_every_camera_even_with_equal_message_ids() -> None:
    traits = [
        Traits(code=f"C{number}", password=PASSWORD, discovery_port=PORT, fixed_message="uuid:same")
        for number in (1, 2, 3)
    ]
    async with (
        SimulatedCamera(traits[0]) as one,
        SimulatedCamera(traits[1]) as two,
        SimulatedCamera(traits[2]) as three,
    ):
        found = await discover(0.6, port=PORT)
        assert {camera.name: camera.address for camera in found} == {
            "C1": one.address,
            "C2": two.address,
            "C3": three.address,
        }
        await two.unplug()
        assert len(await discover(0.6, port=PORT)) == 2
        assert await discover(0.3, hosts=["127.0.0.1"], port=PORT), "asked directly"


async def test_several_viewers_and_a_wrong_password(camera: SimulatedCamera) -> None:
    uri = f"rtsp://127.0.0.1:{camera.rtsp.port}/stream1"

    right = uri.replace("//", f"//admin:{PASSWORD.replace(' ', '%20')}@")

    def look(frames: int) -> list[timecode.TimeCode]:
        container = open_stream(right, uri)
        seen = []
        with container:
            for frame in container.decode(video=0):
                code = timecode.read_frame(frame)
                assert code is not None
                seen.append(code)
                if len(seen) >= frames:
                    break
        return seen

    views = await asyncio.gather(*(asyncio.to_thread(look, 8) for _ in range(3)))
    for view in views:
        assert {code.tag for code in view} == {timecode.camera_tag("C1")}
        assert [code.at for code in view] == sorted({code.at for code in view})
    with pytest.raises(Refused) as refused:
        await asyncio.to_thread(open_stream, uri.replace("//", "//admin:wrong@"), uri)
    assert refused.value.code == "camera_password" and "wrong" not in str(refused.value)
    with pytest.raises(DeviceFault):
        await asyncio.to_thread(open_stream, right.replace("stream1", "x"), uri)


def test_a_closed_port_is_a_fault() -> None:
    with pytest.raises(DeviceFault) as fault:
        open_stream("rtsp://admin:secret@127.0.0.1:1/x", "rtsp://127.0.0.1:1/x")
    assert "secret" not in fault.value.text("en") and av.logging.get_level() == av.logging.PANIC


@pytest.mark.long
async def test_the_command_simulates_and_is_steered(tmp_path: Path) -> None:
    control = tmp_path / "camera.sock"
    (tmp_path / "password").write_text(PASSWORD)
    run = "import sys, typer; from cameras.cli import simulate_camera as s; typer.run(s)"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", run, "--password", PASSWORD, "--name", "C7", "--control", str(control),
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr
    try:
        line = (await asyncio.wait_for(process.stderr.readline(), 20)).decode()
        address = next(
            word for word in line.replace("，", " ").split() if word.startswith("127.0.0.1:")
        ).strip(",.;。")
        command = "import sys; from cameras.cli import app; app(sys.argv[1:])"
        arguments = ["probe", address, "--password-file", str(tmp_path / "password"), "--json"]
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", command, *arguments], capture_output=True, timeout=30
        )
        shown = json.loads(done.stdout)
        assert done.returncode == 0 and shown["device"]["serial"] == "C7"
        assert {"device", "clock_offset_s", "profiles", "measured", "checks"} == shown.keys()
        assert (await sockets.ask(control, GetCamera(), CameraDid)).plugged
        assert not (await sockets.ask(control, SetCamera(plugged=False), CameraDid)).plugged
    finally:
        process.terminate()
        await process.wait()
