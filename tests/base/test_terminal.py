"""Who sits at the terminal, as the journal has it: no variable names somebody else."""

import os
import pwd
from pathlib import Path

import pytest

from appliance.base import terminal
from appliance.base.terminal import UNSET, person, person_of


@pytest.mark.parametrize(
    ("login", "account", "called", "found"),
    [
        (UNSET, "zhang", "boss", "zhang"),
        (UNSET, "root", "zhang", "zhang"),
        (UNSET, "examsite", "zhang", "zhang"),
        (UNSET, "root", "", "root"),
        (0, "examsite", "boss", "root"),
        (0, "root", "", "root"),
        (2**31 - 7, "examsite", "boss", str(2**31 - 7)),
    ],
)
def test_who_it_is(login: int, account: str, called: str, found: str) -> None:
    variables = {"SUDO_USER": called, "LOGNAME": "boss", "USER": "boss"} if called else {}
    assert person_of(login, account, variables) == found


def test_where_the_system_does_not_know_who_logged_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("SUDO_USER", "LOGNAME", "USER"):
        monkeypatch.setenv(variable, "boss")
    monkeypatch.delenv("SUDO_USER")
    for told in ("4294967295", "", "?"):
        (tmp_path / "login").write_text(told)
        monkeypatch.setattr(terminal, "LOGIN", tmp_path / "login")
        assert person() == f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    monkeypatch.setattr(terminal, "LOGIN", tmp_path / "none")
    assert person() == f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
