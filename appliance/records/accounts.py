"""Accounts of staff and their sessions."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from appliance.records.base import Instant

ROLES = (
    "entry",
    "waiting",
    "display",
    "invigilator",
    "examiner",
    "author",
    "office",
    "chief",
    "inspector",
    "admin",
)
"""entry: check-in desk; waiting: calling; display: read-only screens; author: the site's own question banks;
chief: head of the site, who releases."""


class Account(SQLModel, table=True):
    """One person, one account. `password_hash`: argon2id."""

    __table_args__ = (CheckConstraint("role IN ('" + "', '".join(ROLES) + "')", name="role"),)

    id: str = Field(primary_key=True)
    login: str = Field(unique=True)
    name: str
    role: str
    password_hash: str
    disabled: bool = False
    must_change: bool = False
    failures: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)


class LoginSession(SQLModel, table=True):
    """A signed-in browser or terminal. `token_hash`: SHA-256 (hex) of the cookie."""

    __tablename__ = "login_session"

    token_hash: str = Field(primary_key=True)
    account: str = Field(foreign_key="account.id", index=True)
    created_at: datetime = Field(sa_type=Instant)
    seen_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    address: str = ""
