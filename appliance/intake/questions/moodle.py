"""Moodle XML: multichoice and truefalse in, every other type refused by its name.

Format: Moodle's documentation of "Moodle XML format"; `fraction` is a percentage of the question's points.
"""

from decimal import Decimal
from urllib.parse import unquote

from appliance.intake.questions.pictures import from_base64, kept, kept_from_address
from appliance.intake.questions.qti_item import number
from appliance.intake.questions.question import LANGUAGE, Draft, Found, Mapping, Passage, Wording
from appliance.intake.questions.rich_text import FetchPicture, Unusable, of_html, of_text
from appliance.intake.questions.safe_xml import Element, attribute, below, children, first, local, words_of

_FEEDBACK = (
    *("generalfeedback", "feedback", "correctfeedback", "partiallycorrectfeedback", "incorrectfeedback"),
    "hint",
)
_FILES = "@@PLUGINFILE@@/"


def read_moodle(root: Element) -> Found:
    """Every question of a `quiz`. Its category names the topic of what follows."""
    found = Found(format="moodle_xml")
    topic = ""
    place = 0
    for element in root:
        if local(element) != "question":
            continue
        kind = attribute(element, "type").casefold()
        if kind == "category":
            topic = topic_of(words_of(first(element, "category", "text")))
            continue
        place += 1
        draft = Draft(item=_name(element, place), line=int(element.sourceline or 0), topic=topic)
        found.add(draft)
        try:
            _read(element, kind, draft, found)
        except Unusable as error:
            draft.refuse(error.code, error.detail)
    return found


def topic_of(category: str) -> str:
    """The last name of a category's path: `$course$/top/急救` -> `急救`."""
    parts = [part.strip() for part in category.replace("//", "\0").split("/")]
    names = [part.replace("\0", "/") for part in parts if part and not part.startswith("$") and part != "top"]
    return names[-1][:100] if names else ""


def _name(element: Element, place: int) -> str:
    name = words_of(first(element, "idnumber")) or words_of(first(element, "name", "text"))
    return " ".join(name.split())[:100] or str(place)


def _read(element: Element, kind: str, draft: Draft, found: Found) -> None:
    if kind not in ("multichoice", "truefalse"):
        raise Unusable("unsupported_kind", kind[:60] or "-")
    for name in _FEEDBACK:
        filled = sum(1 for one in below(element, name) if words_of(first(one, "text")))
        if filled:
            found.drop("feedback", filled)
    asked = first(element, "questiontext")
    stem = () if asked is None else _passage(asked, found)
    answers = children(element, "answer")
    weights = [number(attribute(answer, "fraction") or "0") / 100 for answer in answers]
    if kind == "truefalse":
        draft.kind = "true_false"
        draft.wordings = {LANGUAGE: Wording(stem=stem)}
        draft.right = _true_false(answers, weights)
        return
    options = tuple(_passage(answer, found) for answer in answers)
    single = words_of(first(element, "single")).casefold() not in ("false", "0")
    draft.wordings = {LANGUAGE: Wording(stem=stem, options=options)}
    if words_of(first(element, "shuffleanswers")).casefold() in ("false", "0"):
        draft.fixed = set(range(len(options)))
    weighed(draft, found, weights, single)


def weighed(draft: Draft, found: Found, weights: list[Decimal], single: bool) -> None:
    """Kind, right answers and mapping from weights (1 = all points), as Moodle's own marking takes them."""
    whole = Decimal("0.999")
    if single:
        draft.kind = "single_choice"
        draft.right = {place for place, weight in enumerate(weights) if weight >= whole}
        if any(0 != weight < whole for weight in weights):
            found.drop("weights")
        return
    draft.kind = "multiple_choice"
    draft.right = {place for place, weight in enumerate(weights) if weight > 0}
    draft.mapping = Mapping(values=tuple(weights), lower=Decimal(0), upper=Decimal(1))


def _true_false(answers: list[Element], weights: list[Decimal]) -> set[int]:
    right: set[int] = set()
    for answer, weight in zip(answers, weights, strict=True):
        word = words_of(first(answer, "text")).casefold()
        if word not in ("true", "false"):
            raise Unusable("bad_answer", word[:40])
        if weight > 0:
            right.add(0 if word == "true" else 1)
    return right


def _passage(element: Element, found: Found) -> Passage:
    """The `text` of an element with its files."""
    text = words_of(first(element, "text"))
    if attribute(element, "format") in ("plain_text", "markdown"):
        return of_text(text)
    return of_html(text, _fetch(element, found))


def _fetch(element: Element, found: Found) -> FetchPicture:
    known: dict[str, str] = {}

    def fetch(reference: str) -> str:
        if reference.startswith("data:"):
            return kept_from_address(found, reference)
        if reference in known:
            return known[reference]
        wanted = unquote(reference.removeprefix(_FILES)).lstrip("/")
        for file in children(element, "file"):
            path = attribute(file, "path").strip("/")
            name = f"{path}/{attribute(file, 'name')}".lstrip("/")
            if (
                name == wanted
                and reference.startswith(_FILES)
                and attribute(file, "encoding") in ("base64", "")
            ):
                known[reference] = kept(found, from_base64(file.text or "", name), name)
                return known[reference]
        raise Unusable("picture_missing", reference[-60:])

    return fetch
