"""What an error of either database means for the person who waits: down, collided with another write, or a bug."""

import logging
import sqlite3

import psycopg
from sqlalchemy.exc import DBAPIError, OperationalError

from appliance.base.errors import Conflict, NotFound, Unavailable
from appliance.base.i18n import N_

log = logging.getLogger("examsite.database")

DOWN = (OperationalError, sqlite3.OperationalError, psycopg.OperationalError)
"""The database itself failed, seen through SQLAlchemy or on the driver's own connection."""

RACED = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.ForeignKeyViolation,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)
"""PostgreSQL: another process was faster; run again, the write sees what it did."""


def constraint(error: BaseException | None) -> str:
    """unique or reference when a row collides or what it names is not there; empty for every other error."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.IntegrityError):
        name = cause.sqlite_errorname
        if name.endswith(("_UNIQUE", "_PRIMARYKEY", "_ROWID")):
            return "unique"
        return "reference" if name.endswith("_FOREIGNKEY") else ""
    if isinstance(cause, psycopg.errors.UniqueViolation):
        return "unique"
    return "reference" if isinstance(cause, psycopg.errors.ForeignKeyViolation) else ""


def raced(error: BaseException | None) -> bool:
    """May the same write succeed now, because another process was faster and is done?"""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(cause, RACED) or constraint(error) != ""


def told(error: BaseException | None) -> Unavailable | Conflict | NotFound | None:
    """An error of the database as people are told it; None when it is not one of those."""
    kind = constraint(error)
    if kind:
        # The driver's text may hold the row's values: the kind of error is all that is logged.
        log.warning("a write collided with another (%s)", kind)
    if kind == "unique":
        return Conflict(
            "already_done",
            N_("Somebody else has just done this."),
            N_("Reload the page and look before you try again."),
        )
    if kind == "reference":
        return NotFound(
            "no_such_thing", N_("What this order is about does not exist."), N_("Reload the page.")
        )
    return down(error) if isinstance(error, DOWN) else None


def down(error: BaseException) -> Unavailable:
    """The database itself failed: a full disk, or no answer."""
    if "disk is full" in str(error) or "No space left" in str(error):
        return Unavailable(
            "disk_full",
            N_("The disk of the box is full: nothing more can be saved."),
            N_("The system administrator frees space now; stations keep their answers until then."),
        )
    return Unavailable(
        "database_down",
        N_("The database does not answer."),
        N_("Wait a moment and try again; if it stays, call the system administrator."),
    )
