"""Rosters, their rows and the candidates."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant, index_where


class Roster(SQLModel, table=True):
    """A roster as it arrived. `source`: province (signed) or manual (unsigned: needs a second person)."""

    __table_args__ = (
        CheckConstraint("source IN ('province', 'manual')", name="source"),
        CheckConstraint("state IN ('pending', 'active', 'rejected')", name="state"),
    )

    id: str = Field(primary_key=True)
    source: str
    state: str
    file_name: str
    file_sha256: str = Field(index=True)
    signature: str = ""
    """Hex; empty for manual rosters."""
    lines: str = ""
    """SHA-256 of the sealed file that holds the accepted lines until the second person confirms."""
    rows: int = 0
    accepted: int = 0
    rejected: str = "[]"
    """JSON list of {row, column, code}."""
    dropped: str = "{}"
    """JSON: heading of a dropped contact-data column -> number of values dropped."""
    loaded_by: str = ""
    loaded_at: datetime = Field(sa_type=Instant)
    confirmed_by: str = ""
    confirmed_at: datetime | None = Field(default=None, sa_type=Instant)


class Candidate(SQLModel, table=True):
    """A person who sits exams. The ID number is encrypted, found through its HMAC index."""

    __table_args__ = (index_where("ix_candidate_photo", "photo", "photo <> ''"),)

    id: str = Field(primary_key=True)
    name: str = Field(index=True)
    number_sealed: bytes
    number_index: bytes = Field(unique=True)
    number_masked: str
    """3709**********1234"""
    last_four: str
    """Last four characters: what the candidate types at the seat."""
    birth_index: bytes = Field(index=True)
    """HMAC of the number's place and day of birth: finds twins without reading numbers."""
    photo: str = ""
    """SHA-256 of the sealed roster photo in the files folder."""


class RosterRow(SQLModel, table=True):
    """One candidate expected at one sitting. Provincial fields are kept for the way back."""

    __tablename__ = "roster_row"
    __table_args__ = (
        UniqueConstraint("sitting", "candidate"),
        CheckConstraint("eligibility IN ('eligible', 'unknown', 'suspended')", name="eligibility"),
    )

    id: str = Field(primary_key=True)
    roster: str = Field(foreign_key="roster.id", index=True)
    row: int
    candidate: str = Field(foreign_key="candidate.id", index=True)
    sitting: str = Field(foreign_key="sitting.id", index=True)
    kind: str = "initial"
    """initial, review or resit."""
    ticket_number: str = Field(default="", index=True)
    """准考证号"""
    employer: str = ""
    help: str = ""
    """Approved help (便利措施) as rules.approved_help writes it: `voice large time25`; empty = none."""
    eligibility: str = "eligible"
    """eligible, unknown or suspended."""
    confirmed_at: datetime | None = Field(default=None, sa_type=Instant)
    """When the province confirmed a row that came by hand; rows of signed rosters need none."""
    provincial: str = "{}"
    """JSON: ZGLX, ZYLB, CZXM, PX_TYPE_CODE, P_id_new, PAPER_CERTNUM, Reg_DEP_ID where given."""


class Elsewhere(SQLModel, table=True):
    """Somebody a roster expects at another site: known by the index of the number, nothing else is kept."""

    id: str = Field(primary_key=True)
    roster: str = Field(foreign_key="roster.id", index=True)
    number_index: bytes = Field(index=True)
    site: str
    day: str = ""
    """Local date, YYYY-MM-DD; empty when the roster does not say it."""
