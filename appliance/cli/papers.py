"""`examsite papers`: anyone can check that the papers are the ones that were drawn."""

import typer

from appliance.base.i18n import _
from appliance.base.settings import load
from appliance.cli.run import show, tell
from appliance.flow.box import Box
from appliance.flow.redraw import FAULTS, Redrawn, redraw

app = typer.Typer(no_args_is_help=True, help="Papers.")


@app.callback()
def group() -> None:
    """Papers."""


@app.command()
def check(
    sitting: str = typer.Option("", "--sitting", help="Id of one sitting; all of them without it."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Draw every paper once more from seed, bank and blueprint and compare; exit status 1 when one differs."""
    box = Box.open(load())
    found = box.db.read_now(lambda session: list(redraw(session, box, sitting)))
    box.db.stop()
    if json:
        show({"ok": all(one.ok for one in found), "sittings": found})
    else:
        for one in found:
            _print(one)
        if not found:
            tell(_("No papers are kept here."))
    if not all(one.ok for one in found):
        raise typer.Exit(1)


def _print(one: Redrawn) -> None:
    number = _("Sitting {number} ({id})").format(number=one.number, id=one.sitting)
    if one.code:
        tell(f"{number}: {_(FAULTS.get(one.code, FAULTS['not_drawn']))} {one.code}")
    words = _("{same} of {papers} papers were drawn again bit for bit.").format(
        same=one.same, papers=one.papers
    )
    tell(f"{number}: {words}")
    if one.unknown:
        tell("  " + _("{count} were not drawn here and cannot be.").format(count=one.unknown))
    for paper, code in one.wrong.items():
        tell(f"  {paper}: {_(FAULTS.get(code, FAULTS['not_drawn']))} {code}")
