"""How every command ends: errors become a sentence on standard error, JSON when asked, and an exit status.

0 done; 1 done, and what was checked does not hold; 2 unusable input; 3 no answer; 4 refused.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import typer

from appliance.base.errors import ExamError
from appliance.base.i18n import DEFAULT, set_language


def choose_language(lang: str | None) -> None:
    """`--lang`, else the environment's language, else Chinese."""
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


def guarded(main: Callable[[], None], arguments: list[str]) -> int:
    """Run the command line; returns the exit status."""
    try:
        main()
    except ExamError as error:
        if "--json" in arguments:
            show(problem(error))
        tell(error.text())
        if error.next_step:
            tell(error.next_text())
        return error.exit_status
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 2
    except BrokenPipeError:
        return 0
    return 0
