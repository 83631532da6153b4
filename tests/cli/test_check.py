"""examsite check: simulators on a production site are named, one by one; on a demo site they belong there."""

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from sqlmodel import select

from appliance.base import crypto
from appliance.base.settings import CameraSettings, FaceSettings, ProvinceSettings, Settings, dump
from appliance.base.sockets import serve
from appliance.cli import check, renew
from appliance.flow.box import Box, authority, keys
from appliance.flow.set_up import set_up
from appliance.records.journal import Journal
from appliance.wire.recorder import CameraStatus, GetStatus, Status
from tests.command import examsite
from tests.conftest import START, site_settings


def settings_with(folder: Path, terminal: str) -> Settings:
    base = site_settings(folder)
    lane = base.lanes[0]
    first = msgspec.structs.replace(lane, reader=msgspec.structs.replace(lane.reader, port=terminal))
    gate = msgspec.structs.replace(lane.gate, port="tcp://127.0.0.1:5020")
    second = msgspec.structs.replace(base.lanes[1], gate=gate, camera="usb:0")
    return msgspec.structs.replace(
        base,
        lanes=[first, second],
        faces=FaceSettings(photo_decoder=["python3", "-m", "appliance.faces.demo_photo"]),
        cameras=[
            CameraSettings(code="C1", name="x", address="127.0.0.2:8000"),
            CameraSettings(code="C2", name="x", address="192.0.2.7:80"),
        ],
        province=ProvinceSettings(url="https://localhost:9443"),
    )


def test_what_no_camera_sees_is_named_and_is_no_fault_of_the_box(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = CameraSettings(code="C1", name="前", address="192.0.2.1", room="T1", seats="1-3", place="front")
    settings = msgspec.structs.replace(site_settings(tmp_path), lanes=[], cameras=[front])
    set_up(settings, demo=True, now=START)
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "x.toml"))
    (tmp_path / "x.toml").write_bytes(dump(settings))
    added = examsite("room", "add", "T1", "--name", "一考场", "--kind", "theory", "--seats", "5")
    assert added[0] == 0
    assert examsite("room", "doors", "T1", "前门", "后门", "前门")[0] == 0
    assert examsite("room", "doors", "T9", "前门")[0] != 0
    assert examsite("room", "doors", "T1", "门" * 41)[0] != 0
    status, out, _ = examsite("check", "--json")
    told = json.loads(out)
    assert (status, told["ok"]) == (0, True)
    assert [one["message"] for one in told["findings"] if one["code"] == "not_covered"] == [
        "一考场 T1: 没有摄像机看得到考位 4–5。",
        "一考场 T1: 没有摄像机从后方拍摄。",
        "一考场 T1: 没有摄像机看得到：前门、后门。",
    ]
    assert "△ 一考场 T1" in examsite("check")[2]
    assert json.loads(examsite("room", "list", "--json")[1])["rooms"][0]["doors"] == ["前门", "后门"]


@pytest.mark.parametrize("demo", [False, True])
def test_simulators_on_a_production_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, demo: bool) -> None:
    master, slave = os.openpty()
    link = tmp_path / "reader"
    link.symlink_to(os.ttyname(slave))
    settings = settings_with(tmp_path, str(link))
    set_up(settings, demo=demo, now=START)
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "x.toml"))
    (tmp_path / "x.toml").write_bytes(dump(settings))
    status, out, _ = examsite("check", "--json")
    os.close(master)
    os.close(slave)
    found = [one["message"] for one in json.loads(out)["findings"] if one["code"] == "simulator_configured"]
    if demo:
        assert found == []
        return
    assert status == 1
    named = ["lanes.L1.reader", "lanes.L1.camera", "lanes.P1.gate", "faces.photo_decoder", "cameras.C1"]
    for setting in [*named, "province.url"]:
        assert sum(f" {setting} " in message for message in found) == 1, setting
    assert len(found) == 6


