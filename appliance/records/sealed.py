"""Papers and banks that came sealed from the province."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant


class SealedParcel(SQLModel, table=True):
    """Sealed papers, or a sealed bank, for one sitting (密封试卷). Nobody here can read it before `opened_at`."""

    __tablename__ = "sealed_parcel"
    __table_args__ = (CheckConstraint("what IN ('papers', 'bank')", name="what"),)

    id: str = Field(primary_key=True)
    """Id of the province's message."""
    sitting: str = Field(foreign_key="sitting.id", index=True)
    what: str
    """papers = one ready for each candidate; bank = the papers are drawn here once it is open."""
    file: str
    """SHA-256 of the sealed bytes, as the province signed it."""
    papers: int
    not_before: datetime = Field(sa_type=Instant)
    """Before this moment no key is taken."""
    spare: str = "[]"
    """Papers for numbers no roster expects yet: JSON of `flow.spare_papers.Spare`."""
    received_at: datetime = Field(sa_type=Instant)
    opened_at: datetime | None = Field(default=None, sa_type=Instant)
    how: str = ""
    """message = the key came signed; typed = two people typed it in."""
    opened_by: str = ""
    second: str = ""
    """The second account of a typed key."""
