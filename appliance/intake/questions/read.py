"""A file of questions in any format: told by its content, read, checked. Bytes in, structs out."""

import hashlib
from pathlib import PurePath

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.intake.questions import safe_xml
from appliance.intake.questions.aiken import looks_like_aiken, read_aiken
from appliance.intake.questions.check import checked
from appliance.intake.questions.gift import looks_like_gift, read_gift
from appliance.intake.questions.moodle import read_moodle
from appliance.intake.questions.qti_package import no_manifest, old_qti, read_package, read_single
from appliance.intake.questions.question import Found, PictureRef, Question, QuestionFile, pictures_of
from appliance.intake.questions.safe_zip import Package
from appliance.intake.questions.table import header_of, read_table
from appliance.intake.sheets import decoded, read_grids

FORMATS = ("excel", "csv", "qti_2.1", "qti_2.2", "qti_3.0", "moodle_xml", "gift", "aiken")
"""The names of the formats, as the report says them."""
MAX_TEXT_BYTES = 20 << 20


def read_questions(content: bytes, file_name: str) -> QuestionFile:
    """Read a file of questions. Raises Corrupt when it is none, or too large or too broken to be read."""
    found = _found(content, file_name)
    accepted, rejected = checked(found.drafts, ids_once=found.format.startswith("qti"))
    used = {ref.sha256 for question in accepted for ref in _pictures(question)}
    return QuestionFile(
        format=found.format,
        accepted=accepted,
        rejected=rejected,
        pictures={name: picture for name, picture in found.pictures.items() if name in used},
        dropped=found.dropped,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _pictures(question: Question) -> list[PictureRef]:
    return [
        ref
        for wording in question.wordings.values()
        for words in (wording.stem, *wording.options)
        for ref in pictures_of(words)
    ]


def _found(content: bytes, file_name: str) -> Found:
    if not content.strip():
        raise Corrupt("empty_file", N_("The file is empty."), N_("Choose another file."))
    if content[:2] == b"PK":
        return _zip(content, file_name)
    if len(content) > MAX_TEXT_BYTES:
        raise Corrupt("too_large", N_("The file is too large."), N_("Split it into several files."))
    if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return read_table(content, file_name) or _none()
    head = content[:400].removeprefix(b"\xef\xbb\xbf").replace(b"\x00", b"").lstrip(b"\xff\xfe \t\r\n")
    if head.startswith(b"<"):
        return _xml(content, file_name)
    return _text(content, file_name)


def _zip(content: bytes, file_name: str) -> Found:
    package = Package(content)
    if package.read("[Content_Types].xml") is not None:
        return read_table(content, file_name) or _none()
    if any(PurePath(name).name == "imsmanifest.xml" for name in package.names):
        return read_package(package)
    raise no_manifest()


def _xml(content: bytes, file_name: str) -> Found:
    root = safe_xml.parse(content)
    name = safe_xml.local(root)
    if name == "quiz":
        return read_moodle(root)
    if name == "assessmentItem":
        return read_single(root, PurePath(file_name).stem)
    if name == "questestinterop":
        raise old_qti()
    if name in ("manifest", "assessmentTest", "assessmentSection"):
        raise Corrupt(
            "part_of_package",
            N_("This is one part of a QTI package ({name}), without its questions."),
            N_("Choose the whole package (.zip)."),
            name=name,
        )
    raise Corrupt(
        "unknown_xml",
        N_("This XML file holds no questions the box can read ({name})."),
        N_("Take QTI 2.1, 2.2 or 3.0, or Moodle XML."),
        name=name[:60],
    )


def _text(content: bytes, file_name: str) -> Found:
    text = decoded(content).replace("\r\n", "\n").replace("\r", "\n")
    if _is_table(text):
        return read_table(content, file_name) or _none()
    if looks_like_aiken(text):
        return read_aiken(text)
    if looks_like_gift(text):
        return read_gift(text)
    return _none()


def _is_table(text: str) -> bool:
    """Do the first lines hold a header row? Only then is the text a table."""
    head = "\n".join(text[:20_000].split("\n")[:60])
    try:
        return any(header_of(grid) is not None for grid in read_grids(head.encode(), ""))
    except Corrupt:
        return False


def _none() -> Found:
    raise Corrupt(
        "no_questions",
        N_("The file holds no questions the box can read."),
        N_("Take Excel or CSV with the columns {stem} and {answer}, QTI, Moodle XML, GIFT or Aiken."),
        stem="题干",
        answer="答案",
    )
