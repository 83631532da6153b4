"""What the pages of the question banks read: banks, the items of one, one item with its versions. No writes."""

from collections import Counter
from datetime import datetime

import msgspec
from sqlmodel import Session, col, func, select

from appliance.flow.add_bank import bank_of
from appliance.flow.box import Box
from appliance.flow.sealed_item import open_item, version_of
from appliance.intake.bank import plain
from appliance.intake.catalogue import trade_name
from appliance.intake.questions.question import Picture, Question, plain_text
from appliance.records.accounts import Account
from appliance.records.questions import BankItem, BankPicture, QuestionBank

PAGE = 20


class BankLine(msgspec.Struct, kw_only=True):
    """A bank in the list. Of a sealed one nothing but the name. `counts`: newest versions by state."""

    id: str
    name: str
    owner: str
    trade: str
    trade_name: str
    purpose: str
    counts: dict[str, int]


class ItemLine(msgspec.Struct, kw_only=True):
    """An item in the list of its bank."""

    id: str
    version: int
    label: str
    kind: str
    state: str
    topic: str
    difficulty: int
    stem: str
    author: str
    own: bool
    """The reader wrote this version and may not approve it."""


class Wanted(msgspec.Struct, kw_only=True, frozen=True):
    """What of a bank is looked for; empty = all. `text`: anywhere in stem, options or label. `page` from 1."""

    state: str = ""
    topic: str = ""
    kind: str = ""
    text: str = ""
    page: int = 1


class ItemPage(msgspec.Struct, kw_only=True):
    """Twenty items of a bank. `topics`: all of the bank with their counts; `found`: how many there are in all."""

    bank: BankLine
    items: list[ItemLine]
    wanted: Wanted
    found: int
    pages: int
    topics: dict[str, int]


class VersionLine(msgspec.Struct, kw_only=True):
    """One version in an item's history."""

    version: int
    state: str
    author: str
    made_at: datetime
    reviewer: str
    reviewed_at: datetime | None
    retired_by: str
    retired_at: datetime | None
    reason: str


class ItemView(msgspec.Struct, kw_only=True):
    """One version of an item as it is reviewed."""

    bank: BankLine
    id: str
    version: int
    newest: bool
    state: str
    label: str
    author: str
    own: bool
    question: Question
    history: list[VersionLine]


def names(session: Session) -> dict[str, str]:
    """Account -> name."""
    return {row.id: row.name for row in session.exec(select(Account))}


def banks(session: Session) -> list[BankLine]:
    """Every bank kept here, by name."""
    rows = session.exec(select(QuestionBank).order_by(QuestionBank.name)).all()
    return [bank_line(session, row) for row in rows]


def bank_line(session: Session, bank: QuestionBank) -> BankLine:
    """A bank with its counts."""
    counted = session.exec(
        select(BankItem.state, func.count())
        .where(BankItem.bank == bank.id, BankItem.newest)
        .group_by(BankItem.state)
    ).all()
    return BankLine(
        id=bank.id,
        name=bank.name,
        owner=bank.owner,
        trade=bank.trade,
        trade_name=trade_name(bank.trade) if bank.trade else "",
        purpose=bank.purpose,
        counts=dict(counted) if bank.owner == "site" else {},
    )


