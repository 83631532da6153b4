"""`examsite roster check FILE`: is this roster usable, and which rows are not."""

from pathlib import Path

import typer

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_, _
from appliance.cli.run import show, tell
from appliance.intake.roster import read_roster
from appliance.intake.roster_file import SENTENCES, RosterFile

app = typer.Typer(no_args_is_help=True, help="Rosters.")


@app.callback()
def group() -> None:
    """Rosters."""


@app.command()
def check(
    file: Path = typer.Argument(help="The roster: .xlsx or .csv."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Read a roster without keeping it, and name every row that cannot be taken."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Corrupt(
            "no_file",
            N_("The file {path} cannot be read."),
            N_("Check the name and try again."),
            path=str(file),
        ) from error
    roster = read_roster(content, file.name)
    if json:
        show(
            {
                "sheet": roster.sheet,
                "rows": roster.rows,
                "accepted": roster.accepted_rows,
                "rejected": roster.rejected,
            }
        )
    else:
        _print(roster)
    for heading, count in roster.dropped_columns.items():
        tell(
            _("Column {heading} holds contact data: {count} values were not read.").format(
                heading=heading, count=count
            )
        )
    raise typer.Exit(1 if roster.rejected else 0)


def _print(roster: RosterFile) -> None:
    typer.echo(
        _("Sheet {sheet}: {rows} rows, {accepted} accepted, {rejected} rejected.").format(
            sheet=roster.sheet,
            rows=roster.rows,
            accepted=roster.accepted_rows,
            rejected=roster.rows - roster.accepted_rows,
        )
    )
    for one in roster.rejected:
        typer.echo(
            _("Row {row}, {column}: {sentence}").format(
                row=one.row, column=one.column, sentence=_(SENTENCES[one.code]).format(other=one.other)
            )
        )
