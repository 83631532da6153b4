"""A file of questions becomes drafts of a bank: what a dry run accepts, in one transaction, all or nothing."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import insert
from sqlmodel import Session, col, select

from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.add_bank import add_bank, bank_of, require_author
from appliance.flow.box import Box
from appliance.flow.sealed_item import row_of
from appliance.intake.questions.question import Picture, QuestionFile
from appliance.records.journal import append
from appliance.records.questions import BankItem, BankPicture, QuestionBank


class Imported(msgspec.Struct, kw_only=True, frozen=True):
    """`added`: new drafts; `known`: questions the bank has already, draft or approved; `rejected`: not usable."""

    added: int
    known: int
    rejected: int


class Prepared(msgspec.Struct, kw_only=True):
    """Everything that takes time, done before the transaction: sealed rows, pictures kept as sealed files."""

    rows: list[BankItem]
    pictures: dict[str, str]
    """SHA-256 -> media type."""
    facts: dict[str, str | int]


def prepare_import(box: Box, file: QuestionFile, bank_id: str, who: Who) -> Prepared:
    """Seal the accepted questions as drafts and keep their pictures. Raises Refused for whoever is no author."""
    require_author(who)
    keep_pictures(box, file.pictures)
    ids = sorted(new_id() for _ in file.accepted)  # the file's order is the list's
    return Prepared(
        rows=[
            row_of(box, item, 1, bank_id, one, who.account, one.id)
            for item, one in zip(ids, file.accepted, strict=True)
        ],
        pictures={name: picture.media_type for name, picture in file.pictures.items()},
        facts={
            "file_sha256": file.sha256,
            "format": file.format,
            "accepted": len(file.accepted),
            "rejected": len(file.rejected),
        },
    )


def keep_pictures(box: Box, found: Mapping[str, Picture]) -> None:
    """Keep the bytes of pictures, sealed."""
    for picture in found.values():
        box.files.put(picture.content, secret=True)


def import_questions(session: Session, box: Box, bank_id: str, prepared: Prepared, who: Who) -> Imported:
    """Add the drafts the bank does not have yet. The same file a second time adds nothing."""
    require_author(who)
    bank = bank_of(session, bank_id)
    known = known_fingerprints(session, bank.id)
    new = [row for row in prepared.rows if row.fingerprint not in known]
    if new:  # in one statement: a large file must not hold up those who are writing an exam
        session.execute(insert(BankItem), [row.model_dump() for row in new])
    there = set(session.exec(select(BankPicture.sha256).where(BankPicture.bank == bank.id)))
    for name, media_type in prepared.pictures.items():
        if name not in there:
            session.add(BankPicture(bank=bank.id, sha256=name, media_type=media_type))
    session.flush()
    done = Imported(
        added=len(new), known=len(prepared.rows) - len(new), rejected=int(prepared.facts["rejected"])
    )
    body = {**prepared.facts, "added": done.added, "known": done.known}
    append(session, "questions.imported", bank.id, who.actor, body, at=box.now())
    return done


def take_shipped(
    session: Session, box: Box, name: str, trade: str, prepared: Prepared, who: Who
) -> QuestionBank:
    """A bank that ships with the box as one of the site's own, every item a draft. A second time: Conflict."""
    bank = add_bank(session, box, name, trade, "exam", who, bank_id=prepared.rows[0].bank)
    import_questions(session, box, bank.id, prepared, who)
    return bank


def known_fingerprints(session: Session, bank: str) -> set[bytes]:
    """Of every item of a bank that waits or is in use."""
    return set(
        session.exec(
            select(BankItem.fingerprint).where(
                BankItem.bank == bank, col(BankItem.state).in_(("draft", "approved"))
            )
        )
    )
