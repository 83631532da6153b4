"""The notice about the face check: open to everybody, in both languages."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.web.conftest import shoot


def test_the_notice_needs_no_account(open_page: Callable[..., Page]) -> None:
    page = open_page("", "/notice")
    expect(page.locator("h1")).to_have_text("人证核验告知书")
    expect(page.locator("main")).to_contain_text("改用人工核验")
    expect(page.locator("main")).to_contain_text("机器不比对您的人脸")
    expect(page.locator("main")).to_contain_text("1096 天")
    shoot(page, "notice")
    page.goto(page.url + "?lang=en")
    expect(page.locator("h1")).to_have_text("Notice about the face check")
