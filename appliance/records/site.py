"""Rooms, seats and the exam computers in them."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant


class Room(SQLModel, table=True):
    """A room. `kind`: theory, practical or waiting."""

    __table_args__ = (CheckConstraint("kind IN ('theory', 'practical', 'waiting')", name="kind"),)

    code: str = Field(primary_key=True)
    name: str
    kind: str
    doors: str = ""
    """Names of its doors, one a line: each has to be seen by a camera. Empty: nobody has named them."""


class Seat(SQLModel, table=True):
    """A seat (考位) or practical workplace (工位). `state`: ready or broken; `address`: the fixed IP address."""

    __table_args__ = (CheckConstraint("state IN ('ready', 'broken')", name="state"),)

    id: str = Field(primary_key=True)
    """`room-number`, e.g. `T1-07`."""
    room: str = Field(foreign_key="room.code", index=True)
    number: int
    row: int = 0
    column: int = 0
    address: str | None = Field(default=None, unique=True)
    spare: bool = False
    state: str = "ready"
    reason: str = ""
    """Why it is broken."""


class Station(SQLModel, table=True):
    """The exam computer at a seat: what its agent reported."""

    seat: str = Field(primary_key=True, foreign_key="seat.id")
    key_hash: str
    """SHA-256 (hex) of the station's bearer key."""
    inventory: str = "{}"
    """JSON of wire.station.Inventory."""
    inventory_at: datetime | None = Field(default=None, sa_type=Instant)
    heartbeat: str = "{}"
    heartbeat_at: datetime | None = Field(default=None, sa_type=Instant)
