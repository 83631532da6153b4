"""Questions as a QTI 2.2 content package: items, pictures and the list of contents. The same input, the same bytes.

After the 1EdTech QTI 2.2 information model and its Content Packaging 1.1 binding; topic, difficulty and source stand
in the items' LOM metadata. A question in several languages becomes one item per language with a common `label`.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lxml import etree

from appliance.intake.questions.qti_item import TOOL
from appliance.intake.questions.question import (
    TRUE_FALSE,
    Passage,
    Picture,
    PictureRef,
    Question,
    Wording,
    passage,
    pictures_of,
    plain_text,
)
from appliance.intake.questions.safe_xml import Element

QTI = "http://www.imsglobal.org/xsd/imsqti_v2p2"
PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"
METADATA = "http://www.imsglobal.org/xsd/imsqti_metadata_v2p2"
LOM = "http://ltsc.ieee.org/xsd/LOM"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
TEMPLATES = "http://www.imsglobal.org/question/qti_v2p2/rptemplates/"
_SCHEMAS = {
    QTI: "http://www.imsglobal.org/xsd/qti/qtiv2p2/imsqti_v2p2.xsd",
    PACKAGE: "http://www.imsglobal.org/xsd/qti/qtiv2p2/qtiv2p2_imscpv1p2_v1p0.xsd",
    METADATA: "http://www.imsglobal.org/xsd/qti/qtiv2p2/imsqti_metadata_v2p2.xsd",
    LOM: "http://www.imsglobal.org/xsd/imsmd_loose_v1p3p2.xsd",
}
_DIFFICULTY = {1: "easy", 2: "medium", 3: "difficult"}
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_WHEN = (1980, 1, 1, 0, 0, 0)


class _Entry(NamedTuple):
    """One item of the package: which question in which language, and what it is called."""

    question: Question
    language: str
    label: str
    number: str


def write_qti(questions: Sequence[Question], pictures: Mapping[str, Picture]) -> bytes:
    """The package (zip). `pictures` by SHA-256: every one the questions refer to. KeyError when one is missing."""
    entries = _entries(questions)
    out = io.BytesIO()
    used: dict[str, Picture] = {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        bodies: dict[str, bytes] = {}
        for entry in entries:
            wording = entry.question.wordings[entry.language]
            used |= {ref.sha256: pictures[ref.sha256] for ref in _refs(wording)}
            bodies[f"items/{entry.number}.xml"] = _bytes(_item(entry, used))
        _put(archive, "imsmanifest.xml", _bytes(_manifest(entries, used)))
        for name, body in bodies.items():
            _put(archive, name, body)
        for picture in used.values():
            _put(archive, _place(picture), picture.content)
    return out.getvalue()


def _entries(questions: Sequence[Question]) -> list[_Entry]:
    entries: list[_Entry] = []
    labels: set[str] = set()
    for place, question in enumerate(questions, start=1):
        label, again = question.id, 1
        while label in labels:  # files without identifiers may call two questions the same
            again += 1
            label = f"{question.id}-{again}"
        labels.add(label)
        for language in sorted(question.wordings, key=lambda name: name != question.language):
            number = f"Q{place:05d}" + ("" if language == question.language else f"-{_tag(language)}")
            entries.append(_Entry(question, language, label, number))
    return entries


def _tag(language: str) -> str:
    return language.replace("_", "-")


def _refs(wording: Wording) -> list[PictureRef]:
    return [ref for words in (wording.stem, *wording.options) for ref in pictures_of(words)]


def _place(picture: Picture) -> str:
    return f"pictures/{picture.sha256[:24]}{picture.ending}"


def _put(archive: zipfile.ZipFile, name: str, body: bytes) -> None:
    entry = zipfile.ZipInfo(name, _WHEN)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, body)


def _bytes(root: Element) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _sub(parent: Element, name: str, text: str = "", **attributes: str) -> Element:
    """A child in the parent's namespace."""
    child = etree.SubElement(parent, f"{{{etree.QName(parent).namespace}}}{name}", attributes)
    child.text = text or None
    return child


def _root(namespace: str, name: str, others: Mapping[str | None, str], schemas: Sequence[str]) -> Element:
    root = etree.Element(f"{{{namespace}}}{name}", nsmap={None: namespace, "xsi": XSI, **others})
    root.set(f"{{{XSI}}}schemaLocation", " ".join(f"{one} {_SCHEMAS[one]}" for one in schemas))
    return root


