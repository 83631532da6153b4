"""Ground of all tables: naming convention and the one way times are stored."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Index, MetaData, String, text
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata


def index_where(name: str, columns: str, condition: str, unique: bool = False) -> Index:
    """An index over `columns` (joined by blanks) of the rows of `condition` (SQL) alone, on both databases."""
    where = text(condition)
    return Index(name, *columns.split(), unique=unique, sqlite_where=where, postgresql_where=where)


def instant(moment: datetime) -> str:
    """A moment as it is stored and hashed: `2026-11-21T01:05:12.000000Z`, always UTC, always 27 characters."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def moment(text: str) -> datetime:
    """The inverse of `instant`."""
    if len(text) != 27 or text[26] != "Z":
        raise ValueError(f"not a stored moment: {text!r}")
    return datetime.fromisoformat(text[:26]).replace(tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """Aware datetimes as fixed-width UTC text: the same bytes on SQLite and PostgreSQL, sortable, hashable."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> str | None:
        """To the database."""
        return None if value is None else instant(value)

    def process_result_value(self, value: str | None, dialect: Any) -> datetime | None:
        """From the database."""
        return None if value is None else moment(value)
