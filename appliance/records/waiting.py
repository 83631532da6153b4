"""The waiting room: queue tickets and calls."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant


class Ticket(SQLModel, table=True):
    """A queue ticket (候考号). `state`: waiting, called, seated, skipped, held."""

    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'called', 'seated', 'skipped', 'held')", name="state"),
        UniqueConstraint("sitting", "number"),
    )

    id: str = Field(primary_key=True)
    admission: str = Field(foreign_key="admission.id", unique=True)
    sitting: str = Field(foreign_key="sitting.id", index=True)
    candidate: str = Field(foreign_key="candidate.id", index=True)
    number: str
    """A001, A002 ... of the sitting."""
    state: str = "waiting"
    issued_at: datetime = Field(sa_type=Instant)


class Call(SQLModel, table=True):
    """One call of one ticket to one place."""

    id: str = Field(primary_key=True)
    ticket: str = Field(foreign_key="ticket.id", index=True)
    seat: str = Field(foreign_key="seat.id")
    called_at: datetime = Field(sa_type=Instant, index=True)
    called_by: str = ""
    sound: str = ""
    """SHA-256 of the announcement's WAV in the files folder; empty while it is being made."""
