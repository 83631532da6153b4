"""What is asked of a long journal is answered at once: figures of 50,000 entries on both databases."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session, func, select

from appliance.base.clock import FakeClock
from appliance.base.database import Driver
from appliance.flow.accounts import IDLE, add_account, hash_password, sign_in
from appliance.flow.box import Box
from appliance.flow.inspect import timeline
from appliance.flow.note_device import note_device
from appliance.flow.office import office
from appliance.records.accounts import LoginSession
from appliance.records.journal import Journal, append_fixed
from tests.flow.test_entry import Tapper, sitting, tap

__all__ = ["sitting", "tap"]

ENTRIES = 50_000
KINDS = ("answer.saved", "device.lost", "gate.ordered", "gate.settled", "device.lost")


def fill(driver: Driver, box: Box) -> None:
    """A journal of many days: four of five entries are about the lane, half of them outages of its reader."""
    for n in range(ENTRIES):
        kind = KINDS[n % len(KINDS)]
        subject = "someone" if kind == "answer.saved" else "L1"
        device = {"device": "reader", "code": "missing"}
        body = device if kind == "device.lost" else {"order": f"{n:032x}", "admission": f"{n:032x}"}
        append_fixed(driver, kind, subject, "process:gate", body, at=box.now())


def milliseconds(work: Callable[[], object]) -> float:
    took = []
    for _ in range(5):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)[2]


@pytest.mark.long
async def test_a_long_journal_answers_quickly(
    box: Box, tap: Tapper, record_property: Callable[[str, object], None]
) -> None:
    outcome = tap(0)
    await box.db.write_fixed(fill, box)
    # what PostgreSQL's own housekeeping does by itself after a while
    box.db.write_now(lambda session: session.execute(text("ANALYZE")))
    for code in ("missing", "", ""):
        await box.db.write(note_device, box, "L1", "gate", code, box.now())
    last = await box.db.read(
        lambda s: s.exec(select(Journal.kind).order_by(Journal.seq.desc()).limit(2)).all()
    )  # type: ignore[attr-defined]
    assert list(last) == ["device.restored", "device.lost"], "told once, and its end once"
    figures = {
        "note_device": milliseconds(lambda: box.db.write_now(note_device, box, "L1", "gate", "", box.now())),
        "note_device_never_lost": milliseconds(
            lambda: box.db.write_now(note_device, box, "P1", "camera", "", box.now())
        ),
        "timeline": milliseconds(lambda: box.db.read_now(timeline, box, outcome.candidate)),
        "office": milliseconds(lambda: box.db.read_now(office, box, "nobody")),
    }
    for name, took in figures.items():
        record_property(name, round(took, 1))
    print({name: round(took, 1) for name, took in figures.items()}, "ms of", ENTRIES, "entries")
    assert max(figures.values()) < 250, figures


async def test_dead_sessions_are_forgotten(box: Box, clock: FakeClock) -> None:
    hashed = hash_password("a good password")
    await box.db.write(add_account, box, "x", "x", "entry", hashed, "process:test")

    def count(session: Session) -> int:
        return session.exec(select(func.count()).select_from(LoginSession)).one()

    for _ in range(3):
        await sign_in(box, "x", "a good password", "")
    assert await box.db.read(count) == 3
    clock.advance((IDLE + timedelta(seconds=1)).total_seconds())
    await sign_in(box, "x", "a good password", "")
    assert await box.db.read(count) == 1


@pytest.mark.parametrize("header", ["\u00b2", "x", "", "-1", "9" * 40, "1.5"])
def test_a_last_event_id_that_is_none(header: str) -> None:
    from appliance.live import resumed

    assert resumed(header) is None and resumed("12") == 12
