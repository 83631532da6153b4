"""Numbers and letters as pinyin with tone numbers. Pure; anything else raises ValueError with the text."""

import re

DIGITS = ("ling2", "yi1", "er4", "san1", "si4", "wu3", "liu4", "qi1", "ba1", "jiu3")
_PART = re.compile(r"[0-9]+|[A-Z]+")
_ALLOWED = re.compile(r"[0-9A-Za-z \-]+")


def spelled(text: str) -> str:
    """Sign by sign, as ticket numbers are read: A003 = A ling2 ling2 san1."""
    _check(text)
    return " ".join(DIGITS[int(c)] if c.isdigit() else c for c in text.upper() if c.isalnum())


def place(text: str) -> str:
    """Letters by name, numbers as quantities, as seats are read: 12 = shi2 er4, K1-03 = K yi1 san1."""
    _check(text)
    parts: list[str] = _PART.findall(text.upper())
    return " ".join(quantity(int(p)) if p.isdigit() else " ".join(p) for p in parts)


def quantity(number: int) -> str:
    """A number from 0 to 9999 as it is counted."""
    if not 0 <= number <= 9999:
        raise ValueError(str(number))
    if number == 0:
        return DIGITS[0]
    words: list[str] = []
    gap = False
    for unit, word in ((1000, "qian1"), (100, "bai3"), (10, "shi2"), (1, "")):
        digit = number // unit % 10
        if digit == 0:
            gap = bool(words)
            continue
        if gap:
            words.append(DIGITS[0])
            gap = False
        if not (unit == 10 and digit == 1 and not words):
            words.append("yi4" if digit == 1 and unit in (100, 1000) else DIGITS[digit])
        if word:
            words.append(word)
    return " ".join(words)


def _check(text: str) -> None:
    if not (text.isascii() and _ALLOWED.fullmatch(text) and any(c.isalnum() for c in text)):
        raise ValueError(text)
