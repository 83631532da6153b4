"""What the journal has to know of the cameras, kept by exam-recorder until exam-web has asked for it.

A small SQLite file beside the cameras' file. exam-web writes each note into the journal once, by epoch and number, so
nothing is lost while it is away, and nothing is told twice.
"""

import logging
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.wire.cameras import Note, NoteKind, Notes

log = logging.getLogger("examsite.recorder")

AT_ONCE = 100
KEPT = 50_000
"""Notes kept; older ones have long been asked for."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS epoch (id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS note (
  number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL, camera TEXT NOT NULL,
  by TEXT NOT NULL, alarm TEXT NOT NULL, count INTEGER NOT NULL,
  room TEXT NOT NULL, seats TEXT NOT NULL, place TEXT NOT NULL
);
"""


FIELDS = "at, kind, camera, by, alarm, count, room, seats, place"
INSERT = f"INSERT INTO note ({FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


class View(NamedTuple):
    """What a camera looks at: its room, the seats as its settings name them, front or back."""

    room: str = ""
    seats: str = ""
    place: str = ""


NOWHERE = View()


class Notebook:
    """One file, one process. Threads may share it."""

    def __init__(self, path: Path) -> None:
        """What cannot be kept on the disk is kept in memory, and said in the log: nothing holds up the recording."""
        self._lock = threading.Lock()
        self._path = path
        self._told = 0
        """The newest somebody has."""
        self._in_memory = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db, self.epoch = _opened(str(path))
        except (OSError, sqlite3.Error) as error:
            log.error("the cameras' notes %s cannot be kept: %s", path, error)
            self._db, self.epoch = _opened(":memory:")
            self._in_memory = True

    def _to_disk(self) -> None:
        """The disk takes notes again: those in memory that nobody has yet go there, before the process may end."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            db, epoch = _opened(str(self._path))
            rows = self._db.execute(
                f"SELECT {FIELDS} FROM note WHERE number > ? ORDER BY number", (self._told,)
            )
            with db:
                db.execute("BEGIN")
                db.executemany(INSERT, rows.fetchall())
        except (OSError, sqlite3.Error):
            return
        self._db.close()
        self._db, self.epoch, self._in_memory = db, epoch, False

    def standing(self) -> list[tuple[str, str]]:
        """Camera and alarm of those whose end was not noted: the process that heard them is gone."""
        try:
            with self._lock:
                found = self._db.execute(
                    "SELECT camera, alarm, kind, MAX(number) FROM note WHERE kind IN ('alarm', 'alarm_over')"
                    " GROUP BY camera, alarm"
                ).fetchall()
        except sqlite3.Error as error:
            log.error("the cameras' notes %s cannot be read: %s", self._path, error)
            return []
        return [(row[0], row[1]) for row in found if row[2] == "alarm"]

    def add(
        self,
        kind: NoteKind,
        camera: str,
        by: str,
        at: datetime,
        alarm: str = "",
        count: int = 0,
        view: View = NOWHERE,
    ) -> None:
        """Keep one. `view`: what the camera looks at from then on. Raises Unavailable."""
        row = (at.timestamp(), kind, camera, by, alarm, count, *view)
        try:
            with self._lock:
                if self._in_memory:
                    self._to_disk()
                made = self._db.execute(INSERT, row)
                self._db.execute("DELETE FROM note WHERE number <= ?", ((made.lastrowid or 0) - KEPT,))
        except sqlite3.Error as error:
            raise _unusable(self._path, error) from error

    def after(self, epoch: str, number: int) -> Notes:
        """Those after a number of this epoch; of another epoch: from the first."""
        try:
            with self._lock:
                start = number if epoch == self.epoch else 0
                self._told = start
                if self._in_memory:
                    self._to_disk()
                    start = number if epoch == self.epoch else 0
                mine = self.epoch
                rows = self._db.execute(
                    f"SELECT number, {FIELDS} FROM note WHERE number > ? ORDER BY number LIMIT ?",
                    (start, AT_ONCE),
                ).fetchall()
        except sqlite3.Error as error:
            raise _unusable(self._path, error) from error
        return Notes(
            epoch=mine,
            notes=[
                Note(
                    number=row[0],
                    at=datetime.fromtimestamp(row[1], UTC),
                    kind=row[2],
                    camera=row[3],
                    by=row[4],
                    alarm=row[5],
                    count=row[6],
                    room=row[7],
                    seats=row[8],
                    place=row[9],
                )
                for row in rows
            ],
        )

    def close(self) -> None:
        """No more."""
        with self._lock:
            self._db.close()


def _opened(path: str) -> tuple[sqlite3.Connection, str]:
    found = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    found.execute("PRAGMA journal_mode=WAL")
    found.execute("PRAGMA synchronous=FULL")
    found.executescript(SCHEMA)
    row = found.execute("SELECT id FROM epoch").fetchone()
    if row is None:
        row = (new_id(),)
        found.execute("INSERT INTO epoch VALUES (?)", row)
    return found, str(row[0])


def _unusable(path: Path, error: Exception) -> Unavailable:
    return Unavailable(
        "notes_unusable",
        N_("The cameras' notes {path} cannot be used: {detail}"),
        N_("Recording goes on. The system administrator looks at the disk of the box."),
        path=str(path),
        detail=str(error),
    )
