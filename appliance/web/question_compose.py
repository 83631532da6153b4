"""A paper composed by hand, as those who write items meet it: choosing, and the second person's look."""

import asyncio
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template
from litestar.types import ControllerRouterHandler
from sqlmodel import Session

from appliance.flow.accounts import Who
from appliance.flow.add_bank import bank_of
from appliance.flow.bank_items import BankLine, bank_line, names
from appliance.flow.blueprints import KIND_WORDS
from appliance.flow.box import Box
from appliance.flow.choose_bank import choosable
from appliance.flow.compose_paper import (
    chosen_of,
    compose_paper,
    composed_of,
    frozen_paper,
    turn_down_composed,
    use_composed,
)
from appliance.flow.freeze_bank import approved, keep_frozen
from appliance.flow.sealed_item import open_item, version_of
from appliance.flow.start_sitting import sitting_of
from appliance.flow.today import line
from appliance.intake.questions.question import TRUE_FALSE, Question, plain_text
from appliance.rules.paper import KINDS, Blueprint
from appliance.web.pages import page
from appliance.web.question_item import LETTERS, note_bank_look
from appliance.web.question_use import RULE_WORDS, form_of, typed_terms
from appliance.web.sessions import needs
from appliance.wire.ops import SittingLine

Asked = Request[Who, Any, Any]
AUTHOR = [needs("author")]


class Line(msgspec.Struct, kw_only=True):
    """An approved item to tick."""

    id: str
    kind: str
    topic: str
    difficulty: int
    stem: str


class Sheet(msgspec.Struct, kw_only=True):
    """What the page of choosing shows; items by kind, then topic."""

    bank: BankLine
    items: list[Line]
    topics: list[str]
    sittings: list[SittingLine]


class ComposedView(msgspec.Struct, kw_only=True):
    """A composed paper. `own`: the reader composed it and may not approve it."""

    bank: BankLine
    id: str
    state: str
    sitting: SittingLine
    author: str
    own: bool
    made_at: datetime
    reviewer: str
    reviewed_at: datetime | None
    reason: str
    blueprint: Blueprint
    questions: list[Question]


class ReasonForm(msgspec.Struct, forbid_unknown_fields=True):
    """Why it is turned down."""

    reason: str


def _sheet(session: Session, box: Box, bank_id: str) -> Sheet:
    bank = bank_of(session, bank_id)
    items = [
        Line(
            id=one.item,
            kind=one.question.kind,
            topic=one.question.topic,
            difficulty=one.question.difficulty,
            stem=plain_text(one.question.wording.stem),
        )
        for one in approved(session, box, bank.id).items
    ]
    items.sort(key=lambda one: ([*KINDS].index(one.kind), one.topic, one.id))  # type: ignore[arg-type]
    return Sheet(
        bank=bank_line(session, bank),
        items=items,
        topics=sorted({one.topic for one in items if one.topic}),
        sittings=[line(session, box, one) for one in choosable(session, box, bank)],
    )


def _view(session: Session, box: Box, paper_id: str, account: str) -> ComposedView:
    paper, known = composed_of(session, paper_id), names(session)
    questions = [
        open_item(box, version_of(session, item, version)) for item, version in chosen_of(box, paper)
    ]
    return ComposedView(
        bank=bank_line(session, bank_of(session, paper.bank)),
        id=paper.id,
        state=paper.state,
        sitting=line(session, box, sitting_of(session, paper.sitting)),
        author=known.get(paper.author, ""),
        own=paper.author == account,
        made_at=paper.made_at,
        reviewer=known.get(paper.reviewer, ""),
        reviewed_at=paper.reviewed_at,
        reason=paper.reason,
        blueprint=msgspec.json.decode(paper.blueprint, type=Blueprint),
        questions=sorted(questions, key=lambda one: [*KINDS].index(one.kind)),
    )


@get("/bank/{bank:str}/compose", guards=AUTHOR)
async def compose_page(request: Asked, box: NamedDependency[Box], bank: FromPath[str]) -> Template:
    """Every approved item with a tick, and what the paper is for."""
    await note_bank_look(request, box, bank)
    found = await box.db.read(_sheet, box, bank)
    return page(request, "compose.html", c=found, kinds=KIND_WORDS, rules=RULE_WORDS)


@post("/bank/{bank:str}/compose", status_code=200, guards=AUTHOR)
async def compose(request: Asked, box: NamedDependency[Box], bank: FromPath[str]) -> Response[None]:
    """Propose the paper."""
    form = await form_of(request)
    sitting = (form.get("sitting") or [""])[0]
    paper = await box.db.write(
        compose_paper, box, bank, sitting, form.get("item", []), typed_terms(form), request.user
    )
    return _go(paper.id)


@get("/composed/{paper:str}", guards=AUTHOR)
async def composed_page(request: Asked, box: NamedDependency[Box], paper: FromPath[str]) -> Template:
    """A composed paper with its items and their right answers."""
    bank = await box.db.read(lambda session: composed_of(session, paper).bank)
    await note_bank_look(request, box, bank)
    view = await box.db.read(_view, box, paper, request.user.account)
    return page(
        request,
        "composed.html",
        v=view,
        kinds=KIND_WORDS,
        rules=RULE_WORDS,
        letters=LETTERS,
        truths=TRUE_FALSE,
    )


@post("/composed/{paper:str}/use", status_code=200, guards=AUTHOR)
async def composed_use(request: Asked, box: NamedDependency[Box], paper: FromPath[str]) -> Response[None]:
    """The second person approves: the sitting's papers are made of these items."""
    frozen = await box.db.read(frozen_paper, box, paper)
    name = await asyncio.to_thread(keep_frozen, box, frozen)
    await box.db.write(use_composed, box, paper, frozen, name, request.user)
    return _go(paper)


@post("/composed/{paper:str}/turn-down", status_code=200, guards=AUTHOR)
async def composed_turn_down(
    request: Asked, box: NamedDependency[Box], paper: FromPath[str], data: URLEncodedBody[ReasonForm]
) -> Response[None]:
    """It is not used."""
    await box.db.write(turn_down_composed, box, paper, data.reason, request.user)
    return _go(paper)


def _go(paper: str) -> Response[None]:
    return Response(None, status_code=204, headers={"hx-redirect": f"/questions/composed/{paper}"})


HANDLERS: list[ControllerRouterHandler] = [
    compose_page,
    compose,
    composed_page,
    composed_use,
    composed_turn_down,
]
