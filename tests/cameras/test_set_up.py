"""Setting cameras up with the command line: discover, check, reference, and what is kept."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import msgspec
import pytest

from appliance.base import crypto
from appliance.base.errors import Corrupt, NotFound, Refused
from appliance.base.settings import CameraSettings, RecorderSettings, Settings, SiteSettings, dump
from appliance.wire.simulators import SetCamera
from cameras import integrity, measure
from cameras.discovery import Found, add, by_address, find_all, read_list
from cameras.index import Index
from cameras.reference import References
from cameras.simulator.camera import SimulatedCamera, Traits
from cameras.wsdiscovery import Match
from tests.cameras.conftest import PASSWORD
from tests.command import examsite

JSON = dict[str, Any]


@pytest.fixture(autouse=True)
def a_short_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "LOOK_SECONDS", 0.6)


@pytest.fixture
async def camera() -> AsyncIterator[SimulatedCamera]:
    """One camera with many key frames, not found by discovery."""
    quick = Traits(code="C1", password=PASSWORD, discovery_port=0, key_every=0.4)
    async with SimulatedCamera(quick) as made:
        yield made


@pytest.fixture
async def settings(
    camera: SimulatedCamera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Settings]:
    """A configuration file with this camera."""
    (tmp_path / "password").write_text(PASSWORD + "\n")
    made = Settings(
        site=SiteSettings(code="999999-01", name="示范考点", state=str(tmp_path / "state")),
        cameras=[
            CameraSettings(
                code="C1",
                name="前部",
                address=camera.address,
                password_file=str(tmp_path / "password"),
                room="T1",
            )
        ],
        recorder=RecorderSettings(media=str(tmp_path / "media")),
    )
    (tmp_path / "site.toml").write_bytes(dump(made))
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "site.toml"))
    yield made


async def run(*line: str) -> tuple[int, JSON, str]:
    status, out, err = await asyncio.to_thread(examsite, "cameras", *line, "--json")
    return status, msgspec.json.decode(out), err


def outcome(document: JSON) -> dict[str, bool | None]:
    return {check["code"]: check["ok"] for check in document["cameras"][0]["checks"]}


@pytest.mark.long
async def test_check_then_reference_then_check(settings: Settings, camera: SimulatedCamera) -> None:
    status, found, _ = await run("check")
    assert status == 0 and found["ok"] is True and found["cameras"][0]["camera"] == "C1"
    assert outcome(found)["picture_moved"] is None, "nothing to hold it against yet"
    assert "请在摄像机页面点“留基准画面”" in str(found)
    assert "型号 Simulated camera · 固件 1.0" in found["cameras"][0]["model"]
    status, found, _ = await run("reference")
    assert status == 0 and outcome(found) == {"reference": True}
    still = next((Path(settings.recorder.media) / "references.d" / "C1").glob("*.jpg"))
    assert still.stat().st_size > 10_000
    status, out, err = await asyncio.to_thread(examsite, "cameras", "check")
    assert status == 0 and "画面移位检查" in out and "1 台摄像机全部合格" in err
    assert re.search(r"基准画面留于 \d{4}-\d\d-\d\d \d\d:\d\d。", out)
    status, out, err = await asyncio.to_thread(examsite, "--lang", "en", "cameras", "check", "--camera", "C1")
    assert status == 0 and "moved camera" in out and "16 passed, 0 failed, 0 not determined" in err


@pytest.mark.long
@pytest.mark.parametrize(
    ("view", "code"),
    [("black", "picture_black"), ("blurred", "picture_blurred"), ("turned", "picture_moved")],
)
async def test_what_is_wrong_with_the_picture(
    settings: Settings, camera: SimulatedCamera, view: Any, code: str
) -> None:
    await run("reference")
    await camera.change(SetCamera(view=view))
    status, found, _ = await run("check")
    assert status == 1 and found["ok"] is False
    assert [name for name, ok in outcome(found).items() if ok is False] == [code]
    if view == "black":
        status, found, _ = await run("reference")
        assert status == 1 and outcome(found) == {"reference": False}, "a black still is not kept"


async def test_a_camera_that_is_not_there_is_a_finding(settings: Settings, camera: SimulatedCamera) -> None:
    await camera.unplug()
    status, found, _ = await run("check")
    assert status == 1 and outcome(found) == {"answers": False}
    assert "没有应答" in found["cameras"][0]["checks"][0]["detail"]
    _status, out, _ = await asyncio.to_thread(examsite, "--lang", "en", "cameras", "check", "--json")
    (told,) = msgspec.json.decode(out)["cameras"][0]["checks"]
    assert camera.address in told["detail"] and told["detail"].isascii()
    Path(settings.cameras[0].password_file).write_text("wrong")
    await camera.plug()
    status, found, _ = await run("check")
    assert status == 1 and outcome(found) == {"answers": False}
    status, found, _ = await run("check", "--camera", "C9")
    assert status == 2 and found["error"]["code"] == "no_such_camera"


async def test_a_camera_known_by_its_stream_only(settings: Settings, camera: SimulatedCamera) -> None:
    one = msgspec.structs.replace(settings.cameras[0], address=f"rtsp://127.0.0.1:{camera.rtsp.port}/stream1")
    config = Path(settings.recorder.media).parent / "site.toml"
    config.write_bytes(dump(msgspec.structs.replace(settings, cameras=[one])))
    status, found, _ = await run("check")
    assert (
        status == 0 and outcome(found)["services"] is None and outcome(found)["measured_resolution"] is True
    )


async def test_discovery_by_address_and_by_list(camera: SimulatedCamera, tmp_path: Path) -> None:
    listed = tmp_path / "cameras.txt"
    listed.write_text(f"\ufeff# 理论考场\n{camera.address}, C1\n127.0.0.1:9\n\n", "utf-8")
    assert read_list(listed) == [camera.address, "127.0.0.1:9"]
    status, found, err = await run("discover", "--seconds", "0.2", "--list", str(listed))
    assert status == 3 and camera.address in {one["address"] for one in found["cameras"]}
    assert found["silent"] == ["127.0.0.1:9"] and "台摄像机" in err
    status, found, _ = await run("discover", "--seconds", "0.2", "--host", camera.address)
    assert status == 0 and found["silent"] == []
    listed.write_text("192.168.1.64\n192.168.1.65:99999\n", "utf-8")
    with pytest.raises(Corrupt) as bad:
        read_list(listed)
    assert bad.value.params["line"] == 2
    with pytest.raises(NotFound):
        read_list(tmp_path / "none")


async def test_an_address_with_something_else_is_no_camera() -> None:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>hi</html>")
        writer.close()

    server = await asyncio.start_server(page, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await by_address(f"127.0.0.1:{port}") is None
    found = await find_all(0.1, [f"127.0.0.1:{port}", "no-such-host.invalid:80"], port=37_703)
    assert found.silent == [f"127.0.0.1:{port}", "no-such-host.invalid:80"]
    server.close()


def test_equal_names_are_two_cameras_and_one_camera_seen_twice_is_one() -> None:
    found: list[Found] = []

    def answer(address: str, sender: str, endpoint: str = "urn:uuid:1") -> None:
        add(found, Match(endpoint, [f"http://{address}/onvif/device_service"], []), sender)

    answer("192.168.1.64", "192.168.1.64")
    answer("192.168.1.64", "192.168.1.64")
    answer("192.168.1.65", "192.168.1.65")  # another one with the same endpoint name
    answer("10.0.0.7:8000", "10.0.0.7", "urn:uuid:2")
    answer("10.0.0.7:8000", "192.168.1.9", "urn:uuid:2")  # the same one by its other interface
    assert [one.address for one in found] == ["192.168.1.64:80", "192.168.1.65:80", "10.0.0.7:8000"]
    assert found[2].seen_from == ["10.0.0.7", "192.168.1.9"]


def test_printers_and_computers_are_no_cameras() -> None:
    printer = Match(
        "urn:uuid:9", ["http://192.168.1.5:5357/x"], ["ldap:///"], "", "wsdp:Device pri:PrintDeviceType"
    )
    assert not printer.is_camera()
    assert Match("urn:uuid:9", ["http://192.168.1.6/onvif/device_service"], [], "", "wsdp:Device").is_camera()


async def test_a_reference_is_sealed(settings: Settings, camera: SimulatedCamera) -> None:
    keys = settings.state / "keys"
    crypto.new_authority(settings.state / "authority", "999999-01 site authority")
    keys.mkdir()
    crypto.new_leaf(settings.state / "authority", keys, "recorder")
    await run("reference")
    references = References(settings)
    kept = references.load("C1")
    assert kept and kept[1].shape == (1080, 1920) and kept[0].camera == "C1"
    assert references.load("C2") is None
    media = Path(settings.recorder.media)
    Index(media).close()
    assert integrity.verify(media).ok
    folder = media / "references.d" / "C1"
    still, statement = next(folder.glob("*.jpg")), folder / "reference.json"
    body, text = still.read_bytes(), statement.read_text()
    for spoiled, how in (
        (still, body[:-2] + b"xx"),
        (statement, text.replace("1920", "1921").encode()),
        (statement, msgspec.json.encode({"stated": msgspec.json.decode(text)["stated"], "signature": ""})),
        (statement, b"{}"),
    ):
        spoiled.write_bytes(how)
        with pytest.raises(Corrupt) as altered:
            references.load("C1")
        assert altered.value.code == "reference_altered"
        if spoiled is still:
            assert [one.code for one in integrity.verify(media).findings] == ["altered"]
        still.write_bytes(body)
        statement.write_text(text)
    still.unlink()
    with pytest.raises(Corrupt):
        references.load("C1")
    (keys / "recorder.key").write_text("not for this account")
    with pytest.raises(Refused) as refused:  # it would be taken for an altered one
        references.keep("C1", av.VideoFrame(64, 48), datetime.now(UTC))
    assert refused.value.code == "reference_unsigned" and not list(folder.glob("*.new"))
