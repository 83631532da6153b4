"""Cameras kept by exam-recorder: the file, the encrypted password, orders over the socket, recording that follows."""

import asyncio
import base64
import contextlib
import os
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from appliance.base.camera_settings import Cameras, CameraSettings, Mark, fault_of, last_of, read_cameras
from appliance.base.errors import Corrupt, ExamError, NotFound, Refused
from appliance.base.settings import RecorderSettings, Settings, SiteSettings, dump, load
from appliance.base.site import FILE, Site
from appliance.base.sockets import ask, serve
from appliance.flow.set_up import set_up
from appliance.web.camera_alarms import cameras_file
from appliance.wire.cameras import (
    GetJob,
    GetJobStill,
    GetNotes,
    JobState,
    Notes,
    RemoveCamera,
    SaveCamera,
    Saved,
    SaveMarks,
    StartJob,
    Still,
)
from appliance.wire.recorder import GetStatus, Status
from cameras import recorder
from cameras.camera_password import password_of, sealed
from cameras.kept import Kept, spans
from cameras.notes import Notebook
from cameras.set_up import SetUp
from cameras.simulator.camera import SimulatedCamera, Traits
from tests.cameras.conftest import PASSWORD, until
from tests.command import examsite

ONE = CameraSettings(code="C1", name="前部", address="192.0.2.1:80", room="T1")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a file that names one camera, C0, with its password in a file."""
    (tmp_path / "password").write_text("in a file\n")
    made = Settings(
        site=SiteSettings(
            code="999999-01", name="示范考点", state=str(tmp_path / "state"), run=str(tmp_path / "run")
        ),
        cameras=[
            CameraSettings(
                code="C0", name="门", address="192.0.2.9:80", password_file=str(tmp_path / "password")
            )
        ],
        recorder=RecorderSettings(media=str(tmp_path / "media"), segment=3.0),
    )
    (tmp_path / "site.toml").write_bytes(dump(made))
    (tmp_path / "state").mkdir()
    site = Site(code="999999-01", name="示范考点", mode="demo", epoch="e", created=datetime.now(UTC))
    (tmp_path / "state" / FILE).write_bytes(msgspec.json.encode(site))  # it may simulate
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "site.toml"))
    return load()


@pytest.fixture
def kept(settings: Settings) -> Kept:
    return Kept(settings, Notebook(settings.cameras_file.with_name("notes.db")), lambda: None)


def kinds(settings: Settings) -> list[str]:
    return [one.kind for one in Notebook(settings.cameras_file.with_name("notes.db")).after("", 0).notes]


def test_a_password_is_nowhere_in_clear_and_opens_for_its_camera_only(settings: Settings, kept: Kept) -> None:
    kept.save(SaveCamera(camera=ONE, by="account:a"), "Geheim-2026!")
    for path in Path(settings.site.state).rglob("*"):
        if path.is_file():
            assert b"Geheim-2026!" not in path.read_bytes(), path
            assert path.stat().st_mode & 0o007 == 0 or path.suffix != ".key"
    (mine,) = read_cameras(settings.cameras_file)
    assert password_of(mine, settings) == "Geheim-2026!"
    for other in (
        msgspec.structs.replace(mine, code="C2"),
        msgspec.structs.replace(mine, password_sealed=mine.password_sealed[:-8] + "AAAAAAA="),
        msgspec.structs.replace(mine, password_sealed=base64.b64encode(b"x").decode()),
    ):
        with pytest.raises(Corrupt):
            password_of(other, settings)
    assert sealed(settings, "C1", "x") != sealed(settings, "C1", "x")


def test_the_file_is_merged_over_the_settings(settings: Settings, kept: Kept) -> None:
    assert password_of(settings.cameras[0], settings) == "in a file"
    kept.save(SaveCamera(camera=ONE, by="account:a"), "p1")
    assert [one.code for one in load().cameras] == ["C0", "C1"]
    named = msgspec.structs.replace(settings.cameras[0], name="东门")
    kept.save(SaveCamera(camera=named, by="account:a"), None)
    assert settings.cameras[0].name == "东门" and load().cameras[0].name == "东门"
    assert password_of(settings.cameras[0], settings) == "in a file", "the password's file goes on to be read"
    kept.save(SaveCamera(camera=named, by="cli:root"), "taken in")
    assert settings.cameras[0].password_file == "" and password_of(load().cameras[0], settings) == "taken in"
    kept.save(SaveCamera(camera=named, by="cli:root"), None)  # nothing changed: nothing is noted
    assert kinds(settings) == ["added", "changed", "password_set"]
    with pytest.raises(Refused):
        kept.remove(RemoveCamera(camera="C0", by="account:a"))
    kept.remove(RemoveCamera(camera="C1", by="account:a"))
    assert [one.code for one in settings.cameras] == ["C0"]
    with pytest.raises(NotFound):
        kept.remove(RemoveCamera(camera="C1", by="account:a"))


def test_another_process_follows_the_file(settings: Settings, kept: Kept) -> None:
    other = load().cameras
    assert isinstance(other, Cameras) and not other.refresh()
    kept.save(SaveCamera(camera=ONE, by="account:a"), "p1")
    assert other.refresh() and [one.code for one in other] == ["C0", "C1"] and not other.refresh()
    assert last_of(settings.cameras_file).read_bytes() == settings.cameras_file.read_bytes()
    for spoil in (lambda: settings.cameras_file.write_text("cameras = 1"), settings.cameras_file.unlink):
        spoil()
        other.refresh()
        assert fault_of(other) and [one.code for one in other] == ["C0", "C1"], "what was known holds"
        started = load().cameras
        assert fault_of(started) and [one.code for one in started] == ["C0", "C1"], "at a start too"
        assert cameras_file(str(fault_of(other)))[0].level == "red"
        with pytest.raises(Corrupt):  # or the other cameras would be forgotten
            two = msgspec.structs.replace(ONE, code="C2", address="192.0.2.2:80")
            kept.save(SaveCamera(camera=two, by="account:a"), "p1")
    last_of(settings.cameras_file).rename(settings.cameras_file)
    assert other.refresh() and fault_of(other) is None and not cameras_file("")
    last_of(settings.cameras_file).write_text("cameras = 1")
    settings.cameras_file.write_text("cameras = 2")
    assert not other.refresh() and len(list(other)) == 2, "neither can be read: as they were"


def test_marks_make_the_seats(settings: Settings, kept: Kept) -> None:
    kept.save(SaveCamera(camera=ONE, by="account:a"), "p1")
    marks = [Mark(kind="seat", name=str(n), x=0.1, y=0.2) for n in (3, 1, 2, 7)]
    door = Mark(kind="door", name="前门", x=1.0, y=0.0)
    kept.mark(SaveMarks(camera="C1", place="front", marks=[*marks, door], by="account:a"))
    one = next(one for one in load().cameras if one.code == "C1")
    assert (one.seats, one.place, len(one.marks)) == ("1-3,7", "front", 5)
    kept.save(SaveCamera(camera=msgspec.structs.replace(one, name="后部"), by="account:a"), None)
    one = next(one for one in load().cameras if one.code == "C1")
    assert len(one.marks) == 5 and password_of(one, settings) == "p1", "an edit keeps marks and password"
    with pytest.raises(Corrupt):
        kept.mark(SaveMarks(camera="C1", place="", marks=[Mark(kind="door", name="x", x=1.1, y=0)], by="a"))
    kept.mark(SaveMarks(camera="C1", place="", marks=[], by="account:a"))
    assert next(one for one in load().cameras if one.code == "C1").seats == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"code": "../x"},
        {"code": "a.b"},
        {"name": ""},
        {"seats": "x"},
        {"address": "rtsp://u:p@192.0.2.1/s"},
        {"address": "no address"},
    ],
)
def test_what_no_camera_can_be(kept: Kept, changed: dict[str, str]) -> None:
    with pytest.raises(ExamError):
        kept.save(SaveCamera(camera=msgspec.structs.replace(ONE, **changed), by="account:a"), "x")


def test_spans() -> None:
    assert spans([1, 2, 3, 5, 7, 8]) == "1-3,5,7-8" and spans([]) == ""


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[None]:
    """exam-recorder in this process."""
    task = asyncio.create_task(recorder.main(settings))
    try:
        await until(settings.socket("recorder").exists, 20)
        yield
    finally:
        os.kill(os.getpid(), 15)
        await asyncio.wait_for(task, 15)


async def recording(settings: Settings, codes: set[str]) -> None:
    """Wait until these cameras, and no others of the simulator, record."""
    async with asyncio.timeout(20):
        while True:
            found = await ask(settings.socket("recorder"), GetStatus(), Status)
            if {one.camera for one in found.cameras if one.state == "recording"} == codes:
                return
            await asyncio.sleep(0.1)


async def finished(settings: Settings, asked: StartJob) -> JobState:
    path = settings.socket("recorder")
    state = await ask(path, asked, JobState)
    async with asyncio.timeout(60):
        while state.state == "running":
            await asyncio.sleep(0.2)
            state = await ask(path, GetJob(id=state.id), JobState)
    return state


@pytest.mark.long
async def test_from_the_first_look_to_the_recording_without_a_restart(settings: Settings) -> None:
    path = settings.socket("recorder")
    traits = Traits(code="C1", password=PASSWORD, discovery_port=0, key_every=0.4)
    async with SimulatedCamera(traits) as camera, running(settings):
        found = await finished(settings, StartJob(kind="discover", addresses=[camera.address, "127.0.0.1:1"]))
        assert camera.address in {one.address for one in found.cameras} and found.silent == ["127.0.0.1:1"]
        wrong = StartJob(kind="probe", address=camera.address, user="admin", password="wrong", language="en")
        state = await finished(settings, wrong)
        assert (state.state, state.fault_code) == ("failed", "camera_password") and "password" in state.fault
        probe = StartJob(kind="probe", address=camera.address, user="admin", password=PASSWORD)
        state = await finished(settings, probe)
        assert state.state == "done" and state.has_still
        assert "型号 Simulated camera · 固件 1.0 · 序列号 C1" in state.device
        assert {one.code: one.ok for one in state.checks}["measured_resolution"] is True
        still = await ask(path, GetJobStill(id=state.id), Still)
        assert still.jpeg.startswith(b"\xff\xd8\xff")
        one = msgspec.structs.replace(ONE, address=camera.address)
        await ask(path, SaveCamera(camera=one, job=state.id, by="account:a"), Saved)
        await recording(settings, {"C1"})
        kept = next(one for one in load().cameras if one.code == "C1")
        assert password_of(kept, settings) == PASSWORD, "of the probe: nobody sent it twice"
        status, out, err = await asyncio.to_thread(examsite, "cameras", "list", "--json")
        assert status == 0 and '"password": "sealed"' in out and PASSWORD not in out
        # Another name is no reason to record anew; another address is.
        (Path(settings.site.state) / "new").write_text("other\n")
        status, _out, err = await asyncio.to_thread(
            examsite,
            *("cameras", "password", "C1", "--password-file", str(Path(settings.site.state) / "new")),
        )
        assert status == 0, err
        told = await ask(path, GetNotes(), Notes)
        assert [(one.kind, one.camera) for one in told.notes if one.kind != "motion"] == [
            ("added", "C1"),
            ("password_set", "C1"),
        ]
        assert told.notes[-1].by.startswith("cli:")
        status, _out, err = await asyncio.to_thread(examsite, "cameras", "remove", "C1", "--yes")
        assert status == 0, err
        await recording(settings, set())
    assert "C1" not in {one.code for one in load().cameras}


@pytest.mark.long
async def test_the_wizard_sets_a_camera_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    (settings.state / FILE).unlink()
    set_up(settings, demo=True, now=datetime.now(UTC))  # a whole box, with a room
    room = ("room", "add", "T1", "--name", "一号考场", "--kind", "theory", "--seats", "30")
    status, _out, err = await asyncio.to_thread(examsite, *room)
    assert status == 0, err
    traits = Traits(code="C1", password=PASSWORD, discovery_port=0, key_every=0.4, skew=30.0)
    async with SimulatedCamera(traits) as camera, running(settings):
        answers = [
            camera.address,  # by address: its discovery is switched off
            "admin",
            "wrong",  # asked again
            "admin",
            PASSWORD,
            "ja",  # not understood: asked again
            "y",  # set its clock: then nothing fails any more
            "",  # the code it offers
            "后部",
            *("T9", "T1"),  # there is no T9
            *("1 bis 30", "1-30"),
            *("hinten", "back"),
            *("sonntags", "always"),
            "n",
        ]
        monkeypatch.setattr("typer._click.termui.visible_prompt_func", lambda _text="": answers.pop(0))
        monkeypatch.setattr("typer._click.termui.hidden_prompt_func", lambda _text="": answers.pop(0))
        status, out, err = await asyncio.to_thread(
            examsite, "cameras", "set-up", "--seconds", "0.2", "--host", camera.address
        )
        assert status == 0, err + out
        assert "请输入 y（是）或 n（否）。" in err and "Ctrl-C" in err.splitlines()[0]
        assert "还能试 2 次" in err and "请写 all" in err and "请写 front" in err and "请写 always" in err
        assert "没有这个考场" in err and "  T1  一号考场" in out
        assert re.search(r"摄像机时钟快 (29|30)", out) and abs(camera.traits.skew) < 2, "its clock was set"
        one = next(one for one in load().cameras if one.code == "C1")
        assert (one.name, one.room, one.seats, one.place) == ("后部", "T1", "1-30", "back")
        await recording(settings, {"C1"})


async def test_only_a_camera_nobody_looked_at_is_said_to_be_so(settings: Settings) -> None:
    """Changed by `cameras add` it was looked at, unless it is at another address."""
    made = SetUp(settings, lambda: None)
    server = await serve(settings.socket("recorder"), made.handlers())
    secret = Path(settings.site.state) / "new"
    secret.write_text("other\n")

    async def added(host: str) -> bool:
        status, _out, err = await asyncio.to_thread(
            *(examsite, "cameras", "add", host, "--code", "C1", "--name", "前部"),
            *("--password-file", str(secret)),
        )
        assert status == 0, err
        return "尚未检查" in err

    try:
        found = [await added(host) for host in ("192.0.2.1", "192.0.2.1:80", "192.0.2.2")]
    finally:
        await made.stop()
        server.close()
    assert found == [True, False, True]
