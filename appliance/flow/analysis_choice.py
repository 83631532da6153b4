"""What can be analysed, and what of an analysed item its reader may see. No writes."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlmodel import Session, col, func, select

from appliance.base.errors import NotFound
from appliance.base.i18n import N_, _
from appliance.flow.analyse_items import ItemLine, Scope, sittings_of
from appliance.flow.box import Box
from appliance.flow.sealed_item import open_item
from appliance.intake.bank import question_bank
from appliance.intake.catalogue import trade_name, trades
from appliance.intake.questions.question import TRUE_FALSE, plain_text
from appliance.records.questions import BankItem, QuestionBank
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Mark
from appliance.records.violations import ViolationDecision

NEWEST = 100
"""Sittings offered; older ones are found by their bank and days."""


class MarkedSitting(msgspec.Struct, kw_only=True):
    """A theory sitting with marked papers."""

    id: str
    number: int
    starts_at: datetime
    trade_name: str
    marked: int


class MarkedBank(msgspec.Struct, kw_only=True):
    """A bank that marked papers were drawn from. `of`: `bank:ID`, or `trade:KEY` of one that ships with the box."""

    of: str
    name: str


class Choices(msgspec.Struct, kw_only=True):
    """Sittings, newest first, and banks by name."""

    sittings: list[MarkedSitting]
    banks: list[MarkedBank]


class Words(msgspec.Struct, kw_only=True, frozen=True):
    """What an item is called, and for its authors what it says. `bank`: of what it says, else empty."""

    name: str
    stem: str = ""
    options: tuple[str, ...] = ()
    bank: str = ""


def choices(session: Session) -> Choices:
    """Every sitting and every bank with marked theory papers."""
    rows = session.exec(
        select(Sitting, func.count(col(Attempt.id)))
        .join(Attempt, col(Attempt.sitting) == col(Sitting.id))
        .where(Sitting.subject == "theory", Attempt.state == "marked")
        .group_by(col(Sitting.id))
        .order_by(col(Sitting.starts_at).desc())
    ).all()
    sources = {(one.bank, one.trade) for one, _count in rows}
    banks = [
        MarkedBank(of=f"bank:{one}", name=_bank_name(session, one)) for one in {b for b, _t in sources if b}
    ]
    banks += [
        MarkedBank(of=f"trade:{one}", name=_shipped_name(one)) for one in {t for b, t in sources if not b}
    ]
    return Choices(
        sittings=[
            MarkedSitting(
                id=one.id,
                number=one.number,
                starts_at=one.starts_at,
                trade_name=trade_name(one.trade),
                marked=count,
            )
            for one, count in rows[:NEWEST]
        ],
        banks=sorted(banks, key=lambda one: one.name),
    )


def _bank_name(session: Session, bank: str) -> str:
    return session.get_one(QuestionBank, bank).name


def _shipped_name(trade: str) -> str:
    try:
        return question_bank(trade).name
    except NotFound:
        return trade_name(trade)


def title_of(session: Session, box: Box, scope: Scope) -> str:
    """What is analysed, in words. NotFound for an unknown sitting or bank."""
    if scope.sitting:
        (one,) = sittings_of(session, box, scope)
        return f"{box.local(one.starts_at):%Y-%m-%d %H:%M} {trade_name(one.trade)}"
    if scope.bank:
        bank = session.get(QuestionBank, scope.bank)
        if bank is None:
            raise NotFound("no_bank_here", N_("There is no such bank."), N_("Go back to the list of banks."))
        name = bank.name
    elif scope.trade in trades():
        name = _shipped_name(scope.trade)
    else:
        raise NotFound("no_bank_here", N_("There is no such bank."), N_("Go back to the list of banks."))
    if not scope.first and not scope.last:
        return name
    days = (scope.first.isoformat() if scope.first else "…", scope.last.isoformat() if scope.last else "…")
    return _("{name}, {first} to {last}").format(name=name, first=days[0], last=days[1])


def state_of(session: Session, box: Box, scope: Scope) -> tuple[int, str]:
    """Changes whenever an analysis of the scope would: how many marks there are, the newest, and the newest decision
    on a violation.
    """
    ids = [one.id for one in sittings_of(session, box, scope)]
    wanted = select(func.count(col(Mark.id)), func.max(col(Mark.id))).join(
        Attempt, col(Attempt.id) == col(Mark.attempt)
    )
    count, newest = session.exec(wanted.where(col(Attempt.sitting).in_(ids))).one()
    # Not by its id: the page gave that when it was drawn, and another may have been decided since.
    decisions = select(func.count(col(ViolationDecision.id)), func.max(col(ViolationDecision.decided_at)))
    decided, last = session.exec(decisions).one()
    return count, f"{newest or ''} {decided} {last or ''}"


def words_of(session: Session, box: Box, lines: Sequence[ItemLine], told: bool) -> list[Words]:
    """What each line's item is called. `told`: to an author, also what it says; of the site's own banks only."""
    own = [one.item for one in lines if one.version]
    found = session.exec(
        select(BankItem, QuestionBank.owner)
        .join(QuestionBank, col(QuestionBank.id) == col(BankItem.bank))
        .where(col(BankItem.id).in_(own))
    ).all()
    rows = {(row.id, row.version): row for row, owner in found if owner == "site"}
    words = []
    for one in lines:
        row = rows.get((one.item, one.version))
        if row is None:
            words.append(Words(name=one.item))
        else:
            words.append(_words(box, row, told))
    return words


def _words(box: Box, row: BankItem, told: bool) -> Words:
    name = row.label or row.id[-8:]
    if row.version > 1:
        name = _("{name}, version {number}").format(name=name, number=row.version)
    if not told:
        return Words(name=name)
    question = open_item(box, row)
    written = tuple(plain_text(one, "▣") for one in question.wording.options)
    truths = TRUE_FALSE.get(question.language, TRUE_FALSE["en"])
    return Words(
        name=name,
        stem=plain_text(question.wording.stem, "▣"),
        options=truths if question.kind == "true_false" else written,
        bank=row.bank,
    )
