"""`examsite questions import` keeps what it accepts, as the person whose password it is given."""

import io
import json
from pathlib import Path

import pytest
from sqlmodel import select

from appliance.base.settings import dump
from appliance.flow.add_bank import add_bank
from appliance.flow.box import Box
from appliance.flow.set_up import set_up
from appliance.records.journal import Journal
from appliance.records.questions import BankItem
from tests.command import examsite
from tests.conftest import START, site_settings
from tests.question_banks import PASSWORD, staff, table

BANK = "内部考核"


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    settings = site_settings(tmp_path)
    set_up(settings, demo=True, now=START)
    (tmp_path / "examsite.toml").write_bytes(dump(settings))
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "examsite.toml"))
    (tmp_path / "题目.csv").write_bytes(table())
    box = Box.open(settings)
    box.db.start()
    box.db.write_now(add_bank, box, BANK, "", "exam", staff(box)["author"])
    box.db.stop()
    return box


def imported(folder: Path, password: str, *more: str) -> tuple[int, str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO(password + "\n"))
        return examsite("questions", "import", str(folder / "题目.csv"), *more)


def kept(box: Box) -> int:
    return box.db.read_now(lambda session: len(session.exec(select(BankItem)).all()))


def test_what_can_be_taken_is_kept_as_drafts_of_the_person(box: Box, tmp_path: Path) -> None:
    status, out, err = imported(tmp_path, PASSWORD, "--bank", BANK, "--login", "author", "--json")
    said = json.loads(out)
    assert status == 1 and len(said["rejected"]) == 2, "two cannot be taken, and the status says so"
    assert (said["format"], said["accepted"], said["added"], said["known"]) == ("csv", 43, 43, 0)
    assert "已导入 43 道试题" in err and kept(box) == 43
    entry = box.db.read_now(
        lambda session: session.exec(select(Journal).where(Journal.kind == "questions.imported")).one()
    )
    assert entry.actor.startswith("account:") and "停电" not in entry.body
    _, out, _ = imported(tmp_path, PASSWORD, "--bank", BANK, "--login", "author2", "--json")
    assert json.loads(out)["known"] == 43 and kept(box) == 43


@pytest.mark.parametrize(
    ("password", "more", "status", "code"),
    [
        (PASSWORD, (), 2, "bank_missing"),
        (PASSWORD, ("--bank", BANK), 2, "bank_missing"),
        (PASSWORD, ("--bank", "nothing", "--login", "author"), 2, "no_bank_here"),
        (PASSWORD, ("--bank", BANK, "--login", "chief"), 4, "not_your_role"),
        (PASSWORD, ("--bank", BANK, "--login", "nobody"), 4, "wrong_password"),
        ("wrong", ("--bank", BANK, "--login", "author"), 4, "wrong_password"),
    ],
)
def test_nobody_else_keeps_anything(
    box: Box, tmp_path: Path, password: str, more: tuple[str, ...], status: int, code: str
) -> None:
    found, out, _ = imported(tmp_path, password, *more, "--json")
    assert (found, json.loads(out)["error"]["code"]) == (status, code) and kept(box) == 0


def test_wrong_passwords_close_the_account(box: Box, tmp_path: Path) -> None:
    for _ in range(5):
        imported(tmp_path, "wrong", "--bank", BANK, "--login", "author")
    _, out, _ = imported(tmp_path, PASSWORD, "--bank", BANK, "--login", "author", "--json")
    assert json.loads(out)["error"]["code"] == "account_locked"


def test_a_dry_run_needs_no_account(tmp_path: Path) -> None:
    (tmp_path / "题目.csv").write_bytes(table())
    status, out, _ = examsite("questions", "import", str(tmp_path / "题目.csv"), "--dry-run", "--json")
    assert status == 1 and set(json.loads(out)) == {"format", "accepted", "rejected"}
