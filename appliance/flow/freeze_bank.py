"""The approved items of a bank at one moment, as one sealed file: with a seed it gives the same papers for ever."""

from collections import Counter
from collections.abc import Mapping

import msgspec
from sqlmodel import Session, select

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.flow.add_bank import bank_of
from appliance.flow.box import Box
from appliance.flow.sealed_item import open_item, pictures
from appliance.intake.questions.question import (
    LANGUAGE,
    TRUE_FALSE,
    Passage,
    Question,
    pictures_of,
    plain_text,
)
from appliance.records.questions import BankItem, BankPicture, FrozenBank
from appliance.rules.paper import Item, Kind, Picture, Wording, Words


class FrozenItem(msgspec.Struct, kw_only=True, frozen=True):
    """One approved version."""

    item: str
    version: int
    question: Question


class Frozen(msgspec.Struct, kw_only=True, frozen=True):
    """The content of the file; items by id, so that the same items give the same bytes.

    `pictures`: those the items show, SHA-256 -> media type; each lies beside it as a sealed file of that name. None:
    frozen when papers showed neither pictures nor a second language; its papers are drawn again as they were.
    """

    bank: str
    items: tuple[FrozenItem, ...]
    pictures: dict[str, str] | None = None


class Drawable(msgspec.Struct, kw_only=True, frozen=True):
    """A bank's approved items by kind, topic and difficulty; how many of them show pictures, how many can be read in
    English.
    """

    there: dict[tuple[Kind, str, int], int]
    pictures: int
    english: int

    def of(self, kind: Kind) -> int:
        """Items of a kind."""
        return sum(count for cell, count in self.there.items() if cell[0] == kind)


def approved(session: Session, box: Box, bank_id: str, only: set[str] | None = None) -> Frozen:
    """What can be drawn of a bank's approved items now. `only`: of these items."""
    bank = bank_of(session, bank_id)
    items = tuple(
        FrozenItem(item=row.id, version=row.version, question=question)
        for row, question in _approved(session, box, bank.id)
        if only is None or row.id in only
    )
    kept = session.exec(select(BankPicture).where(BankPicture.bank == bank.id)).all()
    shown = {name for one in items for name in pictures(one.question)}
    return Frozen(
        bank=bank.id,
        items=items,
        pictures={row.sha256: row.media_type for row in kept if row.sha256 in shown},
    )


def drawable(session: Session, box: Box, bank_id: str) -> Drawable:
    """Counts for whoever chooses a bank without seeing its items."""
    found = [question for _row, question in _approved(session, box, bank_of(session, bank_id).id)]
    return Drawable(
        there=dict(Counter((one.kind, one.topic, one.difficulty) for one in found)),
        pictures=sum(bool(pictures(one)) for one in found),
        english=sum("en" in one.wordings for one in found),
    )


def _approved(session: Session, box: Box, bank: str) -> list[tuple[BankItem, Question]]:
    rows = session.exec(
        select(BankItem).where(BankItem.bank == bank, BankItem.state == "approved").order_by(BankItem.id)
    ).all()
    return [(row, open_item(box, row)) for row in rows]


def keep_frozen(box: Box, frozen: Frozen) -> str:
    """Keep the file; returns its SHA-256. Call it before the transaction that names it.

    Raises NotFound or Corrupt when a picture is gone or altered: better now than on a candidate's page.
    """
    for name in frozen.pictures or ():
        box.files.get(name, secret=True)
    return box.files.put(msgspec.json.encode(frozen, order="deterministic"), secret=True)


def note_frozen(session: Session, box: Box, name: str, frozen: Frozen) -> None:
    """Keep the row of a frozen file; the same items twice are one."""
    if session.get(FrozenBank, name) is None:
        session.add(FrozenBank(sha256=name, bank=frozen.bank, items=len(frozen.items), frozen_at=box.now()))
        session.flush()


def frozen_items(box: Box, name: str) -> dict[str, Item]:
    """The items of a frozen file, ready to draw from, by id. Raises NotFound or Corrupt for an altered file."""
    frozen = read_frozen(box, name)
    return {one.item: as_item(one, frozen.pictures) for one in frozen.items}


def read_frozen(box: Box, name: str) -> Frozen:
    """A frozen file. Raises NotFound or Corrupt for an altered file."""
    try:
        return msgspec.json.decode(box.files.get(name, secret=True), type=Frozen)
    except msgspec.DecodeError as error:
        raise Corrupt(
            "bad_bank",
            N_("The question bank cannot be used: {detail}"),
            N_("Correct the named item and load the bank again."),
            detail=str(error),
        ) from error


def as_item(one: FrozenItem, kinds: Mapping[str, str] | None) -> Item:
    """A question as the drawing rule takes it. `kinds`: `Frozen.pictures`; None = its first language, bare text."""
    question = one.question
    options = tuple(plain_text(words) for words in question.wording.options)
    return Item(
        id=one.item,
        kind=question.kind,
        stem=plain_text(question.wording.stem),
        options=_truths(question.language) if question.kind == "true_false" else options,
        right=question.right,
        topic=question.topic,
        difficulty=question.difficulty,
        source=question.source,
        fixed=question.fixed,
        wordings={} if kinds is None else _wordings(question, kinds),
    )


def _truths(language: str) -> tuple[str, ...]:
    return TRUE_FALSE.get(language, TRUE_FALSE["en"])


def _wordings(question: Question, kinds: Mapping[str, str]) -> dict[str, Wording]:
    """The question's own language first, then English; empty when plain Chinese text says it all."""
    languages = list(dict.fromkeys([question.language, *({"en"} & set(question.wordings))]))
    if languages == [LANGUAGE] and not pictures(question):
        return {}
    found = {}
    for one in languages:
        written = question.wordings[one]
        options = tuple(_words(words, kinds) for words in written.options)
        truths = question.kind == "true_false"
        found[one] = Wording(stem=_words(written.stem, kinds), options=_truths(one) if truths else options)
    return found


def _words(passage: Passage, kinds: Mapping[str, str]) -> Words:
    """Text as it was drawn before there were pictures; with pictures every part in its place."""
    if not pictures_of(passage):
        return plain_text(passage)
    return tuple(
        one if isinstance(one, str) else Picture(one.sha256, kinds[one.sha256], one.alt) for one in passage
    )
