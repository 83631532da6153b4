"""Papers, attempts, answers and marks."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant


class Paper(SQLModel, table=True):
    """A paper drawn for one candidate before the start. Reproducible from seed, bank and blueprint."""

    __table_args__ = (UniqueConstraint("sitting", "candidate"),)

    id: str = Field(primary_key=True)
    sitting: str = Field(foreign_key="sitting.id", index=True)
    candidate: str = Field(foreign_key="candidate.id")
    bank: str
    """SHA-256 of the bank file it was drawn from, shipped or frozen (FrozenBank)."""
    body: str
    """SHA-256 of the sealed bytes of wire.station.Paper as JSON, a file that stations fetch before the start."""
    opens: bytes = b""
    """The key of the body, encrypted; empty until it came from whoever sealed the paper."""
    pictures: str = "[]"
    """JSON list: SHA-256 of the sealed bytes of each picture it shows; their keys lie in the body."""
    key_sealed: bytes
    """The right option keys in order of position, JSON, encrypted."""
    choices: str = ""
    """What an answer may name, one sign for each position: a digit = one of so many options, a letter (a = 1, b = 2
    and so on) = any of so many.
    """
    layout: bytes = b""
    """Which item stands at each position and in which order its options (flow/make_papers.py), encrypted; empty where
    nobody on the site may know.
    """
    made_at: datetime = Field(sa_type=Instant)
    exam: str = "initial"
    """Which of the sitting's blueprints it follows: initial, review or resit."""
    draw: int = 0
    """Which draw of the candidate's seed it is: the first that is unlike the papers made before (rules/unlike.py)."""
    left_out: bytes = b""
    """Ids of the items the person had seen before, JSON, encrypted; empty = none."""
    repeated: int = 0
    """How many of those stand on it all the same, because the bank was too small."""
    proof: str = ""
    """HMAC (hex) of everything above, under the data key (flow/paper_proof.py); empty while it is sealed."""


class Attempt(SQLModel, table=True):
    """A candidate's attempt (应考记录) at one sitting, theory or practical."""

    __table_args__ = (
        UniqueConstraint("sitting", "candidate"),
        CheckConstraint("state IN ('seated', 'ready', 'running', 'handed_in', 'marked')", name="state"),
    )

    id: str = Field(primary_key=True)
    sitting: str = Field(foreign_key="sitting.id", index=True)
    candidate: str = Field(foreign_key="candidate.id", index=True)
    paper: str | None = Field(default=None, foreign_key="paper.id")
    state: str = "seated"
    lease: int = 0
    """Number of the newest lease; 0 before the first sign-in."""
    rules_at: datetime | None = Field(default=None, sa_type=Instant)
    started_at: datetime | None = Field(default=None, sa_type=Instant)
    deadline: datetime | None = Field(default=None, sa_type=Instant)
    handed_in_at: datetime | None = Field(default=None, sa_type=Instant)
    handed_in: str = ""
    """How: candidate, time, forced."""
    settled_at: datetime | None = Field(default=None, sa_type=Instant)
    """When the page said that it keeps nothing unsent; marking need not wait for the grace."""
    message: str = ""
    """Text of an unacknowledged warning, shown over the paper."""
    message_id: str = ""
    face: str = ""
    """The newest capture of the seat, for the plan of the room."""
    hand_at: datetime | None = Field(default=None, sa_type=Instant)
    """Since when the candidate's hand is up; None when it is not."""
    paused_at: datetime | None = Field(default=None, sa_type=Instant)
    """Since when the exam stands still for this attempt (records.violations.Pause); None while it runs."""
    lost_s: int = 0
    """Seconds its station was gone while the exam ran, not given back yet."""


class Lease(SQLModel, table=True):
    """The right of one seat to write one attempt. A newer lease supersedes it."""

    __table_args__ = (UniqueConstraint("token_hash"),)

    attempt: str = Field(primary_key=True, foreign_key="attempt.id")
    number: int = Field(primary_key=True)
    seat: str = Field(foreign_key="seat.id")
    token_hash: str
    n: int = 0
    """The last change committed."""
    bookmark: str = ""
    """JSON (wire.station.Bookmark): the question shown last under it and what is flagged; empty = never told."""
    captures_dropped: int = 0
    """Pictures taken while the box was away that the station could not keep."""
    granted_at: datetime = Field(sa_type=Instant)


class Answer(SQLModel, table=True):
    """The answer that counts for one position; every change is in the journal."""

    attempt: str = Field(primary_key=True, foreign_key="attempt.id")
    position: int = Field(primary_key=True)
    value: str
    lease: int
    n: int
    happened_at: datetime = Field(sa_type=Instant)
    """The station's best time."""
    recorded_at: datetime = Field(sa_type=Instant)
    late: bool = False
    """Delivered after the deadline, within the grace."""
    proven: bool = True
    """False: the station's time came over its own wall clock, after a reload without the box."""


class Mark(SQLModel, table=True):
    """The result of one attempt by one version of the marker (评卷 / 评分). Points as decimals out of 100."""

    __table_args__ = (
        CheckConstraint("points >= 0 AND points <= 100", name="points"),
        UniqueConstraint("attempt", "version"),
    )

    id: str = Field(primary_key=True)
    attempt: str = Field(foreign_key="attempt.id", index=True)
    version: str
    points: Decimal = Field(max_digits=6, decimal_places=2)
    passed: bool
    detail: str = "{}"
    marked_at: datetime = Field(sa_type=Instant)
