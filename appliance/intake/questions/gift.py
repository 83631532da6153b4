"""GIFT (Moodle's text format): true/false and choice in, every other kind refused by its name.

Rules after Moodle's documentation of the format: `//` comments, `$CATEGORY:`, `::title::`, `[html]`, braces with
`=right ~wrong %weight% #feedback ####general feedback`, escapes with a backslash, a blank line between questions.
"""

import re
from decimal import Decimal

from appliance.intake.questions.moodle import topic_of, weighed
from appliance.intake.questions.pictures import kept_from_address
from appliance.intake.questions.qti_item import number
from appliance.intake.questions.question import LANGUAGE, Draft, Found, Passage, Wording
from appliance.intake.questions.rich_text import Unusable, of_html, of_text

_ESCAPED = "\\~=#{}:"
_PLACES = {sign: chr(0x10FF00 + number) for number, sign in enumerate(_ESCAPED)}
"""An escaped sign stands as one that no text uses until the signs that steer are read."""
_BACK = {ord(place): sign for sign, place in _PLACES.items()}
_TRUE_FALSE = {"T": 0, "TRUE": 0, "F": 1, "FALSE": 1}
_TITLE = re.compile(r"::(.*?)::", re.DOTALL)
_FORMAT = re.compile(r"\s*\[(html|moodle|plain|markdown)\]", re.IGNORECASE)
_WEIGHT = re.compile(r"\s*%([^%]{0,20})%")
_OPTION = re.compile("[=~][^=~]*")


def looks_like_gift(text: str) -> bool:
    """Are there braces that hold answers?"""
    return re.search(r"\{[^{}]{0,4000}\}", _hidden(text)) is not None


def read_gift(text: str) -> Found:
    """Every question of a text, with the line it begins in."""
    found = Found(format="gift")
    topic = ""
    for line, block in _blocks(text):
        stripped = block.strip()
        if stripped.startswith("$CATEGORY:"):
            topic = topic_of(_shown(stripped.removeprefix("$CATEGORY:")))
            continue
        draft = Draft(item=str(len(found.drafts) + 1), line=line, topic=topic)
        try:
            _read(stripped, draft, found)
        except Unusable as error:
            draft.refuse(error.code, error.detail)
        found.add(draft)
    return found


def _hidden(text: str) -> str:
    """Escaped signs put out of the way; `\\n` becomes a line break."""
    clean = re.sub("[\U0010ff00-\U0010ff0f]", "\ufffd", text)
    return re.sub(r"\\([\\~=#{}:n])", lambda found: "\n" if found[1] == "n" else _PLACES[found[1]], clean)


def _shown(text: str) -> str:
    return text.translate(_BACK).strip()


def _blocks(text: str) -> list[tuple[int, str]]:
    """Line number and text of what stands between blank lines; comments left out, category lines alone."""
    blocks: list[tuple[int, str]] = []
    start, lines = 0, list[str]()

    def close() -> None:
        if lines:
            blocks.append((start, _hidden("\n".join(lines))))
            lines.clear()

    for place, line in enumerate(text.split("\n"), start=1):
        if line.lstrip().startswith("//"):
            continue
        if not line.strip():
            close()
            continue
        if line.lstrip().startswith("$CATEGORY:"):
            close()
            blocks.append((place, line))
            continue
        if not lines:
            start = place
        lines.append(line)
    close()
    return blocks


def _read(block: str, draft: Draft, found: Found) -> None:
    """Fill the draft. Raises Unusable."""
    if title := _TITLE.match(block):
        draft.item = " ".join(_shown(title[1]).split())[:100] or draft.item
        block = block[title.end() :]
    markup = "moodle"
    if form := _FORMAT.match(block):
        markup, block = form[1].casefold(), block[form.end() :]
    opened, closed = block.find("{"), block.rfind("}")
    if opened < 0 and closed < 0:
        raise Unusable("unsupported_kind", "description")
    if opened < 0 or closed < opened or block.count("{") != 1 or block.count("}") != 1:
        raise Unusable("bad_braces")
    before, answers, after = block[:opened], block[opened + 1 : closed].strip(), block[closed + 1 :]
    # Text behind the braces: the answer fills a gap in the sentence.
    stem = _passage(before + (" _____ " + after if after.strip() else ""), markup, found)
    answers, feedback, _ = answers.partition("####")
    if feedback:
        found.drop("feedback")
    answers = answers.strip()
    word, *told = answers.split("#")
    if word.strip().upper() in _TRUE_FALSE:
        if told:
            found.drop("feedback", len(told))
        draft.kind, draft.right = "true_false", {_TRUE_FALSE[word.strip().upper()]}
        draft.wordings = {LANGUAGE: Wording(stem=stem)}
        return
    _choice(answers, stem, markup, draft, found)


def _choice(answers: str, stem: Passage, markup: str, draft: Draft, found: Found) -> None:
    if kind := _foreign(answers):
        raise Unusable("unsupported_kind", kind)
    options: list[Passage] = []
    weights: list[Decimal] = []
    for part in _OPTION.findall(answers):
        text, *told = part[1:].split("#")
        if told:
            found.drop("feedback", len(told))
        weight = Decimal(1) if part[0] == "=" else Decimal(0)
        if given := _WEIGHT.match(text):
            weight, text = number(given[1]) / 100, text[given.end() :]
        if own := _FORMAT.match(text):
            options.append(_passage(text[own.end() :], own[1].casefold(), found))
        else:
            options.append(_passage(text, markup, found))
        weights.append(weight)
    draft.wordings = {LANGUAGE: Wording(stem=stem, options=tuple(options))}
    weighed(draft, found, weights, single="=" in answers)


def _foreign(answers: str) -> str:
    """The name of the kind of question that these answers belong to; empty for a choice."""
    if not answers:
        return "essay"
    if answers.startswith("#"):
        return "numerical"
    if "~" in answers:
        return "" if answers[0] in "=~" else "unknown"
    if answers[0] == "=" and "->" in answers:
        return "matching"
    return "shortanswer" if answers[0] == "=" else "unknown"


def _passage(text: str, markup: str, found: Found) -> Passage:
    shown = _shown(text)
    if markup == "html":

        def fetch(reference: str) -> str:
            if not reference.startswith("data:"):
                raise Unusable("picture_missing", reference[-60:])
            return kept_from_address(found, reference)

        return of_html(shown, fetch)
    return of_text(shown)