def ends_soon(authority: Path, path: Path) -> None:
    """Give a certificate an end in a month."""
    old = x509.load_pem_x509_certificate(path.read_bytes())
    made = x509.CertificateBuilder(
        old.issuer,
        old.subject,
        old.public_key(),
        old.serial_number,
        old.not_valid_before_utc,
        datetime.now(UTC) + timedelta(days=30),
        list(old.extensions),
    )
    key = load_pem_private_key((authority / "authority.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    path.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))


def test_certificates_that_end_are_told_a_quarter_ahead_and_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = site_settings(tmp_path)
    set_up(settings, demo=True, now=START)
    end = crypto.certificate_end(keys(settings) / "recorder.pem")
    assert check._certificates(settings, end - timedelta(days=91)) == []
    told = check._certificates(settings, end - timedelta(days=89))
    assert len(told) == 1 and all(one.look for one in told), (
        "the keys end with the authority: nothing helps them"
    )
    assert not any(one.look for one in check._certificates(settings, end))
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "x.toml"))
    (tmp_path / "x.toml").write_bytes(dump(settings))
    assert json.loads(examsite("renew", "--json")[1]) == {"renewed": [], "foreign": []}
    crypto.new_authority(tmp_path / "other", "somebody else")
    foreign = keys(settings) / "foreign.pem"
    foreign.write_bytes((tmp_path / "other" / "authority.pem").read_bytes())
    for name in ("recorder", "tls"):  # of a box of before certificates lived as long as the authority
        ends_soon(authority(settings), keys(settings) / f"{name}.pem")
    monkeypatch.setattr(renew, "AHEAD", timedelta(days=9999))
    before = foreign.read_bytes()
    assert json.loads(examsite("renew", "--json")[1]) == {
        "renewed": ["recorder", "tls"],
        "foreign": [],
    }
    assert json.loads(examsite("renew", "--json")[1])["renewed"] == [], (
        "nothing is certified anew for nothing"
    )
    assert foreign.read_bytes() == before and crypto.certificate_end(keys(settings) / "recorder.pem") == end
    assert f"{end:%Y-%m-%d}" in examsite("renew")[2], "the authority itself ends"
    box = Box.open(settings)
    rows = box.db.read_now(
        lambda session: session.exec(select(Journal).where(Journal.kind == "site.certified")).all()
    )
    assert [json.loads(row.body) for row in rows] == [{"keys": ["recorder", "tls"]}]
    ends_soon(tmp_path / "other", foreign)
    said = "由其他机构签发"
    assert said in "".join(one.message for one in check._certificates(settings, datetime.now(UTC)))
    assert said in examsite("renew")[2] and foreign.name in examsite("renew", "--json")[1]


@pytest.mark.parametrize(("own", "mounted"), [(False, False), (False, True), (True, True)])
def test_recordings_on_the_boxs_own_disk_are_told(tmp_path: Path, own: bool, mounted: bool) -> None:
    settings = site_settings(tmp_path)
    media = tmp_path / "recordings"
    settings = msgspec.structs.replace(
        settings, recorder=msgspec.structs.replace(settings.recorder, media=str(media), own_disk=own)
    )
    settings.state.mkdir(parents=True, exist_ok=True)
    assert check._own_disk(settings) == [], "there is no folder yet"
    if mounted:
        media.symlink_to("/dev/shm")  # another file system
    else:
        media.mkdir()
    found = check._own_disk(settings)
    assert [one.code for one in found] == ([] if own else ["own_disk_not_set"]) and all(
        one.look for one in found
    )
    assert all(("主机系统盘：" in one.message) != mounted for one in found)


def test_a_camera_that_does_not_record_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = msgspec.structs.replace(
        site_settings(tmp_path), lanes=[], cameras=[CameraSettings(code="C1", name="前", address="192.0.2.1")]
    )
    set_up(settings, demo=True, now=START)
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "x.toml"))
    (tmp_path / "x.toml").write_bytes(dump(settings))
    down = CameraStatus(camera="C1", name="前", room="", state="stopped", since=START, cause="network")

    async def status(_asked: GetStatus) -> Status:
        return Status(now=START, cameras=[down], disk_total=1, disk_free=1, media="m")

    async def look() -> tuple[int, str, str]:
        server = await serve(settings.socket("recorder"), {GetStatus: status})
        try:
            return await asyncio.to_thread(examsite, "check")
        finally:
            server.close()

    code, _out, err = asyncio.run(look())
    assert code == 0 and "△ 摄像机 前 未在录像：网络中断。 请检查" in err, err
    assert "✓ 主机本身正常；标 △ 的各项请处理。" in err
    assert "△ 录像程序无响应。" in examsite("check")[2]
