"""The entrance: taps, face checks, admissions, orders to a gate, cases for a person."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant, index_where


class Tap(SQLModel, table=True):
    """One card put on one reader, and what was decided. `id` is given by the driver at the tap."""

    __table_args__ = (
        Index("ix_tap_lane_newest", "lane", "recorded_at"),
        index_where("ix_tap_paper_picture", "paper_picture", "paper_picture <> ''"),
        index_where("ix_tap_pictured", "happened_at", "paper_picture <> ''"),
    )

    id: str = Field(primary_key=True)
    lane: str
    happened_at: datetime = Field(sa_type=Instant, index=True)
    recorded_at: datetime = Field(sa_type=Instant, index=True)
    sam_id: str = ""
    card_kind: str = ""
    """Layout of the card; or the paper that was shown instead (rules.papers)."""
    paper_picture: str = ""
    """SHA-256 of the sealed picture of that paper."""
    paper_valid_to: date | None = None
    """The last day that was typed from it; None for a card read by a reader, and for a paper without an end."""
    name: str = ""
    number_masked: str = ""
    candidate: str | None = Field(default=None, foreign_key="candidate.id", index=True)
    sitting: str | None = Field(default=None, foreign_key="sitting.id", index=True)
    result: str
    """admit, review or refuse."""
    code: str
    """Stable reason code of rules.admission."""
    doubts: str = ""
    """With a review: every code a person has to look at, joined by blanks; `code` is the first."""


class FaceCheck(SQLModel, table=True):
    """One comparison. Distances of different engines are never compared."""

    __tablename__ = "face_check"
    __table_args__ = (
        index_where("ix_face_check_live_photo", "live_photo", "live_photo <> ''"),
        index_where("ix_face_check_reference_photo", "reference_photo", "reference_photo <> ''"),
        index_where("ix_face_check_pictured", "happened_at", "live_photo <> '' OR reference_photo <> ''"),
    )

    id: str = Field(primary_key=True)
    tap: str = Field(foreign_key="tap.id", index=True)
    engine: str
    version: str
    reference: str
    """Which photograph was compared, or lay beside it for people to look at: chip or roster."""
    reference_photo: str = ""
    """SHA-256 of the sealed picture."""
    live_photo: str = ""
    distance: float | None = None
    band: str
    """admit, review, mismatch, or a cause: no_face, two_faces, camera_silent; empty = no machine compared anything."""
    happened_at: datetime = Field(sa_type=Instant)


class Admission(SQLModel, table=True):
    """The right person let in once to a sitting (入场核验 / 准予入场)."""

    __table_args__ = (UniqueConstraint("sitting", "candidate"), UniqueConstraint("tap"))

    id: str = Field(primary_key=True)
    tap: str | None = Field(default=None, foreign_key="tap.id")
    sitting: str = Field(foreign_key="sitting.id", index=True)
    candidate: str = Field(foreign_key="candidate.id", index=True)
    lane: str
    happened_at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    how: str
    """machine = face check passed; review = a person decided."""
    decided_by: str = ""
    second_by: str = ""
    reason: str = ""
    locker: str = ""
    """Where phone and bag were left, as noted at the security check."""


class Absence(SQLModel, table=True):
    """Somebody inside left for a moment, noted at the desk; the next card ends it. One open one per admission."""

    __table_args__ = (index_where("ix_absence_open", "admission", "returned_at IS NULL", unique=True),)

    id: str = Field(primary_key=True)
    admission: str = Field(foreign_key="admission.id", index=True)
    left_at: datetime = Field(sa_type=Instant)
    reason: str
    noted_by: str
    """Account."""
    returned_at: datetime | None = Field(default=None, sa_type=Instant)
    returned_tap: str | None = Field(default=None, foreign_key="tap.id", unique=True)


class RollTick(SQLModel, table=True):
    """At a roll call somebody was seen outside (or the tick was taken back). `id` is given by the page."""

    __tablename__ = "roll_tick"

    id: str = Field(primary_key=True)
    roll: str = Field(index=True)
    """One calling of the roll by one person."""
    admission: str = Field(foreign_key="admission.id")
    seen: bool
    noted_by: str
    """Account."""
    happened_at: datetime = Field(sa_type=Instant)
    """By the clock of the page's machine: it may have been without the box."""
    recorded_at: datetime = Field(sa_type=Instant)


class GateOrder(SQLModel, table=True):
    """An order to open a lane once: recorded with the decision, carried out after the commit, at most once."""

    __tablename__ = "gate_order"
    __table_args__ = (
        CheckConstraint("outcome IN ('', 'started', 'done', 'not_done', 'unknown')", name="outcome"),
        index_where("ix_gate_order_open", "lane", "outcome = ''"),
        index_where("ix_gate_order_by_hand", "ordered_at", "admission IS NULL AND absence IS NULL"),
    )

    id: str = Field(primary_key=True)
    lane: str
    admission: str | None = Field(default=None, foreign_key="admission.id", unique=True)
    absence: str | None = Field(default=None, foreign_key="absence.id", unique=True)
    """Whose return this is, when somebody comes back who was admitted before."""
    reason: str = ""
    """Why, when a person opens the lane without an admission."""
    ordered_by: str = ""
    confirmed_by: str = ""
    """The second person of a lane opened by hand, `account:ID`."""
    ordered_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    outcome: str = ""
    settled_at: datetime | None = Field(default=None, sa_type=Instant)


class Case(SQLModel, table=True):
    """A finding that waits for a person (待核事项); never a verdict."""

    __tablename__ = "case"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'decided')", name="state"),
        Index("ix_case_state_opened_at", "state", "opened_at"),
    )

    id: str = Field(primary_key=True)
    kind: str
    """face_review, face_mismatch, no_face, incident ..."""
    state: str = "open"
    tap: str | None = Field(default=None, foreign_key="tap.id", index=True)
    candidate: str | None = Field(default=None, foreign_key="candidate.id", index=True)
    sitting: str | None = Field(default=None, foreign_key="sitting.id", index=True)
    opened_at: datetime = Field(sa_type=Instant)
    decision: str = ""
    decided_by: str = ""
    reason: str = ""
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
