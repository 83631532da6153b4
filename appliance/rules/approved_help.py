"""Approved help at the exam (便利措施): only what the roster says, for nobody else.

A roster says it in words, joined by 、 or a comma; the box keeps `voice`, `large` and `time25` (25 % more time).
"""

import re

VOICE, LARGE, TIME = "voice", "large", "time"
WORDS = {
    VOICE: ("语音读题", "读题", "voice"),
    LARGE: ("大字", "大字号", "large"),
}
NONE = {"", "无", "-", "—", "none"}
MORE = re.compile(r"(?:延时|加时|延长时间|time)\s*\+?\s*([0-9]{1,3})\s*[%％]?")
MOST = 100
"""Percent of the time that may be given on top."""


class UnknownHelp(ValueError):
    """A word of the roster that names no help; its text is the argument."""


def parse(text: str) -> str:
    """`语音读题、大字、延时25%` -> `voice large time25`. Raises UnknownHelp with the first word not known."""
    found: dict[str, str] = {}
    for word in re.split(r"[、,，;；\s]+", text.strip()):
        if word.lower() in NONE:
            continue
        more = MORE.fullmatch(word.lower())
        named = next((code for code, words in WORDS.items() if word.lower() in words), "")
        if more and 0 < int(more[1]) <= MOST:
            found[TIME] = f"{TIME}{int(more[1])}"
        elif named:
            found[named] = named
        else:
            raise UnknownHelp(word)
    return " ".join(found[code] for code in (VOICE, LARGE, TIME) if code in found)


def more_percent(kept: str) -> int:
    """How much more time is approved, in percent; 0 = none."""
    return next((int(word[len(TIME) :]) for word in kept.split() if word.startswith(TIME)), 0)


def may_hear(kept: str) -> bool:
    """Whether a voice may read the items."""
    return VOICE in kept.split()
