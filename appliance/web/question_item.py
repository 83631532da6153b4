"""One item of a bank: as the candidate will see it with the right answer marked, its versions, review and edit."""

import hashlib
import re
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from appliance.base.i18n import N_
from appliance.flow.accounts import Who
from appliance.flow.add_bank import bank_of
from appliance.flow.bank_items import bank_line, item_view, next_draft
from appliance.flow.blueprints import KIND_WORDS
from appliance.flow.box import Box
from appliance.flow.edit_item import add_item, edit_item, question_of
from appliance.flow.look import note_look
from appliance.flow.review_item import approve_item, retire_item
from appliance.flow.sealed_item import version_of
from appliance.intake.questions.check import ends
from appliance.intake.questions.question import (
    KINDS,
    LANGUAGE,
    MAX_OPTIONS,
    TRUE_FALSE,
    Draft,
    Passage,
    PictureRef,
    Question,
    Wording,
    passage,
    pictures_of,
)
from appliance.web.looks import looks_of
from appliance.web.pages import page
from appliance.web.sessions import needs

Asked = Request[Who, Any, Any]
AUTHOR = [needs("author")]
ENGLISH = "en"
"""The second language of an item: what the exam page shows after a press on English."""
MOST = 999_999
"""No item has more versions."""
LETTERS = "ABCDEFGH"[:MAX_OPTIONS]
REASONS = {
    "edited": N_("Replaced by an edit before it was approved"),
    "replaced": N_("Replaced by a newer version"),
}
_TOKEN = re.compile(r"\[\[(\d{1,3})\]\]")


Number = Annotated[int, msgspec.Meta(ge=1, le=MOST)]


