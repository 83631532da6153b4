"""Aiken: a question, its options in lines `A. ...` or `A) ...`, then `ANSWER: B`. Several letters are taken too."""

import re

from appliance.intake.questions.question import LANGUAGE, Draft, Found, Wording
from appliance.intake.questions.rich_text import of_text
from appliance.intake.questions.words import letters

_OPTION = re.compile(r"\s*([A-Za-z])\s*[.)\uff0e\u3001\uff09]\s*(\S.*)")
_ANSWER = re.compile(r"\s*(?:ANSWER|答案)\s*[:\uff1a]\s*(.*)", re.IGNORECASE)


def looks_like_aiken(text: str) -> bool:
    """Is there an answer line below an option line?"""
    lines = text.split("\n")
    answer = next((place for place, line in enumerate(lines) if _ANSWER.fullmatch(line)), -1)
    return any(_OPTION.fullmatch(line) for line in lines[: max(answer, 0)])


def read_aiken(text: str) -> Found:
    """Every question of a text, with the line it begins in."""
    found = Found(format="aiken")
    start, stem, options, astray = 0, list[str](), list[str](), False
    lines = [*text.split("\n"), ""]
    for place, line in enumerate(lines, start=1):
        answer, option = _ANSWER.fullmatch(line), _OPTION.fullmatch(line)
        if answer or place == len(lines):
            if start:
                draft = Draft(item=str(len(found.drafts) + 1), line=start)
                found.add(draft)
                _fill(draft, stem, options, answer[1] if answer else "", astray)
            start, stem, options, astray = 0, [], [], False
        elif option and start and ord(option[1].upper()) - 65 == len(options):
            options.append(option[2])
        elif line.strip():
            # Two questions without an answer line between them, or letters out of order.
            astray = astray or bool(options)
            start = start or place
            stem.append(line)
    return found


def _fill(draft: Draft, stem: list[str], options: list[str], answer: str, astray: bool) -> None:
    if astray:
        draft.refuse("bad_layout")
        return
    wording = Wording(stem=of_text("\n".join(stem)), options=tuple(of_text(one) for one in options))
    draft.wordings = {LANGUAGE: wording}
    right = letters(answer)
    if right is None:
        draft.refuse("bad_answer", answer.strip()[:40])
        return
    draft.right = right
