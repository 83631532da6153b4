"""A question as every format is read into it, and what comes of reading a file. Plain structs, fit to be kept."""

import hashlib
import re
import unicodedata
from decimal import Decimal
from typing import Literal

import msgspec

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_

Kind = Literal["true_false", "single_choice", "multiple_choice"]
KINDS: tuple[Kind, ...] = ("true_false", "single_choice", "multiple_choice")

LANGUAGE = "zh_CN"
"""The language of what names none."""

TRUE_FALSE = {"zh_CN": ("正确", "错误"), "en": ("True", "False")}
"""How the two options of a true/false question are written out; other languages take the English words."""

MAX_TEXT = 1900
"""Characters of a stem or an option."""
MAX_OPTIONS = 8
MAX_QUESTIONS = 20_000
"""Of one file."""


class PictureRef(msgspec.Struct, frozen=True, tag="picture", tag_field="is"):
    """A place in a text where a picture stands. `sha256` (hex) names its bytes."""

    sha256: str
    alt: str = ""


class Picture(msgspec.Struct, frozen=True):
    """The bytes of a picture and what they are (`image/png` ...)."""

    media_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        """What the picture is called by."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def ending(self) -> str:
        """The usual ending of a file of this kind, with its dot."""
        return {"image/jpeg": ".jpg"}.get(self.media_type, "." + self.media_type.rpartition("/")[2])


Passage = tuple[str | PictureRef, ...]
"""Running text with pictures in it, never two texts side by side, lines parted by \\n."""


class Wording(msgspec.Struct, kw_only=True, frozen=True):
    """A question in one language. True/false questions have no options: the first means 正确."""

    stem: Passage
    options: tuple[Passage, ...] = ()


class Mapping(msgspec.Struct, kw_only=True, frozen=True):
    """What each option adds when it is chosen, and between which bounds the sum is kept."""

    values: tuple[Decimal, ...]
    default: Decimal = Decimal(0)
    lower: Decimal | None = None
    upper: Decimal | None = None


class Question(msgspec.Struct, kw_only=True, frozen=True):
    """One question. `right`: indexes into the options, ascending; true_false: 0 = 正确, 1 = 错误.

    `id`: what the file calls it, never empty. `difficulty`: 1 easy to 3 hard, 0 = the file does not say.
    `fixed`: options that keep their place when the others are mixed.
    """

    id: str
    kind: Kind
    wordings: dict[str, Wording]
    right: tuple[int, ...]
    fixed: tuple[int, ...] = ()
    topic: str = ""
    difficulty: int = 0
    source: str = ""
    mapping: Mapping | None = None

    @property
    def language(self) -> str:
        """The language it is first asked in: Chinese when there is one."""
        return LANGUAGE if LANGUAGE in self.wordings else next(iter(self.wordings))

    @property
    def wording(self) -> Wording:
        """The question in its first language."""
        return self.wordings[self.language]


class Rejection(msgspec.Struct, frozen=True, omit_defaults=True):
    """A question not taken: what the file calls it, the line (row of a sheet), a stable code.

    `detail`: the interaction, option, file or other item that is meant; may be empty.
    """

    item: str
    line: int
    code: str
    detail: str = ""


class Draft(msgspec.Struct, kw_only=True):
    """What a reader found for one question, before it is checked. `code`: already known to be unusable."""

    item: str
    line: int
    kind: Kind | None = None
    """None: by the number of right answers."""
    wordings: dict[str, Wording] = {}
    right: set[int] = set()
    fixed: set[int] = set()
    topic: str = ""
    difficulty: int = 0
    source: str = ""
    mapping: Mapping | None = None
    same_as: str = ""
    """Drafts with the same mark are one question in several languages."""
    code: str = ""
    detail: str = ""

    def refuse(self, code: str, detail: str = "") -> "Draft":
        """Mark it as unusable; what was found first stays."""
        if not self.code:
            self.code, self.detail = code, detail
        return self


class Found(msgspec.Struct, kw_only=True):
    """What a reader makes of a file. `dropped`: what was left out on purpose -> how often."""

    format: str
    drafts: list[Draft] = []
    pictures: dict[str, Picture] = {}
    dropped: dict[str, int] = {}
    pixels: int = 0
    """Of all pictures kept so far."""

    def add(self, draft: Draft) -> None:
        """One question more. Raises Corrupt beyond what a file may hold."""
        if len(self.drafts) >= MAX_QUESTIONS:
            raise Corrupt("too_large", N_("The file is too large."), N_("Split it into several files."))
        self.drafts.append(draft)

    def drop(self, what: str, count: int = 1) -> None:
        """Count something that is not taken over."""
        self.dropped[what] = self.dropped.get(what, 0) + count


class QuestionFile(msgspec.Struct, kw_only=True, frozen=True):
    """A file of questions after reading. `sha256` (hex) of the file, `pictures` by their own."""

    format: str
    accepted: list[Question]
    rejected: list[Rejection]
    pictures: dict[str, Picture]
    dropped: dict[str, int]
    sha256: str


_BLANKS = re.compile(r"[ \t\u00a0]+")
_LINES = re.compile(r" ?\n[\n ]*")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]")


def tidy(text: str) -> str:
    """Text without signs that no file can hold, blanks and line breaks single, ends bare. U+3000 stays inside."""
    clean = _UNWRITABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _LINES.sub("\n", _BLANKS.sub(" ", clean)).strip()


def passage(*parts: str | PictureRef) -> Passage:
    """Parts as a passage: neighbouring texts joined and tidied, empty ones left out."""
    joined: list[str | PictureRef] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    tidied = [tidy(part) if isinstance(part, str) else part for part in joined]
    return tuple(part for part in tidied if part)


def plain_text(words: Passage, picture: str = "") -> str:
    """The words of a passage; `picture` stands for each picture."""
    return "\n".join(part if isinstance(part, str) else picture for part in words).strip()


def pictures_of(words: Passage) -> list[PictureRef]:
    """The pictures of a passage in order."""
    return [part for part in words if isinstance(part, PictureRef)]


def compared(words: Passage) -> str:
    """A passage without width, case and blanks: what duplicates are found by. Pictures count, signs too."""
    text = "\x00".join(part if isinstance(part, str) else part.sha256 for part in words)
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


def language_of(name: str) -> str:
    """A language tag (`zh-CN`, `zh`, `en-GB`, ``) as it is kept: zh_CN, en, else as written with `_`."""
    tag = name.strip().replace("-", "_")
    first = tag.partition("_")[0].casefold()
    if first in ("", "zh", "chi", "zho") and not tag.casefold().endswith(("_tw", "_hk", "_hant")):
        return LANGUAGE
    return "en" if first in ("en", "eng") else tag[:20]
