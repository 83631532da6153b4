"""examsite account: add, list, disable, reset. A password is asked for or made, never an argument."""

import secrets
import sys
from getpass import getpass

import typer
from sqlmodel import select

from appliance.base.i18n import _
from appliance.base.settings import load
from appliance.cli.run import show, tell
from appliance.flow import accounts
from appliance.flow.box import Box
from appliance.records.accounts import Account

app = typer.Typer(no_args_is_help=True, help="Accounts of staff.")

ACTOR = "process:cli"
LOGIN = typer.Argument(help="The name to sign in with.")
MAKE = typer.Option(False, "--make-password", help="Make a password and print it once.")


def _box() -> Box:
    box = Box.open(load())
    box.db.start()
    return box


def _password(made: bool) -> tuple[str, bool]:
    """A password typed twice, read from a pipe, or made."""
    if made:
        return secrets.token_urlsafe(9), True
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n"), False
    while True:
        first = getpass(_("Password: "))
        if first == getpass(_("Once more: ")):
            return first, False
        tell(_("The two are not the same."))


@app.command()
def add(
    login: str = LOGIN,
    name: str = typer.Option(..., "--name", help="Name as shown on pages and sheets."),
    role: str = typer.Option(
        ...,
        "--role",
        help="entry, waiting, display, invigilator, examiner, author, office, chief, inspector or admin.",
    ),
    make: bool = MAKE,
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Add one person's account."""
    password, made = _password(make)
    box = _box()
    try:
        hashed = accounts.hash_password(password)
        account = box.db.write_now(accounts.add_account, box, login, name, role, hashed, ACTOR, made)
    finally:
        box.db.stop()
    shown = {"id": account.id, "login": login, "role": role, **({"password": password} if made else {})}
    if json:
        show(shown)
    else:
        tell(_("Added {login}.").format(login=login))
        if made:
            tell(_("Password: {password}").format(password=password))


@app.command(name="list")
def list_accounts(json: bool = typer.Option(False, "--json")) -> None:
    """All accounts."""
    box = _box()
    try:
        rows = box.db.read_now(lambda session: session.exec(select(Account).order_by(Account.login)).all())
    finally:
        box.db.stop()
    if json:
        fields = ("id", "login", "name", "role", "disabled")
        show({"accounts": [{field: getattr(row, field) for field in fields} for row in rows]})
    else:
        for row in rows:
            typer.echo(f"{row.login:16} {row.role:12} {row.name}{'  ✗' if row.disabled else ''}")


@app.command()
def disable(login: str = LOGIN) -> None:
    """Shut an account; it is never deleted."""
    box = _box()
    try:
        box.db.write_now(accounts.disable_account, box, login, ACTOR)
    finally:
        box.db.stop()
    tell(_("{login} is shut.").format(login=login))


@app.command()
def reset(
    login: str = LOGIN,
    make: bool = MAKE,
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Set a new password and end the account's sessions."""
    password, made = _password(make)
    box = _box()
    try:
        box.db.write_now(accounts.set_password, box, login, accounts.hash_password(password), ACTOR)
    finally:
        box.db.stop()
    if json:
        show({"login": login, **({"password": password} if made else {})})
    else:
        tell(_("Password: {password}").format(password=password) if made else _("Done."))
