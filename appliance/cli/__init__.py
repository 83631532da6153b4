"""The one command, `examsite`: a module per group, mounted when it is asked for.

Groups of the other packages are found by the entry point group `examsite.cli`; nothing here imports them.
"""

import sys
from importlib import import_module
from importlib.metadata import entry_points

import typer

from appliance.cli.help import speaking
from appliance.cli.run import choose_language, guarded, named_language

GROUPS = {
    "account": "appliance.cli.account",
    "card": "appliance.cli.card",
    "faces": "appliance.cli.faces",
    "journal": "appliance.cli.journal",
    "papers": "appliance.cli.papers",
    "questions": "appliance.cli.questions",
    "recordings": "appliance.cli.recordings",
    "room": "appliance.cli.room",
    "roster": "appliance.cli.roster",
    "simulate": "appliance.cli.simulate",
}
COMMANDS = "appliance.cli.box"


def build(arguments: list[str]) -> typer.Typer:
    """The Typer application. Only the group that is named is imported: dlib and PyAV are slow to load."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="One exam day on one box.",
    )

    @app.callback()
    def top(
        lang: str = typer.Option(None, "--lang", help="zh_CN or en; default from the environment."),
    ) -> None:
        if lang is not None:
            named_language(lang)

    named = next((word for word in arguments if not word.startswith("-")), None)
    if "--lang" in arguments:
        rest = [word for i, word in enumerate(arguments) if i != arguments.index("--lang") + 1]
        named = next((word for word in rest if not word.startswith("-")), None)
    groups = {**GROUPS, **{point.name: point.value for point in entry_points(group="examsite.cli")}}
    if named not in groups:
        import_module(COMMANDS).mount(app)
        if named in {getattr(command.callback, "__name__", "") for command in app.registered_commands}:
            return speaking(app)
    for name, place in sorted(groups.items()):
        if named in groups and named != name:
            continue
        module, _, attribute = place.partition(":")
        part = import_module(module)
        if name == "simulate":
            part.mount_others(arguments)
        app.add_typer(getattr(part, attribute or "app"), name=name)
    return speaking(app)


def main() -> None:
    """Entry of the `examsite` script."""
    arguments = sys.argv[1:]
    choose_language(None)
    sys.exit(guarded(build(arguments), arguments))
