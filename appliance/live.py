"""The journal's tail as a live feed: one poller per process, any number of listeners.

Each listener gets every entry after the seq it asked for, in order and without a hole (Last-Event-ID resumes).
There is no in-memory bus for facts: what a listener missed is read again from the journal.
"""

import asyncio
import logging
from collections.abc import AsyncIterator

import msgspec
from sqlalchemy import text
from sqlmodel import Session, col, select

from appliance.base.database import Database
from appliance.base.errors import ExamError, Unavailable
from appliance.base.i18n import N_
from appliance.records.journal import Journal

log = logging.getLogger("examsite.live")

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


def resumed(last_event_id: str) -> int | None:
    """The seq of a Last-Event-ID header; None for anything that is none."""
    number = last_event_id.isascii() and last_event_id.isdecimal() and len(last_event_id) < 16
    return int(last_event_id) if number else None


class Tail:
    """Watches the head and wakes listeners. `run()` is a task; `stop()` ends every listener."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._changed = asyncio.Condition()
        self._stopping = asyncio.Event()
        self.seq = 0
        self.failing = False
        """The journal cannot be read now: no listener is served, so that every screen says since when."""

    def check(self) -> None:
        """Raises Unavailable while the journal cannot be read."""
        if self.failing:
            raise Unavailable(
                "feed_down",
                N_("The database does not answer."),
                N_("Wait a moment and try again; if it stays, call the system administrator."),
            )

    async def run(self) -> None:
        """Poll until stopped."""
        while not self._stopping.is_set():
            newest = self.seq
            try:
                newest = await self._db.read(head)
            except Exception as error:
                if not self.failing:
                    log.error(
                        "the journal cannot be read: %s", error, exc_info=not isinstance(error, ExamError)
                    )
                    async with self._changed:
                        self.failing = True
                        self._changed.notify_all()
            else:
                if self.failing:
                    log.info("the journal can be read again")
                    self.failing = False
            if newest != self.seq:
                async with self._changed:
                    self.seq = newest
                    self._changed.notify_all()
            try:
                async with asyncio.timeout(POLL):
                    await self._stopping.wait()
            except TimeoutError:
                continue
        async with self._changed:
            self._changed.notify_all()

    def stop(self) -> None:
        """End `run` and every listener."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        """Whether the process is about to end: whoever streams something ends it."""
        return self._stopping.is_set()

    async def listen(self, since: int | None = None, quiet: float = 15.0) -> AsyncIterator[Event | None]:
        """Every entry after `since` (default: from now on); None when nothing came for `quiet` seconds.

        Ends when the journal cannot be read: the page notices, says so and comes again.
        """
        seen = self.seq if since is None else since
        while not self._stopping.is_set() and not self.failing:
            try:
                events = await self._db.read(after, seen) if self.seq > seen else []
            except ExamError:
                return  # `run` meets the same outage and tells it once
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
            await self._changed.wait_for(lambda: self.seq > seen or self.failing or self._stopping.is_set())
