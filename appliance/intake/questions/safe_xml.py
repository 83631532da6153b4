"""XML of unknown origin: no DTD, no entities, no network, bounded size and depth. Bytes in, elements out.

Uses lxml (libxml2), whose own limits on text and nesting stay on.
"""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_

MAX_DEPTH = 100
MAX_ELEMENTS = 500_000

Element = Any
"""An lxml element; lxml ships no types."""

_BEFORE_ROOT = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_CHINESE = {"gb2312", "gbk", "gb18030", "gb_2312-80", "cp936", "hz-gb-2312"}
_KEBAB = re.compile("-([a-z])")


def parse(content: bytes) -> Element:
    """The root element. Raises Corrupt: `bad_xml`, `xml_with_dtd`."""
    text = _text(content)
    start = 0
    while found := _BEFORE_ROOT.match(text, start):
        start = found.end()
    if text.startswith("<!", start):
        raise Corrupt(
            "xml_with_dtd",
            N_("The XML declares a document type or entities; such files are not read."),
            N_("Export the questions again without a document type."),
        )
    # The declaration goes: it names the encoding the bytes had. Line breaks in it stay, for the line numbers.
    lines = text.count("\n", 0, start)
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(("\n" * lines + text[start:]).encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise bad_xml(str(error)) from error
    _bounded(root)
    return root


def bad_xml(detail: str) -> Corrupt:
    """The refusal of a file that is no XML."""
    return Corrupt(
        "bad_xml",
        N_("The file is no well-formed XML: {detail}"),
        N_("Export the questions again from the program they come from."),
        detail=detail[:120],
    )


def _text(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    else:
        declared = _ENCODING.match(content[:200].removeprefix(b"\xef\xbb\xbf"))
        name = declared[1].decode().casefold() if declared else "utf-8"
        if name in _CHINESE:
            encoding = "gb18030"
        elif name in ("utf-8", "utf8", "us-ascii", "ascii"):
            encoding = "utf-8-sig"
        elif name in ("iso-8859-1", "latin1", "windows-1252"):
            encoding = "cp1252"
        else:
            raise bad_xml(name)
    try:
        return content.decode(encoding).replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise bad_xml(encoding) from error


def _bounded(root: Element) -> None:
    depth = count = 0
    for event, _element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        if depth > MAX_DEPTH or count > MAX_ELEMENTS:
            raise bad_xml("depth" if depth > MAX_DEPTH else "size")


def local(element: Element) -> str:
    """An element's name without its namespace; QTI 3's `qti-simple-choice` as `simpleChoice`."""
    tag = element.tag
    if not isinstance(tag, str):  # an entity that was not resolved
        return "entity"
    return camel(tag.rpartition("}")[2])


def camel(name: str) -> str:
    """`qti-max-choices` and `max-choices` -> `maxChoices`."""
    return _KEBAB.sub(lambda found: found[1].upper(), name.removeprefix("qti-"))


def attribute(element: Element, name: str) -> str:
    """An attribute by its local name in the spelling of QTI 2; empty when it is not there."""
    for key, value in element.attrib.items():
        if camel(str(key).rpartition("}")[2]) == name:
            return str(value).strip()
    return ""


def children(element: Element, name: str) -> list[Element]:
    """The children of this local name."""
    return [child for child in element if local(child) == name]


def first(element: Element, *path: str) -> Element | None:
    """The first child along a path of local names; None when one is missing."""
    here = element
    for name in path:
        here = next(iter(children(here, name)), None)
        if here is None:
            return None
    return here


def below(element: Element, name: str) -> Iterator[Element]:
    """Every descendant of this local name."""
    return (one for one in element.iterdescendants() if local(one) == name)


def words_of(element: Element | None) -> str:
    """All the text inside an element; empty for None."""
    return "" if element is None else "".join(element.itertext()).strip()
