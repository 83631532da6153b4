"""Flags and the place in the paper go with the candidate to another seat. On both databases."""

from datetime import timedelta

import pytest
from sqlmodel import func, select

from appliance.base.clock import FakeClock
from appliance.flow.attempt_view import bookmark_of
from appliance.flow.box import Box
from appliance.flow.start_sitting import start_sitting
from appliance.records.journal import Journal
from appliance.wire.station import Answers, Bookmark
from tests.flow.test_answers import Page, save
from tests.world import seed


@pytest.fixture
def page(box: Box) -> Page:
    world = box.db.write_now(seed, box, 3)
    page = Page(box, world, 0)
    page.rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    page.world = world  # type: ignore[attr-defined]
    return page


def told(page: Page, position: int, *flagged: int, later: float = 0) -> None:
    at = page.box.now() + timedelta(seconds=later)
    mark = Bookmark(position=position, flagged=list(flagged), at=at)
    sent = Answers(attempt=page.attempt, lease=page.lease, answers=[], bookmark=mark)
    page.box.db.write_now(save, page.box, page.token, sent)


def entries(box: Box) -> int:
    return box.db.read_now(lambda s: s.exec(select(func.count()).select_from(Journal)).one())


def test_the_newest_is_kept_and_nothing_of_it_is_journaled(box: Box, page: Page, clock: FakeClock) -> None:
    before = entries(box)
    assert box.db.read_now(bookmark_of, page.attempt) is None
    told(page, 7, 3, 5)
    told(page, 2, later=-10)  # overtaken on the way
    found = box.db.read_now(bookmark_of, page.attempt)
    assert found and (found.position, found.flagged) == (7, [3, 5])
    clock.advance(60)
    page.send(page.change(1, "A"))  # a change alone leaves it as it is
    told(page, 8, 3, later=3600)  # a clock that is an hour ahead does not win for an hour
    clock.advance(5)
    told(page, 9)
    found = box.db.read_now(bookmark_of, page.attempt)
    assert found and (found.position, found.flagged) == (9, [])
    assert (entries(box) - before, page.kept()) == (1, {1: "A"})


def test_another_seat_goes_on_where_the_first_one_stopped(box: Box, page: Page, clock: FakeClock) -> None:
    told(page, 40, 12)
    clock.advance(30)
    second = Page(box, page.world, 0, seat=0)  # type: ignore[attr-defined]
    assert second.lease > page.lease
    found = box.db.read_now(bookmark_of, second.attempt)
    assert found and (found.position, found.flagged) == (40, [12])
    clock.advance(30)
    told(second, 41, 12, 40)
    told(page, 1, later=-45)  # the seat that was left delivers late
    found = box.db.read_now(bookmark_of, second.attempt)
    assert found and (found.position, found.flagged) == (41, [12, 40])


def test_only_questions_of_the_paper_are_kept_and_no_answer_waits_for_it(box: Box, page: Page) -> None:
    for position, flagged in ((0, 1), (101, 1), (1, 101), (1, -1)):
        told(page, position, flagged)
        assert box.db.read_now(bookmark_of, page.attempt) is None
