"""A sitting over midnight: its people come in, its pages keep it, and it is over when it is over."""

from datetime import datetime, timedelta

from sqlmodel import Session, select

from appliance.base.clock import FakeClock
from appliance.flow.box import Box
from appliance.flow.today import sittings_of_day
from appliance.records.sitting import Sitting
from tests.flow.test_entry import Tapper, sitting, tap

__all__ = ["sitting", "tap"]


def test_a_sitting_goes_on_over_midnight(box: Box, clock: FakeClock, sitting: str, tap: Tapper) -> None:
    start = datetime.combine(box.today() + timedelta(days=1), datetime.min.time(), box.zone)
    start += timedelta(minutes=5)

    def moved(session: Session) -> None:
        row = session.exec(select(Sitting)).one()
        row.starts_at, row.opens_at = start, start - timedelta(hours=1)
        row.closes_at = start + timedelta(minutes=15)
        session.add(row)

    def state(session: Session, to: str) -> None:
        row = session.exec(select(Sitting)).one()
        row.state = to
        session.add(row)

    def shown() -> list[str]:
        return [one.id for one in box.db.read_now(sittings_of_day, box)]

    box.db.write_now(moved)
    assert not shown()
    clock.advance((start - box.now()).total_seconds() - 30 * 60)  # 23:35
    assert tap(0).code == "admitted" and shown() == [sitting]
    clock.advance(35 * 60)  # 00:10
    assert tap(1).code == "admitted" and shown() == [sitting]
    box.db.write_now(state, "running")
    clock.advance(24 * 3600)
    assert shown() == [sitting], "nobody is left alone in the room"
    box.db.write_now(state, "ended")
    assert not shown()
