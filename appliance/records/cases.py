"""What happened to an exam page, and cases of the exam itself (待核事项): what was seen at a seat, to be judged.

Cases of the entrance: entry.py.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant, index_where


class ExamCase(SQLModel, table=True):
    """Something noticed during one attempt; never a verdict. `id` may be given by the page that noticed it."""

    __tablename__ = "exam_case"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'dismissed', 'violation')", name="state"),
        Index("ix_exam_case_sitting_state", "sitting", "state"),
        index_where("ix_exam_case_picture", "picture", "picture <> ''"),
    )

    id: str = Field(primary_key=True)
    sitting: str = Field(foreign_key="sitting.id")
    attempt: str = Field(foreign_key="attempt.id", index=True)
    candidate: str = Field(foreign_key="candidate.id", index=True)
    seat: str | None = Field(default=None, foreign_key="seat.id")
    """Where it was noticed."""
    kind: str
    """A key of flow.note_case.KINDS."""
    happened_at: datetime = Field(sa_type=Instant)
    """By the clock of whoever noticed it; recorded when the journal says."""
    until: datetime | None = Field(default=None, sa_type=Instant)
    """When it was over; None while it lasts, or for a moment's finding."""
    picture: str = ""
    """SHA-256 of the sealed picture, or empty."""
    detail: str = "{}"
    """JSON: figures and codes, never personal data."""
    state: str = "open"
    decided_by: str = ""
    """Account."""
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
    reason: str = ""


class PageReload(SQLModel, table=True):
    """An exam page went away while its exam ran, and came back: loaded anew, crashed, the computer went out.

    A fact, no case; one that lasts too long is a case of the same id (flow.page_reloaded). The page gives the id.
    """

    __tablename__ = "page_reload"

    id: str = Field(primary_key=True)
    attempt: str = Field(foreign_key="attempt.id", index=True)
    lease: int
    gone_at: datetime = Field(sa_type=Instant)
    """By the page's clock, within what can be."""
    back_at: datetime | None = Field(default=None, sa_type=Instant)
    """None while it has not come back."""
