"""The site database: one writer thread, many readers, group commit.

Every change goes through `await db.write(fn, ...)`: `fn(session, ...)` is a plain function that runs in the one
writer thread, together with up to `batch` other writes in one transaction. Nothing, refusals included, is
answered before the COMMIT. When any write of a batch fails, or the COMMIT does, the whole batch is rolled back
and every write runs again alone in its own transaction: no savepoints, because a full disk inside a savepoint
loses neighbours. Functions must therefore be safe to run twice. A write that another process was faster than
(a row that must exist once, a deadlock on PostgreSQL) runs again as well: it now sees what the other one did and
decides anew. What still collides then is a Conflict.

SQLite: WAL, synchronous=FULL, BEGIN IMMEDIATE, and two file locks taken queue-then-turn before it so that one
busy process cannot starve another. PostgreSQL: the same functions on one connection, and every writing transaction
begins with the same advisory lock: what a write reads cannot change before it has committed, on either database.
"""

import asyncio
import contextvars
import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlmodel import Session

from appliance.base.database_errors import DOWN, down, raced, told

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 3
"""Times a write runs when another process keeps being faster."""

BATCH_SECONDS = 0.010
READERS = 8
TURN = 0x4558414D
"""Key of the advisory lock (PostgreSQL) that lets one process write at a time: EXAM in ASCII."""
CHECKPOINT_PAGES = 4000
"""Pages of the write-ahead log (16 MB) after which SQLite copies them into the database file."""


class Driver:
    """Fixed SQL on the driver's own connection, for the hot path. Placeholders are `?` on both databases."""

    def __init__(self, connection: Any, postgres: bool) -> None:
        self._connection = connection
        self.postgres = postgres
        self._translated: dict[str, str] = {}
        self.carried: dict[str, Any] = {}
        """What a fixed write hands to the next one of the same transaction; forgotten by `settle`."""
        self._last: dict[str, tuple[str, tuple[Any, ...]]] = {}

    def execute_last(self, name: str, sql: str, parameters: tuple[Any, ...]) -> None:
        """Run a statement once at the end of a run of fixed writes; of those with one name only the newest counts.

        Nothing but fixed writes runs before it: the statement is executed ahead of a session's write and of the COMMIT.
        """
        self._last[name] = (sql, parameters)

    def settle(self) -> None:
        """Execute what was kept for the end, and forget what was carried."""
        last, self._last = self._last, {}
        self.carried.clear()
        for sql, parameters in last.values():
            self.execute(sql, parameters)

    def forget(self) -> None:
        """The transaction is rolled back: nothing of it is executed or carried."""
        self._last.clear()
        self.carried.clear()

    def execute(self, sql: str, parameters: tuple[Any, ...] = ()) -> Any:
        """Run one statement; returns the driver's cursor."""
        if self.postgres:
            text = self._translated.get(sql)
            if text is None:
                text = self._translated[sql] = sql.replace("?", "%s")
            return self._connection.execute(text, parameters)
        return self._connection.execute(sql, parameters)


def driver_of(session: Session) -> Driver:
    """The driver connection under a session that is inside `db.write` or `db.read`."""
    return _driver(session.connection())


def _driver(connection: Connection) -> Driver:
    known = connection.info.get("driver")
    if known is None:
        raw = connection.connection.driver_connection
        known = connection.info["driver"] = Driver(raw, connection.dialect.name == "postgresql")
    return known


def _take_turn(connection: Connection) -> None:
    """Wait for the other processes' writes (PostgreSQL): the last place must not be read as free by two of them."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TURN})")


class _Job:
    """One write that waits for its COMMIT. `fixed` ones get the driver, the others a session."""

    __slots__ = ("call", "error", "fixed", "future", "loop", "result")

    def __init__(
        self, call: Callable[[Any], Any], fixed: bool, loop: asyncio.AbstractEventLoop | None
    ) -> None:
        self.call = call
        self.fixed = fixed
        self.loop = loop
        self.future: asyncio.Future[Any] | Future[Any] = loop.create_future() if loop else Future()
        self.result: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        """Hand the outcome to whoever waits; in the waiter's own loop, if it has one."""
        if self.future.cancelled():
            return
        failure = told(self.error)
        if failure is not None:
            failure.__cause__ = self.error
            self.future.set_exception(failure)
        elif self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


def _settle_all(jobs: list[_Job]) -> None:
    for job in jobs:
        job.settle()


