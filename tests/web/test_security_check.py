"""The security check at the desk, with the keyboard alone, and what the person at the entrance sees meanwhile."""

from collections.abc import Callable, Iterator

import msgspec
import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import shoot
from tests.web.day import name_of, tap
from tests.web.day_server import Running
from tests.world import number_of

pytestmark = pytest.mark.long

Open = Callable[..., Page]


@pytest.fixture(autouse=True)
def checked(day: Running) -> Iterator[None]:
    before = day.box.settings
    entry = msgspec.structs.replace(before.entry, security_check=True)
    day.box.settings = msgspec.structs.replace(before, entry=entry)
    yield
    day.box.settings = before


def test_two_keys_and_a_number_let_a_checked_person_in(day: Running, open_page: Open) -> None:
    desk, screen = open_page("desk", "/desk?lane=P1"), open_page("display", "/entry/P1", 1080, 1920)
    result = tap(day.box, name_of(73), number_of(73), lane="P1")
    assert result.code == "security_check", result
    verdict = desk.locator(".verdict")
    expect(verdict).to_have_attribute("data-code", "security_check", timeout=8000)
    expect(screen.locator("#entry")).to_have_attribute("data-shown", "security", timeout=8000)
    shoot(screen, "entry-security")
    shoot(desk, "desk-security")
    desk.wait_for_timeout(800)
    desk.keyboard.press("Enter")
    expect(desk.locator("[name=locker]")).to_be_focused()
    expect(desk.locator("details[open]")).to_contain_text(name_of(73))
    desk.keyboard.type("12")
    shoot(desk, "desk-locker")
    desk.keyboard.press("Enter")
    expect(verdict).to_have_attribute("data-result", "admit", timeout=8000)
    expect(desk.locator(".person")).to_contain_text("储物柜")
    screen.close()
    desk.close()


def test_enter_pressed_for_one_person_is_not_taken_for_the_next(day: Running, open_page: Open) -> None:
    desk = open_page("desk", "/desk?lane=P1")
    tap(day.box, name_of(72), number_of(72), lane="P1")
    expect(desk.locator(".verdict")).to_have_attribute("data-code", "security_check", timeout=8000)
    desk.wait_for_timeout(800)
    tap(day.box, name_of(71), number_of(71), lane="P1")
    expect(desk.locator(".person .name")).to_have_text(name_of(71), timeout=8000)
    desk.keyboard.press("Enter")
    desk.wait_for_timeout(800)
    desk.keyboard.press("Enter")
    assert desk.locator("details[open]").count() == 0, "two people stand at the lockers: which of them?"
    shoot(desk, "desk-security-two")
    for index in (72, 71):
        chosen = desk.locator(".cases li", has_text=name_of(index)).locator("kbd")
        with desk.expect_navigation():
            desk.keyboard.press(chosen.inner_text())
        expect(desk.locator(".person .name")).to_have_text(name_of(index))
        desk.wait_for_timeout(800)
        desk.keyboard.press("Enter")
        expect(desk.locator("details[open]")).to_contain_text(name_of(index))
        desk.keyboard.press("Escape")
        with desk.expect_navigation():
            desk.keyboard.press("r")
        expect(desk.locator(".cases li").first).to_be_visible()
    desk.close()
