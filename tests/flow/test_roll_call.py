"""Who is on the roll: everybody let in, and for a while those whose sitting has ended."""

import pytest
from sqlmodel import Session

from appliance.base.clock import FakeClock
from appliance.flow.absence import leave
from appliance.flow.box import Box
from appliance.flow.roll_call import STAYS, roll_call
from appliance.records.sitting import Sitting
from tests.flow.test_entry import Tapper, person, sitting, tap

__all__ = ["sitting", "tap"]


def roll(box: Box) -> list[tuple[str, str]]:
    found = box.db.read_now(roll_call, box)
    return [(one.name, one.state) for lists in found for one in lists.people]


@pytest.mark.parametrize("state", ["ended", "released"])
def test_people_stay_a_while_after_the_end(
    box: Box, tap: Tapper, sitting: str, clock: FakeClock, state: str
) -> None:
    first, _second = tap(0), tap(1)
    who = person(box, "desk", "entry")
    box.db.write_now(leave, box, sitting, first.candidate, "toilet", who)
    assert roll(box) == [("\u8003\u751f0", "away"), ("\u8003\u751f1", "inside")]

    def over(session: Session) -> None:
        row = session.get_one(Sitting, sitting)
        row.state, row.ended_at = state, box.now()

    box.db.write_now(over)
    kept = [("\u8003\u751f0", "away"), ("\u8003\u751f1", "over")]
    assert roll(box) == kept
    clock.advance(STAYS.total_seconds() - 1)
    assert roll(box) == kept
    clock.advance(2)
    assert roll(box) == []


def test_a_sitting_that_runs_past_midnight(box: Box, tap: Tapper, sitting: str, clock: FakeClock) -> None:
    tap(0)

    def late(session: Session) -> None:
        session.get_one(Sitting, sitting).state = "running"

    box.db.write_now(late)
    clock.advance(17 * 3600)
    assert roll(box) == [("\u8003\u751f0", "inside")]
