"""What may be kept of a camera: codes, hosts, marks and seats; and what the journal hears of it."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from appliance.base.camera_settings import Cameras, CameraSettings, Mark, dump_cameras, fault_of
from appliance.base.errors import Conflict, Corrupt, ExamError, Refused, Unavailable
from appliance.base.settings import Settings, SiteSettings, dump, load
from appliance.flow.cameras import numbers
from appliance.wire.cameras import (
    CheckLine,
    CheckReport,
    GetReports,
    KeepReports,
    RemoveCamera,
    SaveCamera,
    SaveMarks,
    StartJob,
)
from cameras import jobs, set_up_cli, wizard
from cameras.camera_password import password_of
from cameras.checks import of_clock
from cameras.jobs import Jobs
from cameras.kept import Kept
from cameras.notes import Notebook
from cameras.onvif import OnvifCamera
from cameras.reports import ReportStore
from cameras.set_up import SetUp
from cameras.set_up_cli import changed
from tests.cameras.conftest import until
from tests.command import examsite

ONE = CameraSettings(code="C1", name="前部", address="192.0.2.1:80", room="T1")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    made = Settings(site=SiteSettings(code="999999-01", name="示范考点", state=str(tmp_path / "state")))
    (tmp_path / "site.toml").write_bytes(dump(made))
    (tmp_path / "state" / "keys").mkdir(parents=True)
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "site.toml"))
    return load()


@pytest.fixture
def notes(settings: Settings) -> Notebook:
    return Notebook(settings.cameras_file.with_name("notes.db"))


@pytest.fixture
def kept(settings: Settings, notes: Notebook) -> Kept:
    made = Kept(settings, notes, lambda: None)
    made.save(SaveCamera(camera=ONE, by="account:a"), "secret")
    return made


def now(settings: Settings) -> CameraSettings:
    return settings.cameras[0]


def save(kept: Kept, password: str | None = None, new: bool = False, **change: object) -> None:
    camera = msgspec.structs.replace(ONE, **change)
    kept.save(SaveCamera(camera=camera, by="account:a", new=new), password)


def test_an_address_is_kept_in_one_way(settings: Settings, kept: Kept) -> None:
    for typed in ("192.0.2.1", "http://192.0.2.1/onvif/device_service", "192.0.2.1:80"):
        save(kept, address=typed)
        assert now(settings).address == "192.0.2.1:80", "it has events, and is found again"
    for wrong in ("https://192.0.2.1", "rtsp:///stream", "rtsp://u:p@192.0.2.1/s"):
        with pytest.raises(Corrupt):
            save(kept, "typed", address=wrong)
    for stream in ("rtsp://192.0.2.1:554/s", "https://192.0.2.1"):
        with pytest.raises(Corrupt) as fault:
            OnvifCamera(stream, "admin", "x")  # its port answers no ONVIF
        assert fault.value.code == "no_onvif_address"


def test_a_key_that_the_power_spoilt_is_said(settings: Settings, kept: Kept) -> None:
    key = settings.state / "keys" / "cameras.key"
    body = key.read_bytes()
    key.write_bytes(body[:9])
    with pytest.raises(Corrupt) as damaged:
        password_of(now(settings), settings)
    assert damaged.value.code == "cameras_key_damaged"
    with pytest.raises(Corrupt):
        save(kept, "another")
    key.write_bytes(b"")  # the power went while it was made
    save(kept, "another")
    assert len(key.read_bytes()) == 32 and password_of(now(settings), settings) == "another"


async def test_changes_at_once_are_all_kept(settings: Settings) -> None:
    """Each in a thread, one after the other: the event loop waits for no disk, and no change is lost."""
    followed: list[bool] = []
    set_up = SetUp(settings, lambda: followed.append(True))
    names = [f"C{number}" for number in range(8)]
    orders = [
        SaveCamera(
            camera=msgspec.structs.replace(ONE, code=name, address=f"192.0.2.{number}:80"),
            by="account:a",
            password="x",
        )
        for number, name in enumerate(names, 1)
    ]
    await asyncio.gather(*(set_up.save(order) for order in orders))
    assert sorted(one.code for one in settings.cameras) == names and len(followed) >= 1
    assert sorted(set_up.listeners) == names
    await set_up.stop()


async def test_a_password_in_an_address_is_no_title(settings: Settings) -> None:
    with pytest.raises(Corrupt):
        await Jobs(settings, lambda _job: None).start(
            StartJob(kind="probe", address="rtsp://u:p@192.0.2.1/s")
        )


def test_a_password_goes_to_no_other_host(settings: Settings, kept: Kept) -> None:
    with pytest.raises(Refused) as refused:
        save(kept, address="192.0.2.7:80")
    assert refused.value.code == "camera_password_again"
    save(kept, address="192.0.2.1:8000")
    assert now(settings).address == "192.0.2.1:8000", "another port of the same camera"
    save(kept, "typed", address="192.0.2.7:80")
    assert now(settings).address == "192.0.2.7:80"
    for second in ("rtsp://192.0.2.9/s2", "rtsp://u:p@192.0.2.1/s2"):
        with pytest.raises(Corrupt):
            save(kept, "typed", second=second)
    save(kept, "typed", second="rtsp://192.0.2.1:554/s2")


def test_two_looks_at_once_take_no_code_twice(settings: Settings, kept: Kept) -> None:
    with pytest.raises(Conflict):
        save(kept, "other", new=True, address="192.0.2.2:80", name="后部")
    save(kept, "again", new=True, name="前部上方")
    assert [one.name for one in settings.cameras] == ["前部上方"]


@pytest.mark.parametrize("seats", ["1-3000000000", "x", "1;2", "²"])
def test_seats_are_numbers_of_seats(kept: Kept, seats: str) -> None:
    with pytest.raises(Corrupt):
        save(kept, seats=seats)


def test_marks_and_seats_stay_true(settings: Settings, kept: Kept) -> None:
    def mark(*names: str) -> None:
        marks = [Mark(kind="seat" if one.isdigit() else "door", name=one, x=0.5, y=0.5) for one in names]
        kept.mark(SaveMarks(camera="C1", place="front", marks=marks, by="account:a"))

    save(kept, seats="1-10")
    mark("门")
    mark("门", "后门")
    assert now(settings).seats == "1-10", "doors alone say nothing of seats"
    mark("1", "2", "4")
    assert now(settings).seats == "1-2,4"
    mark("门")
    assert now(settings).seats == "", "nothing is seen any more, and not everything"
    with pytest.raises(Corrupt):
        kept.mark(SaveMarks(camera="C1", place="", marks=[Mark(kind="seat", name="²", x=0, y=0)], by="a"))
    mark("1")
    save(kept, room="T2", seats="1", place="front")
    assert (now(settings).marks, now(settings).seats) == ([], "all"), "what it saw was another room"
    mark("1", "2")
    for seats in ("1-4", "all"):
        with pytest.raises(Refused) as refused:  # whoever names seats hears that the marks say them
            save(kept, room="T2", seats=seats, place="front")
        assert refused.value.code == "seats_marked" and now(settings).seats == "1-2"
    save(kept, room="T3", seats="1-4", place="front")
    assert (now(settings).marks, now(settings).seats) == ([], "1-4"), "named for the new room"


def test_marks_of_before_an_exchange_are_doubtful_until_they_are_kept_again(
    settings: Settings, kept: Kept
) -> None:
    """Whoever changed the address may have hung another camera there; one that was only renumbered keeps its marks."""
    marks = [Mark(kind="seat", name="1", x=0.5, y=0.5)]
    mark = SaveMarks(camera="C1", place="", marks=marks, by="account:a")
    kept.mark(mark)
    save(kept, name="前部上方", seats="1")
    save(kept, "another", address="http://192.0.2.1/onvif/device_service", seats="1")
    first = now(settings).exchanged
    assert abs(first - datetime.now(UTC).timestamp()) < 5, "another camera may have had its code before"
    assert not now(settings).doubted, "the same address in another form"
    save(kept, "another", address="192.0.2.9", seats="1")
    since = now(settings).exchanged
    assert since > first and now(settings).doubted and now(settings).marks == marks
    save(kept, address="192.0.2.9", seats="1", name="前部")
    assert load().cameras[0].exchanged == since and load().cameras[0].doubted
    with pytest.raises(Conflict) as fault:  # a page that shows the picture of before
        kept.mark(msgspec.structs.replace(mark, exchanged=first))
    assert fault.value.code == "camera_exchanged" and now(settings).doubted
    kept.mark(msgspec.structs.replace(mark, exchanged=since))
    assert not now(settings).doubted and now(settings).marks == marks
    save(kept, address="192.0.2.9", profile="CH2", seats="1")
    assert now(settings).doubted, "another stream of an encoder is another camera"
    since = now(settings).exchanged
    kept.mark(msgspec.structs.replace(mark, marks=[]))
    assert now(settings).exchanged == since, "without marks its pictures of before are none of its own either"
    save(kept, address="192.0.2.9", profile="CH2", seats="", room="T2")
    assert now(settings).exchanged > since, "its pictures are of the room before"
    old = msgspec.structs.replace(ONE, marks=marks, exchanged=1.0)
    settings.cameras_file.write_bytes(dump_cameras([old]))
    assert load().cameras[0].doubted, "kept so by an earlier version"


def test_marks_of_the_room_before_are_not_taken(settings: Settings, kept: Kept) -> None:
    """A page that was opened before the camera was taken to another room."""
    marks = [Mark(kind="seat", name="30", x=0.5, y=0.5)]
    save(kept, room="T2")
    with pytest.raises(Conflict) as fault:
        kept.mark(SaveMarks(camera="C1", place="", marks=marks, by="account:a", room="T1"))
    assert fault.value.code == "camera_moved" and now(settings).marks == []
    kept.mark(SaveMarks(camera="C1", place="", marks=marks, by="account:a", room="T2"))
    assert now(settings).seats == "30"


def test_the_journal_hears_what_it_looks_at(settings: Settings, kept: Kept, notes: Notebook) -> None:
    save(kept, room="T2", place="back")
    told = [(one.kind, one.room, one.seats, one.place) for one in notes.after("", 0).notes]
    assert told == [
        ("added", "T1", "all", ""),
        ("changed", "T2", "all", "back"),
    ]


def test_a_change_without_its_note_is_none(settings: Settings, kept: Kept, notes: Notebook) -> None:
    notes.close()
    with pytest.raises(ExamError) as failed:
        save(kept, name="别的")
    assert isinstance(failed.value, Unavailable)
    settings.cameras.refresh()  # type: ignore[attr-defined]
    assert now(settings).name == "前部"


def test_the_command_line_changes_what_it_names() -> None:
    before = msgspec.structs.replace(ONE, record="sittings", before_min=30, screen="T1", seats="1-3")
    assert changed(before, name="新", place=None, after_min=0) == msgspec.structs.replace(
        before, name="新", after_min=0
    )


async def test_reports_of_cameras_are_kept(settings: Settings, kept: Kept) -> None:
    store = ReportStore(settings)
    assert (await store.get(GetReports())).reports == []
    detail = of_clock(-0.3).detail
    lines = [CheckLine(code="clock", ok=ok, word="clock", detail=detail) for ok in (True, None)]
    report = CheckReport(
        camera="C1", name="前部", room="T1", address="a", at=datetime.now(UTC), by="cli:x", checks=lines
    )
    strange = msgspec.structs.replace(report, camera="../x")
    await store.take(KeepReports(reports=[report, strange]))
    assert (await store.get(GetReports())).reports == [report] and report.ok
    path = settings.cameras_file.with_name("checks.d") / "C1.json"
    assert "时钟" not in path.read_text("utf-8"), "kept in no language"
    old = [{"code": "clock", "ok": True, "word": "时钟", "detail": "摄像机时钟相差 -0.3 秒。"}]
    path.write_bytes(msgspec.json.encode(msgspec.to_builtins(report) | {"checks": old}))
    (told,) = (await store.get(GetReports())).reports
    assert (told.checks[0].word, told.checks[0].text) == ("时钟", "摄像机时钟相差 -0.3 秒。"), (
        "as it was kept"
    )
    path.write_bytes(b"{")
    assert (await store.get(GetReports())).reports == [], "a damaged one counts as not checked"


def test_no_change_of_the_file_stays_unnoted(settings: Settings, notes: Notebook, kept: Kept) -> None:
    """The power went after the file and before its note, or somebody wrote the file: it is noted at the next start."""
    two = msgspec.structs.replace(ONE, code="C2", room="T2")
    settings.cameras_file.write_bytes(dump_cameras([msgspec.structs.replace(ONE, seats="1-3"), two]))
    for _start in range(2):
        Kept(settings, notes, lambda: None)
    found = [(one.kind, one.camera, one.by, one.seats) for one in notes.after("", 0).notes]
    assert found[1:] == [
        ("changed", "C1", "process:recorder", "1-3"),
        ("added", "C2", "process:recorder", "all"),
    ]
    settings.cameras_file.write_bytes(dump_cameras([two]))
    save(kept, code="C3", address="192.0.2.3:80")
    assert [(one.kind, one.camera) for one in notes.after("", 0).notes][3:] == [
        ("removed", "C1"),
        ("added", "C3"),
    ]


@pytest.mark.parametrize("seats", ["1 - 30", "1,,2", "1-30,", " all "])
def test_blanks_and_empty_parts_are_no_fault(settings: Settings, kept: Kept, seats: str) -> None:
    save(kept, seats=seats)
    assert now(settings).seats == seats
    assert numbers(seats) in (None, {1, 2}, set(range(1, 31))) and not fault_of(settings.cameras)


def test_one_picture_has_one_code(settings: Settings, kept: Kept) -> None:
    with pytest.raises(Conflict) as fault:
        save(kept, "typed", code="C2", address="192.0.2.1")
    assert fault.value.code == "camera_address_taken" and fault.value.params["camera"] == "C1"
    save(kept, "typed", code="C2", address="192.0.2.1", profile="channel_2")
    assert [one.code for one in settings.cameras] == ["C1", "C2"], (
        "two streams of one recorder are two cameras"
    )


def test_a_bad_address_in_examsite_toml_stops_no_other_camera(settings: Settings, notes: Notebook) -> None:
    """And can be put right."""
    old = CameraSettings(code="OLD", name="OLD", address="https://192.0.2.9/onvif")
    cameras = Cameras([old], settings.cameras_file)
    settings = msgspec.structs.replace(settings, cameras=cameras)
    made = Kept(settings, notes, lambda: None)
    save(made, "typed")
    with pytest.raises(Conflict):
        save(made, "typed", new=True, code="OLD")
    save(made, "typed", code="OLD", address="192.0.2.9")
    assert {one.code: one.address for one in settings.cameras} == {"OLD": "192.0.2.9:80", "C1": ONE.address}


def test_a_bad_address_in_examsite_toml_stops_neither_command_nor_wizard(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = CameraSettings(code="OLD", name="OLD", address="https://192.0.2.9/onvif")
    (tmp_path / "site.toml").write_bytes(dump(msgspec.structs.replace(settings, cameras=[old])))
    assert [one.code for one in load().cameras] == ["OLD"]
    monkeypatch.setattr(set_up_cli, "save", lambda *_told: None)
    status, _out, err = examsite("cameras", "add", "192.0.2.9", "--code", "OLD", "--name", "OLD")
    assert status == 0 and "--camera OLD" in err, "at this address nobody has looked at it"
    monkeypatch.setattr(wizard, "one_that_fits", lambda *_asked: "192.0.2.7")
    assert wizard._choose(load(), ["127.0.0.1:1"], 0.05) == "192.0.2.7"


@pytest.mark.parametrize("seats", ["x", "1-3000000000", "30-1", "1--2", "²", "1 5", "1- 5 6", "all,", "a ll"])
def test_what_names_no_seats_is_kept_nowhere(settings: Settings, kept: Kept, seats: str) -> None:
    with pytest.raises(Corrupt) as fault:
        save(kept, seats=seats)
    assert fault.value.code == "bad_seats"
    bad = msgspec.structs.replace(ONE, code="C2", seats=seats)
    with pytest.raises(Corrupt):  # of examsite.toml too: at the start, not at every look at a page
        Cameras([bad], settings.cameras_file)
    settings.cameras_file.write_bytes(dump_cameras([bad]))
    assert [one.code for one in settings.cameras] == ["C1"] and fault_of(settings.cameras), (
        "the last good file"
    )


async def test_what_a_look_was_told_is_forgotten(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its password with it."""

    async def nothing(_jobs: Jobs, _job: object) -> None: ...

    monkeypatch.setattr(Jobs, "_run", nothing)
    monkeypatch.setattr(jobs, "REMEMBERED", 0.01)
    made = Jobs(settings, lambda _job: None)
    state = await made.start(StartJob(kind="probe", address="192.0.2.1", password="secret"))
    assert made.job(state.id).asked.password == "secret"
    await until(lambda: not made._jobs)


def test_a_camera_that_a_running_sitting_needs_stays_whoever_asks(
    settings: Settings, notes: Notebook
) -> None:
    needed = set[str]()
    made = Kept(settings, notes, lambda: None, lambda camera: camera.room in needed)
    made.save(SaveCamera(camera=ONE, by="account:a"), "secret")
    needed.add("T1")
    save(made, seats="1-9", address="192.0.2.1:8000")
    with pytest.raises(Refused) as fault:
        save(made, room="T2")
    assert fault.value.code == "sitting_runs"
    assert "已开始入场或正在进行" in fault.value.text(), "an entrance is needed before anything runs"
    with pytest.raises(Refused):
        made.remove(RemoveCamera(camera="C1", by="cli:boss"))
    assert now(settings).room == "T1"
    needed.clear()
    made.remove(RemoveCamera(camera="C1", by="cli:boss"))
    assert not settings.cameras
