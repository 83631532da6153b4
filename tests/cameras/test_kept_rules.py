"""What may be kept of a camera: codes, hosts, marks and seats; and what the journal hears of it."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from appliance.base.camera_settings import CameraSettings, Mark
from appliance.base.errors import Conflict, Corrupt, ExamError, Refused, Unavailable
from appliance.base.settings import Settings, SiteSettings, dump, load
from appliance.wire.cameras import CheckLine, CheckReport, GetReports, KeepReports, SaveCamera, SaveMarks
from cameras.kept import Kept
from cameras.notes import Notebook
from cameras.reports import ReportStore
from cameras.set_up_cli import changed

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
    lines = [CheckLine(code="clock", ok=ok, word="时钟", detail="") for ok in (True, None)]
    report = CheckReport(
        camera="C1", name="前部", room="T1", address="a", at=datetime.now(UTC), by="cli:x", checks=lines
    )
    strange = msgspec.structs.replace(report, camera="../x")
    await store.take(KeepReports(reports=[report, strange]))
    assert (await store.get(GetReports())).reports == [report] and report.ok
    path = settings.cameras_file.with_name("checks.d") / "C1.json"
    path.write_bytes(b"{")
    assert (await store.get(GetReports())).reports == [], "a damaged one counts as not checked"
