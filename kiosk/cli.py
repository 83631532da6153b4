"""examsite kiosk ...: the locked browser of the waiting-room display and the entry screens."""

import os
import sys
from pathlib import Path

import msgspec
import typer

from appliance.base.i18n import _
from kiosk import lockdown

app = typer.Typer(no_args_is_help=True, help="Displays: lockdown and session.")

BOX = typer.Option(..., "--box", help="Address of the box, e.g. https://192.0.2.10:8443.")


@app.command()
def lock(
    box: str = BOX,
    authority: Path = typer.Option(..., "--authority", help="Certificate of the site's authority (PEM)."),
    policies: Path = typer.Option(
        Path("/etc/chromium/policies/managed/exam-display.json"), "--policies", help="Where policies go."
    ),
    rules: Path = typer.Option(Path("/etc/examsite/display.nft"), "--rules", help="Where the ruleset goes."),
    user: str = typer.Option("exam-display", "--user", help="The user the browser runs as."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Write the browser's policies and the network lock of a display."""
    document = lockdown.policies(box, authority)
    text = lockdown.ruleset(box, user)
    for path, body in (
        (policies, msgspec.json.format(msgspec.json.encode(document))),
        (rules, text.encode()),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(path.suffix + ".new")
        scratch.write_bytes(body)
        scratch.replace(path)
    if json:
        sys.stdout.buffer.write(
            msgspec.json.encode({"policies": str(policies), "rules": str(rules), "user": user}) + b"\n"
        )
    else:
        typer.echo(_("Written: {policies} and {rules}").format(policies=policies, rules=rules), err=True)


@app.command()
def show(
    box: str = BOX,
    page: str = typer.Option("/display", "--page", help="/display, /entry/LANE or /panel/NAME."),
) -> None:
    """Become the display's browser; started by exam-display.service inside cage."""
    arguments = lockdown.command(box, page)
    os.execv(arguments[0], arguments)
