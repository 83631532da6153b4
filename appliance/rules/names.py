"""Names of people: compared between card and roster, masked where others can see them."""

import re
import unicodedata

_BLANKS = re.compile(r"[\s\u3000\u200b\ufeff]+")
_DOTS = str.maketrans(dict.fromkeys("\u2022\u2027\u30fb\uff65\u2219\u22c5\uff0e.", "\u00b7"))
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def normalise(name: str) -> str:
    """The name as it is stored: NFKC, one kind of middle dot, no blanks between Chinese characters."""
    text = unicodedata.normalize("NFKC", name.strip()).translate(_DOTS).strip()
    if _HAN.search(text):
        return _BLANKS.sub("", text)
    return _BLANKS.sub(" ", text)


def same(one: str, other: str) -> bool:
    """True when two spellings mean the same name; case does not count."""
    return normalise(one).casefold() == normalise(other).casefold()


def mask(name: str) -> str:
    """`张*`, `欧***`: the first character and a star for each other; Latin names keep the initial."""
    text = normalise(name)
    if not text:
        return ""
    if _HAN.search(text):
        return text[0] + "*" * max(1, len(text) - 1)
    return text[0] + "***"
