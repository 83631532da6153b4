"""Who sits where."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant


class SeatTaking(SQLModel, table=True):
    """A candidate's hold on a seat for one sitting, from `taken_at` until `released_at`."""

    __tablename__ = "seat_taking"
    __table_args__ = (
        UniqueConstraint("command"),
        Index(
            "uq_seat_taking_open_seat",
            "sitting",
            "seat",
            unique=True,
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
        Index(
            "uq_seat_taking_open_candidate",
            "sitting",
            "candidate",
            unique=True,
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
    )

    id: str = Field(primary_key=True)
    command: str
    """Id of the command that seated: a replay finds it."""
    sitting: str = Field(foreign_key="sitting.id")
    seat: str = Field(foreign_key="seat.id", index=True)
    candidate: str = Field(foreign_key="candidate.id", index=True)
    admission: str = Field(foreign_key="admission.id")
    taken_at: datetime = Field(sa_type=Instant)
    released_at: datetime | None = Field(default=None, sa_type=Instant)
    reason: str = ""
    """Why it was released: moved, ended, broken ..."""
    by: str = ""
    wrong_tries: int = 0
    """Wrong sign-ins at this seat since the last right one."""
    locked_until: datetime | None = Field(default=None, sa_type=Instant)
    """Until when nobody can sign in here; set when `wrong_tries` are too many."""


class SeatTries(SQLModel, table=True):
    """Wrong sign-ins at a seat nobody is bound to, since the last right one."""

    __tablename__ = "seat_tries"

    seat: str = Field(primary_key=True, foreign_key="seat.id")
    wrong_tries: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=Instant)
