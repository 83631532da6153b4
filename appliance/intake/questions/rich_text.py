"""HTML and XHTML of questions as passages: words, line breaks and pictures. What cannot be shown is refused by name."""

import re
from collections.abc import Callable, Mapping
from html.parser import HTMLParser

from appliance.intake.questions.question import Passage, PictureRef, passage
from appliance.intake.questions.safe_xml import Element, attribute, local

BLOCKS = frozenset(
    [
        "p",
        "div",
        "li",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "pre",
        "section",
        "article",
        "itemBody",
    ]
)
INLINE = frozenset(
    """
    span b strong i em u font small big code kbd samp tt var abbr acronym cite q dfn a label center ruby rb rt rp bdo
    prompt simpleChoice hottext contentBody mark s html body
    """.split()  # noqa: SIM905
)
SKIPPED = frozenset(("style", "script", "head", "title", "stylesheet", "catalogInfo", "wbr"))
_RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_BLANKS = re.compile(r"[ \t\r\n]+")
MAX_HTML = 200_000

FetchPicture = Callable[[str], str]
"""Reference as written -> sha256 of the kept picture. Raises Unusable."""


class Unusable(Exception):
    """Content that cannot be taken: a code of `sentences.SENTENCES` and what is meant."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail


class Words:
    """Collects text, breaks and pictures into a passage."""

    def __init__(self, fetch: FetchPicture) -> None:
        self._fetch = fetch
        self._parts: list[str | PictureRef] = []

    def text(self, text: str) -> None:
        """Running text; its line breaks are blanks."""
        if text:
            self._parts.append(_BLANKS.sub(" ", text))

    def line(self) -> None:
        """A new line begins."""
        self._parts.append("\n")

    def picture(self, reference: str, alt: str) -> None:
        """A picture by its reference."""
        self._parts.append(PictureRef(self._fetch(reference), _BLANKS.sub(" ", alt).strip()[:200]))

    def keep(self, part: PictureRef) -> None:
        """A picture that was fetched already."""
        self._parts.append(part)

    def small(self, text: str, raised: bool) -> None:
        """Text in `sup` or `sub`: taken where signs of that form exist."""
        moved = text.strip().translate(_RAISED if raised else _LOWERED)
        if any(sign.isascii() or "\u3400" <= sign <= "\u9fff" for sign in moved):
            raise Unusable("unsupported_content", "sup" if raised else "sub")
        self._parts.append(moved)

    def passage(self) -> Passage:
        """What was collected."""
        return passage(*self._parts)


def of_element(
    element: Element, fetch: FetchPicture, special: Mapping[str, Callable[[Element, Words], None]]
) -> Passage:
    """The content of an XHTML element. `special`: what to do with elements of these names. Raises Unusable."""
    words = Words(fetch)
    _inside(element, words, special)
    return words.passage()


def _inside(element: Element, words: Words, special: Mapping[str, Callable[[Element, Words], None]]) -> None:
    words.text(element.text or "")
    for child in element:
        _one(child, words, special)
        words.text(child.tail or "")


def _one(element: Element, words: Words, special: Mapping[str, Callable[[Element, Words], None]]) -> None:
    name = local(element)
    if name in special:
        special[name](element, words)
    elif name == "br":
        words.line()
    elif name == "img":
        words.picture(attribute(element, "src"), attribute(element, "alt"))
    elif name == "object" and attribute(element, "type").startswith("image/"):
        words.picture(attribute(element, "data"), "".join(element.itertext()))
    elif name in ("sup", "sub"):
        words.small("".join(element.itertext()), name == "sup")
    elif name in SKIPPED:
        pass
    elif name in BLOCKS:
        words.line()
        _inside(element, words, special)
        words.line()
    elif name in INLINE:
        _inside(element, words, special)
    else:
        raise Unusable("unsupported_content", name[:40])


class _Html(HTMLParser):
    def __init__(self, words: Words) -> None:
        super().__init__(convert_charrefs=True)
        self._words = words
        self._skipping = 0
        self._small = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "br":
            self._words.line()
        elif tag == "img":
            self._words.picture(given.get("src", ""), given.get("alt", ""))
        elif tag in ("sup", "sub"):
            self._small = tag
        elif tag in SKIPPED and tag != "wbr":
            self._skipping += 1
        elif tag in BLOCKS or tag == "hr":
            self._words.line()
        elif tag not in INLINE and tag not in SKIPPED:
            raise Unusable("unsupported_content", tag[:40])

    def handle_endtag(self, tag: str) -> None:
        if tag in SKIPPED and tag != "wbr":
            self._skipping = max(0, self._skipping - 1)
        elif tag in BLOCKS:
            self._words.line()
        elif tag == self._small:
            self._small = ""

    def handle_data(self, data: str) -> None:
        if self._skipping:
            return
        if self._small:
            self._words.small(data, self._small == "sup")
        else:
            self._words.text(data)


def of_html(text: str, fetch: FetchPicture) -> Passage:
    """A piece of HTML. Raises Unusable."""
    if len(text) > MAX_HTML:
        raise Unusable("too_long")
    words = Words(fetch)
    reader = _Html(words)
    try:
        reader.feed(text)
        reader.close()
    except AssertionError as error:  # html.parser on broken declarations
        raise Unusable("unsupported_content", "html") from error
    return words.passage()


def of_text(text: str) -> Passage:
    """Plain text: its line breaks are kept."""
    return passage(text)
