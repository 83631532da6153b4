"""`examsite questions`: check and import files of questions, take shipped banks out, write the template."""

import asyncio
import sys
from getpass import getpass
from pathlib import Path
from typing import Literal

import typer

from appliance.base.errors import Conflict, Corrupt, NotFound, Unavailable
from appliance.base.i18n import N_, _
from appliance.base.settings import load
from appliance.cli.run import show, tell
from appliance.flow.accounts import prove
from appliance.flow.bank_items import banks
from appliance.flow.box import Box
from appliance.flow.import_questions import Imported, import_questions, prepare_import
from appliance.intake.questions.excel_export import write_excel, write_template
from appliance.intake.questions.qti_export import write_qti
from appliance.intake.questions.question import QuestionFile
from appliance.intake.questions.read import read_questions
from appliance.intake.questions.sentences import DROPPED, SENTENCES
from appliance.intake.questions.shipped import shipped_questions

app = typer.Typer(no_args_is_help=True, help="Question banks.")

MAX_BYTES = 100 << 20


@app.command("import")
def import_(
    file: Path = typer.Argument(
        help="Excel, CSV, QTI 2.1/2.2/3.0 (.zip or .xml), Moodle XML, GIFT or Aiken: told by the content."
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Check only: nothing is kept."),
    bank: str = typer.Option("", "--bank", help="Name of the bank that takes the questions as drafts."),
    login: str = typer.Option("", "--login", help="Account of somebody who writes items."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Read a file of questions, name every one that cannot be taken, and keep the others in a bank."""
    if not dry_run and not (bank and login):
        raise Corrupt(
            "bank_missing",
            N_("It is not said which bank takes the questions, or whose account it is."),
            N_("Add --bank and --login, or --dry-run to check only."),
        )
    read = read_questions(_content(file), file.name)
    done = None if dry_run else _keep(read, bank, login)
    if json:
        kept = {"added": done.added, "known": done.known} if done else {}
        show({"format": read.format, "accepted": len(read.accepted), "rejected": read.rejected, **kept})
    else:
        _print(read)
    for what, count in read.dropped.items():
        tell(_(DROPPED[what]).format(count=count))
    if done:
        tell(_("{count} items imported, they wait for review.").format(count=done.added))
        if done.known:
            tell(_("{count} were in the bank already and were left out.").format(count=done.known))
    raise typer.Exit(1 if read.rejected else 0)


def _keep(read: QuestionFile, name: str, login: str) -> Imported:
    """Import as the person whose password is typed, or comes by a pipe; never an argument."""
    password = getpass(_("Password: ")) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    box = Box.open(load())
    box.db.start()
    try:
        who = asyncio.run(prove(box, login, password))
        bank = next((one for one in box.db.read_now(banks) if one.name == name), None)
        if bank is None:
            raise NotFound(
                "no_bank_here",
                N_("There is no bank called {name}."),
                N_("Make it on the page of the question banks first."),
                name=name,
            )
        return box.db.write_now(import_questions, box, bank.id, prepare_import(box, read, bank.id, who), who)
    finally:
        box.db.stop()


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise Corrupt("too_large", N_("The file is too large."), N_("Split it into several files."))
        return file.read_bytes()
    except OSError as error:
        raise Corrupt(
            "no_file",
            N_("The file {path} cannot be read."),
            N_("Check the name and try again."),
            path=str(file),
        ) from error


def _print(read: QuestionFile) -> None:
    typer.echo(
        _("Format {format}: {accepted} questions can be taken, {rejected} cannot.").format(
            format=read.format, accepted=len(read.accepted), rejected=len(read.rejected)
        )
    )
    for one in read.rejected:
        typer.echo(
            _("Question {item}, line {line}: {sentence}").format(
                item=one.item, line=one.line, sentence=_(SENTENCES[one.code]).format(detail=one.detail)
            )
        )


@app.command()
def export(
    file: Path = typer.Argument(help="The file to write: .zip for QTI 2.2, .xlsx for Excel."),
    trade: str = typer.Option(help="Key of the trade whose shipped bank is taken out: low_voltage ..."),
    form: Literal["qti", "excel"] | None = typer.Option(
        None, "--format", help="Default: by the file's ending."
    ),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Write a bank that ships with the box as a QTI 2.2 package or a workbook."""
    chosen = form or {".zip": "qti", ".xlsx": "excel"}.get(file.suffix.casefold())
    if chosen is None:
        raise Corrupt(
            "unknown_format",
            N_("The format cannot be told from the name {name}."),
            N_("Add --format."),
            name=file.name,
        )
    questions = shipped_questions(trade)
    _write(file, write_qti(questions, {}) if chosen == "qti" else write_excel(questions, {}))
    if json:
        show({"format": "qti_2.2" if chosen == "qti" else "excel", "questions": len(questions)})
    else:
        typer.echo(_("{count} questions written to {path}.").format(count=len(questions), path=file))


@app.command()
def template(
    file: Path = typer.Argument(help="The workbook to write (.xlsx)."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Write the empty workbook for questions, with an explanation of its columns."""
    _write(file, write_template())
    if json:
        show({"format": "excel", "questions": 0})
    else:
        typer.echo(_("Template written to {path}.").format(path=file))


def _write(file: Path, content: bytes) -> None:
    try:
        with file.open("xb") as target:
            target.write(content)
    except FileExistsError as error:
        raise Conflict(
            "file_exists", N_("The file {path} exists already."), N_("Choose another name."), path=str(file)
        ) from error
    except OSError as error:
        raise Unavailable(
            "not_written", N_("The file {path} cannot be written."), N_("Check the folder."), path=str(file)
        ) from error
