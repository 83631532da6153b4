"""Who sits at the terminal."""

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

LOGIN = Path("/proc/self/loginuid")
"""The kernel's number of who logged in: it stays through sudo and su, and no program of a user changes it."""
UNSET = 2**32 - 1
TRUSTED = ("root", "examsite")
"""Accounts that are used through sudo: only of them does its variable name the person."""


def person() -> str:
    """`cli:NAME` for the journal and the chain: who logged in; where the system does not know that, who called sudo to
    be root or the program's own account; else the account that runs this.
    """
    try:
        login = int(LOGIN.read_text())
    except (OSError, ValueError):
        login = UNSET
    return f"cli:{person_of(login, name(os.getuid()), os.environ)}"


def person_of(login: int, account: str, variables: Mapping[str, str]) -> str:
    """`login`: UNSET = nobody logged in. Pure but for the names of accounts."""
    if login != UNSET:
        return name(login)
    called = variables.get("SUDO_USER", "") if account in TRUSTED else ""
    return called or account


def name(uid: int) -> str:
    """Of an account; its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
