"""Orders on the page of a room: an opened one moves nothing and covers nothing needed; after the last hand-in none is
left that makes no sense; every seat says its state in a word.
"""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect
from sqlmodel import Session, col, select

from appliance.flow.hand_in import force_hand_in
from appliance.records.theory import Attempt
from appliance.records.waiting import Ticket
from tests.web.conftest import shoot
from tests.web.day_server import Running
from tests.web.test_violations import writing

Open = Callable[..., Page]
Client = Callable[[str], httpx.Client]
Rect = dict[str, float]


def _apart(one: Rect, other: Rect) -> bool:
    return (
        one["x"] + one["width"] <= other["x"]
        or other["x"] + other["width"] <= one["x"]
        or one["y"] + one["height"] <= other["y"]
        or other["y"] + other["height"] <= one["y"]
    )


def _rect(found: Locator) -> Rect:
    rect = found.bounding_box()
    assert rect is not None
    return dict(rect)


@pytest.mark.long
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1366, 768), (1920, 1080)])
def test_an_opened_order_moves_and_covers_nothing(
    day: Running, open_page: Open, width: int, height: int
) -> None:
    seat = writing(day, 4)[1]
    page = open_page("invigilator", f"/room/{day.day.theory}?seat={seat}", width, height)
    expect(page.locator("#plan .seat")).to_have_count(64)
    bar, plan = _rect(page.locator("#board")), _rect(page.locator("#plan"))
    orders = page.locator(".orders > details.ask")
    assert orders.count() >= 3
    for place in range(orders.count()):
        order = orders.nth(place)
        order.locator("summary").click()  # the one before closes by itself
        expect(page.locator("details[open]")).to_have_count(1)
        sheet = _rect(order.locator("form"))
        assert (_rect(page.locator("#board")), _rect(page.locator("#plan"))) == (bar, plan)
        assert _apart(sheet, plan) and _apart(sheet, bar), (sheet, plan, bar)
        shoot(page, f"room-order-{place}-{width}")
    page.keyboard.press("Escape")
    expect(page.locator("details[open]")).to_have_count(0)
    expect(orders.last.locator("summary")).to_be_focused()
    orders.first.locator("summary").click()
    page.get_by_role("button", name="关闭").locator("visible=true").click()
    expect(page.locator("details[open]")).to_have_count(0)
    page.close()


@pytest.mark.long
def test_an_opened_order_of_a_seat_leaves_the_others_where_they_are(day: Running, open_page: Open) -> None:
    seat = writing(day, 4)[1]
    page = open_page("invigilator", f"/room/{day.day.theory}?seat={seat}", 1280, 800)
    expect(page.locator("#seat summary")).to_have_count(5)
    buttons = page.locator("#seat .orders-seat summary, #seat .orders-seat > a, #seat .orders-seat > .inline")

    def places() -> list[Rect]:
        """In the panel: the page may roll, so that the whole form is in sight."""
        top = _rect(page.locator("#seat"))["y"]
        return [{**rect, "y": round(rect["y"] - top, 1)} for rect in map(_rect, buttons.all())]

    before = places()
    for place, order in enumerate(page.locator("#seat .orders-seat summary").all()):
        order.click()
        expect(page.locator("#seat details[open]")).to_have_count(1)
        expect(page.locator("#seat details[open] form > button").last).to_be_in_viewport(ratio=1)
        form = _rect(page.locator("#seat details[open] form"))
        assert places() == before
        assert all(_apart(form, _rect(one)) for one in buttons.all())
        shoot(page, f"room-seat-order-{place}")
    page.close()


def test_every_seat_says_its_state_and_the_last_hand_in_ends_the_time(day: Running, client: Client) -> None:
    one, box = client("invigilator"), day.box
    place = f"/room/{day.day.theory}"
    before = one.get(place).text
    assert "剩余时间" in before and "全场延时" in before and "全场暂停" in before
    free = [part.split("</li>")[0] for part in before.split('class="seat calm free')[1:]]
    assert free and all("空闲" in part for part in free)
    for attempt in _attempts(day, "running"):
        box.db.write_now(force_hand_in, box, attempt, "结束", "process:test")
    some_to_come = one.get(place).text
    assert "剩余时间" in some_to_come and "全场延时" not in some_to_come

    def nobody_to_come(session: Session) -> None:
        for ticket in session.exec(select(Ticket).where(Ticket.sitting == day.day.theory)):
            ticket.state = "seated"
            session.add(ticket)
        for row in session.exec(
            select(Attempt).where(
                Attempt.sitting == day.day.theory, col(Attempt.state).in_(["seated", "ready"])
            )
        ):
            row.state = "handed_in"
            session.add(row)

    box.db.write_now(nobody_to_come)
    after = one.get(place).text
    assert "全部已交卷" in after and "结束本场" in after
    for gone in ("剩余时间", "全场延时", "全场暂停", "全场强制交卷"):
        assert gone not in after, gone


def _attempts(day: Running, state: str) -> list[str]:
    rows = select(Attempt.id).where(Attempt.sitting == day.day.theory, Attempt.state == state)
    return list(day.box.db.read_now(lambda session: session.exec(rows).all()))
