"""The journal's tail as a live feed: one poller per process, any number of listeners.

Each listener gets every entry after the seq it asked for, in order and without a hole (Last-Event-ID resumes).
There is no in-memory bus for facts: what a listener missed is read again from the journal.
"""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from sqlalchemy import text
from sqlmodel import Session, col, select

from appliance.base.database import Database
from appliance.records.journal import Journal

POLL = 0.15
PAGE = 500


class Event(msgspec.Struct, frozen=True):
    """One journal entry as listeners see it: ids and codes, never personal data."""

    seq: int
    at: str
    kind: str
    subject: str
    actor: str
    body: msgspec.Raw


def head(session: Session) -> int:
    """The newest seq."""
    return int(session.connection().execute(text("SELECT seq FROM journal_head WHERE id = 1")).scalar() or 0)


def after(session: Session, seq: int, limit: int = PAGE) -> list[Event]:
    """Entries after `seq`, oldest first."""
    rows = session.exec(select(Journal).where(col(Journal.seq) > seq).order_by(col(Journal.seq)).limit(limit))
    return [Event(r.seq, r.at, r.kind, r.subject, r.actor, msgspec.Raw(r.body.encode())) for r in rows]


class Tail:
    """Watches the head and wakes listeners. `run()` is a task; `stop()` ends every listener."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._changed = asyncio.Condition()
        self._stopping = asyncio.Event()
        self.seq = 0

    async def run(self) -> None:
        """Poll until stopped."""
        while not self._stopping.is_set():
            try:
                newest = await self._db.read(head)
            except Exception:
                newest = self.seq
            if newest != self.seq:
                async with self._changed:
                    self.seq = newest
                    self._changed.notify_all()
            try:
                await asyncio.wait_for(self._stopping.wait(), POLL)
            except TimeoutError:
                continue
        async with self._changed:
            self._changed.notify_all()

    def stop(self) -> None:
        """End `run` and every listener."""
        self._stopping.set()

    async def listen(self, since: int | None = None, quiet: float = 15.0) -> AsyncIterator[Event | None]:
        """Every entry after `since` (default: from now on); None when nothing came for `quiet` seconds."""
        seen = self.seq if since is None else since
        while not self._stopping.is_set():
            events = await self._db.read(after, seen) if self.seq > seen else []
            for event in events:
                seen = event.seq
                yield event
            if events:
                continue
            try:
                async with asyncio.timeout(quiet):
                    await self._news(seen)
            except TimeoutError:
                yield None

    async def _news(self, seen: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.seq > seen or self._stopping.is_set())
