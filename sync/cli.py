"""examsite sync: what has not reached the province, a stick instead of the line; and the reference
province."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import typer

from appliance.base import sockets
from appliance.base.errors import Corrupt, NotFound, Unavailable
from appliance.base.i18n import N_, _
from appliance.base.settings import load
from appliance.base.site import require_demo
from appliance.flow.box import Box
from appliance.wire.sync import Backlog, GetBacklog
from sync import outbox
from sync.carriers import usb
from sync.daemon import main
from sync.status import backlog

app = typer.Typer(no_args_is_help=True, help="Exchange with the province.")
UNITS = {"sync": main}
"""Processes of this package: name -> main coroutine."""


def _tell(text: str) -> None:
    typer.echo(text, err=True)


def _show(document: Any) -> None:
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
    sys.stdout.flush()


@contextmanager
def _box() -> Iterator[Box]:
    box = Box.open(load())
    box.db.start()
    try:
        yield box
    finally:
        box.db.stop()


def _look(box: Box) -> tuple[Backlog, bool]:
    """The backlog, and whether exam-sync is running."""
    try:
        return asyncio.run(sockets.ask(box.settings.socket("sync"), GetBacklog(), Backlog, timeout=3.0)), True
    except Unavailable:
        return box.db.read_now(backlog, box), False


def _document(found: Backlog, parcels: int, **more: Any) -> dict[str, Any]:
    return {"backlog": found, "last_contact": found.last_contact, "parcels": parcels, **more}


@app.command()
def status(json: bool = typer.Option(False, "--json")) -> None:
    """What has not reached the province; exit status 1 when a parcel was refused."""
    with _box() as box:
        found, running = _look(box)
        last = box.local(found.last_contact).strftime("%Y-%m-%d %H:%M:%S") if found.last_contact else "—"
        since = found.failing_since and box.local(found.failing_since).strftime("%Y-%m-%d %H:%M:%S")
    total = found.sealed + found.acknowledged + found.refused
    if json:
        _show(_document(found, total, running=running))
    else:
        _tell(
            _("Parcels: {total}; waiting {sealed}, acknowledged {acknowledged}, refused {refused}.").format(
                total=total, sealed=found.sealed, acknowledged=found.acknowledged, refused=found.refused
            )
        )
        _tell(_("Entries in no parcel yet: {count}.").format(count=found.entries))
        _tell(_("Last contact with the province: {time}.").format(time=last))
        if since:
            _tell(_("No answer since {time}: {error}").format(time=since, error=found.last_error))
        if found.blocked:
            _tell(
                _("Parcel {number} was refused: {error}. What follows waits until a person looks.").format(
                    number=found.blocked.number, error=found.blocked.last_error
                )
            )
        for trouble in found.troubles:
            _tell(_(trouble.message).format(**trouble.params))
            if trouble.next_step:
                _tell(_(trouble.next_step).format(**trouble.params))
        if not running:
            _tell(_("The process exam-sync is not running."))
    if found.refused:
        raise typer.Exit(1)


@app.command()
def export(
    folder: Path = typer.Argument(..., metavar="DIR", help="Folder on the stick."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Seal what is due and put every parcel without a receipt on a stick."""
    with _box() as box:
        asyncio.run(outbox.seal(box, outbox.Keys.load(box)))
        written = []
        try:
            for parcel in box.db.read_now(outbox.pending, 1_000_000):
                file = box.files.get(parcel.body, secret=True)
                usb.write_parcel(folder, box.site.code, parcel.epoch, parcel.number, file)
                written.append(parcel.number)
        except OSError as error:
            raise Corrupt(
                "stick_failed",
                N_("The folder {folder} cannot be written: {detail}"),
                N_("Use another stick."),
                folder=str(folder),
                detail=str(error),
            ) from error
        found = box.db.read_now(backlog, box)
    if json:
        _show(_document(found, len(written)))
    else:
        _tell(_("{count} parcels were written to {folder}.").format(count=len(written), folder=folder))


@app.command(name="import")
def import_(
    folder: Path = typer.Argument(..., metavar="DIR", help="Folder that came back from the province."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Take in receipts and messages; exit status 1 when something on the stick was not taken."""
    from sync.stick import bring_in

    with _box() as box:
        brought = bring_in(box, folder)
        found = box.db.read_now(backlog, box)
    if json:
        more = {"messages": brought.messages, "refused": brought.refused, "rejected": brought.rejected}
        _show(_document(found, brought.acknowledged, **more))
    else:
        _tell(
            _("{parcels} parcels acknowledged, {messages} messages taken in.").format(
                parcels=brought.acknowledged, messages=brought.messages
            )
        )
        for one in brought.refused:
            _tell(
                _("The province did not take parcel {number}: {code}").format(
                    number=one.number, code=one.code
                )
            )
        for other in brought.rejected:
            _tell(_("Not taken in: {file}: {code}").format(file=other.file, code=other.code))
    if brought.refused or brought.rejected:
        raise typer.Exit(1)


@app.command()
def again(
    number: int = typer.Argument(..., help="Number of the refused parcel."),
    reason: str = typer.Option(..., "--reason", help="What was looked at."),
    epoch: str = typer.Option("", "--epoch", help="Default: this box's."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Send a refused parcel once more, after a person has looked at it."""
    with _box() as box:
        box.db.write_now(outbox.again, box, number, epoch or box.site.epoch, reason, "process:cli")
        found = box.db.read_now(backlog, box)
    if json:
        _show(_document(found, 1))
    else:
        _tell(_("Parcel {number} will be sent again.").format(number=number))


def simulate_province(
    port: int = typer.Option(..., "--port", min=1, max=65535, help="Port on loopback."),
    folder: Path = typer.Option(..., "--dir", help="Folder of its keys and data; made at the first start."),
    site: str = typer.Option("", "--site", help="Code of a site to register."),
    authority: Path = typer.Option(None, "--authority", help="The site authority's certificate (PEM)."),
    token_file: Path = typer.Option(None, "--token-file", help="The site's bearer token."),
) -> None:
    """A province: takes parcels, gives receipts, sends rosters. HTTPS on loopback."""
    from sync.province.server import run

    require_demo()
    sites = []
    if site:
        try:
            sites = [(site, authority.read_text(), token_file.read_text())]
        except (OSError, AttributeError) as error:
            raise NotFound(
                "no_site_files",
                N_("A site needs --authority and --token-file: {detail}"),
                N_("Name two files that can be read."),
                detail=str(error),
            ) from error

    def listening() -> None:
        _tell(
            _("Reference province on https://localhost:{port}, folder {folder}.").format(
                port=port, folder=folder
            )
        )

    run(folder, port, sites, listening)
