"""Use cases, one verb per file: plain functions `verb(session, box, ...)` run inside one `db.write`."""
