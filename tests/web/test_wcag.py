"""The staff's pages against WCAG 2.1 AA, as they open."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.wcag import faults
from tests.web.day_server import Running

pytestmark = pytest.mark.long


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_as_it_opens(day: Running, open_page: Callable[..., Page], language: str) -> None:
    room = f"/room/{day.day.theory}"
    person = day.day.people[20]
    wanted = [
        ("desk", "/desk"),
        ("invigilator", room),
        ("invigilator", f"{room}?seat=T1-05"),
        ("invigilator", f"{room}/choose"),
        ("invigilator", f"{room}?sort=attention"),
        ("office", "/office"),
        ("chief", "/violations"),
        ("author", "/questions"),
        ("inspector", f"/inspection/{person}"),
        ("inspector", "/inspection"),
        ("examiner", "/examiner"),
        ("waiting", "/waiting"),
        ("display", "/entry/L1"),
    ]
    found = {}
    for login, path in wanted:
        address = f"{path}{'&' if '?' in path else '?'}lang={language}"
        page = open_page(login, address)
        assert page.request.get(day.url + address, max_redirects=0).ok, path
        assert (page.locator("html").get_attribute("lang") or "").startswith(language)
        found[path] = faults(page)
        page.close()
    assert {where: lines for where, lines in found.items() if lines} == {}
