"""One QTI item (2.0 to 2.2, 3.0): the choice family in, everything else refused by its interaction's name.

Structure and defaults after the 1EdTech information models: Assessment Item 2.1, 2.2 and ASI 3.0. The names of 3.0
(`qti-choice-interaction`, `max-choices`) are read as those of 2.x (`choiceInteraction`, `maxChoices`).
"""

from decimal import Decimal, InvalidOperation

from appliance.intake.questions.question import Draft, Found, Mapping, Passage, Wording, language_of
from appliance.intake.questions.rich_text import FetchPicture, Unusable, Words, of_element
from appliance.intake.questions.safe_xml import (
    Element,
    attribute,
    below,
    children,
    first,
    local,
    words_of,
)

TOOL = "exam-site-appliance"
"""What our own exports say made them: only there does `label` join the languages of a question."""

_FEEDBACK = ("modalFeedback", "feedbackBlock", "feedbackInline")
_USUAL = frozenset(
    """
    responseCondition responseIf responseElseIf responseElse match variable correct setOutcomeValue baseValue
    mapResponse isNull not sum
    """.split()  # noqa: SIM905
)
"""What match_correct and map_response are made of when they are written out."""
_TEMPLATES = ("match_correct", "map_response", "match_correct.xml", "map_response.xml")


def version_of(root: Element) -> str:
    """The format's name as the report says it."""
    if str(root.tag).rpartition("}")[2].startswith("qti-"):
        return "qti_3.0"
    return "qti_2.2" if "v2p2" in str(root.tag) else "qti_2.1"


def read_item(root: Element, found: Found, fetch: FetchPicture, name: str) -> Draft:
    """One `assessmentItem`. `name`: what the report calls it when it has no identifier."""
    draft = Draft(item=attribute(root, "identifier") or name, line=int(root.sourceline or 0))
    if local(root) != "assessmentItem":
        return draft.refuse("not_an_item", name)
    try:
        _read(root, draft, found, fetch)
    except Unusable as error:
        draft.refuse(error.code, error.detail)
    if attribute(root, "toolName") == TOOL:
        draft.same_as = attribute(root, "label")
        draft.item = draft.same_as or draft.item
    return draft


def _read(root: Element, draft: Draft, found: Found, fetch: FetchPicture) -> None:
    body = first(root, "itemBody")
    if body is None:
        raise Unusable("empty_stem")
    interaction = _interaction(body, draft)
    for unwanted in ("templateDeclaration", "templateProcessing", "assessmentStimulusRef", "include"):
        if next(below(root, unwanted), None) is not None:
            raise Unusable("unsupported_content", unwanted)
    if attribute(root, "adaptive") == "true":
        raise Unusable("unsupported_kind", "adaptive")
    _count_dropped(root, interaction, found)
    options, identifiers = _options(interaction, draft, fetch)
    stem = _stem(body, interaction, fetch)
    language = language_of(attribute(root, "lang") or attribute(body, "lang"))
    draft.wordings = {language: Wording(stem=stem, options=tuple(options))}
    _answers(root, interaction, identifiers, draft)


def _interaction(body: Element, draft: Draft) -> Element:
    """The one choice interaction of an item; its line is the draft's. Raises Unusable."""
    every = [one for one in body.iterdescendants() if local(one).endswith("Interaction")]
    for one in every:
        draft.line = int(one.sourceline or draft.line)
        if local(one) not in ("choiceInteraction", "endAttemptInteraction"):
            raise Unusable("unsupported_kind", local(one)[:60])
    choices = [one for one in every if local(one) == "choiceInteraction"]
    if not every:
        raise Unusable("unknown_kind", "itemBody")
    if len(choices) > 1:
        raise Unusable("several_interactions")
    if len(every) > 1 or not choices:
        raise Unusable("unsupported_kind", "endAttemptInteraction")
    return choices[0]


def _count_dropped(root: Element, interaction: Element, found: Found) -> None:
    for name in _FEEDBACK:
        if count := sum(1 for _ in below(root, name)):
            found.drop("feedback", count)
    if attribute(interaction, "minChoices") not in ("", "0", "1"):
        found.drop("min_choices")
    processing = first(root, "responseProcessing")
    if processing is not None:
        template = attribute(processing, "template").rstrip("/").rpartition("/")[2]
        own = any(local(one) not in _USUAL for one in processing.iterdescendants())
        if own or (template and template not in _TEMPLATES):
            found.drop("processing")
    if count := sum(1 for one in below(root, "rubricBlock") if not _for_candidates(one)):
        found.drop("instructions", count)


def _for_candidates(rubric: Element) -> bool:
    return "candidate" in attribute(rubric, "view").split()


