"""The examiner's sheet in a real browser: every press counts by itself, what cannot be is refused at the press."""

from collections.abc import Callable

import msgspec
import pytest
from playwright.sync_api import Locator, Page, expect
from sqlmodel import Session, select

from appliance.flow.draw_tasks import draw_tasks, drawn_tasks
from appliance.records.base import instant
from appliance.records.practical import ScoreSheet
from appliance.records.theory import Attempt
from tests.web.conftest import shoot
from tests.web.day_server import Running
from tests.web.test_inspection import newest

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def attempt(day: Running) -> str:
    """Somebody at a workplace who drew K1 = K11 (5 to 50 points, once) and K3 = K31 (15 to 25 points, each)."""

    def fix(session: Session) -> str:
        wanted = select(Attempt).where(Attempt.sitting == day.day.practical, Attempt.state == "seated")
        found = session.exec(wanted).first()
        assert found is not None
        return found.id

    found = day.box.db.read_now(fix)
    day.box.db.write_now(draw_tasks, day.box, found, "account:test")

    def choose(session: Session) -> None:
        for row in drawn_tasks(session, found):
            row.task = {"K1": "K11", "K3": "K31"}.get(row.subject, row.task)
            session.add(row)

    day.box.db.write_now(choose)
    return found


def row_of(page: Page, text: str) -> Locator:
    return page.locator(".loss").filter(has_text=text)


def test_the_field_gives_only_the_points_of_the_next_press(
    day: Running, attempt: str, open_page: Open
) -> None:
    page = open_page("examiner", f"/examiner/{attempt}/K3", 1280, 800)
    row, total = row_of(page, "漏指一处"), page.locator(".total [data-total]")
    minus, field = row.locator(".minus"), row.locator("input")
    minus.click()
    expect(total).to_have_text("85")
    field.fill("25")
    expect(total).to_have_text("85")
    minus.click()
    expect(total).to_have_text("60")
    field.fill("15")
    minus.click()
    expect(total).to_have_text("45")
    expect(row.locator("[data-count]")).to_have_text("−15 −25 −15")
    page.reload()
    expect(total).to_have_text("45")
    row.locator(".back").click()
    expect(total).to_have_text("60")
    row.locator(".back").click()
    expect(total).to_have_text("85")
    field.fill("25")
    minus.click()
    shoot(page, "examiner-presses")
    page.locator("button.primary").click()
    page.wait_for_url(f"{day.url}/examiner/{attempt}")
    page.evaluate("() => sessionStorage.clear()")
    page.goto(f"{day.url}/examiner/{attempt}/K3")
    expect(total).to_have_text("60")
    expect(row.locator("[data-count]")).to_have_text("−15 −25")
    signed = day.box.db.read_now(
        lambda session: session.exec(select(ScoreSheet).where(ScoreSheet.attempt == attempt)).one()
    )
    assert signed.raw == 60
    entry = newest(day, "sheet.signed")
    assert entry is not None
    losses = msgspec.json.decode(entry.body)["losses"]
    assert [one["points"] for one in losses] == ["15", "25"]
    assert losses[0]["at"] <= losses[1]["at"] <= instant(signed.signed_at), "each press has its time"


@pytest.mark.parametrize("wrong", ["80", "4", "7.3", ""])
def test_a_number_out_of_range_is_refused_at_the_press(wrong: str, attempt: str, open_page: Open) -> None:
    page = open_page("examiner", f"/examiner/{attempt}/K1", 1280, 800)
    page.evaluate("() => sessionStorage.clear()")
    page.reload()
    row, total = row_of(page, "操作步骤不完整"), page.locator(".total [data-total]")
    minus, field, refused = row.locator(".minus"), row.locator("input"), row.locator(".refused")
    expect(refused).to_be_hidden()
    field.fill(wrong)
    minus.click()
    expect(refused).to_contain_text("未扣分：请填写 5 至 50 分")
    expect(total).to_have_text("100")
    expect(field).to_be_focused()
    shoot(page, "examiner-refused")
    field.fill("7.5")
    expect(refused).to_be_hidden()
    minus.click()
    expect(total).to_have_text("92.5")


def test_a_deduction_that_counts_once_can_be_pressed_once(
    day: Running, attempt: str, open_page: Open
) -> None:
    page = open_page("examiner", f"/examiner/{attempt}/K1", 1280, 800)
    page.evaluate("() => sessionStorage.clear()")
    page.reload()
    row = row_of(page, "操作步骤不完整")
    row.locator(".minus").click()
    expect(row.locator(".minus")).to_be_disabled()
    row.locator(".back").click()
    expect(row.locator(".minus")).to_be_enabled()
    often = row_of(page, "选错仪表一个").locator(".minus")
    often.click()
    often.click()
    expect(often).to_be_enabled()
    expect(row_of(page, "选错仪表一个").locator("[data-count]")).to_have_text("× 2")
    row.locator("input").fill("80")  # what stands in the field is no part of the sheet
    row.locator("input").blur()
    page.locator("button.primary").click()
    page.wait_for_url(f"{day.url}/examiner/{attempt}")
