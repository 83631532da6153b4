"""How long recordings are kept: legal holds, orders to delete, and what exam-archive has told."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from appliance.records.base import Instant, index_where


class RecordingHold(SQLModel, table=True):
    """The recordings of a sitting are kept until somebody lifts this (录像封存), whatever their date. `id` is given by
    the page.
    """

    __tablename__ = "recording_hold"
    __table_args__ = (index_where("uq_recording_hold_open", "sitting", "lifted_at IS NULL", unique=True),)

    id: str = Field(primary_key=True)
    sitting: str = Field(foreign_key="sitting.id")
    reason: str
    put_at: datetime = Field(sa_type=Instant)
    put_by: str
    """Account."""
    second_by: str
    lifted_at: datetime | None = Field(default=None, sa_type=Instant)
    lifted_by: str = ""
    lifted_second: str = ""
    lifted_why: str = ""


class RecordingDeletion(SQLModel, table=True):
    """Two people ordered that what was past its date on a day be deleted. `id` is given by the page."""

    __tablename__ = "recording_deletion"

    id: str = Field(primary_key=True)
    due: datetime = Field(sa_type=Instant)
    """Recordings of sittings that may go from this moment or before."""
    before: datetime = Field(sa_type=Instant)
    """Recordings of no sitting that began before."""
    reason: str
    ordered_at: datetime = Field(sa_type=Instant)
    ordered_by: str
    second_by: str


class ArchiveMark(SQLModel, table=True):
    """The newest event of one list of exam-archive's that stands in the journal: a list made anew counts anew."""

    __tablename__ = "archive_mark"

    archive: str = Field(primary_key=True)
    event: int = 0


class FindingAcknowledged(SQLModel, table=True):
    """Two people know of recordings that do not hold: those found on `place` until `until`, or one `path` of it. `id`
    is given by the page.
    """

    __tablename__ = "finding_acknowledged"

    id: str = Field(primary_key=True)
    place: str
    path: str
    until: datetime = Field(sa_type=Instant)
    reason: str
    at: datetime = Field(sa_type=Instant)
    by: str
    """Account."""
    second_by: str
