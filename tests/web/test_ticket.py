"""The queue ticket at the desk: PDF without a printer, the lane's printer with one, and what came of it in words."""

import io
import re
import time
from collections.abc import Callable, Iterator

import msgspec
import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from appliance.devices.printer.port import Printed
from appliance.rules.names import mask
from appliance.web.ops_sources import FRESH
from appliance.wire.gate import PrintTicket
from tests.web.conftest import shoot
from tests.web.day import name_of, tap
from tests.web.day_server import Running
from tests.web.test_pages import newest
from tests.world import number_of

pytestmark = pytest.mark.long

Open = Callable[..., Page]
POINTS_PER_MM = 72 / 25.4


@pytest.fixture
def printer(day: Running) -> Iterator[Running]:
    """The practical lane has a ticket printer."""
    before = day.lanes
    day.lanes = [before[0], msgspec.structs.replace(before[1], printer="ok", messages={}, slips={})]
    day.printed, day.printer = [], Printed("ok")
    time.sleep(FRESH)  # what the lanes said a moment ago still counts
    yield day
    day.lanes = before


def test_without_a_printer_p_opens_a_pdf_80_mm_wide(day: Running, open_page: Open) -> None:
    page = open_page("desk", f"/desk?tap={day.day.admitted}")
    button = page.locator("[data-key=p]")
    expect(button).to_have_text("打印候考号 P")
    number = page.locator(".ticket-number strong").inner_text()
    answer = page.request.get(day.url + str(button.get_attribute("href")))
    assert answer.headers["content-type"] == "application/pdf"
    [sheet] = PdfReader(io.BytesIO(answer.body())).pages
    assert round(float(sheet.mediabox.width) / POINTS_PER_MM) == 80
    text = "".join(sheet.extract_text().split())
    assert number in text and "请在候考室等候" in text and "演示环境" in text
    assert mask(name_of(68)) in text and name_of(68) not in text, "a slip lies about: no whole name"
    with page.context.expect_page() as opened:
        page.keyboard.press("p")
    assert opened.value


def test_p_prints_on_the_lane_s_printer_and_says_so(printer: Running, open_page: Open) -> None:
    page = open_page("desk", f"/desk?tap={printer.day.admitted}")
    expect(page.locator(".lanes tr").nth(1)).to_contain_text("打印机")
    expect(page.get_by_text("候考号 PDF")).to_have_count(0)
    page.keyboard.press("p")
    expect(page.locator("#done")).to_contain_text(re.compile(r"候考号 B\d{3} 已打印"))
    assert printer.printed == [PrintTicket(lane="P1", tap=printer.day.admitted)]
    noted = newest(printer, "ticket.reprinted")
    assert noted is not None and noted.actor.startswith("account:") and printer.day.admitted in noted.body
    shoot(page, "desk-printed")


def test_a_printer_without_paper_is_told_with_the_next_step(printer: Running, open_page: Open) -> None:
    shown, empty = printer.day.admitted, Printed("paper_end")
    printer.printer = empty
    said = msgspec.structs.replace(
        printer.lanes[1], printer="fault", messages={"printer": empty.sentence}, slips={shown: "paper_end"}
    )
    printer.lanes = [printer.lanes[0], said]
    time.sleep(FRESH)  # what the lanes said a moment ago still counts
    page = open_page("desk", f"/desk?tap={shown}")
    expect(page.locator("[data-slip]")).to_contain_text("未打印")
    expect(page.locator("#below .signal.look")).to_contain_text("装入新纸卷")
    expect(page.get_by_role("link", name="候考号 PDF")).to_be_visible()
    page.keyboard.press("p")
    expect(page.locator("#problem")).to_contain_text("候考号未打印")
    expect(page.locator("#problem")).to_contain_text("装入新纸卷")
    box = page.locator("#now .actions").bounding_box()
    assert box and box["y"] + box["height"] <= 768
    shoot(page, "desk-no-paper")


def test_a_slip_that_comes_out_is_shown_without_a_touch(printer: Running, open_page: Open) -> None:
    fresh = tap(printer.box, name_of(69), number_of(69), lane="P1").tap
    page = open_page("desk", "/desk?lane=P1")
    expect(page.locator(".verdict")).to_have_attribute("data-result", "admit")
    for slip, word in (("printing", "正在打印"), ("ok", "已打印")):
        printer.lanes = [printer.lanes[0], msgspec.structs.replace(printer.lanes[1], slips={fresh: slip})]
        expect(page.locator("[data-slip]")).to_contain_text(word)
    expect(page.locator("#now")).not_to_have_attribute("data-every", "1")
