"""Questions the camera commands ask at the terminal."""

from collections.abc import Callable

import typer

from appliance.base.i18n import _

ANSWERS = {"y": True, "yes": True, "是": True, "n": False, "no": False, "否": False}


def yes_or_no(question: str, default: bool) -> bool:
    """A question with y or n; typer's own says in English what it did not understand."""
    choice = "[Y/n]" if default else "[y/N]"
    while True:
        answer = typer.prompt(f"{question} {choice}", default="", show_default=False, err=True)
        told = ANSWERS.get(answer.strip().lower()) if answer.strip() else default
        if told is not None:
            return told
        typer.echo(_("Answer y (yes) or n (no)."), err=True)


def one_that_fits(question: str, default: str, fits: Callable[[str], bool], wrong: str) -> str:
    """An answer that fits; `wrong` is said of another, and the question asked again."""
    while True:
        answer: str = typer.prompt(question, default=default, show_default=bool(default), err=True).strip()
        if fits(answer):
            return answer
        typer.echo(wrong, err=True)


def ask_password() -> str:
    """A camera's, without an echo; empty: none."""
    found: str = typer.prompt(
        _("Password of the camera"), hide_input=True, default="", err=True, show_default=False
    )
    return found
