"""The writer: nothing is answered before its commit, a failure never takes a neighbour with it."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from sqlmodel import Session, col, func, select

from appliance.base.database import Database
from appliance.base.errors import Refused, Unavailable
from appliance.flow.box import Box
from appliance.records.base import metadata
from appliance.records.journal import Journal, JournalHead, append


def note(session: Session, box: Box, subject: str, fail: bool = False) -> int:
    """One entry, or a refusal after having written it."""
    seq = append(session, "test.noted", subject, "process:test", {"s": subject}, at=box.now())
    if fail:
        raise Refused("test", "no")
    return seq


async def test_a_failing_write_leaves_its_neighbours(box: Box) -> None:
    jobs = [box.db.write(note, box, f"s{i}", i % 5 == 0) for i in range(200)]
    results = await asyncio.gather(*jobs, return_exceptions=True)
    refused = [r for r in results if isinstance(r, Refused)]
    kept = await box.db.read(
        lambda s: s.exec(
            select(Journal.subject).where(Journal.kind == "test.noted").order_by(col(Journal.seq))
        ).all()
    )
    assert len(refused) == 40
    assert sorted(kept) == sorted(f"s{i}" for i in range(200) if i % 5)


async def test_seq_has_no_hole_and_the_chain_holds(box: Box) -> None:
    await asyncio.gather(*[box.db.write(note, box, f"s{i}") for i in range(100)])
    rows = await box.db.read(lambda s: s.exec(select(Journal).order_by(col(Journal.seq))).all())
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert all(b.previous == a.hash for a, b in pairwise(rows))
    head = await box.db.read(lambda s: s.get(JournalHead, 1))
    assert head.hash == rows[-1].hash


async def test_readers_cannot_write(box: Box) -> None:
    before = await box.db.read(lambda s: s.exec(select(func.count()).select_from(Journal)).one())
    with pytest.raises((Unavailable, psycopg.errors.ReadOnlySqlTransaction)):
        await box.db.read(note, box, "x")
    after = await box.db.read(lambda s: s.exec(select(func.count()).select_from(Journal)).one())
    assert before == after


WRITER = textwrap.dedent(
    """
    import sys, datetime as dt
    from appliance.base.database import Database
    from appliance.records.journal import append
    db = Database(sys.argv[1]); db.start()
    i = 0
    while True:
        now = dt.datetime.now(dt.UTC)
        db.write_now(lambda s: append(s, "test.noted", f"{sys.argv[2]}-{i}", "process:test", {}, at=now))
        print(i, flush=True)
        i += 1
    """
)


async def test_nothing_acknowledged_is_lost_when_a_writer_is_killed(box: Box) -> None:
    """A process is killed in the middle of its writes; every number it printed is in the journal."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, box.db.url.render_as_string(hide_password=False), "kill"],
        stdout=subprocess.PIPE,
    )
    assert child.stdout
    lines = [child.stdout.readline() for _ in range(50)]
    os.kill(child.pid, signal.SIGKILL)
    lines += child.stdout.readlines()
    child.wait()
    acknowledged = {f"kill-{int(line)}" for line in lines if line.strip().isdigit() and line.endswith(b"\n")}
    kept = set(
        await box.db.read(lambda s: s.exec(select(Journal.subject).where(Journal.kind == "test.noted")).all())
    )
    assert len(acknowledged) >= 50
    assert acknowledged <= kept


async def test_two_processes_share_the_turn(box: Box) -> None:
    """While another process writes without a pause, our worst wait stays short."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, box.db.url.render_as_string(hide_password=False), "busy"],
        stdout=subprocess.PIPE,
    )
    assert child.stdout
    child.stdout.readline()
    worst = 0.0
    try:
        for i in range(40):
            began = time.monotonic()
            await box.db.write(note, box, f"own-{i}")
            worst = max(worst, time.monotonic() - began)
    finally:
        child.kill()
        child.communicate()
    assert worst < 1.0


def test_a_full_disk_refuses_and_loses_nothing(tmp_path: Path) -> None:
    """On a file system that is full writes are refused with a sentence; earlier ones stay; then it goes on."""
    db = Database(f"sqlite:///{tmp_path / 'small.db'}")
    metadata.create_all(db.engine)
    db.start()
    db.write_now(lambda s: s.add(JournalHead()))

    def limit(pages: int) -> None:
        with db.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            used = raw.execute("PRAGMA page_count").fetchone()[0]
            raw.execute(f"PRAGMA max_page_count = {used + pages}")

    def big(session: Session, i: int) -> int:
        return append(session, "test.noted", f"b{i}", "process:test", {"x": "y" * 2000}, at=datetime.now(UTC))

    limit(20)
    kept = []
    with pytest.raises(Unavailable) as refused:
        for i in range(200):
            db.write_now(big, i)
            kept.append(i)
    assert refused.value.code == "disk_full"
    limit(100_000)
    db.write_now(big, 999)
    found = db.read_now(lambda s: s.exec(select(Journal.subject)).all())
    assert {f"b{i}" for i in [*kept, 999]} == set(found)
    db.stop()
