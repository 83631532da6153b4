"""A sitting on the province's own page: entry, seats, calling stay ours, papers and results do not. Both databases."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from appliance.base.clock import FakeClock
from appliance.base.errors import Corrupt, Refused
from appliance.flow.accounts import Who, add_account, hash_password
from appliance.flow.attempt_view import standing
from appliance.flow.box import Box
from appliance.flow.delivery import OWN_PAGE, page_of_seat, set_delivery
from appliance.flow.hand_in import close_due, force_hand_in, hand_in
from appliance.flow.mark import due_for_marking
from appliance.flow.start_sitting import start_sitting
from appliance.flow.verdict import blockers
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Mark, Paper
from appliance.web.background import Background
from appliance.wire.station import HandIn
from tests.flow.test_answers import Page
from tests.flow.test_captures import due, kinds, send, settle
from tests.question_banks import PASSWORD, journal, staff
from tests.world import World, seed

PAGE = "https://kaoshi.example.gov.cn/seat?site=999999"


@pytest.fixture
def world(box: Box) -> World:
    return box.db.write_now(seed, box, 2)


@pytest.fixture
def office(box: Box) -> Who:
    row = box.db.write_now(
        add_account, box, "office", "office", "office", hash_password(PASSWORD), "process:test"
    )
    return Who(account=row.id, login="office", name="office", role="office")


def count(box: Box, table: type[Paper] | type[Mark]) -> int:
    return box.db.read_now(lambda s: len(s.exec(select(table)).all()))  # type: ignore[call-overload]


def test_who_may_say_it_and_when(box: Box, world: World, office: Who) -> None:
    people = staff(box)
    for who in (people["author"], people["invigilator"]):
        with pytest.raises(Refused, match="not_your_role"):
            box.db.write_now(set_delivery, box, world.sitting, "province", PAGE, who)
    for bad in (
        "",
        "http://kaoshi.example.gov.cn",
        "https://",
        "https://a b",
        "javascript:alert(1)",
        "https://省",
    ):
        with pytest.raises(Refused, match="bad_page"):
            box.db.write_now(set_delivery, box, world.sitting, "province", bad, office)
    for _ in range(2):
        box.db.write_now(set_delivery, box, world.sitting, "province", f" {PAGE} ", office)
    assert journal(box, "sitting.delivery_set") == [
        {"delivery": "province", "page": PAGE, "papers_withdrawn": 2}
    ]
    assert count(box, Paper) == 0
    back = box.db.write_now(set_delivery, box, world.sitting, "own", "", people["chief"])
    assert (back.delivery, back.page) == ("own", "")
    Page(box, world, 0).rules()
    with pytest.raises(Refused, match="delivery_fixed"):
        box.db.write_now(set_delivery, box, world.sitting, "province", PAGE, office)

    def sealed(session: Session) -> None:
        session.get_one(Sitting, world.sitting).sealed = True
        for attempt in session.exec(select(Attempt)).all():
            attempt.state = "seated"

    box.db.write_now(sealed)
    with pytest.raises(Refused, match="delivery_sealed"):
        box.db.write_now(set_delivery, box, world.sitting, "province", PAGE, office)


def test_captures_stay_ours_while_the_provinces_page_is_shown(
    box: Box, clock: FakeClock, world: World, office: Who
) -> None:
    settle(box)
    box.db.write_now(set_delivery, box, world.sitting, "province", PAGE, office)
    page = Page(box, world, 0)
    page.rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    clock.advance(301)
    number = due(box, page)
    send(box, page, number)
    assert number and due(box, page) == 0 and kinds(box, "capture.") == ["capture.taken"]


async def test_a_day_on_the_provinces_page(box: Box, clock: FakeClock, world: World, office: Who) -> None:
    await box.db.write(set_delivery, box, world.sitting, "province", PAGE, office)
    await Background(box)._papers()
    assert count(box, Paper) == 0, "no paper is made"
    page = Page(box, world, 0)
    page.rules()
    assert box.db.read_now(page_of_seat, world.seats[0]) == OWN_PAGE, "our page until the start"
    started = box.db.write_now(start_sitting, box, world.sitting, "account:x")
    assert started.state == "running"
    found = box.db.read_now(standing, box, page.token)
    assert (found.state, found.page, found.key, found.questions) == ("running", PAGE, b"", 0)
    assert box.db.read_now(page_of_seat, world.seats[0]) == PAGE
    assert box.db.read_now(page_of_seat, world.seats[1]) == OWN_PAGE, "nobody has signed in there"
    late = Page(box, world, 1)
    late.rules()
    assert box.db.read_now(page_of_seat, world.seats[1]) == PAGE, "who comes late as well"
    with pytest.raises(Corrupt, match="bad_answer"):
        page.send(page.change(1, "A"))
    with pytest.raises(Refused, match="answered_elsewhere"):
        box.db.write_now(hand_in, box, page.token, HandIn(attempt=page.attempt, lease=page.lease, n=0))
    box.db.write_now(force_hand_in, box, page.attempt, "已在省平台交卷", "account:x")
    assert box.db.read_now(page_of_seat, world.seats[0]) == OWN_PAGE
    clock.advance(timedelta(hours=3).total_seconds())
    assert box.db.write_now(close_due, box) == [late.attempt]
    assert box.db.read_now(due_for_marking, box) == [], "nothing is marked here"
    await Background(box)._hand_in()
    assert count(box, Mark) == 0
    day = box.today().isoformat()
    assert box.db.read_now(blockers, box, day) == [], "and nothing waits for a mark"
