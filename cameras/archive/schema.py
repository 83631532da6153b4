"""The tables of archive.db."""

SCHEMAS = (
    """
CREATE TABLE place(
  name TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL DEFAULT '', bytes INTEGER NOT NULL DEFAULT 0,
  copies INTEGER NOT NULL DEFAULT 0, first TEXT NOT NULL DEFAULT '', last TEXT NOT NULL DEFAULT '',
  total INTEGER NOT NULL DEFAULT 0, free INTEGER NOT NULL DEFAULT 0, seen INTEGER, silent INTEGER
);
CREATE TABLE copy(
  place TEXT NOT NULL, path TEXT NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, verified INTEGER NOT NULL,
  PRIMARY KEY(place, path)
) WITHOUT ROWID;
CREATE TABLE removal(
  path TEXT NOT NULL, place TEXT NOT NULL, at INTEGER NOT NULL, why TEXT NOT NULL, who TEXT NOT NULL,
  done INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(path, place)
) WITHOUT ROWID;
CREATE INDEX removal_open ON removal(done) WHERE done = 0;
CREATE TABLE day(
  camera TEXT NOT NULL, day TEXT NOT NULL, bytes INTEGER NOT NULL, micros INTEGER NOT NULL, segments INTEGER NOT NULL,
  PRIMARY KEY(camera, day)
) WITHOUT ROWID;
CREATE TABLE sitting(
  id TEXT PRIMARY KEY, rooms TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
  keep_until INTEGER NOT NULL, hold INTEGER NOT NULL, passed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX sitting_due ON sitting(keep_until) WHERE passed = 0;
CREATE INDEX sitting_end ON sitting(end);
CREATE TABLE bookmark(name TEXT PRIMARY KEY, number INTEGER NOT NULL, path TEXT NOT NULL);
CREATE TABLE pending(name TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY(name, path)) WITHOUT ROWID;
CREATE TABLE finding(
  place TEXT NOT NULL, path TEXT NOT NULL, code TEXT NOT NULL, at INTEGER NOT NULL, over INTEGER,
  PRIMARY KEY(place, path, code)
) WITHOUT ROWID;
CREATE INDEX finding_open ON finding(path) WHERE over IS NULL;
CREATE TABLE scrub(
  place TEXT PRIMARY KEY, began INTEGER NOT NULL, total INTEGER NOT NULL, bytes INTEGER NOT NULL DEFAULT 0,
  files INTEGER NOT NULL DEFAULT 0, rounds INTEGER NOT NULL DEFAULT 0, ended INTEGER
);
CREATE TABLE event(
  number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE kept(name TEXT PRIMARY KEY, value TEXT NOT NULL);
""",
    """
ALTER TABLE removal ADD COLUMN event INTEGER NOT NULL DEFAULT 0;
CREATE INDEX removal_event ON removal(event) WHERE event > 0;
ALTER TABLE sitting ADD COLUMN known TEXT NOT NULL DEFAULT '[]';
ALTER TABLE finding ADD COLUMN acknowledged INTEGER;
CREATE TABLE stay(
  number INTEGER PRIMARY KEY, camera TEXT NOT NULL, room TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL
);
""",
)
"""The tables, and what was added to them since: a list of an earlier version gets the rest.

`removal.event`: the event that told of it, whose body has the hash of all its recordings (list_digest).
`sitting.known`: holds in force. `stay`: where each camera was, in the order it was seen.
"""
