"""Violations of exam rules (违纪违规), what proves them and what was decided; and pauses of an exam."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant, index_where


class Violation(SQLModel, table=True):
    """One line of the violation record (违纪登记表), made by two of the staff. `id` is given by the page.

    What was recorded never changes. `decision` is the one in force (ViolationDecision), empty until there is one.
    """

    __table_args__ = (
        CheckConstraint("decision IN ('', 'unfounded', 'warn', 'void_subject', 'void_all')", name="decision"),
        Index("ix_violation_sitting_decision", "sitting", "decision"),
    )

    id: str = Field(primary_key=True)
    number: int
    """1, 2, 3 ... of the sitting, as the sheet says it."""
    sitting: str = Field(foreign_key="sitting.id")
    candidate: str = Field(foreign_key="candidate.id", index=True)
    attempt: str | None = Field(default=None, foreign_key="attempt.id")
    """None for somebody who has not signed in."""
    seat: str
    rule: str
    """Code of the rule that was broken (intake/data/violations.json)."""
    seen: str
    """What was seen, in words."""
    taken: str = ""
    """What was taken into keeping; empty = nothing. With something there is a receipt (暂扣单)."""
    told: str
    """What the candidate did when told: signed, refused (to sign) or absent."""
    told_at: datetime = Field(sa_type=Instant)
    said: str = ""
    """What the candidate said to it."""
    happened_at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    recorded_by: str
    """Account."""
    second_by: str
    """Account of the second of the staff."""
    decision: str = ""


class ViolationDecision(SQLModel, table=True):
    """What two people who had not recorded it decided. A correction is a new decision that names the one before."""

    __tablename__ = "violation_decision"

    id: str = Field(primary_key=True)
    violation: str = Field(foreign_key="violation.id", index=True)
    decision: str
    reason: str
    decided_at: datetime = Field(sa_type=Instant)
    decided_by: str
    second_by: str
    amends: str | None = Field(default=None, foreign_key="violation_decision.id", unique=True)


class Evidence(SQLModel, table=True):
    """Something kept because it may prove what happened at a seat: a sealed file, its hash in the journal."""

    __table_args__ = (
        CheckConstraint("kind IN ('screen', 'camera')", name="kind"),
        Index("ix_evidence_sitting_candidate", "sitting", "candidate"),
    )

    id: str = Field(primary_key=True)
    sitting: str = Field(foreign_key="sitting.id")
    candidate: str = Field(foreign_key="candidate.id")
    seat: str
    kind: str
    """screen = what the box had the candidate's page show (JSON, flow/evidence.py); camera = a picture."""
    camera: str = ""
    """Code of the room camera."""
    sha256: str
    taken_at: datetime = Field(sa_type=Instant)
    taken_by: str
    """Account."""
    violation: str | None = Field(default=None, foreign_key="violation.id", index=True)


class ViolationCase(SQLModel, table=True):
    """A case (ExamCase) that a violation rests on."""

    __tablename__ = "violation_case"

    violation: str = Field(primary_key=True, foreign_key="violation.id")
    case: str = Field(primary_key=True, foreign_key="exam_case.id")


class Pause(SQLModel, table=True):
    """An exam stood still: one attempt, or (`attempt` None) the whole sitting. At most one of each is open."""

    __table_args__ = (
        index_where(
            "uq_pause_open_attempt", "attempt", "ended_at IS NULL AND attempt IS NOT NULL", unique=True
        ),
        index_where("uq_pause_open_sitting", "sitting", "ended_at IS NULL AND attempt IS NULL", unique=True),
    )

    id: str = Field(primary_key=True)
    sitting: str = Field(foreign_key="sitting.id", index=True)
    attempt: str | None = Field(default=None, foreign_key="attempt.id")
    began_at: datetime = Field(sa_type=Instant)
    began_by: str
    """Actor."""
    reason: str
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    ended_by: str = ""
