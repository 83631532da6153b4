"""Screens that follow the day by themselves: display with announcements, entry screens, and what they show when the
box cannot be reached."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from appliance.base.ids import new_id
from appliance.flow.call import call_next
from tests.web.conftest import shoot
from tests.web.day import name_of, tap
from tests.web.day_server import Running
from tests.world import number_of

pytestmark = pytest.mark.long

Open = Callable[..., Page]


def test_the_display_shows_and_speaks_a_new_call(day: Running, open_page: Open) -> None:
    page = open_page("display", "/display", 1920, 1080)
    expect(page.locator(".huge .ticket-huge")).to_have_text(re.compile(r"B\d{3}"))
    before = page.locator(".huge .ticket-huge").inner_text()
    shoot(page, "display")
    page.wait_for_function("() => document.querySelector('.huge').dataset.sound !== ''", timeout=20000)
    page.reload()
    call = day.box.db.write_now(call_next, day.box, day.day.practical, "account:test", new_id())
    expect(page.locator(".huge")).to_have_attribute("data-call", call.id, timeout=3000)
    assert page.locator(".huge .ticket-huge").inner_text() != before
    page.wait_for_function(
        "id => (document.body.dataset.played || '').includes(id)", arg=call.id, timeout=20000
    )
    assert page.evaluate("document.body.dataset.played") == call.id, "older calls are not spoken again"
    page.set_viewport_size({"width": 1366, "height": 768})
    shoot(page, "display-1366")
    page.set_viewport_size({"width": 1080, "height": 1920})
    shoot(page, "display-portrait")


def test_the_entry_screen_says_what_to_do_and_never_why(day: Running, open_page: Open) -> None:
    page = open_page("display", "/entry/L1", 1920, 1080)
    expect(page.locator("#entry")).to_have_attribute("data-shown", "card", timeout=20000)
    shoot(page, "entry-card")
    day.lanes[0].camera = "busy"
    expect(page.locator("#entry")).to_have_attribute("data-shown", "face", timeout=4000)
    shoot(page, "entry-face")
    day.lanes[0].camera = "ok"
    tap(day.box, "孔令辉", number_of(99), lane="L1", distance=None)
    expect(page.locator("#entry")).to_have_attribute("data-shown", "staff", timeout=3000)
    text = page.locator("#entry").inner_text()
    assert "名单" not in text and "孔" not in text and "工作人员" in text
    shoot(page, "entry-staff")
    other = open_page("display", "/entry/P1", 1080, 1920)
    admitted = tap(day.box, name_of(71), number_of(71), lane="P1")
    assert admitted.result == "admit"
    expect(other.locator("#entry")).to_have_attribute("data-shown", "go", timeout=3000)
    expect(other.locator("#entry strong")).to_have_text(admitted.ticket)
    shoot(other, "entry-go-portrait")
    other.set_viewport_size({"width": 1920, "height": 1080})
    shoot(other, "entry-go")


def test_a_lane_whose_reader_is_unplugged_sends_people_to_the_staff(day: Running, open_page: Open) -> None:
    day.lanes[0].reader = "missing"
    page = open_page("display", "/entry/L1", 1080, 1920)
    expect(page.locator("#entry")).to_have_attribute("data-shown", "closed", timeout=16000)
    shoot(page, "entry-closed")
    day.lanes[0].reader = "ok"


def test_a_broken_stream_is_marked_and_mends_by_itself(day: Running, open_page: Open) -> None:
    page = open_page("waiting", "/waiting")
    sign = page.locator("[data-live-sign]")
    expect(sign).to_have_text("实时")
    began = time.monotonic()
    day.stop()
    assert time.monotonic() - began < 5, "open streams hold the server up"
    expect(sign).to_have_text(re.compile(r"\d\d:\d\d:\d\d 起未更新"), timeout=5000)
    shoot(page, "stale")
    day.start()
    expect(sign).to_have_text("实时", timeout=15000)
    waiting = page.locator(".tickets .first strong").first.inner_text()
    day.box.db.write_now(call_next, day.box, day.day.practical, "account:test", new_id())
    expect(page.locator(".tickets .first strong").first).not_to_have_text(waiting, timeout=5000)
