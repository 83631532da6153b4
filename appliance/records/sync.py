"""What goes to the province and what came from it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant


class Parcel(SQLModel, table=True):
    """A sealed run of the journal (上报数据包). Key at the province: (site, epoch, number)."""

    __table_args__ = (
        UniqueConstraint("epoch", "number"),
        CheckConstraint("state IN ('sealed', 'acknowledged', 'refused')", name="state"),
    )

    id: str = Field(primary_key=True)
    epoch: str
    number: int
    first_seq: int
    last_seq: int
    body: str
    """SHA-256 of the parcel's file."""
    signature: str
    state: str = "sealed"
    tries: int = 0
    last_error: str = ""
    sealed_at: datetime = Field(sa_type=Instant)
    acknowledged_at: datetime | None = Field(default=None, sa_type=Instant)
    receipt: str = ""
    """The province's signed receipt (JSON)."""


class Received(SQLModel, table=True):
    """A message that came from the province: taken in once."""

    id: str = Field(primary_key=True)
    kind: str
    """roster, roster_confirmation ..."""
    body: str
    signature: str
    received_at: datetime = Field(sa_type=Instant)


class Contact(SQLModel, table=True):
    """When the province last answered; one row."""

    id: int = Field(default=1, primary_key=True)
    last_contact: datetime | None = Field(default=None, sa_type=Instant)
    last_error: str = ""
    failing_since: datetime | None = Field(default=None, sa_type=Instant)
