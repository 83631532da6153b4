"""What the station's camera saw: captures at random moments of an exam, and face checks at the seat (人脸复核)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant, index_where


class Capture(SQLModel, table=True):
    """One picture taken at a seat. `id` is given by the page: sent twice it is kept once."""

    __table_args__ = (
        CheckConstraint("purpose IN ('random', 'seat_check')", name="purpose"),
        CheckConstraint("state IN ('waiting', 'looked', 'by_people', 'unusable')", name="state"),
        index_where("ix_capture_picture", "picture", "picture <> ''"),
        index_where("ix_capture_pictured", "happened_at", "picture <> ''"),
        index_where("ix_capture_waiting", "recorded_at", "state = 'waiting'"),
        Index("ix_capture_attempt_happened_at", "attempt", "happened_at"),
    )

    id: str = Field(primary_key=True)
    attempt: str = Field(foreign_key="attempt.id")
    seat: str = Field(foreign_key="seat.id")
    lease: int
    purpose: str = "random"
    number: int = 0
    """Which of the attempt's random moments it was asked for; 0 = taken while the box was away, or a seat check."""
    happened_at: datetime = Field(sa_type=Instant)
    """The station's best time."""
    recorded_at: datetime = Field(sa_type=Instant)
    picture: str = ""
    """SHA-256 of the sealed picture."""
    state: str = "waiting"
    """waiting for exam-faces; looked; by_people = never compared by a machine, as the candidate asked; unusable."""
    engine: str = ""
    version: str = ""
    band: str = ""
    """admit, review or mismatch; empty = nothing was compared."""
    distance: float | None = None
    found: str = ""
    """Kinds of cases that came of it, joined by blanks."""


class SeatCheck(SQLModel, table=True):
    """The face check at the seat of one lease; the newest of a lease counts."""

    __tablename__ = "seat_check"
    __table_args__ = (
        CheckConstraint("state IN ('due', 'looking', 'hand', 'passed')", name="state"),
        Index("ix_seat_check_attempt_lease", "attempt", "lease"),
    )

    id: str = Field(primary_key=True)
    attempt: str = Field(foreign_key="attempt.id")
    lease: int
    state: str = "due"
    """due: a picture is wanted; looking: exam-faces has it; hand: a person decides; passed."""
    code: str = ""
    """Why it passed or did not: a key of rules.seat_check.REASONS."""
    capture: str | None = Field(default=None, foreign_key="capture.id")
    exam_case: str | None = Field(default=None, foreign_key="exam_case.id")
    tries: int = 0
    asked_at: datetime = Field(sa_type=Instant)
    settled_at: datetime | None = Field(default=None, sa_type=Instant)
    decided_by: str = ""
    """Account of the invigilator; empty = the machine's admit band, or the check was not needed."""
    second_by: str = ""
    reason: str = ""
