"""Ending a sitting: one nobody came to, and one that still runs; what is told before it is done."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from appliance.base.errors import Refused
from appliance.flow.enrol import SittingPlan, find_sitting
from appliance.flow.hand_in import force_hand_in
from appliance.flow.start_sitting import end_sitting
from appliance.records.seating import SeatTaking
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from tests.web.conftest import shoot
from tests.web.day_server import Running

pytestmark = pytest.mark.long

Open = Callable[..., Page]


def _sitting(day: Running, subject: str, hours: float) -> str:
    """A sitting nobody was called for; its planned start is `hours` from now."""

    def add(session: Session) -> str:
        plan = SittingPlan(
            subject=subject,
            trade="low_voltage",
            room="P1" if subject == "practical" else "T1",
            starts_at=day.box.now() + timedelta(hours=hours),
            duration_s=7200,
        )
        return find_sitting(session, day.box, plan, "process:test").id

    return day.box.db.write_now(add)


def _state(day: Running, sitting: str) -> str:
    return day.box.db.read_now(lambda session: session.get_one(Sitting, sitting).state)


def test_a_practical_sitting_nobody_came_to_is_ended(day: Running, open_page: Open) -> None:
    sitting = _sitting(day, "practical", -0.2)
    page = open_page("invigilator", f"/room/{sitting}", 1280, 800)
    page.locator("summary").filter(has_text="结束本场").click()
    expect(page.locator("details[open]")).to_contain_text("没有考生被叫到工位")
    shoot(page, "room-nobody-came")
    page.get_by_role("button", name="确认结束").click()
    expect(page.locator("#done")).to_contain_text("本场已结束")
    assert _state(day, sitting) == "ended"
    page.close()


def test_before_its_start_or_with_somebody_called_it_is_not(day: Running, open_page: Open) -> None:
    ahead = _sitting(day, "practical", 3)
    page = open_page("invigilator", f"/room/{ahead}")
    expect(page.locator("#board")).to_contain_text("考评员抽取第一份考题时")
    expect(page.locator("body")).not_to_contain_text("结束本场")
    for sitting, code in ((ahead, "before_its_start"), (day.day.practical, "somebody_called")):
        _move_start(day, day.day.practical, -1)
        with pytest.raises(Refused) as refused:
            day.box.db.write_now(end_sitting, day.box, sitting, "account:test")
        assert refused.value.code == code
    page.goto(f"{day.url}/room/{day.day.practical}")
    expect(page.locator("#board")).to_contain_text("考评员抽取第一份考题时")
    expect(page.locator("body")).not_to_contain_text("结束本场")


def _move_start(day: Running, sitting: str, hours: float) -> None:
    def move(session: Session) -> None:
        row = session.get_one(Sitting, sitting)
        row.starts_at = day.box.now() + timedelta(hours=hours)
        session.add(row)

    day.box.db.write_now(move)


def _signed_in(day: Running) -> int:
    """The day leaves whoever drew one of two seats without a sign-in."""
    wanted = select(Attempt.id).where(Attempt.sitting == day.day.theory, Attempt.lease > 0)
    found = day.box.db.read_now(lambda session: session.exec(wanted).all())
    assert 55 <= len(found) <= 57
    return len(found)


def test_called_and_signed_in_are_two_counts(day: Running, open_page: Open) -> None:
    page = open_page("invigilator", f"/room/{day.day.theory}", 1366, 768)
    counts = page.locator(".counts")
    for word, count in (("已叫号", 57), ("已登录", _signed_in(day))):
        expect(counts.locator("div").filter(has_text=word).locator("dd")).to_have_text(str(count))
    expect(counts).not_to_contain_text("已入座")
    page.close()


def test_the_start_warns_when_nobody_is_ready(day: Running, open_page: Open) -> None:
    page = open_page("invigilator", f"/room/{_sitting(day, 'theory', 0.3)}")
    page.locator("summary").filter(has_text="开考").click()
    asked = page.locator("details[open]")
    expect(asked).to_contain_text("已叫号 0 人，已登录 0 人，已就绪 0 人")
    expect(asked.locator(".signal.look")).to_contain_text("还没有考生就绪")
    shoot(page, "room-start-nobody-ready")
    page.close()


def test_what_was_done_covers_no_order(day: Running, open_page: Open) -> None:
    """The note of a message sent leaves more time, hand in and the rest of the seat's orders in sight."""
    wanted = select(Attempt).where(Attempt.sitting == day.day.theory, Attempt.state == "running")
    attempt = day.box.db.read_now(lambda session: session.exec(wanted).first())
    assert attempt is not None
    held = select(SeatTaking.seat).where(
        SeatTaking.candidate == attempt.candidate, col(SeatTaking.released_at).is_(None)
    )
    seat = day.box.db.read_now(lambda session: session.exec(held).one())
    for width, height in ((1366, 768), (1280, 800), (1920, 1080)):
        page = open_page("invigilator", f"/room/{day.day.theory}?seat={seat}", width, height)
        page.evaluate("""() => { document.getElementById("done").innerHTML =
            '<div class="signal go"><div><strong>提醒将显示在考生屏幕上，直到考生确认。</strong></div></div>' }""")
        note = page.locator("#done .signal")
        expect(note).to_be_visible()
        shoot(page, f"room-done-{width}")
        box = note.bounding_box()
        assert box is not None
        needed = "#panel summary, .orders summary, .seat, .tabs a, nav a, nav button"
        for order in page.locator(needed).all():
            other = order.bounding_box()
            if other is None:
                continue
            apart = (
                box["x"] >= other["x"] + other["width"]
                or other["x"] >= box["x"] + box["width"]
                or box["y"] >= other["y"] + other["height"]
                or other["y"] >= box["y"] + box["height"]
            )
            assert apart, order.inner_text()
        page.close()  # a page holds one of the few connections


def test_a_running_sitting_is_ended_after_a_question(day: Running, open_page: Open) -> None:
    running = select(Attempt.id).where(Attempt.sitting == day.day.theory, Attempt.state == "running")
    for attempt in day.box.db.read_now(lambda session: session.exec(running).all()):
        day.box.db.write_now(force_hand_in, day.box, attempt, "火警演习", "account:test")
    page = open_page("invigilator", f"/room/{day.day.theory}", 1366, 768)
    page.locator("summary").filter(has_text="结束本场").click()
    asked = page.locator("details[open]")
    expect(asked).to_contain_text(f"其中 {57 - _signed_in(day)} 人未登录")
    expect(asked).to_contain_text("分钟。")
    assert _state(day, day.day.theory) == "running"
    shoot(page, "room-end-asked")
    page.get_by_role("button", name="确认结束").click()
    expect(page.locator("#done")).to_contain_text("本场已结束")
    assert _state(day, day.day.theory) == "ended"
