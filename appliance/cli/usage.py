"""What is wrong with a command line, as one of our own errors: a sentence in the chosen language, exit status 2."""

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

OTHER = N_("The command cannot be understood: {detail}")
NO_COMMAND, TOO_MANY = "No such command", "Got unexpected extra argument"


def usage_problem(error: TyperException) -> Corrupt:
    """The parser's error in our words. Its own message, always English, is only kept as a detail of a value."""
    kind, message = type(error).__name__, str(getattr(error, "message", error))
    name = str(getattr(error, "option_name", ""))
    if message.startswith(NO_COMMAND):
        kind, name = "NoSuchCommand", message.removeprefix(NO_COMMAND).strip(" '.")
    elif message.startswith(TOO_MANY):
        kind, name = "UnexpectedArgument", message.rpartition("(")[2].rstrip(").") or message
    param = getattr(error, "param", None)
    if not name and param is not None:
        name = str(getattr(param, "metavar", None) or max(param.opts, key=len))
        name = name if name.startswith("-") else name.upper()
    name = name or str(getattr(error, "param_hint", None) or "")
    sentence = SENTENCES.get(kind) if name else None
    ctx = getattr(error, "ctx", None)
    return Corrupt(
        "bad_usage",
        sentence or OTHER,
        N_("See {command} --help."),
        name=name,
        detail=message.rstrip("."),
        command=ctx.command_path if ctx is not None else "examsite",
    )
