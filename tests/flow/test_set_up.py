"""`examsite init` that is interrupted anywhere is repeated; a restore is not disturbed by what lies there."""

import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, func, select

from appliance.base import crypto
from appliance.base.clock import SystemClock
from appliance.base.database import Database
from appliance.base.errors import Conflict
from appliance.base.settings import Settings
from appliance.flow import set_up as making
from appliance.flow.accounts import sign_in
from appliance.flow.backup import back_up, restore
from appliance.flow.box import Box, keys
from appliance.flow.inspect import verify_journal
from appliance.flow.set_up import BEGUN, set_up
from appliance.records import migrate
from appliance.records.accounts import Account
from appliance.records.journal import Journal, append
from tests.conftest import START, site_settings


class PowerCut(Exception):
    """The machine goes off."""


PLACES: list[tuple[Any, str]] = [
    (crypto, "new_authority"),
    (crypto, "new_leaf"),
    (crypto.DataKey, "create"),
    (migrate, "upgrade"),
    (making, "hash_password"),
    (making, "_first_entries"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("owner", "name"), PLACES, ids=[name for _, name in PLACES])
async def test_an_interrupted_set_up_is_repeated(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, when: str
) -> None:
    settings = site_settings(tmp_path, database_url)
    real = getattr(owner, name)

    def cut(*args: Any, **kwargs: Any) -> Any:
        if when == "after":
            real(*args, **kwargs)
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, cut)
        with pytest.raises(PowerCut):
            set_up(settings, demo=True, now=START)
    await sound(settings, set_up(settings, demo=True, now=START))


async def test_a_power_cut_before_the_site_file(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = site_settings(tmp_path, database_url)

    def cut(_state: Path) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(making, "_finish", cut)
        with pytest.raises(PowerCut):
            set_up(settings, demo=True, now=START)
    with pytest.raises(Conflict) as other:
        set_up(settings, demo=False, now=START)
    assert other.value.code == "other_set_up_begun", (
        "what was begun as a demo never becomes a production site"
    )
    await sound(settings, set_up(settings, demo=True, now=START))
    assert kinds(settings) == ["site.created", "account.added", "account.reset"], (
        "a new password is journaled"
    )


def kinds(settings: Settings) -> list[str]:
    """Kinds of the journal's entries, but for what signing in wrote."""
    db = Database(settings.database_url)
    found = db.read_now(lambda s: list(s.exec(select(Journal.kind).order_by(col(Journal.seq)))))
    db.stop()
    return [kind for kind in found if not kind.startswith("sign_in")]


async def test_a_database_of_another_box_is_not_taken_over(tmp_path: Path, database_url: str) -> None:
    one = site_settings(tmp_path / "one", database_url)
    made = set_up(one, demo=True, now=START)
    before = kinds(one)
    two = site_settings(tmp_path / "two", database_url)
    for _ in range(2):
        with pytest.raises(Conflict) as caught:
            set_up(two, demo=True, now=START)
        assert caught.value.code == "database_in_use"
    assert not keys(two).exists() and not (two.state / BEGUN).exists()
    assert kinds(one) == before
    await sound(one, made)


def test_a_sign_of_a_set_up_left_behind_costs_no_keys(tmp_path: Path) -> None:
    """The site file lost, months after a set-up whose sign stayed: the keys of a box at work are kept."""
    settings = site_settings(tmp_path)
    set_up(settings, demo=True, now=START)
    begun, site = settings.state / BEGUN, settings.state / "site.json"
    shutil.copyfile(site, begun)
    box = Box.open(settings)
    assert not begun.exists(), "a box that opens is set up"
    shutil.copyfile(site, begun)
    with pytest.raises(Conflict):
        set_up(settings, demo=True, now=START)
    assert not begun.exists()
    shutil.copyfile(site, begun)  # and were it there all the same
    box.db.start()
    box.db.write_now(append, "room.registered", "T1", "process:init", {}, at=box.now())
    box.db.stop()
    site.unlink()
    before = (keys(settings) / "data.key").read_bytes()
    with pytest.raises(Conflict) as caught:
        set_up(settings, demo=True, now=START)
    assert caught.value.code == "database_in_use"
    assert (keys(settings) / "data.key").read_bytes() == before


async def sound(settings: Settings, made: making.SetUp) -> None:
    """One site, one account, whose password is the one that was told; a whole journal."""
    box = Box.open(settings, SystemClock())
    box.db.start()
    who, _ = await sign_in(box, made.login, made.password, "")
    assert who.must_change and verify(box)
    assert box.db.read_now(lambda s: s.exec(select(func.count()).select_from(Account)).one()) == 1
    crypto.Signer.load(keys(settings) / "sync.key")
    assert not (settings.state / BEGUN).exists()
    box.db.stop()
    with pytest.raises(Conflict):
        set_up(settings, demo=True, now=START)


def verify(box: Box) -> bool:
    return box.db.read_now(verify_journal, box).ok


def test_keys_of_a_box_are_never_overwritten(tmp_path: Path) -> None:
    settings = site_settings(tmp_path)
    set_up(settings, demo=True, now=START)
    (settings.state / "site.json").unlink()
    before = (keys(settings) / "data.key").read_bytes()
    with pytest.raises(Conflict) as caught:
        set_up(settings, demo=True, now=START)
    assert caught.value.code == "keys_without_site"
    assert (keys(settings) / "data.key").read_bytes() == before


def test_a_restore_over_remains_of_a_database(tmp_path: Path) -> None:
    settings = site_settings(tmp_path / "one")
    set_up(settings, demo=True, now=datetime.now(UTC))
    box = Box.open(settings)
    box.db.start()
    back_up(settings, tmp_path / "backup")
    for n in range(50):
        box.db.write_now(append, "test.noted", f"s{n}", "process:test", {}, at=box.now())
    left = site_settings(tmp_path / "two")
    left.state.mkdir(parents=True)
    for suffix in ("", "-wal", "-shm"):  # as a power cut leaves them
        shutil.copyfile(settings.state / f"site.db{suffix}", left.state / f"site.db{suffix}")
    box.db.stop()
    restore(left, tmp_path / "backup", datetime.now(UTC))
    with sqlite3.connect(left.state / "site.db") as found:
        assert found.execute("SELECT count(*) FROM journal WHERE kind = 'test.noted'").fetchone() == (0,)
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    other = Box.open(left)
    assert verify(other)
    other.db.stop()
