"""A site's own question banks: items in versions, what they were frozen to, the pictures they show."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant

PURPOSES = ("exam", "rehearsal")


class QuestionBank(SQLModel, table=True):
    """A bank (题库). `owner`: site = edited here; province = sealed, known by its name only."""

    __tablename__ = "question_bank"
    __table_args__ = (
        CheckConstraint("owner IN ('site', 'province')", name="owner"),
        CheckConstraint("purpose IN ('exam', 'rehearsal')", name="purpose"),
        UniqueConstraint("name"),
    )

    id: str = Field(primary_key=True)
    name: str
    owner: str = "site"
    trade: str = ""
    """Internal key of the trade catalogue; empty = for any exam."""
    purpose: str
    created_by: str
    """Account."""
    created_at: datetime = Field(sa_type=Instant)


class BankItem(SQLModel, table=True):
    """One version of an item (试题). An edit is a new version; nothing is ever deleted.

    `state`: draft -> approved -> retired, or draft -> retired (rules/states.py). While a newer draft waits, the
    approved version stays in use.
    """

    __tablename__ = "bank_item"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'approved', 'retired')", name="state"),
        CheckConstraint("kind IN ('true_false', 'single_choice', 'multiple_choice')", name="kind"),
        CheckConstraint("difficulty BETWEEN 0 AND 3", name="difficulty"),
        CheckConstraint("state <> 'approved' OR (reviewer <> '' AND reviewer <> author)", name="review"),
    )

    id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    bank: str = Field(foreign_key="question_bank.id", index=True)
    newest: bool = True
    """No later version exists."""
    state: str = "draft"
    kind: str
    topic: str = ""
    difficulty: int = 0
    source: str = ""
    label: str = ""
    """What the file it came from calls it."""
    sealed: bytes
    """Everything a candidate reads and the right answers, encrypted (flow/bank_items.py)."""
    fingerprint: bytes
    """HMAC of the words, to find the same question again without reading any."""
    author: str
    """Account."""
    made_at: datetime = Field(sa_type=Instant)
    reviewer: str = ""
    reviewed_at: datetime | None = Field(default=None, sa_type=Instant)
    retired_by: str = ""
    retired_at: datetime | None = Field(default=None, sa_type=Instant)
    reason: str = ""
    """Why it was retired."""


class BankPicture(SQLModel, table=True):
    """A picture some item of a bank shows. Which item: only the sealed content says."""

    __tablename__ = "bank_picture"

    bank: str = Field(primary_key=True, foreign_key="question_bank.id")
    sha256: str = Field(primary_key=True)
    """Name of the sealed file."""
    media_type: str


class FrozenBank(SQLModel, table=True):
    """The approved items of a bank at one moment, as papers are drawn from them."""

    __tablename__ = "frozen_bank"

    sha256: str = Field(primary_key=True)
    """Name of the sealed file; stands in Paper.bank."""
    bank: str = Field(foreign_key="question_bank.id")
    items: int
    frozen_at: datetime = Field(sa_type=Instant)


class BankBlueprint(SQLModel, table=True):
    """How papers are put together from a bank for one kind of exam (考核类型): the newest; older ones are journaled."""

    __tablename__ = "bank_blueprint"
    __table_args__ = (CheckConstraint("exam IN ('initial', 'review', 'resit')", name="exam"),)

    bank: str = Field(primary_key=True, foreign_key="question_bank.id")
    exam: str = Field(primary_key=True)
    text: str
    """rules.paper.Blueprint as JSON."""
    set_by: str
    """Account."""
    set_at: datetime = Field(sa_type=Instant)


class ComposedPaper(SQLModel, table=True):
    """A paper composed by hand for a sitting. `state`: proposed -> used or turned_down; a second person decides."""

    __tablename__ = "composed_paper"
    __table_args__ = (
        CheckConstraint("state IN ('proposed', 'used', 'turned_down')", name="state"),
        CheckConstraint("state = 'proposed' OR (reviewer <> '' AND reviewed_at IS NOT NULL)", name="decided"),
        CheckConstraint("state <> 'used' OR reviewer <> author", name="review"),
    )

    id: str = Field(primary_key=True)
    sitting: str = Field(foreign_key="sitting.id", index=True)
    bank: str = Field(foreign_key="question_bank.id", index=True)
    state: str = "proposed"
    sealed: bytes
    """Its items and their versions, JSON, encrypted (flow/compose_paper.py)."""
    blueprint: str
    """What its items are worth, JSON of rules.paper.Blueprint."""
    author: str
    """Account."""
    made_at: datetime = Field(sa_type=Instant)
    reviewer: str = ""
    reviewed_at: datetime | None = Field(default=None, sa_type=Instant)
    reason: str = ""
    """Why it was turned down."""
