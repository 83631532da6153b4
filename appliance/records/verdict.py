"""Verdicts and their release."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant


class Verdict(SQLModel, table=True):
    """Theory and practical combined (考试结论). `held`: the roster row still waits for the province.

    A released one never changes: a later result of the same day is a verdict of its own, released by itself.
    """

    __table_args__ = (
        Index(
            "uq_verdict_open",
            "candidate",
            "trade",
            "day",
            unique=True,
            sqlite_where=text("release IS NULL"),
            postgresql_where=text("release IS NULL"),
        ),
    )

    id: str = Field(primary_key=True)
    candidate: str = Field(foreign_key="candidate.id", index=True)
    trade: str
    day: str
    """Local date of the exam, YYYY-MM-DD."""
    theory: Decimal | None = Field(default=None, max_digits=6, decimal_places=2)
    practical: Decimal | None = Field(default=None, max_digits=6, decimal_places=2)
    passed: bool | None
    """None while a violation that may take a subject away is not decided (`code` violation_open)."""
    code: str
    held: bool = False
    decided_at: datetime = Field(sa_type=Instant)
    release: str | None = Field(default=None, foreign_key="release.id", index=True)


class Release(SQLModel, table=True):
    """A person released the results of a day (成绩审核上报)."""

    id: str = Field(primary_key=True)
    day: str
    count: int
    released_by: str
    released_at: datetime = Field(sa_type=Instant)
