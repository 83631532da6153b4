"""The journal (考务日志): hash-chained from the first entry, written in the same transaction as the state.

Hash of an entry = SHA-256 of its fields joined by line feeds:
previous hash, seq, at, mark, kind, subject, actor, body; all as the text that is stored. Bodies hold ids, codes
and figures, never personal data. The head is signed at intervals (`JournalSeal`), or a cut tail would go unseen.
"""

import hashlib
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Index, Text
from sqlmodel import Field, Session, SQLModel

from appliance.base.database import Driver, driver_of
from appliance.records.base import Instant, instant

GENESIS = "0" * 64
HEAD = "journal_head"


class Journal(SQLModel, table=True):
    """One entry. `at`: when the box recorded it; `mark`: DEMO on demo sites."""

    # The last word of a kind about a thing is found at once, however long the journal is.
    __table_args__ = (Index("ix_journal_subject_kind_seq", "subject", "kind", "seq"),)

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: str
    mark: str = ""
    kind: str = Field(index=True)
    """noun.past, see docs/journal.md."""
    subject: str
    """The id of the thing it is about; a candidate's id whenever one is concerned."""
    actor: str
    """account:ID, lane:CODE, seat:ID, process:NAME or province."""
    body: str = Field(sa_type=Text)
    previous: str
    hash: str


class JournalHead(SQLModel, table=True):
    """The one row that is locked before an entry is written."""

    __tablename__ = "journal_head"

    id: int = Field(default=1, primary_key=True)
    seq: int = 0
    hash: str = GENESIS
    mark: str = ""


class JournalSeal(SQLModel, table=True):
    """A signature over the head: `hash` at `seq`, by the key named."""

    __tablename__ = "journal_seal"

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    hash: str
    key: str
    signature: str
    at: datetime = Field(sa_type=Instant)


def entry_hash(
    previous: str, seq: int, at: str, mark: str, kind: str, subject: str, actor: str, body: str
) -> str:
    """The hash of one entry."""
    fields = "\n".join((previous, str(seq), at, mark, kind, subject, actor, body))
    return hashlib.sha256(fields.encode()).hexdigest()


_encode = msgspec.json.Encoder(order="sorted").encode


def append_fixed(
    driver: Driver, kind: str, subject: str, actor: str, body: dict[str, Any], at: datetime
) -> int:
    """`append` on the driver's connection, for the hot path: only inside `db.write_fixed`, or settle the driver after.

    Entries of one run of fixed writes read the head once and write it once, both under its lock.
    """
    head = driver.carried.get(HEAD)
    if head is None:
        lock = " FOR UPDATE" if driver.postgres else ""
        head = driver.execute(f"SELECT seq, hash, mark FROM journal_head WHERE id = 1{lock}").fetchone()
    seq, previous, mark = int(head[0]) + 1, head[1], head[2]
    text = _encode(body).decode()
    stamp = instant(at)
    digest = entry_hash(previous, seq, stamp, mark, kind, subject, actor, text)
    driver.execute(
        "INSERT INTO journal (seq, at, mark, kind, subject, actor, body, previous, hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (seq, stamp, mark, kind, subject, actor, text, previous, digest),
    )
    driver.carried[HEAD] = (seq, digest, mark)
    driver.execute_last(HEAD, "UPDATE journal_head SET seq = ?, hash = ? WHERE id = 1", (seq, digest))
    return seq


def append(session: Session, kind: str, subject: str, actor: str, body: dict[str, Any], at: datetime) -> int:
    """Write one entry in the session's transaction; returns its seq."""
    driver = driver_of(session)
    driver.settle()
    seq = append_fixed(driver, kind, subject, actor, body, at)
    driver.settle()
    return seq
