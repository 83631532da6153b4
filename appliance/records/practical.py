"""Practical tasks drawn and the examiner's score sheets."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant


class TaskDraw(SQLModel, table=True):
    """The task drawn for one attempt and one subject K1..K4."""

    __tablename__ = "task_draw"

    attempt: str = Field(primary_key=True, foreign_key="attempt.id")
    subject: str = Field(primary_key=True)
    task: str
    """Code of the task, e.g. K11."""
    drawn_at: datetime = Field(sa_type=Instant)


class ScoreSheet(SQLModel, table=True):
    """A score sheet (实操评分表) signed by an examiner. `id` is the form's id: sent twice, kept once."""

    __tablename__ = "score_sheet"
    __table_args__ = (CheckConstraint("raw >= 0 AND raw <= 100", name="raw"),)

    id: str = Field(primary_key=True)
    attempt: str = Field(foreign_key="attempt.id", index=True)
    subject: str
    task: str
    losses: str = "[]"
    """JSON list of {item, deduction, points, count}."""
    vetoes: str = "[]"
    """JSON list of veto ids."""
    note: str = ""
    raw: Decimal = Field(max_digits=6, decimal_places=2)
    examiner: str
    signed_at: datetime = Field(sa_type=Instant)
    amends: str | None = Field(default=None, foreign_key="score_sheet.id")
    """The sheet this one corrects."""
