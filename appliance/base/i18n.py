"""Languages: English message ids, Chinese by default.

Catalogues are plain po files, `appliance/locale/<language>/<area>.po`, merged at load; English is the source
text itself. The current language is a context variable, so concurrent requests never mix.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files

from babel.messages.pofile import read_po

DEFAULT = "zh_CN"
LANGUAGES = ("zh_CN", "en")

_current: ContextVar[str] = ContextVar("language", default=DEFAULT)


def N_(message: str) -> str:
    """Mark `message` for the catalogue without translating it now."""
    return message


@cache
def catalogue(language: str) -> dict[str, str]:
    """All translations of `language`: message id -> text. Empty for English."""
    if language == "en":
        return {}
    merged: dict[str, str] = {}
    folder = files("appliance.locale") / language
    for part in sorted(folder.iterdir(), key=lambda p: p.name):
        if part.name.endswith(".po"):
            with part.open("rb") as source:
                for message in read_po(source, locale=language):
                    if message.id and message.string and not message.fuzzy:
                        merged[str(message.id)] = str(message.string)
    return merged


def translate(message: str, language: str | None = None) -> str:
    """The text of `message` in `language`, or in the current language."""
    chosen = language or _current.get()
    return message if chosen == "en" else catalogue(chosen).get(message, message)


def _(message: str) -> str:
    """The text of `message` in the current language."""
    return translate(message)


def language() -> str:
    """The current language."""
    return _current.get()


def set_language(chosen: str) -> None:
    """Make `chosen` the language of this context; unknown names fall back to Chinese."""
    _current.set(chosen if chosen in LANGUAGES else DEFAULT)


@contextmanager
def in_language(chosen: str) -> Iterator[None]:
    """Run a block in another language."""
    token = _current.set(chosen)
    try:
        yield
    finally:
        _current.reset(token)
