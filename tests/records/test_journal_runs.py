"""Entries of one run of fixed writes share one read and one write of the head; nothing of that may show."""

import asyncio
from datetime import UTC, datetime

from sqlmodel import Session, select

from appliance.base.database import Driver
from appliance.flow.box import Box
from appliance.flow.inspect import verify_journal
from appliance.records.journal import Journal, JournalHead, append, append_fixed

AT = datetime(2026, 11, 21, 1, 5, 12, tzinfo=UTC)


def fixed(driver: Driver, number: int) -> int:
    seq = append_fixed(driver, "test.fixed", str(number), "process:test", {"n": number}, at=AT)
    if number % 7 == 3:
        raise LookupError(number)
    return seq


def mapped(session: Session, number: int) -> int:
    seq = append(session, "test.mapped", str(number), "process:test", {"n": number}, at=AT)
    assert session.get_one(JournalHead, 1, populate_existing=True).seq == seq
    if number % 11 == 5:
        raise LookupError(number)
    return seq


async def test_mixed_writes_and_failures_leave_one_whole_chain(box: Box) -> None:
    """Fixed and mapped writes side by side, some of which fail: every one that was answered is in the chain once."""
    writes = [
        box.db.write(mapped, number) if number % 5 == 0 else box.db.write_fixed(fixed, number)
        for number in range(120)
    ]
    answers = await asyncio.gather(*writes, return_exceptions=True)
    kept = [one for one in answers if isinstance(one, int)]
    assert all(isinstance(one, int | LookupError) for one in answers)
    assert len(kept) == len(set(kept))

    def found(session: Session) -> tuple[dict[int, str], int]:
        rows = {row.seq: row.subject for row in session.exec(select(Journal)).all()}
        return rows, session.get_one(JournalHead, 1).seq

    rows, head = await box.db.read(found)
    assert {number for number, one in enumerate(answers) if isinstance(one, int)} == {
        int(rows[seq]) for seq in kept
    }
    assert head == max(rows) == len(rows)
    assert (await box.db.read(verify_journal, box)).ok
