"""An exam page that was loaded anew is a fact; only one that is away for long, or for good, is a case."""

import uuid
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlmodel import Session, col, select

from appliance.base.clock import FakeClock
from appliance.base.errors import Refused
from appliance.flow.board import board
from appliance.flow.box import Box
from appliance.flow.page_left import page_left
from appliance.flow.page_reloaded import note_away
from appliance.flow.pause import pause_attempt, resume_attempt
from appliance.flow.seat_panel import seat_panel
from appliance.records.cases import ExamCase
from appliance.records.journal import Journal
from appliance.records.site import Station
from appliance.wire.station import Left
from tests.conftest import START
from tests.flow.test_answers import Page
from tests.flow.test_candidate_calls import page, world  # noqa: F401
from tests.world import World

pytestmark = pytest.mark.usefixtures("world", "page")


def gone(page: Page, seconds: float, **more: object) -> Left:  # noqa: F811
    at = page.box.now() - timedelta(seconds=seconds)
    return Left(id=str(uuid.uuid4()), kind="page_reloaded", at=at, **more)  # type: ignore[arg-type]


def tell(page: Page, *told: Left) -> None:  # noqa: F811
    for one in told:
        page.box.db.write_now(page_left, page.box, page.token, one)


def alive(box: Box, seat: str) -> None:
    """The seat's computer gives a sign of life."""

    def heard(session: Session) -> None:
        session.merge(Station(seat=seat, key_hash="", heartbeat_at=box.now()))

    box.db.write_now(heard)


def cases(box: Box) -> list[ExamCase]:
    rows = select(ExamCase).order_by(col(ExamCase.happened_at))
    return box.db.read_now(lambda s: list(s.exec(rows)))


def reloads(box: Box) -> list[dict[str, Any]]:
    rows = select(Journal.body).where(Journal.kind == "page.reloaded")
    return [msgspec.json.decode(one) for one in box.db.read_now(lambda s: list(s.exec(rows)))]


def test_a_second_is_recorded_and_nobody_is_called(
    box: Box,
    world: World,  # noqa: F811
    page: Page,  # noqa: F811
    clock: FakeClock,
) -> None:
    away = gone(page, 0)
    tell(page, away)
    clock.advance(1.2)
    assert box.db.write_now(note_away, box, START) == 0
    back = Left(id=away.id, kind="page_reloaded", at=away.at, until=box.now())
    tell(page, back, back, away)
    seat = world.seats[1]
    assert [(one["seat"], one["seconds"]) for one in reloads(box)] == [(seat, 1.2)]
    clock.advance(300)
    assert box.db.write_now(note_away, box, START) == 0 and cases(box) == []
    assert "case" not in box.db.read_now(board, box, world.sitting).seats[1].flags
    entries = box.db.read_now(seat_panel, box, world.sitting, seat).entries
    assert [one.more for one in entries if one.kind == "page.reloaded"] == ["1 秒"]
    with pytest.raises(Refused, match="bad_case"):
        other = Page(box, world, 0)
        other.rules()
        tell(other, back)


def test_long_is_a_case_with_its_length_unless_the_exam_stood_still(
    box: Box,
    page: Page,  # noqa: F811
    clock: FakeClock,
) -> None:
    clock.advance(400)
    tell(page, gone(page, 31, until=box.now()))
    assert [(one.kind, one.until and (one.until - one.happened_at).seconds) for one in cases(box)] == [
        ("page_reloaded", 31)
    ]
    box.db.write_now(pause_attempt, box, page.attempt, "停电", "account:i")
    clock.advance(300)
    box.db.write_now(resume_attempt, box, page.attempt, "account:i")
    tell(page, gone(page, 310, until=box.now()))
    assert len(cases(box)) == 1 and [one["seconds"] for one in reloads(box)] == [31, 310]


def test_a_page_that_does_not_come_back_was_left(
    box: Box,
    world: World,  # noqa: F811
    page: Page,  # noqa: F811
    clock: FakeClock,
) -> None:
    away = gone(page, 0)
    tell(page, away)
    clock.advance(31)
    assert box.db.write_now(note_away, box, START) == 0, (
        "a computer that gives no sign of life is gone itself"
    )
    alive(box, world.seats[1])
    assert box.db.write_now(note_away, box, box.now()) == 0, "the box has only just begun to listen"
    assert [box.db.write_now(note_away, box, START) for _ in range(2)] == [1, 0]
    assert [(one.id, one.kind, one.until) for one in cases(box)] == [(away.id, "page_left", None)]
    clock.advance(60)
    tell(page, Left(id=away.id, kind="page_reloaded", at=away.at, until=box.now()))
    (case,) = cases(box)
    assert case.kind == "page_left" and case.until and (case.until - case.happened_at).seconds == 91
    assert [one["seconds"] for one in reloads(box)] == [91]
    early = gone(page, 0)
    tell(page, early)
    clock.advance(31)
    alive(box, world.seats[1])
    assert box.db.write_now(note_away, box, START) == 1
    tell(page, Left(id=early.id, kind="page_reloaded", at=early.at, until=early.at + timedelta(seconds=1)))
    assert [one.kind for one in cases(box)] == ["page_left", "page_reloaded"], "told late: it was not left"
    tell(page, gone(page, 0))
    Page(box, world, 1, seat=1)  # signed in anew: the page before is of no interest any more
    clock.advance(60)
    alive(box, world.seats[1])
    assert box.db.write_now(note_away, box, START) == 0
