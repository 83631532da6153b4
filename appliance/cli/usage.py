"""What is wrong with a command line, as one of our own errors: a sentence in the chosen language, exit status 2."""

import re
from typing import Any

from typer.exceptions import TyperException

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_

SENTENCES = {
    "NoSuchOption": N_("There is no option {name}."),
    "MissingParameter": N_("{name} is missing."),
    "BadParameter": N_("The value of {name} cannot be used: {detail}"),
    "BadOptionUsage": N_("The option {name} needs a value."),
    "NoSuchCommand": N_("There is no command {name}."),
    "UnexpectedArgument": N_("There is an argument too many: {name}"),
}
"""The parser's kind of error -> sentence."""

WANTED = {
    "value_error": N_("Write the time like {wanted}."),
    "int_parsing": N_("Write a whole number."),
    "int_from_float": N_("Write a whole number."),
    "float_parsing": N_("Write a number."),
    "greater_than_equal": N_("It must be at least {wanted}."),
    "less_than_equal": N_("It must be at most {wanted}."),
    "choice": N_("Choose one of: {wanted}."),
}
"""What the parser found wrong with a value -> what to write instead."""
SAMPLE = "2026-11-21T09:00:00"
SEE_HELP = N_("See {command} --help.")

OTHER = N_("The command cannot be understood: {detail}")
NAMED = re.compile(r"'([^']+)'")
NO_COMMAND, TOO_MANY = "No such command", "Got unexpected extra argument"


def wrong_value(name: str, value: object, advice: str, wanted: str = "") -> Corrupt:
    """A value the parser took and the command cannot; `advice`: message id of what to write instead."""
    return Corrupt(
        "bad_usage", SENTENCES["BadParameter"], advice, name=name, detail=str(value), wanted=wanted
    )


def usage_problem(error: TyperException) -> Corrupt:
    """The parser's error in our words. Its own message is always English: of a wrong value the value is told, and
    what to write instead.
    """
    kind, message = type(error).__name__, str(getattr(error, "message", error))
    name, alike = str(getattr(error, "option_name", "")), list[str]()
    if message.startswith(NO_COMMAND):
        kind, (name, *alike) = "NoSuchCommand", NAMED.findall(message) or [message]
    elif message.startswith(TOO_MANY):
        kind, name = "UnexpectedArgument", message.rpartition("(")[2].rstrip(").") or message
    param = getattr(error, "param", None)
    if not name and param is not None:
        name = str(getattr(param, "metavar", None) or max(param.opts, key=len))
        name = name if name.startswith("-") else name.upper()
    name = name or str(getattr(error, "param_hint", None) or "")
    sentence = SENTENCES.get(kind) if name else None
    ctx = getattr(error, "ctx", None)
    value, advice, wanted = ("", N_("Did you mean {wanted}?"), ", ".join(alike)) if alike else _value(error)
    return Corrupt(
        "bad_usage",
        sentence or OTHER,
        advice,
        name=name,
        detail=value or message.rstrip("."),
        wanted=wanted,
        command=ctx.command_path if ctx is not None else "examsite",
    )


def _value(error: TyperException) -> tuple[str, str, str]:
    """Of a value that was checked by its type: the value, what to write instead (message id), and its field."""
    errors = getattr(error.__cause__, "errors", None)
    first: dict[str, Any] = (errors() or [{}])[0] if errors else {}
    if "input" not in first:
        return "", SEE_HELP, ""
    if choices := error.param.type_descriptor.choices:  # type: ignore[attr-defined]
        return str(first["input"]), WANTED["choice"], ", ".join(map(str, choices))
    kind, limits = first["type"], first.get("ctx", {})
    wanted = SAMPLE if kind == "value_error" else str(limits.get("ge", limits.get("le", "")))
    if kind == "value_error" and "formats" not in first["msg"]:
        kind = ""
    return str(first["input"]), WANTED.get(kind, SEE_HELP), wanted
