"""A page that is loaded anew, or whose browser crashed, says what it was: in a real Chromium."""

import pytest
from playwright.sync_api import Page, expect

from tests.station.mock_box import MockBox, make_paper
from tests.station.test_exam_page import open_paper, until

pytestmark = pytest.mark.long


def told(box: MockBox) -> list[tuple[str, bool]]:
    """(kind, over) of each that the box heard, the newest word of each."""
    return [(one.kind, one.until is not None) for one in {one.id: one for one in box.left}.values()]


def test_a_reload_is_told_as_one_with_its_length(page: Page, mock_box: MockBox) -> None:
    mock_box.paper = make_paper(2, 2)
    open_paper(page, mock_box)
    page.reload()
    expect(page.locator(".paper .stem")).to_be_visible()
    until(lambda: told(mock_box) == [("page_reloaded", True)])
    (last,) = {one.id: one for one in mock_box.left}.values()
    assert last.until and 0 <= (last.until - last.at).total_seconds() < 15
    expect(page.locator(".left-note")).to_have_count(0)
    until(lambda: page.evaluate("localStorage.getItem('left')") == "[]")


def test_a_crash_is_told_from_the_last_sign_of_life(page: Page, mock_box: MockBox) -> None:
    mock_box.paper = make_paper(2, 2)
    open_paper(page, mock_box)
    until(lambda: bool(page.evaluate("localStorage.getItem('alive')")))
    page.evaluate(
        "window.fetch = () => new Promise(() => 0); const set = Storage.prototype.setItem;"
        " Storage.prototype.setItem = function (key, value) { if (key === 'alive') set.call(this, key, value) }"
    )  # a crash tells the box nothing, and keeps nothing
    page.reload()
    expect(page.locator(".paper .stem")).to_be_visible(timeout=20_000)
    until(lambda: told(mock_box) == [("page_reloaded", True)])
    assert all(one.until is not None for one in mock_box.left), "nothing was said when it went away"


def test_going_somewhere_else_is_told_at_once(page: Page, mock_box: MockBox) -> None:
    mock_box.paper = make_paper(2, 2)
    open_paper(page, mock_box)
    page.goto("about:blank")
    until(lambda: told(mock_box) == [("page_reloaded", False)])
