"""`examsite questions`: check files of questions, take banks out as QTI or Excel, write the template."""

from pathlib import Path
from typing import Literal

import typer

from appliance.base.errors import Conflict, Corrupt, Unavailable
from appliance.base.i18n import N_, _
from appliance.cli.run import show, tell
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
    dry_run: bool = typer.Option(
        False, "--dry-run", help="Check only. Required for now: keeping questions is not there yet."
    ),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Read a file of questions without keeping it, and name every one that cannot be taken."""
    if not dry_run:
        raise Corrupt(
            "dry_run_only",
            N_("Questions can be checked, but not yet kept."),
            N_("Add --dry-run: nothing is kept, every question that cannot be taken is named."),
        )
    read = read_questions(_content(file), file.name)
    if json:
        show({"format": read.format, "accepted": len(read.accepted), "rejected": read.rejected})
    else:
        _print(read)
    for what, count in read.dropped.items():
        tell(_(DROPPED[what]).format(count=count))
    raise typer.Exit(1 if read.rejected else 0)


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
