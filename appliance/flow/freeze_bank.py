"""The approved items of a bank at one moment, as one sealed file: with a seed it gives the same papers for ever."""

from collections import Counter

import msgspec
from sqlmodel import Session, select

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.flow.add_bank import bank_of
from appliance.flow.box import Box
from appliance.flow.sealed_item import open_item, pictures
from appliance.intake.questions.question import TRUE_FALSE, Question, plain_text
from appliance.records.questions import BankItem, FrozenBank
from appliance.rules.paper import Item, Kind
from appliance.rules.questions import undrawable


class FrozenItem(msgspec.Struct, kw_only=True, frozen=True):
    """One approved version."""

    item: str
    version: int
    question: Question


class Frozen(msgspec.Struct, kw_only=True, frozen=True):
    """The content of the file; items by id, so that the same items give the same bytes."""

    bank: str
    items: tuple[FrozenItem, ...]


class Drawable(msgspec.Struct, kw_only=True, frozen=True):
    """What of a bank's approved items can stand on a paper: by kind; `left_out`: why not -> how many."""

    there: dict[Kind, int]
    left_out: dict[str, int]


def approved(session: Session, box: Box, bank_id: str) -> Frozen:
    """What can be drawn of a bank's approved items now."""
    bank = bank_of(session, bank_id)
    return Frozen(
        bank=bank.id,
        items=tuple(
            FrozenItem(item=row.id, version=row.version, question=question)
            for row, question in _approved(session, box, bank.id)
            if not undrawable(bool(pictures(question)))
        ),
    )


def drawable(session: Session, box: Box, bank_id: str) -> Drawable:
    """Counts for whoever chooses a bank without seeing its items."""
    there: Counter[Kind] = Counter()
    left_out: Counter[str] = Counter()
    for _row, question in _approved(session, box, bank_of(session, bank_id).id):
        if code := undrawable(bool(pictures(question))):
            left_out[code] += 1
        else:
            there[question.kind] += 1
    return Drawable(there=dict(there), left_out=dict(left_out))


def _approved(session: Session, box: Box, bank: str) -> list[tuple[BankItem, Question]]:
    rows = session.exec(
        select(BankItem).where(BankItem.bank == bank, BankItem.state == "approved").order_by(BankItem.id)
    ).all()
    return [(row, open_item(box, row)) for row in rows]


def keep_frozen(box: Box, frozen: Frozen) -> str:
    """Keep the file; returns its SHA-256. Call it before the transaction that names it."""
    return box.files.put(msgspec.json.encode(frozen, order="deterministic"), secret=True)


def note_frozen(session: Session, box: Box, name: str, frozen: Frozen) -> None:
    """Keep the row of a frozen file; the same items twice are one."""
    if session.get(FrozenBank, name) is None:
        session.add(FrozenBank(sha256=name, bank=frozen.bank, items=len(frozen.items), frozen_at=box.now()))
        session.flush()


def frozen_items(box: Box, name: str) -> dict[str, Item]:
    """The items of a frozen file, ready to draw from, by id. Raises NotFound or Corrupt for an altered file."""
    try:
        frozen = msgspec.json.decode(box.files.get(name, secret=True), type=Frozen)
    except msgspec.DecodeError as error:
        raise Corrupt(
            "bad_bank",
            N_("The question bank cannot be used: {detail}"),
            N_("Correct the named item and load the bank again."),
            detail=str(error),
        ) from error
    return {one.item: as_item(one) for one in frozen.items}


def as_item(one: FrozenItem) -> Item:
    """A question in its first language as the drawing rule takes it."""
    question = one.question
    shown = TRUE_FALSE.get(question.language, TRUE_FALSE["en"])
    options = tuple(plain_text(words) for words in question.wording.options)
    return Item(
        id=one.item,
        kind=question.kind,
        stem=plain_text(question.wording.stem),
        options=shown if question.kind == "true_false" else options,
        right=question.right,
        topic=question.topic,
        difficulty=question.difficulty,
        source=question.source,
        fixed=question.fixed,
    )