def find_items(session: Session, box: Box, bank_id: str, wanted: Wanted, account: str) -> ItemPage:
    """The newest versions of a bank's items that fit, in the order they came."""
    bank = bank_of(session, bank_id)
    topics = Counter(
        session.exec(select(BankItem.topic).where(BankItem.bank == bank.id, BankItem.newest)).all()
    )
    chosen = select(BankItem).where(BankItem.bank == bank.id, BankItem.newest)
    for column, value in (
        (BankItem.state, wanted.state),
        (BankItem.topic, wanted.topic),
        (BankItem.kind, wanted.kind),
    ):
        chosen = chosen.where(column == value) if value else chosen
    if wanted.text.strip():
        rows = list(session.exec(chosen.order_by(BankItem.id)).all())
        rows = [row for row in rows if _holds(row, open_item(box, row), wanted.text)]
        count = len(rows)
    else:
        count = session.exec(select(func.count()).select_from(chosen.subquery())).one()
    pages = max(1, -(-count // PAGE))
    page = min(max(1, wanted.page), pages)
    first = (page - 1) * PAGE
    if wanted.text.strip():
        shown = rows[first : first + PAGE]
    else:
        shown = list(session.exec(chosen.order_by(BankItem.id).offset(first).limit(PAGE)).all())
    who = names(session)
    return ItemPage(
        bank=bank_line(session, bank),
        items=[_line(row, open_item(box, row), who, account) for row in shown],
        wanted=msgspec.structs.replace(wanted, page=page),
        found=count,
        pages=pages,
        topics=dict(sorted(topics.items())),
    )


def _holds(row: BankItem, question: Question, text: str) -> bool:
    sought = plain(text) or text.strip()
    wordings = question.wordings.values()
    words = [plain_text(one) for wording in wordings for one in (wording.stem, *wording.options)]
    return any(sought in plain(one) or text.strip() in one for one in (row.label, row.source, *words))


def _line(row: BankItem, question: Question, who: dict[str, str], account: str) -> ItemLine:
    return ItemLine(
        id=row.id,
        version=row.version,
        label=row.label,
        kind=row.kind,
        state=row.state,
        topic=row.topic,
        difficulty=row.difficulty,
        stem=plain_text(question.wording.stem, "▣"),
        author=who.get(row.author, ""),
        own=row.author == account,
    )


def item_view(session: Session, box: Box, item: str, version: int | None, account: str) -> ItemView:
    """One version (default: the newest) with all that happened to the item."""
    row = version_of(session, item, version)
    bank = bank_of(session, row.bank)
    who = names(session)
    rows = session.exec(
        select(BankItem).where(BankItem.id == item).order_by(col(BankItem.version).desc())
    ).all()
    return ItemView(
        bank=bank_line(session, bank),
        id=row.id,
        version=row.version,
        newest=row.newest,
        state=row.state,
        label=row.label,
        author=who.get(row.author, ""),
        own=row.author == account,
        question=open_item(box, row),
        history=[
            VersionLine(
                version=one.version,
                state=one.state,
                author=who.get(one.author, ""),
                made_at=one.made_at,
                reviewer=who.get(one.reviewer, ""),
                reviewed_at=one.reviewed_at,
                retired_by=who.get(one.retired_by, ""),
                retired_at=one.retired_at,
                reason=one.reason,
            )
            for one in rows
        ],
    )


def next_draft(session: Session, bank: str, after: str, account: str) -> str:
    """The next item of a bank that waits for the reader: a draft of somebody else's; empty when none does."""
    waiting = session.exec(
        select(BankItem.id)
        .where(BankItem.bank == bank, BankItem.newest, BankItem.state == "draft", BankItem.author != account)
        .order_by(BankItem.id)
    ).all()
    return next((one for one in waiting if one > after), waiting[0] if waiting else "")


def media_type(session: Session, bank_id: str, name: str) -> str:
    """What a picture of a bank is; empty when the bank has none of this name."""
    row = session.get(BankPicture, (bank_of(session, bank_id).id, name))
    return row.media_type if row else ""


def questions_of(session: Session, box: Box, bank_id: str) -> tuple[str, list[Question], dict[str, str]]:
    """Name of a bank, its items that are not retired (newest versions), its pictures (SHA-256 -> media type)."""
    bank = bank_of(session, bank_id)
    rows = session.exec(
        select(BankItem)
        .where(BankItem.bank == bank.id, BankItem.newest, BankItem.state != "retired")
        .order_by(BankItem.id)
    ).all()
    found = session.exec(select(BankPicture).where(BankPicture.bank == bank.id)).all()
    questions = [
        msgspec.structs.replace(open_item(box, row), id=row.label or f"{row.id[-8:]}") for row in rows
    ]
    return bank.name, questions, {row.sha256: row.media_type for row in found}


def kept_pictures(box: Box, found: dict[str, str]) -> dict[str, Picture]:
    """The bytes of pictures by their names."""
    return {name: Picture(kind, box.files.get(name, secret=True)) for name, kind in found.items()}
