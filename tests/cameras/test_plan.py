"""When a camera records by its plan: tables and properties, clocks that step and summer time among them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.base.errors import Unavailable
from appliance.base.settings import CameraSettings, Settings, SiteSettings
from appliance.wire.orders import Orders, SittingOrder
from cameras.orders import OrderBook
from cameras.plan import LATE_START, OUTDATED, first_wanted, needed, wanted

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
DAY = datetime(2026, 11, 21, tzinfo=SHANGHAI)
Record = Literal["always", "sittings", "open"]


def at(hour: int, minute: int = 0, day: datetime = DAY) -> datetime:
    return (day.replace(hour=0) + timedelta(hours=hour, minutes=minute)).astimezone(UTC)


def sitting(name: str, start: datetime, room: str = "T1", **true: datetime) -> SittingOrder:
    """One of two hours whose admission opens half an hour before."""
    return SittingOrder(
        id=name,
        rooms=[room],
        opens_at=start - timedelta(minutes=30),
        starts_at=start,
        ends_at=start + timedelta(hours=2),
        **true,
    )


def camera(record: Record = "sittings", room: str = "T1") -> CameraSettings:
    return CameraSettings(
        code="C1", name="C1", address="a", room=room, record=record, before_min=15, after_min=10
    )


def orders(*sittings: SittingOrder, made: datetime | None = None) -> Orders:
    return Orders(made_at=made or at(0), rooms=["T1", "T2"], sittings=list(sittings))


TWO = orders(
    sitting("a", at(9), started_at=at(9), ended_at=at(11)),
    sitting("b", at(14), started_at=at(14), ended_at=at(16)),
)


@pytest.mark.parametrize(
    ("record", "room", "now", "expected"),
    [
        ("always", "T1", at(3), True),
        ("sittings", "T1", at(8, 44), False),
        ("sittings", "T1", at(8, 45), True),
        ("sittings", "T1", at(11, 9), True),
        ("sittings", "T1", at(11, 10), False),
        ("sittings", "T1", at(12), False),
        ("sittings", "T1", at(14), True),
        ("sittings", "T2", at(9), False),
        ("sittings", "", at(9), True),
        ("sittings", "GATE", at(3), True),
        ("open", "T1", at(8, 14), False),
        ("open", "T1", at(8, 15), True),
        ("open", "T1", at(12, 30), True),
        ("open", "T1", at(16, 9), True),
        ("open", "T1", at(16, 10), False),
        ("open", "T2", at(12), False),
    ],
)
def test_when_a_camera_records(record: Record, room: str, now: datetime, expected: bool) -> None:
    assert wanted(camera(record, room), TWO, now, SHANGHAI) == expected


def test_what_truly_happened_counts() -> None:
    unbegun = orders(sitting("a", at(9)))
    early = orders(sitting("a", at(9), started_at=at(8, 30), ended_at=at(9, 40)))
    late = orders(sitting("a", at(9), started_at=at(9, 5)))
    moments = [at(8, 14), at(8, 15), at(9, 49), at(9, 50), at(12)]
    assert [wanted(camera(), early, now, SHANGHAI) for now in moments] == [False, True, True, False, False]
    assert wanted(camera(), late, at(23), SHANGHAI), "it runs until somebody says that it has ended"
    for record in ("sittings", "open"):
        until = at(11, 10) + LATE_START
        moments = [at(11, 45), until - timedelta(seconds=1), until]
        assert [wanted(camera(record), unbegun, now, SHANGHAI) for now in moments] == [True, True, False], (
            "people sit in the room and it begins late"
        )


def test_what_is_not_known_makes_it_record() -> None:
    assert wanted(camera(), None, at(3), SHANGHAI)
    assert wanted(camera(), TWO, TWO.made_at + OUTDATED + timedelta(seconds=1), SHANGHAI)
    assert not wanted(camera(), TWO, TWO.made_at + OUTDATED, SHANGHAI)


@given(st.sampled_from(["sittings", "open"]), st.floats(-36000, 36000), st.integers(0, 7199))
def test_a_clock_that_steps_by_hours_ends_no_running_sitting(
    record: Record, step: float, second: int
) -> None:
    """The sitting runs by the time before the step; whatever the clock says then, it is recorded."""
    told = orders(sitting("a", at(9), started_at=at(9)), made=at(9))
    assert wanted(camera(record), told, at(9) + timedelta(seconds=second + step), SHANGHAI)


FRIDAY = datetime(2026, 11, 20, tzinfo=SHANGHAI)
MONDAY = datetime(2026, 11, 23, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("made", "now", "room", "expected"),
    [
        # It lived until Monday 06:30, when it heard its last orders: rest until the sitting, which began at 08:00.
        (at(6, 30, MONDAY), at(7, 5, MONDAY), "T1", None),
        (at(6, 30, MONDAY), at(8, 30, MONDAY), "T1", at(7, 45, MONDAY)),
        # Nobody has heard of it since Friday evening: of its own it would have recorded all after a day.
        (at(18, 0, FRIDAY), at(17, 0, DAY), "T1", None),
        (at(18, 0, FRIDAY), at(7, 5, MONDAY), "T1", at(18, 0, DAY)),
        # A room no order knows, and orders out of the future: nothing explains the rest.
        (at(6, 30, MONDAY), at(7, 5, MONDAY), "T9", at(18, 0, FRIDAY)),
        (at(6, 30, MONDAY), at(7, 5, DAY), "T1", at(18, 0, FRIDAY)),
    ],
)
def test_a_kill_at_rest_leaves_the_rest_its_days(
    made: datetime, now: datetime, room: str, expected: datetime | None
) -> None:
    told = orders(sitting("a", at(8, 0, MONDAY)), made=made)
    assert first_wanted(camera(room=room), told, at(18, 0, FRIDAY), now, SHANGHAI) == expected


def test_a_sitting_that_runs_now_is_no_reason_for_the_days_before() -> None:
    told = orders(sitting("a", at(9), started_at=at(9, 2)), made=at(9, 3))
    assert first_wanted(camera(), told, at(18, 0, FRIDAY), at(9, 30), SHANGHAI) == at(9, 3)


@given(st.integers(0, 48 * 60), st.sampled_from(["sittings", "open"]))
def test_summer_time_moves_nothing(minute: int, record: Record) -> None:
    """Both days on which the clocks change: what is recorded is the same stretch of true time, without a hole."""
    for day in (datetime(2027, 3, 28, tzinfo=BERLIN), datetime(2027, 10, 31, tzinfo=BERLIN)):
        start = day.astimezone(UTC) + timedelta(hours=1, minutes=30)
        now = day.astimezone(UTC) - timedelta(hours=12) + timedelta(minutes=minute)
        told = orders(sitting("a", start), made=now)
        first = start - timedelta(minutes=45 if record == "open" else 15)
        inside = first <= now < start + timedelta(hours=2, minutes=10) + LATE_START
        assert wanted(camera(record), told, now, BERLIN) == inside


def test_a_day_minute_by_minute() -> None:
    """How often a camera changes between recording and rest: once around each sitting, or once a day."""
    for record, changes in (("sittings", 4), ("open", 2), ("always", 0)):
        asked = [wanted(camera(record), TWO, at(0, minute), SHANGHAI) for minute in range(24 * 60)]  # type: ignore[arg-type]
        assert sum(one != two for one, two in pairwise(asked)) == changes


def test_orders_outlive_the_recorder(tmp_path: Path) -> None:
    settings = Settings(
        site=SiteSettings(code="999999-01", name="示范考点", state=str(tmp_path / "state"), run=str(tmp_path))
    )
    book = OrderBook(settings)
    assert book.current is None
    book.keep(TWO)
    assert OrderBook(settings).current == TWO
    book.path.write_bytes(b"{")
    assert OrderBook(settings).current is None, "every camera records"
    blocked = OrderBook(settings)
    blocked.path = tmp_path / "file" / "orders.json"
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable):
        blocked.keep(TWO)
    assert blocked.current == TWO, "obeyed all the same"


@pytest.mark.parametrize(
    ("room", "now", "expected"),
    [
        ("T1", at(9) - timedelta(minutes=10), False),
        ("T1", at(10), True),
        ("T2", at(10), False),
        ("T1", at(11, 30), False),
        ("T1", at(10) + OUTDATED, False),
        ("W1", at(9) - timedelta(minutes=10), True),
        ("entrance", at(9) - timedelta(minutes=10), True),
        ("entrance", at(10), True),
        ("entrance", at(8), False),
        ("entrance", at(11, 30), False),
        ("", at(10), False),
    ],
)
def test_what_belongs_to_a_running_sitting(room: str, now: datetime, expected: bool) -> None:
    one = sitting("a", at(9))
    one.started_at = at(9) if now >= at(9) else None
    one.ended_at = at(11) if at(11) < now < at(14) else None
    told = orders(one)
    told.rooms, told.waiting = ["T1", "T2", "W1"], ["W1"]
    assert needed(camera(room=room), told, now) is expected
    assert not needed(camera(room=room), None, now)
