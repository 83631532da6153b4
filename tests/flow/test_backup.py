"""A backup taken while the box writes restores to a whole box with a new epoch; nothing is overwritten."""

import errno
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from sqlmodel import Session

from appliance.base.errors import Conflict, Corrupt, NotFound, Refused
from appliance.base.settings import Settings, dump
from appliance.base.site import read_site
from appliance.flow.backup import back_up, restore
from appliance.flow.box import Box
from appliance.flow.inspect import verify_journal
from appliance.flow.set_up import set_up
from appliance.records.entry import Tap
from appliance.records.journal import append
from tests.command import examsite
from tests.conftest import site_settings


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Box]:
    settings = site_settings(tmp_path / "one")
    set_up(settings, demo=True, now=datetime.now(UTC))
    box = Box.open(settings)
    box.db.start()
    yield box
    box.db.stop()


def elsewhere(tmp_path: Path) -> Settings:
    return site_settings(tmp_path / "two")


def test_a_backup_of_a_working_box_restores_whole(live: Box, tmp_path: Path) -> None:
    name = live.files.put(b"a face", secret=True)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            live.db.write_now(lambda s: append(s, "test.noted", "x", "process:test", {}, at=live.now()))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        first = back_up(live.settings, tmp_path / "backup")
        second = back_up(live.settings, tmp_path / "backup")
    finally:
        stop.set()
        writer.join()
    assert second.entries >= first.entries > 1
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0
    settings = elsewhere(tmp_path)
    epoch = restore(settings, tmp_path / "backup", datetime.now(UTC))
    assert epoch != live.site.epoch and read_site(settings.state).epoch == epoch
    other = Box.open(settings)
    found = other.db.read_now(verify_journal, other)
    assert found.ok and found.entries == second.entries + 1
    assert other.files.get(name, secret=True) == b"a face"
    other.db.stop()


def test_a_backup_forgets_what_the_box_has_deleted(live: Box, tmp_path: Path) -> None:
    deleted, lost = (live.files.put(body, secret=True) for body in (b"deleted", b"lost"))

    def shown(session: Session) -> None:
        facts = {
            "lane": "L1",
            "happened_at": live.now(),
            "recorded_at": live.now(),
            "result": "x",
            "code": "x",
        }
        session.add(Tap(id="t", paper_picture=lost, **facts))

    live.db.write_now(shown)
    back_up(live.settings, tmp_path / "backup")
    for name in (deleted, lost):
        live.files.remove(name, secret=True)
    back_up(live.settings, tmp_path / "backup")
    settings = elsewhere(tmp_path)
    restore(settings, tmp_path / "backup", datetime.now(UTC))
    other = Box.open(settings)
    with pytest.raises(NotFound):
        other.files.get(deleted, secret=True)
    assert other.files.get(lost, secret=True) == b"lost", "the database still names it"


def test_a_box_is_never_overwritten(live: Box, tmp_path: Path) -> None:
    back_up(live.settings, tmp_path / "backup")
    with pytest.raises(Conflict):
        restore(live.settings, tmp_path / "backup", datetime.now(UTC))
    with pytest.raises(NotFound):
        restore(elsewhere(tmp_path), tmp_path / "nothing", datetime.now(UTC))
    settings = elsewhere(tmp_path)
    restore(settings, tmp_path / "backup", datetime.now(UTC))
    with pytest.raises(Conflict):
        back_up(settings, tmp_path / "backup")


def test_a_box_on_postgresql_is_told_how(live: Box, tmp_path: Path) -> None:
    database = msgspec.structs.replace(live.settings.database, url="postgresql:///site")
    with pytest.raises(Refused):
        back_up(msgspec.structs.replace(live.settings, database=database), tmp_path / "backup")


def test_a_place_that_cannot_take_a_backup_is_named(
    live: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.toml").write_bytes(dump(live.settings))
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "x.toml"))
    (tmp_path / "file").write_text("x")
    for place, words in (("file", "不是文件夹"), ("file/under", "不是文件夹")):
        status, out, err = examsite("backup", str(tmp_path / place), "--json")
        assert status == 2 and msgspec.json.decode(out)["error"]["code"] == "unusable_folder"
        assert words in err and "Traceback" not in err
    status, _, err = examsite("backup", "/proc/nowhere")  # nobody may write there, root neither
    assert status == 2 and "无法写入文件夹 /proc/nowhere" in err
    (live.settings.state / "keys" / "odd").symlink_to(tmp_path / "gone")
    status, _, err = examsite("backup", str(tmp_path / "fresh"))
    assert status == 2 and "无法读取主机文件" in err


def test_a_full_disk_is_told(live: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_from: Path, _to: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(Corrupt) as told:
        back_up(live.settings, tmp_path / "backup")
    assert "空间不足" in told.value.text("zh_CN")


def test_a_folder_in_use_is_left_alone(live: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.toml").write_bytes(dump(live.settings))
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "x.toml"))
    place = tmp_path / "backup"
    assert examsite("backup", str(place))[0] == 0
    before = (place / "site.db").read_bytes()
    live.db.write_now(lambda s: append(s, "test.noted", "x", "process:test", {}, at=live.now()))
    status, _, err = examsite("backup", str(place))
    assert status == 4 and "不是空的" in err and (place / "site.db").read_bytes() == before
    assert examsite("backup", str(place), "--refresh")[0] == 0 and (place / "site.db").read_bytes() != before
    (tmp_path / "empty").mkdir()
    assert examsite("backup", str(tmp_path / "empty"))[0] == 0


def test_restoring_leaves_the_backup_as_it_was(live: Box, tmp_path: Path) -> None:
    place = tmp_path / "备份 50% ?#"
    back_up(live.settings, place)

    def seen() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in place.rglob("*")}

    before = seen()
    restore(elsewhere(tmp_path), place, datetime.now(UTC))
    assert seen() == before
