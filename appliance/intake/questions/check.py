"""Drafts to questions: what every format has to hold to, whoever wrote the file."""

from collections.abc import Iterable

from appliance.intake.questions.question import (
    MAX_OPTIONS,
    MAX_TEXT,
    Draft,
    Passage,
    Question,
    Rejection,
    Wording,
    compared,
    plain_text,
    tidy,
)
from appliance.intake.questions.words import is_true_false

LETTERS = "ABCDEFGH"


def checked(drafts: Iterable[Draft], ids_once: bool) -> tuple[list[Question], list[Rejection]]:
    """Every usable question once, and every draft that cannot be used.

    `ids_once`: two with one identifier are an error (QTI); else the identifier is only what the report says.
    """
    accepted: list[Question] = []
    rejected: list[Rejection] = []
    seen: dict[tuple[str, ...], str] = {}
    ids: set[str] = set()
    for draft in united(drafts):
        draft.item = one_line(draft.item) or str(draft.line)
        _as_true_false(draft)
        _fault(draft)
        if not draft.code:
            key = _key(next(iter(draft.wordings.values())))
            if key in seen:
                draft.refuse("duplicate", seen[key])
            elif ids_once and draft.item in ids:
                draft.refuse("id_twice", draft.item)
            else:
                seen[key] = draft.item
                ids.add(draft.item)
        if draft.code:
            rejected.append(Rejection(draft.item, draft.line, draft.code, draft.detail))
        else:
            accepted.append(_question(draft))
    return accepted, rejected


def united(drafts: Iterable[Draft]) -> list[Draft]:
    """Drafts that are one question in several languages put together, at the place of the first."""
    result: list[Draft] = []
    first: dict[str, Draft] = {}
    for draft in drafts:
        known = first.get(draft.same_as) if draft.same_as else None
        if known is None or set(known.wordings) & set(draft.wordings):
            result.append(draft)
            if draft.same_as:
                first.setdefault(draft.same_as, draft)
        elif draft.code:
            known.refuse(draft.code, draft.detail)
        elif (known.right, known.kind) != (draft.right, draft.kind) and not known.code:
            known.refuse("languages_differ", ", ".join([*known.wordings, *draft.wordings]))
        else:
            known.wordings = {**known.wordings, **draft.wordings}
    return result


def one_line(text: str) -> str:
    """A name without line breaks, of bounded length."""
    return " ".join(tidy(text).split())[:100].rstrip()


def _as_true_false(draft: Draft) -> None:
    """A single choice between 正确 and 错误 is a true/false question, whatever the file calls it."""
    pairs = {is_true_false(wording.options) for wording in draft.wordings.values()}
    pair = pairs.pop() if len(pairs) == 1 else None
    if pair is None or draft.kind == "multiple_choice" or len(draft.right) > 1 or not draft.right <= {0, 1}:
        return
    draft.kind = "true_false"
    draft.wordings = {name: Wording(stem=wording.stem) for name, wording in draft.wordings.items()}
    draft.right = {pair.index(place) for place in draft.right}
    draft.fixed, draft.mapping = set(), None


def _fault(draft: Draft) -> None:
    """Mark the first thing that makes a draft unusable."""
    counts = {len(wording.options) for wording in draft.wordings.values()}
    for wording in draft.wordings.values():
        _wording_fault(draft, wording)
    if not draft.wordings:
        draft.refuse("empty_stem")
    if not draft.right:
        draft.refuse("no_right_answer")
    if len(counts) > 1:
        _option_missing(draft)
    if draft.code:
        return
    count = 2 if draft.kind == "true_false" else counts.pop()
    unknown = [place for place in draft.right if not 0 <= place < count]
    if unknown:
        draft.refuse("right_unknown", ", ".join(LETTERS[p] if 0 <= p < 8 else str(p + 1) for p in unknown))
    elif len(draft.right) > 1 and draft.kind in ("true_false", "single_choice"):
        draft.refuse("several_right")


def _option_missing(draft: Draft) -> None:
    """Say which of two languages lacks which option; of other languages only that they differ."""
    fewest = min(draft.wordings, key=lambda name: len(draft.wordings[name].options))
    short = len(draft.wordings[fewest].options)
    code = {"en": "english_short", "zh_CN": "chinese_short"}.get(fewest)
    if code:
        draft.refuse(code, LETTERS[short : short + 1])
    draft.refuse("languages_differ", ", ".join(draft.wordings))


def _wording_fault(draft: Draft, wording: Wording) -> None:
    if not wording.stem:
        draft.refuse("empty_stem")
    if any(len(plain_text(words)) > MAX_TEXT for words in (wording.stem, *wording.options)):
        draft.refuse("too_long")
    if draft.kind == "true_false":
        return
    if len(wording.options) < 2:
        draft.refuse("too_few_options")
    if len(wording.options) > MAX_OPTIONS:
        draft.refuse("too_many_options")
    told: dict[str, str] = {}
    for letter, words in zip(LETTERS, wording.options, strict=False):
        text = compared(words)
        if not text:
            draft.refuse("empty_option", letter)
        elif text in told:
            draft.refuse("same_options", f"{told[text]}, {letter}")
        told[text] = letter


def _key(wording: Wording) -> tuple[str, ...]:
    """Options in another order make no other question; other options do."""
    return (compared(wording.stem), *sorted(compared(words) for words in wording.options))


def _question(draft: Draft) -> Question:
    several: bool = len(draft.right) > 1
    kind = draft.kind or ("multiple_choice" if several else "single_choice")
    return Question(
        id=draft.item,
        kind=kind,
        wordings=dict(draft.wordings),
        right=tuple(sorted(draft.right)),
        fixed=() if kind == "true_false" else tuple(sorted(draft.fixed)),
        topic=one_line(draft.topic),
        difficulty=draft.difficulty,
        source=one_line(draft.source),
        mapping=draft.mapping,
    )


def ends(options: list[Passage]) -> tuple[Passage, ...]:
    """Options without the empty ones after the last that says something."""
    kept = list(options)
    while kept and not kept[-1]:
        kept.pop()
    return tuple(kept)
