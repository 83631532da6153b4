"""Help in the chosen language: every help text is an English message id and is translated when help is shown.

Typer's own help is English throughout and breaks lines at spaces only, which cuts Chinese off. So every group and
command of the program, whoever brought it, is made one of ours (`speaking`), and the page is laid out here. The texts
stand unmarked where the commands are defined; tests/cli/test_help.py holds that each has its Chinese.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from appliance.base.i18n import N_, _

if TYPE_CHECKING:
    from rich.console import Console

Param = TyperOption | TyperArgument

SHOW = N_("Show this message and exit.")
"""What Typer says of `--help`."""
COMMON = {"--json": N_("One JSON document on standard output.")}
"""Options that mean the same everywhere and need no text of their own."""
TYPES = {"int": N_("<number>"), "float": N_("<number>"), "datetime": N_("<time>"), "Path": N_("<path>")}
"""What a value is, by its type; everything else is text."""

HAN = "\u2e80-\u9fff\uff00-\uffef"
OPENING, CLOSING = "（“《", "，。；：、！？）”》…"
PIECE = re.compile(rf"\s*(?:\[[^]]{{,24}}\]|[{OPENING}]?(?:[{HAN}]|[^\s{HAN}]+)[{CLOSING}]*)")
"""What a line is not broken in: a word, a short bracket, one Chinese character with the marks that cling to it."""


def speaking(app: typer.Typer) -> typer.Typer:
    """`app`, with every group and command of it telling its help in the chosen language."""
    app.info.cls = SpokenGroup
    for command in app.registered_commands:
        command.cls = SpokenCommand
    for group in app.registered_groups:
        if group.typer_instance:
            speaking(group.typer_instance)
    return app


class SpokenCommand(TyperCommand):
    """A command whose help is in the chosen language."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help page."""
        _page(self, ctx, {})


class SpokenGroup(TyperGroup):
    """A group of commands whose help is in the chosen language."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help page."""
        _page(self, ctx, {name: words(command.help) for name, command in self.commands.items()})


def words(text: str | None) -> str:
    """A help text as one line: the message id of what a docstring wraps."""
    return " ".join((text or "").split())


def said_of(param: Param) -> str:
    """The message id of what is said of an option or argument; empty when nothing is."""
    return words(param.help) or COMMON.get(param.opts[0], "")


def wrapped(text: str, width: int) -> str:
    """`text` in lines of at most `width` cells; Chinese is broken between any two characters."""
    from rich.cells import cell_len

    lines = [""]
    for piece in PIECE.findall(text):
        if lines[-1] and cell_len(lines[-1] + piece) > width:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return "\n".join(lines)


def _page(command: TyperCommand | TyperGroup, ctx: Any, commands: dict[str, str]) -> None:
    """Print usage, what the command does, and its arguments, options and commands (name -> message id)."""
    from rich.console import Console  # slow to load, and only for help

    console = Console(highlight=False, soft_wrap=False)
    params = [one for one in command.get_params(ctx) if isinstance(one, Param) and not one.hidden]
    arguments = [one for one in params if isinstance(one, TyperArgument)]
    pieces = [ctx.command_path, _("[OPTIONS]"), *map(_in_usage, arguments)]
    if commands:
        pieces.append(_("COMMAND ..."))
    usage = _("Usage: {line}").format(line=" ".join(pieces))
    for text, style in ((usage, "bold"), (_(words(command.help)), "")):
        console.print("\n" + wrapped(text, console.width), style=style, markup=False)
    console.print()
    _panel(console, _("Arguments"), ((_named(one, ctx), _told(one)) for one in arguments))
    options = (one for one in params if isinstance(one, TyperOption))
    _panel(console, _("Options"), ((_named(one, ctx), _told(one)) for one in options))
    _panel(console, _("Commands"), ((name, _(text)) for name, text in commands.items()))


def _panel(console: "Console", title: str, rows: Iterable[tuple[str, str]]) -> None:
    """A frame with names on the left and what is said of them on the right."""
    from rich.cells import cell_len
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    found = list(rows)
    if not found:
        return
    left = max(cell_len(name) for name, _text in found)
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(style="bold cyan", no_wrap=True, width=left)
    table.add_column(overflow="fold", ratio=1)
    for name, text in found:
        table.add_row(Text(name), Text(wrapped(text, console.width - left - 6)))
    console.print(Panel(table, title=title, title_align="left", border_style="dim"))


def _called(argument: TyperArgument) -> str:
    return argument.metavar or argument.name.upper()


def _in_usage(argument: TyperArgument) -> str:
    name = _called(argument) + ("..." if argument.nargs != 1 else "")
    return name if argument.required else f"[{name}]"


def _named(param: Param, ctx: Any) -> str:
    """The left column: the argument, or the option with the kind of its value."""
    if isinstance(param, TyperArgument):
        return _called(param)
    name = ", ".join([*param.opts, *param.secondary_opts])
    if param.is_flag:
        return name
    return f"{name} {param.metavar or _(TYPES.get(param.bare_type(), N_('<text>')))}"


def _told(param: Param) -> str:
    """The right column: what it is for, what can be chosen, its limits, its default."""
    told = [_(said_of(param))]
    if choices := param.type_descriptor.choices:
        told.append(_("[one of: {names}]").format(names=" ".join(map(str, choices))))
    if param.min is not None or param.max is not None:
        low, high = (("" if limit is None else f"{limit:g}") for limit in (param.min, param.max))
        told.append(f"[{low}..{high}]")
    flag = isinstance(param, TyperOption) and param.is_flag
    if param.required:
        told.append(_("[required]"))
    elif not flag and param.show_default and param.default not in (None, "", []):
        told.append(_("[default: {value}]").format(value=param.default))
    return " ".join(filter(None, told))