def _number(text: str) -> int | None:
    """A version as it stands in an address or a form; None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 7 else None


class VersionForm(msgspec.Struct, forbid_unknown_fields=True):
    """Which version the person saw."""

    version: Number


class RetireForm(msgspec.Struct, forbid_unknown_fields=True):
    """Why it goes."""

    version: Number
    reason: str


def digest(content: bytes) -> str:
    """SHA-256 (hex)."""
    return hashlib.sha256(content).hexdigest()


async def note_bank_look(request: Asked, box: Box, bank_id: str) -> None:
    """Journal a look at the items of a bank, once per session, before anything is shown."""
    bank = await box.db.read(bank_of, bank_id)
    looks, look = looks_of(request), (request.user.token_hash, f"bank:{bank.id}")
    if look not in looks:
        await box.db.write(note_look, box, "bank.viewed", bank.id, request.user, {})
        looks.add(look)


def pictures_in(question: Question | None) -> list[PictureRef]:
    """The pictures of a question in order, each once: picture n is written `[[n]]` in the form."""
    wordings = question.wordings.values() if question else ()
    found = [
        ref
        for wording in wordings
        for words in (wording.stem, *wording.options)
        for ref in pictures_of(words)
    ]
    return list(dict.fromkeys(found))


def as_text(words: Passage, pictures: list[PictureRef]) -> str:
    """A passage as it is typed."""
    return "".join(one if isinstance(one, str) else f"[[{pictures.index(one) + 1}]]" for one in words)


def as_passage(text: str, pictures: list[PictureRef]) -> Passage:
    """What was typed as a passage; numbers without a picture stay as they are."""
    parts: list[str | PictureRef] = []
    at = 0
    for found in _TOKEN.finditer(text):
        if 1 <= int(found[1]) <= len(pictures):
            parts += [text[at : found.start()], pictures[int(found[1]) - 1]]
            at = found.end()
    return passage(*parts, text[at:])


def typed(form: dict[str, list[str]], old: Question | None) -> Question:
    """The form as a question. `old`: the version that is edited. Raises Corrupt with the first fault."""

    def one(name: str) -> str:
        return (form.get(name) or [""])[0]

    pictures = pictures_in(old)
    kind = one("kind")
    wordings = {}
    languages = list(old.wordings if old else (LANGUAGE,))
    for language in (*languages, *({ENGLISH} - set(languages))):
        if language == ENGLISH != languages[0] and not _written(form, language):
            continue
        options = [as_passage(one(f"option_{language}_{letter}"), pictures) for letter in LETTERS]
        wordings[language] = Wording(
            stem=as_passage(one(f"stem_{language}"), pictures),
            options=() if kind == "true_false" else ends(options),
        )
    level = one("difficulty")
    draft = Draft(
        item=old.id if old else "-",
        line=1,
        kind=next((known for known in KINDS if known == kind), None),
        wordings=wordings,
        right={LETTERS.index(letter) for letter in form.get("right", []) if letter in LETTERS and letter},
        fixed=set(old.fixed) if old else set(),
        topic=one("topic"),
        difficulty=int(level) if level in ("1", "2", "3") else 0,
        source=one("source"),
        mapping=old.mapping if old else None,
    )
    return question_of(draft)


def _written(form: dict[str, list[str]], language: str) -> bool:
    """Whether anything stands in the fields of a language."""
    fields = (f"stem_{language}", *(f"option_{language}_{letter}" for letter in LETTERS))
    return any("".join(form.get(name, [])).strip() for name in fields)


async def _form(request: Asked) -> dict[str, list[str]]:
    form = await request.form()
    return {name: [str(value) for value in form.getall(name)] for name in form}


@get("/item/{item:str}", guards=AUTHOR)
async def item_page(request: Asked, box: NamedDependency[Box], item: FromPath[str]) -> Template:
    """One version of an item."""
    asked = request.query_params
    version = _number(asked.get("version", ""))
    row = await box.db.read(version_of, item, version)
    await note_bank_look(request, box, row.bank)
    view = await box.db.read(item_view, box, item, version, request.user.account)
    return page(
        request,
        "item.html",
        v=view,
        kinds=KIND_WORDS,
        letters=LETTERS,
        reasons=REASONS,
        truths=TRUE_FALSE,
        done=asked.get("done", ""),
    )


@get("/bank/{bank:str}/new", guards=AUTHOR)
async def item_new(request: Asked, box: NamedDependency[Box], bank: FromPath[str]) -> Template:
    """The form of a new item."""
    line = await box.db.read(lambda session: bank_line(session, bank_of(session, bank)))
    return _edit_page(request, line, None, "")


@post("/bank/{bank:str}/new", status_code=200, guards=AUTHOR)
async def item_add(request: Asked, box: NamedDependency[Box], bank: FromPath[str]) -> Response[None]:
    """Keep a new item as a draft."""
    question = typed(await _form(request), None)
    row = await box.db.write(add_item, box, bank, question, request.user)
    return _go(f"/questions/item/{row.id}?done=saved")


@get("/item/{item:str}/edit", guards=AUTHOR)
async def item_edit_page(request: Asked, box: NamedDependency[Box], item: FromPath[str]) -> Template:
    """The form with the newest version."""
    row = await box.db.read(version_of, item)
    await note_bank_look(request, box, row.bank)
    view = await box.db.read(item_view, box, item, None, request.user.account)
    return _edit_page(request, view.bank, view.question, item, view.version)


def _edit_page(request: Asked, bank: Any, question: Question | None, item: str, version: int = 0) -> Template:
    refs = pictures_in(question)
    texts = {
        language: (as_text(wording.stem, refs), [as_text(one, refs) for one in wording.options])
        for language, wording in (question.wordings if question else {LANGUAGE: Wording(stem=())}).items()
    }
    texts.setdefault(ENGLISH, ("", []))
    return page(
        request,
        "item_edit.html",
        bank=bank,
        q=question,
        item=item,
        version=version,
        texts=texts,
        pictures=refs,
        truths=TRUE_FALSE,
        kinds=KIND_WORDS,
        letters=LETTERS,
    )


@post("/item/{item:str}/edit", status_code=200, guards=AUTHOR)
async def item_edit(request: Asked, box: NamedDependency[Box], item: FromPath[str]) -> Response[None]:
    """Keep the edit as the next version."""
    form = await _form(request)
    version = _number((form.get("version") or [""])[0]) or 0
    old = await box.db.read(item_view, box, item, version, request.user.account)
    row = await box.db.write(edit_item, box, item, version, typed(form, old.question), request.user)
    return _go(f"/questions/item/{row.id}?done=saved")


@post("/item/{item:str}/approve", status_code=200, guards=AUTHOR)
async def item_approve(
    request: Asked, box: NamedDependency[Box], item: FromPath[str], data: URLEncodedBody[VersionForm]
) -> Response[None]:
    """The second person puts it in use; then to the next one that waits."""
    row = await box.db.write(approve_item, box, item, data.version, request.user)
    return await _onward(request, box, row.bank, item, "approved")


@post("/item/{item:str}/retire", status_code=200, guards=AUTHOR)
async def item_retire(
    request: Asked, box: NamedDependency[Box], item: FromPath[str], data: URLEncodedBody[RetireForm]
) -> Response[None]:
    """Take it out of use, or turn a draft down."""
    row = await box.db.write(retire_item, box, item, data.version, data.reason, request.user)
    return _go(f"/questions/item/{row.id}?version={row.version}&done=retired")


async def _onward(request: Asked, box: Box, bank: str, item: str, done: str) -> Response[None]:
    following = await box.db.read(next_draft, bank, item, request.user.account)
    return _go(
        f"/questions/item/{following}?done={done}" if following else f"/questions/bank/{bank}?done={done}"
    )


def _go(path: str) -> Response[None]:
    return Response(None, status_code=204, headers={"hx-redirect": path})


HANDLERS: list[ControllerRouterHandler] = [
    item_page,
    item_new,
    item_add,
    item_edit_page,
    item_edit,
    item_approve,
    item_retire,
]
