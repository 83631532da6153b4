"""examsite storage: how full, how long, which disk; preparing places; checking an off-line disk on any machine."""

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
import typer

from appliance.base.errors import NotFound
from appliance.base.i18n import N_, _
from appliance.base.settings import load
from appliance.base.sizes import size
from appliance.base.sockets import ask
from appliance.base.terminal import person
from appliance.wire.archive import DiskTold, EndDisk, GetStorage, PlaceStatus, PreparePlace, Storage
from cameras.archive.lost import RECORDING
from cameras.archive.places import INVENTORY, REMOVED, Pace, file_digest

app = typer.Typer(no_args_is_help=True, help="Where recordings are kept, and for how long there is room.")

STATES = {
    "online": N_("online"),
    "silent": N_("not reachable"),
    "filling": N_("being filled"),
    "full": N_("full"),
    "unplugged": N_("in the cupboard"),
    "unprepared": N_("not prepared"),
}
Answer = TypeVar("Answer")


@app.callback()
def group() -> None:
    """Where recordings are kept, and for how long there is room."""


def _ask(request: Any, answer: type[Answer]) -> Answer:
    return asyncio.run(ask(load().socket("archive"), request, answer, 30.0))


def _show(document: Any) -> None:
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
    sys.stdout.flush()


def _place(one: PlaceStatus) -> str:
    name = one.name or _("recording disk")
    used = f"{1 - one.free / one.total:4.0%}" if one.total else "    "
    span = f"{one.first}-{one.last}" if one.first else ""
    return f"{name}  {_(STATES[one.state])}  {used}  {size(one.recordings)}  {span}".rstrip()


@app.command()
def status(json: bool = typer.Option(False, "--json")) -> None:
    """Places, forecast, findings; exit status 1 when something was found that does not hold."""
    found = _ask(GetStorage(), Storage)
    if json:
        _show(found)
    else:
        for one in found.places:
            typer.echo(_place(one))
        ahead = found.forecast
        if ahead.days_left is None:
            typer.echo(_("The recording disk has room for more than three years."))
        else:
            typer.echo(
                _("The recording disk has room for {days} days.").format(days=round(ahead.days_left, 1))
            )
        for short in ahead.short:
            typer.echo(_("No room for the sitting {name}.").format(name=short.name))
        for problem in found.problems:
            typer.echo(f"{problem.since:%Y-%m-%d %H:%M}Z  {problem.words()} {problem.next_words()}")
        for finding in found.findings:
            typer.echo(f"{finding.code}  {finding.place or _('recording disk')}  {finding.path}")
    if found.found or found.forecast.short:
        raise typer.Exit(1)


@app.command()
def prepare(
    label: str = typer.Argument(
        ..., help="Name of the place in the configuration, or a new off-line disk's label."
    ),
    folder: Path = typer.Argument(..., help="Where it is mounted."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Mark a mounted disk as a place for recordings. Nothing on it is deleted."""
    found = _ask(PreparePlace(label=label, folder=str(folder.absolute()), actor=person()), DiskTold)
    if json:
        _show(found)
    elif found.state == "filling":
        typer.echo(
            _("{label} is an off-line disk now and is being filled. Write the label on it.").format(
                label=label
            )
        )
    else:
        typer.echo(_("{label} is prepared.").format(label=label))


@app.command(name="end-disk")
def end_disk(
    label: str = typer.Argument(..., help="The off-line disk's label."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Copy no more to this off-line disk: it may be unmounted and put into the cupboard."""
    found = _ask(EndDisk(label=label, actor=person()), DiskTold)
    if json:
        _show(found)
    else:
        told = _("{label}: {count} recordings, {size}.")
        typer.echo(told.format(label=label, count=found.copies, size=size(found.bytes)))
        typer.echo(_("Unmount it, write the label on it and put it into the cupboard."))


class DiskFinding(msgspec.Struct):
    """One difference between a disk and its inventory."""

    code: Literal["missing", "altered", "unreadable"]
    path: str


class DiskChecked(msgspec.Struct):
    """The JSON of `storage check-disk`."""

    ok: bool
    checked: int
    findings: list[DiskFinding]
    inventory: str
    """SHA-256 of the inventory file: as in the journal, when the disk was ended."""
    torn: int = 0
    """Lines of it that cannot be read: the disk was pulled while they were written."""
    deleted: int = 0
    """Recordings that went by order; `removed.jsonl` beside it says why, and so does the journal."""


class _Line(msgspec.Struct):
    path: str
    sha256: str = ""


def check_folder(folder: Path) -> DiskChecked:
    """Every recording of a disk against its inventory. Raises NotFound without one."""
    listed, torn, findings = dict[str, _Line](), 0, list[DiskFinding]()
    try:
        for line in _lines(folder / INVENTORY):
            if line is None:
                torn += 1
            elif RECORDING.fullmatch(line.path):
                listed[line.path] = line
            elif not findings:  # what such a line listed is not checked
                findings.append(DiskFinding("altered", INVENTORY))
    except OSError as error:
        raise NotFound(
            "no_inventory",
            N_("There is no inventory of recordings in {folder}."),
            N_("Name the folder in which the off-line disk is mounted."),
            folder=str(folder),
        ) from error
    removed = set[str]()
    with contextlib.suppress(FileNotFoundError):
        removed = {line.path for line in _lines(folder / REMOVED) if line}
    deleted = {path for path in removed & listed.keys() if not (folder / path).exists()}
    pace = Pace(1 << 40)
    for path, line in sorted(listed.items()):
        if path in deleted:
            continue
        try:
            if file_digest(folder / path, pace) != line.sha256:
                findings.append(DiskFinding("altered", path))
        except FileNotFoundError:
            findings.append(DiskFinding("missing", path))
        except OSError:
            findings.append(DiskFinding("unreadable", path))
    digest = file_digest(folder / INVENTORY, pace)
    return DiskChecked(not findings, len(listed) - len(deleted), findings, digest, torn, len(deleted))


def _lines(path: Path) -> Iterator[_Line | None]:
    """Lines of a list, without a path what is whole and cannot be read; None for one that was torn when the disk was
    pulled: its recording was listed again.
    """
    with open(path, "rb") as lines:
        for raw in lines:
            try:
                yield msgspec.json.decode(raw, type=_Line)
            except msgspec.DecodeError:
                yield _Line("") if raw.rstrip().endswith(b"}") else None


@app.command(name="check-disk")
def check_disk(
    folder: Path = typer.Argument(..., help="Where the off-line disk is mounted."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Read an off-line disk again, on any machine; exit status 1 when something is missing or altered."""
    found = check_folder(folder)
    if json:
        _show(found)
    else:
        for one in found.findings:
            typer.echo(f"{one.code}  {one.path}")
        typer.echo(_("{count} recordings checked.").format(count=found.checked), err=True)
        if found.deleted:
            typer.echo(_("{count} were deleted by order.").format(count=found.deleted), err=True)
        if found.torn:
            typer.echo(_("{count} lines of the inventory cannot be read.").format(count=found.torn), err=True)
    if not found.ok:
        raise typer.Exit(1)
