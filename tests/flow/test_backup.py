"""A backup taken while the box writes restores to a whole box with a new epoch; nothing is overwritten."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from appliance.base.errors import Conflict, NotFound, Refused
from appliance.base.settings import Settings
from appliance.base.site import read_site
from appliance.flow.backup import back_up, restore
from appliance.flow.box import Box
from appliance.flow.inspect import verify_journal
from appliance.flow.set_up import set_up
from appliance.records.journal import append
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
