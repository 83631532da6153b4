"""Bringing a database to the newest schema (Alembic) and looking whether it is there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from appliance.base.database import Database

FOLDER = Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


def upgrade(db: Database) -> str:
    """Upgrade to the newest revision; returns its name. Run before any process starts (exam-migrate)."""
    config = _config()
    with db.engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return newest()


def newest() -> str:
    """The newest revision this program knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(db: Database) -> str | None:
    """The revision the database is at; None for an empty one."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def revise(db: Database, message: str) -> None:
    """Write a new revision from the difference between tables and database (developers only)."""
    config = _config()
    with db.engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.revision(config, message=message, autogenerate=True)


def quick_check(db: Database) -> list[str]:
    """What the database itself finds wrong; empty when sound."""
    if not db.sqlite:
        return []
    with db.engine.connect() as connection:
        rows = connection.execute(text("PRAGMA quick_check")).scalars().all()
    return [row for row in rows if row != "ok"]
