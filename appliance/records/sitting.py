"""Sittings: one subject, one room, one start."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant


class Sitting(SQLModel, table=True):
    """A sitting (场次). `state`: planned, running, ended, released. Admission is decided by times, not by state."""

    __table_args__ = (
        CheckConstraint("subject IN ('theory', 'practical')", name="subject"),
        CheckConstraint("state IN ('planned', 'running', 'ended', 'released')", name="state"),
        CheckConstraint("duration_s > 0", name="duration"),
        CheckConstraint("delivery IN ('own', 'province')", name="delivery"),
        UniqueConstraint("subject", "room", "starts_at"),
    )

    id: str = Field(primary_key=True)
    number: int
    """1, 2, 3 ... of the day, as people say it."""
    subject: str
    trade: str
    """Internal key of the trade catalogue, e.g. low_voltage."""
    room: str = Field(foreign_key="room.code")
    starts_at: datetime = Field(sa_type=Instant, index=True)
    duration_s: int
    opens_at: datetime = Field(sa_type=Instant)
    """When admission opens."""
    closes_at: datetime = Field(sa_type=Instant)
    """When entry closes and the absent freeze."""
    delivery: str = "own"
    """own = our exam page; province = the province's site in the locked browser."""
    page: str = ""
    """Address of the province's page; only with its delivery."""
    sealed: bool = False
    """Its papers, or their bank, come sealed from the province: none is drawn from a bank of the site."""
    state: str = "planned"
    started_at: datetime | None = Field(default=None, sa_type=Instant)
    ends_at: datetime | None = Field(default=None, sa_type=Instant)
    """Deadline of everybody without an extension; set at the start."""
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    seed_hash: str = ""
    """SHA-256 (hex) of the seed papers are drawn from; the seed itself is sealed until the start."""
    seed_sealed: bytes = b""
    bank: str | None = Field(default=None, foreign_key="question_bank.id")
    """The site's own bank papers are drawn from; None = the bank of the trade that ships with the box."""
    bank_sha256: str = ""
    """Which of its frozen states (FrozenBank)."""
    blueprint: str = ""
    """The blueprints of an own bank's papers by kind of exam, JSON (flow/choose_bank.py); empty = the usual one."""
    rules: str = ""
    """What this sitting changes in the exam rules of the site, JSON (rules.exam_rules); empty = nothing."""
    pass_code: str = ""
    """Digits that, with the ID or ticket number, sign in at a seat nobody was called to; made with the first look."""
