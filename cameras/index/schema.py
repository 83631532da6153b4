"""The tables of the recorder's index. Times are microseconds since 1970, UTC.

`n` and `chained` of a segment or gap: its place in the chain of its camera (cameras/chain.py), NULL until it is over.
`behind`: what stood behind a camera's code since when (behind.py). `clock`: by how many seconds a camera's clock was
ahead (clocks.py). `filling`, and `noted` of a finding: what the journal has still to be told (untold.py).
"""

import sqlite3
from datetime import UTC, datetime, timedelta

FILE = "index.db"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SCHEMAS = (
    """
CREATE TABLE run(
  id TEXT PRIMARY KEY, camera TEXT NOT NULL, opened INTEGER NOT NULL, closed INTEGER,
  cause TEXT NOT NULL DEFAULT '', codec TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL
);
CREATE INDEX run_by_camera ON run(camera);
CREATE TABLE segment(
  id TEXT PRIMARY KEY, run TEXT NOT NULL REFERENCES run(id), camera TEXT NOT NULL, path TEXT NOT NULL UNIQUE,
  start INTEGER NOT NULL, end INTEGER, bytes INTEGER NOT NULL DEFAULT 0, sha256 TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'recovered', 'adopted', 'missing', 'filled')),
  cause TEXT NOT NULL DEFAULT '', n INTEGER, chained BLOB
);
CREATE INDEX segment_by_camera ON segment(camera, start);
CREATE INDEX segment_open ON segment(state) WHERE state = 'open';
CREATE TABLE gap(
  id TEXT PRIMARY KEY, camera TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER,
  cause TEXT NOT NULL CHECK (cause IN ('network', 'camera', 'disk', 'stopped', 'resting', 'clock')),
  detail TEXT NOT NULL, n INTEGER, chained BLOB
);
CREATE INDEX gap_by_camera ON gap(camera, start);
CREATE INDEX gap_open ON gap(camera) WHERE end IS NULL;
CREATE TABLE chain(camera TEXT PRIMARY KEY, n INTEGER NOT NULL, head BLOB NOT NULL);
CREATE TABLE seal(
  camera TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, n INTEGER NOT NULL, sitting TEXT NOT NULL,
  line TEXT NOT NULL, PRIMARY KEY (camera, number)
);
CREATE INDEX seal_of_sitting ON seal(sitting) WHERE sitting <> '';
CREATE TABLE finding(
  id TEXT PRIMARY KEY, at INTEGER NOT NULL, code TEXT NOT NULL, path TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE TABLE stream(camera TEXT PRIMARY KEY, address TEXT NOT NULL, uri TEXT NOT NULL, at INTEGER NOT NULL);
""",
    """
CREATE TABLE alarm(
  id TEXT PRIMARY KEY, camera TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER,
  kind TEXT NOT NULL CHECK (kind IN ('tamper', 'scene', 'black', 'frozen', 'blurred', 'moved', 'code'))
);
CREATE INDEX alarm_by_camera ON alarm(camera, start);
""",
    """
CREATE TABLE behind(
  camera TEXT NOT NULL, since INTEGER NOT NULL, address TEXT NOT NULL, room TEXT NOT NULL, serial TEXT
);
CREATE INDEX behind_by_camera ON behind(camera);
CREATE TABLE clock(camera TEXT NOT NULL, at INTEGER NOT NULL, ahead REAL NOT NULL);
CREATE INDEX clock_by_camera ON clock(camera, at);
CREATE TABLE filling(segment TEXT PRIMARY KEY, kind TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL);
ALTER TABLE finding ADD COLUMN noted INTEGER NOT NULL DEFAULT 1;
CREATE INDEX finding_by_time ON finding(at);
CREATE INDEX finding_unnoted ON finding(at) WHERE noted = 0;
""",
)
"""The tables, and what was added to them since: an index of an earlier version gets the rest."""


def prepare(link: sqlite3.Connection, schemas: tuple[str, ...]) -> None:
    """Make every transaction of a writer durable and bring its tables up to date. Raises sqlite3.Error."""
    link.execute("PRAGMA journal_mode = WAL")
    link.execute("PRAGMA synchronous = FULL")
    version = link.execute("PRAGMA user_version").fetchone()[0]
    if version < len(schemas):
        steps = ";".join(schemas[version:])
        link.executescript(f"BEGIN IMMEDIATE; {steps}; PRAGMA user_version = {len(schemas)}; COMMIT")


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // timedelta(microseconds=1)


def moment(value: int) -> datetime:
    """The time of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=value)
