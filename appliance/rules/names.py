"""Names of people: compared between card and roster, masked where others can see them.

A card's chip and an old roster write some rare characters as private-use code points, by the GB 18030 of their
day; a newer roster writes the same characters by Unicode. `_MOVED` is the table of all 105 of them:

- GB 18030-2000, appendix E: 80 codes of GBK 1.0 that had lain in private use got Unicode points;
- GB 18030-2005: one (A8BC), and the glyphs of 24 more stayed private;
- GB 18030-2022: these 24 (18 swapped, six moved to points beyond FFFF).

Python's own codec holds the first step, its codes lie in order without a gap; the others are those of glibc's
iconv and of ICU (Unicode L2/22-274). Private-use characters outside the table have no fixed meaning (a maker's
or an office's own font): they stay as they are, and such a name goes to a person.
"""

import re
import unicodedata

_MOVED: dict[int, str] = {
    first + place: chr(int(point, 16))
    for first, points in (
        (0xE78D, "FE10 FE12 FE11 FE13 FE14 FE15 FE16 FE17 FE18 FE19"),
        (0xE7C7, "1E3F 1F9"),
        (0xE7E7, "303E 2FF0 2FF1 2FF2 2FF3 2FF4 2FF5 2FF6 2FF7 2FF8 2FF9 2FFA 2FFB"),
        (0xE815, "2E81 20087 20089 200CC 2E84 3473 3447 2E88 2E8B 9FB4 359E 361A 360E 2E8C 2E97 396E 3918"),
        (0xE826, "9FB5 39CF 39DF 3A73 39D0 9FB6 9FB7 3B4E 3C6E 3CE0 2EA7 215D7 9FB8 2EAA 4056 415F 2EAE"),
        (0xE837, "4337 2EB3 2EB6 2EB7 2298F 43B1 43AC 2EBB 43DD 44D6 4661 464C 9FB9 4723 4729 477C 478D"),
        (0xE848, "2ECA 4947 497A 497D 4982 4983 4985 4986 499F 499B 49B7 49B6 9FBA 241FE 4CA3 4C9F 4CA0"),
        (0xE859, "4CA1 4C77 4CA2 4D13 4D14 4D15 4D16 4D17 4D18 4D19 4DAE 9FBB"),
    )
    for place, point in enumerate(points.split())
}
"""Private-use code point -> the character it stood for."""

_DOT = "\u00b7"
_DOTS = str.maketrans(
    dict.fromkeys(
        "\u02d9\u0387\u2022\u2024\u2027\u2219\u22c5\u25cf\u26ab\u2e31\u2e33\u30fb\ua78f\uff65\uff0e.", _DOT
    )
)
"""Everything that is typed for the dot between the parts of a name; the plain point too."""

_BLANKS = re.compile(r"[\s\u3000\u200b\ufeff]+")
_HAN = re.compile(
    r"[\u2e80-\u2fdf\u3007\u3400-\u9fff\ue000-\uf8ff\uf900-\ufaff\U00020000-\U0003ffff\U000f0000-\U0010ffff]"
)
"""Chinese characters, those whose meaning nobody knows (private use) with them."""


def normalise(name: str) -> str:
    """The name as it is stored: NFKC, one kind of middle dot, no blanks between Chinese characters.

    Private-use characters of older GB 18030 become the Unicode ones.
    """
    # Before NFKC, which would take ˙ apart into a blank and an accent; after it for the wide forms.
    text = name.translate(_MOVED).translate(_DOTS)
    text = unicodedata.normalize("NFKC", text.strip()).translate(_DOTS).strip()
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