def _leave_out(element: Element, words: Words) -> None:
    """Nothing of this element is taken."""


def _stem(body: Element, interaction: Element, fetch: FetchPicture) -> Passage:
    """What stands before, in and after the interaction, without its choices."""
    prompt = first(interaction, "prompt")
    special = dict.fromkeys((*_FEEDBACK, "endAttemptInteraction"), _leave_out)

    def prompted(element: Element, words: Words) -> None:
        words.line()
        if prompt is not None:
            _add(words, of_element(prompt, fetch, special))
        words.line()

    def rubric(element: Element, words: Words) -> None:
        if _for_candidates(element):
            _add(words, of_element(element, fetch, special))
            words.line()

    return of_element(body, fetch, {**special, "choiceInteraction": prompted, "rubricBlock": rubric})


def _add(words: Words, more: Passage) -> None:
    for part in more:
        if isinstance(part, str):
            for number, line in enumerate(part.split("\n")):
                if number:
                    words.line()
                words.text(line)
        else:
            words.keep(part)


def _options(interaction: Element, draft: Draft, fetch: FetchPicture) -> tuple[list[Passage], list[str]]:
    special = dict.fromkeys(_FEEDBACK, _leave_out)
    options: list[Passage] = []
    identifiers: list[str] = []
    for place, choice in enumerate(children(interaction, "simpleChoice")):
        options.append(of_element(choice, fetch, special))
        identifiers.append(attribute(choice, "identifier"))
        if attribute(choice, "fixed") == "true":
            draft.fixed.add(place)
    if attribute(interaction, "shuffle") == "false":
        draft.fixed = set(range(len(options)))
    if len(set(identifiers)) != len(identifiers):
        raise Unusable("id_twice", "simpleChoice")
    return options, identifiers


def _answers(root: Element, interaction: Element, identifiers: list[str], draft: Draft) -> None:
    """Kind, right answers and mapping from the response declaration."""
    wanted = attribute(interaction, "responseIdentifier")
    declared = next(
        (one for one in children(root, "responseDeclaration") if attribute(one, "identifier") == wanted), None
    )
    if declared is None:
        raise Unusable("no_right_answer")
    cardinality = attribute(declared, "cardinality") or "single"
    if cardinality not in ("single", "multiple") or attribute(declared, "baseType") not in ("identifier", ""):
        raise Unusable(
            "unsupported_kind", cardinality if cardinality not in ("single", "multiple") else "baseType"
        )
    given = attribute(interaction, "maxChoices") or ("1" if cardinality == "single" else "0")
    most = int(given) if given.isascii() and given.isdigit() and len(given) < 4 else 0
    values = [words_of(value) for value in children_of(declared, "correctResponse", "value")]
    draft.mapping = _mapping(first(declared, "mapping"), identifiers)
    if not values and draft.mapping is not None:
        points = draft.mapping.values
        best = max(points, default=Decimal(0))
        positive = [i for i, one in zip(identifiers, points, strict=True) if one > 0]
        values = (
            positive
            if cardinality == "multiple"
            else [i for i in positive if points[identifiers.index(i)] == best]
        )
    unknown = [value for value in values if value not in identifiers]
    if unknown:
        raise Unusable("right_unknown", unknown[0][:60])
    draft.right = {identifiers.index(value) for value in values}
    draft.kind = "single_choice" if cardinality == "single" or most == 1 else "multiple_choice"
    if draft.kind == "multiple_choice" and most and len(draft.right) > most:
        raise Unusable("max_choices_too_small")


def children_of(element: Element, *path: str) -> list[Element]:
    """The children at the end of a path of local names."""
    parent = first(element, *path[:-1])
    return [] if parent is None else children(parent, path[-1])


def _mapping(element: Element | None, identifiers: list[str]) -> Mapping | None:
    if element is None:
        return None
    default = number(attribute(element, "defaultValue") or "0")
    lower, upper = attribute(element, "lowerBound"), attribute(element, "upperBound")
    entries = {
        attribute(entry, "mapKey"): number(attribute(entry, "mappedValue"))
        for entry in children(element, "mapEntry")
    }
    return Mapping(
        values=tuple(entries.get(identifier, default) for identifier in identifiers),
        default=default,
        lower=number(lower) if lower else None,
        upper=number(upper) if upper else None,
    )


def number(text: str) -> Decimal:
    """A weight. Raises Unusable (`bad_weight`) for anything that is no number of usual size."""
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation as error:
        raise Unusable("bad_weight", text[:20]) from error
    if not value.is_finite() or abs(value) > 1_000_000 or len(text) > 20:
        raise Unusable("bad_weight", text[:20])
    return value
