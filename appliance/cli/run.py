"""How every command ends: errors become a sentence on standard error, JSON when asked, and an exit status.

0 done; 1 done, and what was checked does not hold; 2 unusable input; 3 no answer (a fault of our own as well);
4 refused.
"""

import logging
import os
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import typer
from typer.exceptions import TyperException

from appliance.base.errors import Corrupt, ExamError, Unavailable
from appliance.base.i18n import DEFAULT, LANGUAGES, N_, set_language
from appliance.cli.usage import usage_problem

log = logging.getLogger("examsite.cli")


def choose_language(lang: str | None) -> None:
    """`lang`, else the environment's language, else Chinese."""
    chosen = (
        lang or os.environ.get("EXAMSITE_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    )
    set_language("en" if chosen.startswith("en") else DEFAULT)


def tell(text: str) -> None:
    """A message for people: standard error."""
    typer.echo(text, err=True)


def show(document: Any) -> None:
    """One JSON document on standard output and nothing else."""
    body = msgspec.json.format(msgspec.json.encode(document), indent=2)
    sys.stdout.buffer.write(body + b"\n")
    sys.stdout.flush()


def problem(error: ExamError) -> dict[str, Any]:
    """The JSON shape of an error."""
    return {"error": {"code": error.code, "message": error.text(), "next": error.next_text()}}


def hoisted(arguments: list[str]) -> list[str]:
    """The arguments with `--lang X` in front, wherever it stood: the language counts for the whole command."""
    line, chosen = list(arguments), list[str]()
    end = line.index("--") if "--" in line else len(line)
    for place in reversed(range(end)):
        if line[place] == "--lang" and place + 1 < len(line):
            chosen = line[place : place + 2]
            del line[place : place + 2]
        elif line[place].startswith("--lang="):
            chosen = ["--lang", line.pop(place).partition("=")[2]]
    return [*chosen, *line]


def named_language(lang: str) -> None:
    """`--lang`: one of the languages there are, or Corrupt."""
    if lang not in LANGUAGES:
        raise Corrupt(
            "unknown_language",
            N_("There is no language {name}."),
            N_("Choose one of: {names}."),
            name=lang,
            names=", ".join(LANGUAGES),
        )
    set_language(lang)


def guarded(main: Callable[..., Any], arguments: list[str]) -> int:
    """Run the command line `main(args=...)`; returns the exit status."""
    line = hoisted(arguments)
    try:
        try:
            if line[:1] == ["--lang"]:
                named_language(line[1] if len(line) > 1 else "")
                del line[:2]  # the rest is as if it had not stood there: nothing at all is a wish for help
            ended = main(args=line, standalone_mode=False)
            return ended if isinstance(ended, int) else 0
        except TyperException as error:
            if type(error).__name__ == "NoArgsIsHelpError":  # the help has been printed
                return 2
            raise usage_problem(error) from error
        except typer.Abort:
            raise Corrupt("aborted", N_("Nothing was done.")) from None
    except ExamError as error:
        return _told(error, arguments)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 2
    except BrokenPipeError:
        return 0
    except Exception as error:
        # 1 is kept for "checked, and does not hold": a fault of our own is an answer that did not come.
        log.error("unexpected error", exc_info=error)
        return _told(
            Unavailable(
                "internal",
                N_("The program made a mistake: {detail}"),
                N_("Try again; if it stays, send the lines above to whoever looks after the box."),
                detail=type(error).__name__,
            ),
            arguments,
        )


def _told(error: ExamError, arguments: list[str]) -> int:
    """Tell an error the way it was asked for; returns its exit status."""
    if "--json" in arguments:
        show(problem(error))
    tell(error.text())
    if error.next_step:
        tell(error.next_text())
    return error.exit_status
