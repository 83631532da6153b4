"""A raised hand, a page that was left, a request for what is somebody else's. On both databases."""

import uuid
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from appliance.base.clock import FakeClock
from appliance.base.errors import Refused
from appliance.flow.board import board
from appliance.flow.box import Box
from appliance.flow.note_request import note_request
from appliance.flow.page_left import MOST, page_left
from appliance.flow.raise_hand import answer_hand, raise_hand
from appliance.flow.start_sitting import start_sitting
from appliance.flow.warn import warn
from appliance.records.cases import ExamCase
from appliance.records.journal import Journal
from appliance.records.site import Station
from appliance.web.room import attention
from appliance.wire.station import Left
from tests.flow.test_answers import Page
from tests.world import World, seed


@pytest.fixture
def world(box: Box) -> World:
    return box.db.write_now(seed, box, 3)


@pytest.fixture
def page(box: Box, world: World) -> Page:
    page = Page(box, world, 1)
    page.rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    return page


def kinds(box: Box, prefix: str) -> list[tuple[str, str]]:
    rows = select(Journal).where(col(Journal.kind).startswith(prefix)).order_by(col(Journal.seq))
    return box.db.read_now(lambda s: [(one.kind, one.actor) for one in s.exec(rows)])


def test_who_was_called_and_has_not_begun_asks_for_attention(box: Box, world: World, page: Page) -> None:
    assert [tile.flags for tile in box.db.read_now(board, box, world.sitting).seats][:2] == [
        ["not_begun"],
        [],
    ]


def test_a_raised_hand_comes_first_until_it_is_answered(
    box: Box, world: World, page: Page, clock: FakeClock
) -> None:
    for _ in range(2):
        found = box.db.write_now(raise_hand, box, page.token, True)
    assert found.around.hand_at == box.now()
    tiles = box.db.read_now(board, box, world.sitting).seats
    assert next(tile.number for tile in sorted(tiles, key=attention)) == 2
    assert tiles[1].flags[0] == "hand"
    clock.advance(40)
    box.db.write_now(answer_hand, box, page.attempt, "account:i")
    box.db.write_now(answer_hand, box, page.attempt, "account:i")
    assert box.db.read_now(board, box, world.sitting).seats[1].flags == []
    box.db.write_now(raise_hand, box, page.token, True)
    assert box.db.write_now(raise_hand, box, page.token, False).around.hand_at is None
    seat = f"seat:{world.seats[1]}"
    assert kinds(box, "hand.") == [
        ("hand.raised", seat),
        ("hand.lowered", "account:i"),
        ("hand.raised", seat),
        ("hand.withdrawn", seat),
    ]


def test_a_dead_seat_says_so_whatever_else_waits_there(
    box: Box, world: World, page: Page, clock: FakeClock
) -> None:
    box.db.write_now(raise_hand, box, page.token, True)
    box.db.write_now(warn, box, page.attempt, "请安静", "account:i")
    box.db.write_now(page_left, box, page.token, left(page))

    def falls_silent(session: Session) -> None:
        session.merge(Station(seat=world.seats[1], heartbeat_at=box.now()))

    box.db.write_now(falls_silent)
    clock.advance(600)
    told = box.db.read_now(board, box, world.sitting).seats[1].flags
    assert told == ["hand", "lost", "warned", "case"]
    box.db.write_now(answer_hand, box, page.attempt, "account:i")
    assert box.db.read_now(board, box, world.sitting).seats[1].flags[0] == "lost"


def left(page: Page, seconds: float = 0, **more: object) -> Left:
    at = page.box.now() - timedelta(seconds=seconds)
    return Left(id=str(uuid.uuid4()), kind="page_left", at=at, **more)  # type: ignore[arg-type]


def test_leaving_the_page_is_one_case_with_its_length(
    box: Box, world: World, page: Page, clock: FakeClock
) -> None:
    sent = left(page)
    for _ in range(2):
        box.db.write_now(page_left, box, page.token, sent)
    assert box.db.read_now(board, box, world.sitting).seats[1].flags == ["case"]
    clock.advance(12)
    back = Left(id=sent.id, kind=sent.kind, at=sent.at, until=box.now() + timedelta(hours=1))
    for _ in range(2):
        box.db.write_now(page_left, box, page.token, back)
    case = box.db.read_now(lambda s: s.exec(select(ExamCase)).one())
    assert case.until is not None and (case.until - case.happened_at).total_seconds() == 12
    assert (case.kind, case.state, case.seat) == ("page_left", "open", world.seats[1])
    assert [kind for kind, _ in kinds(box, "exam_case.")] == ["exam_case.opened", "exam_case.ended"]


def test_a_case_of_another_attempt_is_refused(box: Box, world: World, page: Page) -> None:
    other = Page(box, world, 0)
    other.rules()
    sent = left(page)
    box.db.write_now(page_left, box, page.token, sent)
    with pytest.raises(Refused) as refused:
        box.db.write_now(page_left, box, other.token, sent)
    assert refused.value.code == "bad_case"


def test_a_page_gone_mad_makes_only_so_many(box: Box, page: Page) -> None:
    for _ in range(MOST + 3):
        box.db.write_now(page_left, box, page.token, left(page))
    assert len(box.db.read_now(lambda s: s.exec(select(ExamCase.id)).all())) == MOST


def test_before_the_start_nothing_is_left(box: Box, world: World) -> None:
    page = Page(box, world, 0)
    with pytest.raises(Refused):
        box.db.write_now(page_left, box, page.token, left(page))


def test_a_refused_request_is_journaled_with_seat_and_attempt(box: Box, world: World, page: Page) -> None:
    box.db.write_now(note_request, box, world.addresses[1], page.token, "not_your_attempt")
    box.db.write_now(note_request, box, world.addresses[2], "unknown", "csrf")
    rows = box.db.read_now(
        lambda s: s.exec(
            select(Journal.subject, Journal.actor).where(Journal.kind == "request.refused")
        ).all()
    )
    assert rows == [
        (world.candidates[1], f"seat:{world.seats[1]}"),
        (world.seats[2], f"seat:{world.seats[2]}"),
    ]
