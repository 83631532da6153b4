"""A real Chromium and a mock box."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.station.mock_box import STATIC, MockBox

CHROMIUM = "/usr/bin/chromium"


@pytest.fixture(scope="module")  # its event loop must end before another file's async tests
def play() -> Iterator[Playwright]:
    """One driver for the browser tests of a file."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def chromium(play: Playwright) -> Iterator[Browser]:
    """Debian's browser. Root needs --no-sandbox; the kiosk runs as an ordinary user with its sandbox."""
    browser = play.chromium.launch(
        executable_path=CHROMIUM, args=["--no-sandbox", "--use-fake-device-for-media-stream"]
    )
    yield browser
    browser.close()


@pytest.fixture
def mock_box() -> Iterator[MockBox]:
    """A mock box that answers; a test may stop and start it."""
    assert (STATIC / "station/exam.js").exists(), "the pages are not built: run make setup"
    box = MockBox()
    box.start()
    yield box
    box.stop()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh profile at the usual size. A script error fails the test."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors
