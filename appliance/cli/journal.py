"""examsite journal verify: anyone can check that nothing was changed."""

import typer

from appliance.base.i18n import _
from appliance.base.settings import load
from appliance.cli.run import show, tell
from appliance.flow.box import Box
from appliance.flow.inspect import verify_journal

app = typer.Typer(no_args_is_help=True, help="The journal.")


@app.callback()
def group() -> None:
    """The journal."""


@app.command()
def verify(json: bool = typer.Option(False, "--json")) -> None:
    """Recompute every hash and check every seal; exit status 1 when something does not hold."""
    box = Box.open(load())
    found = box.db.read_now(verify_journal, box)
    if json:
        show({"ok": found.ok, "entries": found.entries, "first_bad_seq": found.first_bad_seq})
    elif found.ok:
        tell(_("The journal is whole: {count} entries.").format(count=found.entries))
    else:
        tell(_("The journal was changed at entry {seq}.").format(seq=found.first_bad_seq))
    box.db.stop()
    if not found.ok:
        raise typer.Exit(1)
