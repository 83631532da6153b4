"""An item's content at rest: encrypted together with what it belongs to, so that no row can carry another's."""

import msgspec
from sqlmodel import Session, select

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.intake.questions.question import Question, compared, pictures_of
from appliance.records.questions import BankItem


class Content(msgspec.Struct, kw_only=True, frozen=True):
    """What is encrypted."""

    item: str
    version: int
    question: Question


def seal_item(box: Box, item: str, version: int, question: Question) -> bytes:
    """A question as `BankItem.sealed`."""
    return box.key.encrypt(msgspec.json.encode(Content(item=item, version=version, question=question)))


def open_item(box: Box, row: BankItem) -> Question:
    """The question of a row. Corrupt when the content is not this row's."""
    content = msgspec.json.decode(box.key.decrypt(row.sealed), type=Content)
    if (content.item, content.version) != (row.id, row.version):
        raise Corrupt(
            "sealed_altered",
            N_("A protected piece of data was altered on disk."),
            N_("Keep the machine as it is and call the inspector."),
        )
    return content.question


def fingerprint(box: Box, question: Question) -> bytes:
    """The same for the same question, whatever the order of its options; tells nothing to who lacks the key."""
    first = question.wording
    words = (question.kind, compared(first.stem), *sorted(compared(one) for one in first.options))
    return box.key.index("item\x00" + "\x1e".join(words))


def pictures(question: Question) -> set[str]:
    """Names of the pictures a question shows, in all its languages."""
    return {
        ref.sha256
        for wording in question.wordings.values()
        for words in (wording.stem, *wording.options)
        for ref in pictures_of(words)
    }


def version_of(session: Session, item: str, version: int | None = None) -> BankItem:
    """One version of an item (default: the newest), or a clear error."""
    wanted = select(BankItem).where(BankItem.id == item)
    wanted = wanted.where(BankItem.newest if version is None else BankItem.version == version)
    row = session.exec(wanted).first()
    if row is None:
        raise NotFound("no_item", N_("There is no such item."), N_("Go back to the bank."))
    return row


def row_of(
    box: Box, item: str, version: int, bank: str, question: Question, account: str, label: str
) -> BankItem:
    """A new draft, sealed; not yet added to anything."""
    return BankItem(
        id=item,
        version=version,
        bank=bank,
        kind=question.kind,
        topic=question.topic,
        difficulty=question.difficulty,
        source=question.source,
        label=label,
        sealed=seal_item(box, item, version, question),
        fingerprint=fingerprint(box, question),
        author=account,
        made_at=box.now(),
    )