def _item(entry: _Entry, pictures: Mapping[str, Picture]) -> Element:
    question, wording = entry.question, entry.question.wordings[entry.language]
    options = wording.options
    if question.kind == "true_false":
        options = tuple(passage(word) for word in TRUE_FALSE.get(entry.language, TRUE_FALSE["en"]))
    root = _root(QTI, "assessmentItem", {}, [QTI])
    root.set("identifier", entry.number)
    root.set("title", plain_text(wording.stem).replace("\n", " ")[:60] or entry.label)
    root.set("label", entry.label)
    root.set(_LANG, _tag(entry.language))
    root.set("adaptive", "false")
    root.set("timeDependent", "false")
    root.set("toolName", TOOL)
    root.set("toolVersion", "1")
    several = question.kind == "multiple_choice"
    names = [chr(65 + place) for place in range(len(options))]
    declared = _sub(
        root,
        "responseDeclaration",
        identifier="RESPONSE",
        cardinality="multiple" if several else "single",
        baseType="identifier",
    )
    correct = _sub(declared, "correctResponse")
    for place in question.right:
        _sub(correct, "value", names[place])
    _map(declared, question, names)
    _sub(root, "outcomeDeclaration", identifier="SCORE", cardinality="single", baseType="float")
    mixed = question.kind != "true_false" and len(question.fixed) < len(options)
    asked = _sub(
        _sub(root, "itemBody"),
        "choiceInteraction",
        responseIdentifier="RESPONSE",
        shuffle="true" if mixed else "false",
        maxChoices="0" if several else "1",
    )
    _write(_sub(asked, "prompt"), wording.stem, pictures)
    for place, words in enumerate(options):
        fixed = "true" if place in question.fixed else "false"
        _write(_sub(asked, "simpleChoice", identifier=names[place], fixed=fixed), words, pictures)
    template = "map_response" if question.mapping else "match_correct"
    _sub(root, "responseProcessing", template=TEMPLATES + template)
    return root


def _map(declared: Element, question: Question, names: Sequence[str]) -> None:
    if (mapping := question.mapping) is None:
        return
    bounds = {"lowerBound": mapping.lower, "upperBound": mapping.upper, "defaultValue": mapping.default}
    element = _sub(
        declared, "mapping", **{name: f"{one:f}" for name, one in bounds.items() if one is not None}
    )
    for name, value in zip(names, mapping.values, strict=True):
        _sub(element, "mapEntry", mapKey=name, mappedValue=f"{value:f}")


def _write(parent: Element, words: Passage, pictures: Mapping[str, Picture]) -> None:
    """A passage as running text, `br` and `img`."""
    last: Element | None = None

    def text(part: str) -> None:
        if last is None:
            parent.text = (parent.text or "") + part
        else:
            last.tail = (last.tail or "") + part

    for part in words:
        if isinstance(part, PictureRef):
            last = _sub(parent, "img", src=f"../{_place(pictures[part.sha256])}", alt=part.alt)
            continue
        for number, line in enumerate(part.split("\n")):
            if number:
                last = _sub(parent, "br")
            text(line)


def _manifest(entries: Sequence[_Entry], pictures: Mapping[str, Picture]) -> Element:
    root = _root(PACKAGE, "manifest", {"lom": LOM, "imsqti": METADATA}, [PACKAGE, LOM, METADATA])
    root.set("identifier", "EXAM-SITE-QUESTIONS")
    about = _sub(root, "metadata")
    _sub(about, "schema", "QTIv2.2 Package")
    _sub(about, "schemaversion", "1.0.0")
    _sub(root, "organizations")
    resources = _sub(root, "resources")
    for entry in entries:
        href = f"items/{entry.number}.xml"
        resource = _sub(resources, "resource", identifier=entry.number, type="imsqti_item_xmlv2p2", href=href)
        _about(_sub(resource, "metadata"), entry)
        _sub(resource, "file", href=href)
        needed = {ref.sha256 for ref in _refs(entry.question.wordings[entry.language])}
        for name in sorted(needed):
            _sub(resource, "dependency", identifierref=f"P-{name[:24]}")
    for name, picture in pictures.items():
        place = _place(picture)
        resource = _sub(resources, "resource", identifier=f"P-{name[:24]}", type="webcontent", href=place)
        _sub(resource, "file", href=place)
    return root


def _about(metadata: Element, entry: _Entry) -> None:
    question = entry.question
    lom = etree.SubElement(metadata, f"{{{LOM}}}lom")
    general = _sub(lom, "general")
    _sub(general, "language", _tag(entry.language))
    if question.topic:
        _sub(_sub(general, "keyword"), "string", question.topic)
    if question.difficulty:
        level = _sub(_sub(lom, "educational"), "difficulty")
        _sub(level, "source", "LOMv1.0")
        _sub(level, "value", _DIFFICULTY[question.difficulty])
    if question.source:
        relation = _sub(lom, "relation")
        kind = _sub(relation, "kind")
        _sub(kind, "source", "LOMv1.0")
        _sub(kind, "value", "isbasedon")
        _sub(_sub(_sub(relation, "resource"), "description"), "string", question.source)
    qti = etree.SubElement(metadata, f"{{{METADATA}}}qtiMetadata")
    _sub(qti, "timeDependent", "false")
    _sub(qti, "interactionType", "choiceInteraction")
    _sub(qti, "feedbackType", "none")
    _sub(qti, "solutionAvailable", "true")