class Database:
    """One process's way to the site database. `start()` before use, `stop()` at the end."""

    def __init__(self, url: str, batch: int = 64) -> None:
        self.url = make_url(url)
        if self.url.drivername in ("postgresql", "postgres"):
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.batch = batch
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.beat = time.monotonic()
        """Monotonic time of the writer thread's last sign of life (for the watchdog)."""
        self._writer = self._engine(writer=True)
        self._reader = self._engine(writer=False)
        self._locks: list[int] = []
        """The two lock files, kept open from the first write to `stop`; used by the writer thread alone."""
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="db-read")

    def _engine(self, writer: bool) -> Engine:
        if not self.sqlite:
            options = {} if writer else {"options": "-c default_transaction_read_only=on"}
            found = create_engine(
                self.url,
                pool_size=1 if writer else READERS,
                pool_pre_ping=True,
                connect_args=options,
                hide_parameters=True,
            )
            if writer:
                event.listen(found, "begin", _take_turn)
            return found
        engine = create_engine(
            self.url,
            pool_size=1 if writer else READERS,
            connect_args={"check_same_thread": False},
            hide_parameters=True,
        )

        @event.listens_for(engine, "connect")
        def configure(connection: sqlite3.Connection, _record: Any) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA busy_timeout=10000")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
            connection.execute("PRAGMA foreign_keys=ON")
            if not writer:
                connection.execute("PRAGMA query_only=ON")

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

        return engine

    @property
    def engine(self) -> Engine:
        """The writing engine, for migrations only."""
        return self._writer

    @property
    def alive(self) -> bool:
        """Did the writer thread show life lately?"""
        return self._thread is not None and self._thread.is_alive() and time.monotonic() - self.beat < 15.0

    def start(self) -> None:
        """Start the writer thread."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="db-write", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Finish what is queued and close every connection."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(timeout=10)
            self._thread = None
        self._pool.shutdown(wait=True)
        self._writer.dispose()
        self._reader.dispose()
        while self._locks:
            os.close(self._locks.pop())

    async def write(self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn(session, ...)` in the writer thread and answer after its COMMIT."""
        job = self._submit(lambda session: fn(session, *args, **kwargs), loop=asyncio.get_running_loop())
        return await job.future  # type: ignore[misc, no-any-return]

    async def write_fixed(
        self, fn: Callable[Concatenate[Driver, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """`write` for fixed SQL: `fn(driver, ...)` without the cost of a session."""
        job = self._submit(
            lambda driver: fn(driver, *args, **kwargs), fixed=True, loop=asyncio.get_running_loop()
        )
        return await job.future  # type: ignore[misc, no-any-return]

    def write_now(self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`write` for threads and commands without an event loop."""
        job = self._submit(lambda session: fn(session, *args, **kwargs))
        return job.future.result()  # type: ignore[no-any-return]

    async def read(self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn(session, ...)` on a reader; changes are refused by the database."""
        loop = asyncio.get_running_loop()
        context = contextvars.copy_context()  # the reader's language goes along

        def call() -> T:
            return self.read_now(fn, *args, **kwargs)

        return await loop.run_in_executor(self._pool, context.run, call)

    def read_now(self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`read` in this thread."""
        try:
            with Session(self._reader, expire_on_commit=False) as session:
                return fn(session, *args, **kwargs)
        except DOWN as error:
            raise down(error) from error

    def _submit(
        self, call: Callable[[Any], Any], fixed: bool = False, loop: asyncio.AbstractEventLoop | None = None
    ) -> _Job:
        if self._thread is None:
            raise RuntimeError("the database was not started")
        job = _Job(call, fixed, loop)
        self._jobs.put(job)
        return job

    def _run(self) -> None:
        stopping = False
        while not stopping:
            self.beat = time.monotonic()
            try:
                first = self._jobs.get(timeout=1.0)
            except queue.Empty:
                continue
            if first is None:
                break
            jobs = [first]
            while len(jobs) < self.batch:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    stopping = True
                    break
                jobs.append(more)
            while jobs:
                taken = self._batch(jobs)
                jobs = jobs[taken:]

    def _batch(self, jobs: list[_Job]) -> int:
        """Commit as many of `jobs` as fit the time limit in one transaction; returns how many were answered."""
        done = 0
        try:
            with self._turn(), self._writer.connect() as connection, connection.begin():
                began = time.monotonic()
                driver = _driver(connection)
                driver.forget()
                for job in jobs:
                    job.result = self._call(connection, job)
                    done += 1
                    if time.monotonic() - began > BATCH_SECONDS:
                        break
                driver.settle()
        except BaseException as error:
            failed = jobs[: max(done + 1, 1)] if done < len(jobs) else jobs
            if len(failed) == 1 and not raced(error):
                failed[0].error = error
            else:
                for job in failed:
                    self._alone(job)
            done = len(failed)
        self._answer(jobs[:done])
        return done

    @staticmethod
    def _answer(jobs: list[_Job]) -> None:
        """Wake each event loop once for all of its jobs."""
        by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
        for job in jobs:
            if job.loop is None:
                job.settle()
            else:
                by_loop.setdefault(job.loop, []).append(job)
        for loop, mine in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle_all, mine)

    def _alone(self, job: _Job) -> None:
        for _ in range(TRIES):
            job.error = None
            try:
                with self._turn(), self._writer.connect() as connection, connection.begin():
                    driver = _driver(connection)
                    driver.forget()
                    job.result = self._call(connection, job)
                    driver.settle()
            except BaseException as error:
                job.error = error
            if not raced(job.error):
                return

    @staticmethod
    def _call(connection: Connection, job: _Job) -> Any:
        if job.fixed:
            return job.call(_driver(connection))
        _driver(connection).settle()
        with Session(connection, expire_on_commit=False, join_transaction_mode="rollback_only") as session:
            result = job.call(session)
            session.commit()
            return result

    @contextmanager
    def _turn(self) -> Any:
        """Wait fairly among the box's processes for the right to write (SQLite only)."""
        if not self.sqlite or not self.url.database:
            yield
            return
        if not self._locks:
            for name in ("queue", "turn"):
                path = f"{self.url.database}.{name}"
                self._locks.append(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o664))
        waiting, turn = self._locks
        fcntl.flock(waiting, fcntl.LOCK_EX)
        fcntl.flock(turn, fcntl.LOCK_EX)
        fcntl.flock(waiting, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(turn, fcntl.LOCK_UN)
