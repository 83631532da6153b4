"""One exam day over TLS for all tests of pages, signed-in clients of every role, and a real browser."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from appliance.flow.box import keys
from tests.web.day import PASSWORD
from tests.web.day_server import Running, running

CHROMIUM = "/usr/bin/chromium"
expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong
SCREENS = Path(__file__).parents[2] / "build" / "screens"
BUILT = Path(__file__).parents[2] / "appliance" / "web" / "static" / ".built"


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A fresh day per module: what one changes, another does not see."""
    assert BUILT.exists(), "the pages are not built: run make setup"
    with running(tmp_path_factory.mktemp("day")) as found:
        yield found


@pytest.fixture(scope="module")
def client(day: Running) -> Callable[[str], httpx.Client]:
    """A signed-in client by login; empty = nobody."""
    known: dict[str, httpx.Client] = {}

    def signed_in(login: str) -> httpx.Client:
        if login not in known:
            import ssl

            trust = ssl.create_default_context(cafile=str(keys(day.day.settings) / "authority.pem"))
            one = httpx.Client(base_url=day.url, verify=trust, timeout=20, trust_env=False)
            one.headers["accept"] = "text/html"
            if login:
                token = csrf(one.get("/sign-in").text)
                form = {"login": login, "password": PASSWORD, "_csrf_token": token, "next": "/"}
                assert one.post("/sign-in", data=form).status_code == 303, login
            known[login] = one
        return known[login]

    return signed_in


def csrf(page: str) -> str:
    """The token a page carries."""
    return page.split('"x-csrf-token": "', 1)[1].split('"', 1)[0]


@pytest.fixture(scope="module")  # its event loop must end before another file's async tests
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield started
        started.close()


@pytest.fixture(scope="module")
def open_page(day: Running, browser: Browser) -> Iterator[Callable[..., Page]]:
    """`open_page(login, path, width, height)`: a page that has loaded; faults of scripts fail the test."""
    contexts: dict[str, BrowserContext] = {}

    def opened(login: str, path: str, width: int = 1366, height: int = 768) -> Page:
        if login not in contexts:
            context = browser.new_context(ignore_https_errors=True, locale="zh-CN", has_touch=True)
            context.set_default_timeout(30_000)
            if login:
                first = context.new_page()
                first.goto(f"{day.url}/sign-in")
                first.fill("[name=login]", login)
                first.fill("[name=password]", PASSWORD)
                first.click("button.primary")
                first.wait_for_url(lambda url: "/sign-in" not in url)
                first.close()
            contexts[login] = context
        page = contexts[login].new_page()
        page.set_viewport_size({"width": width, "height": height})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security" in line.text else None)
        page.goto(day.url + path)
        assert not faults, faults
        return page

    yield opened
    for context in contexts.values():
        context.close()


def shoot(page: Page, name: str) -> None:
    """Keep a screenshot to be looked at."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(250)
    page.screenshot(path=SCREENS / f"{name}.png")
    if os.environ.get("EXAMSITE_SCREENS"):
        page.screenshot(path=SCREENS / f"{name}-full.png", full_page=True)
