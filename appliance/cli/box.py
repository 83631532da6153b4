"""Commands without a group: init, run, migrate, check, demo."""

import signal
from datetime import UTC, datetime
from pathlib import Path

import typer

from appliance.base.i18n import _
from appliance.base.settings import load
from appliance.cli.check import check
from appliance.cli.renew import renew
from appliance.cli.run import show, tell


def init(
    demo: bool = typer.Option(False, "--demo", help="A demonstration site; it stays one for ever."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Make the box: identity, site authority, keys, database, first account."""
    from appliance.flow.set_up import set_up

    made = set_up(load(), demo, datetime.now(UTC))
    if json:
        show(made)
    else:
        tell(
            _("The box is set up. First account: {login}, password: {password}").format(
                login=made.login, password=made.password
            )
        )
        tell(_("Write the password down now: it is not shown again."))


def run(
    unit: str = typer.Argument("", help="web, gate, faces, recorder, clips or sync; all when empty."),
) -> None:
    """Run one process in the foreground, or all of them under one parent."""
    from appliance.cli.parent import run_all
    from appliance.cli.units import run_unit

    settings = load()
    if unit:
        run_unit(unit, settings)
    else:
        run_all()


def migrate(json: bool = typer.Option(False, "--json")) -> None:
    """Bring the database to this program's schema; run before any process starts."""
    from appliance.base.database import Database
    from appliance.records import migrate as schema

    db = Database(load().database_url)
    before = schema.current(db)
    revision = schema.upgrade(db)
    findings = schema.quick_check(db)
    if json:
        show({"before": before, "revision": revision, "findings": findings})
    else:
        tell(_("The database is at revision {revision}.").format(revision=revision))
    if findings:
        raise typer.Exit(1)


def backup(
    folder: Path = typer.Argument(..., help="A new or empty folder for the backup."),
    refresh: bool = typer.Option(False, "--refresh", help="Bring this box's backup there up to date."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Back the box up while it works: database, kept files, keys. Keep it in a safe."""
    from appliance.flow.backup import back_up

    made = back_up(load(), folder, refresh)
    if json:
        show(made)
    else:
        tell(
            _("Backed up: {entries} journal entries, {files} files.").format(
                entries=made.entries, files=made.files
            )
        )


def restore(
    folder: Path = typer.Argument(..., help="Folder of the backup."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Set this box up from a backup; never over a box that is there."""
    from appliance.flow.backup import restore as restore_box

    epoch = restore_box(load(), folder, datetime.now(UTC))
    if json:
        show({"epoch": epoch})
    else:
        tell(_("The box is restored. Start it with exam.target."))


def demo(
    once: bool = typer.Option(
        False, "--once", help="End after the day; exit status 0 only if every check holds."
    ),
    folder: Path = typer.Option(
        Path("demo-data"), "--folder", help="Where the demo keeps its data; emptied first."
    ),
    port: int = typer.Option(8443, "--port", min=1, max=65535, help="Port of the pages."),
) -> None:
    """Play one whole exam day on this machine with simulated devices."""
    from appliance.cli.demo import play

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to end, it clears up as after Ctrl-C
    raise typer.Exit(play(folder, port, once))


def mount(app: typer.Typer) -> None:
    """Add these commands to the top level."""
    for command in (init, run, migrate, check, backup, restore, renew, demo):
        app.command()(command)
