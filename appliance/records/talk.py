"""An invigilator speaking with a candidate at the seat, always recorded."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant, index_where


class Talk(SQLModel, table=True):
    """One conversation (通话), from `opened_at` until `closed_at`. What each side said is a sealed file of its own.

    Times of the first sound place both files on one line: what began later is played later.
    """

    __table_args__ = (
        CheckConstraint(
            "why IN ('', 'hung_up', 'not_answered', 'line_lost_room', 'line_lost_seat', 'too_long', 'not_recorded',"
            " 'box_stopped')",
            name="why",
        ),
        index_where("uq_talk_open_attempt", "attempt", "closed_at IS NULL", unique=True),
    )

    id: str = Field(primary_key=True)
    attempt: str = Field(foreign_key="attempt.id", index=True)
    candidate: str = Field(foreign_key="candidate.id", index=True)
    seat: str = Field(foreign_key="seat.id")
    opened_at: datetime = Field(sa_type=Instant)
    opened_by: str
    """account:ID of the invigilator."""
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    why: str = ""
    """Why it ended (web/words.py says it in words); empty while it is open."""
    room_sound: str = ""
    """SHA-256 of the sealed file with what the invigilator said (WebM, Opus); empty = nothing came."""
    seat_sound: str = ""
    """The same of the candidate."""
    room_began_at: datetime | None = Field(default=None, sa_type=Instant)
    seat_began_at: datetime | None = Field(default=None, sa_type=Instant)
    microphone: bool = True
    """False: the seat's page said that it has none; the candidate could only listen."""
