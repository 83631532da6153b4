"""The policies in the real browser: what a candidate could try, and the site's authority as the only trust.

Only RemoteDebuggingAllowed differs from a station's file: it lets the test open tabs and read their titles.
DeveloperToolsAvailability stays 2, so nothing can attach to a page, Playwright included; the mock box's own
record of requests shows the rest.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.base.crypto import new_authority, new_leaf
from station import lockdown
from station.settings import StationFile
from tests.station.browser_pipe import Pipe, running
from tests.station.locked_browser import wrapper
from tests.station.mock_box import MockBox

Site = tuple[MockBox, MockBox, bytes]
EXAM = "考试科目"
"""Title of the exam page once its script runs."""


def until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The box with a certificate of the site's authority, a forbidden server with one too, the authority."""
    folder = tmp_path_factory.mktemp("authority")
    new_authority(folder, "示范考点")
    new_leaf(folder, folder, "web", hosts=["127.0.0.1"], server=True)
    tls = (folder / "web.pem", folder / "web.key")
    box, outside = MockBox(tls=tls), MockBox(tls=tls)
    box.start()
    outside.start()
    yield box, outside, lockdown.read_authority(folder / "authority.pem")
    box.stop()
    outside.stop()


def policies_for(box: MockBox, authority: bytes, **changed: Any) -> dict[str, Any]:
    station = StationFile(box="127.0.0.1", port=box.port)
    return {**lockdown.policies(station, authority, remote_debugging=True), **changed}


@pytest.fixture(scope="module")
def browser(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipe]:
    folder = tmp_path_factory.mktemp("browser")
    with running(wrapper(folder, policies_for(site[0], site[2])), folder / "profile") as pipe:
        yield pipe


def test_the_exam_page_runs_and_reloads_without_the_box(browser: Pipe, site: Site) -> None:
    """The site's authority is trusted through the policy alone: the browser got no flag about certificates."""
    box = site[0]
    tab = browser.open(f"{box.url}/station/")
    assert until(lambda: browser.tab(tab)["title"] == EXAM)
    assert until(lambda: "/station/sw.js" in box.paths and "/station/api/seat" in box.paths)
    assert until(lambda: box.paths.count("/static/station/exam.css") >= 2), (
        "the service worker keeps the page"
    )
    time.sleep(0.5)
    browser.close(tab)
    box.stop()
    try:
        tab = browser.open(f"{box.url}/station/")
        assert until(lambda: browser.tab(tab)["title"] == EXAM)
    finally:
        box.start()
    browser.close(tab)


def test_nothing_attaches_to_a_page(browser: Pipe, site: Site) -> None:
    tab = browser.open(f"{site[0].url}/station/")
    with pytest.raises(RuntimeError, match="Not allowed"):
        browser.ask("Target.attachToTarget", targetId=tab, flatten=True)
    browser.close(tab)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:{outside}/station/",
        "http://127.0.0.1:{box}/station/",
        "view-source:https://127.0.0.1:{box}/station/",
        "file:///{folder}/page.html",
        "data:text/html,<title>shown</title>",
        "chrome://settings/",
        "chrome://flags/",
        "chrome://policy/",
        "chrome://version/",
        "devtools://devtools/bundled/inspector.html",
    ],
)
def test_other_addresses_are_blocked(browser: Pipe, site: Site, tmp_path: Path, url: str) -> None:
    box, outside, _ = site
    (tmp_path / "page.html").write_text("<title>shown</title>")
    address = url.format(box=box.port, outside=outside.port, folder=str(tmp_path).lstrip("/"))
    before = len(outside.paths)
    tab = browser.open(address)
    time.sleep(0.8)
    # An error page is called like its address; every one of these has a title of its own when it is shown.
    assert browser.tab(tab)["title"] in (address, "127.0.0.1")
    assert len(outside.paths) == before
    browser.close(tab)


def test_without_the_lock_the_same_addresses_open(site: Site, tmp_path: Path) -> None:
    """Or the test above would prove nothing."""
    (tmp_path / "page.html").write_text("<title>shown</title>")
    with running(wrapper(tmp_path, {}), tmp_path / "profile") as pipe:
        for address, title in (
            (f"file://{tmp_path}/page.html", "shown"),
            ("data:text/html,<title>shown</title>", "shown"),
            ("chrome://version/", None),
        ):
            tab = pipe.open(address)
            wanted = [title] if title else ["About Version", "关于版本"]
            assert until(lambda: pipe.tab(tab)["title"] in wanted, 5), pipe.tab(tab)  # noqa: B023
        # Nobody told this browser of the site's authority.
        tab = pipe.open(f"{site[0].url}/station/")
        time.sleep(1)
        assert pipe.tab(tab)["title"] != EXAM


def test_downloads_are_refused(site: Site, tmp_path: Path) -> None:
    box, _, authority = site
    for name, policies in (("locked", policies_for(box, authority)), ("open", None)):
        folder = tmp_path / name
        folder.mkdir()
        changed = policies or policies_for(box, authority, DownloadRestrictions=0)
        with running(wrapper(folder, changed), folder / "profile") as pipe:
            before = box.paths.count("/station/paper.zip")
            pipe.open(f"{box.url}/station/paper.zip")
            assert until(lambda: box.paths.count("/station/paper.zip") > before)  # noqa: B023
            arrived = until(lambda: any(folder.glob("**/*.zip")), 2.0)  # noqa: B023
        assert arrived == (name == "open")


def test_without_the_policy_the_authority_is_not_trusted(site: Site, tmp_path: Path) -> None:
    box, _, authority = site
    with running(
        wrapper(tmp_path, policies_for(box, authority, CACertificates=[])), tmp_path / "profile"
    ) as pipe:
        before = len(box.paths)
        tab = pipe.open(f"{box.url}/station/")
        time.sleep(1)
        assert pipe.tab(tab)["title"] != EXAM
        assert len(box.paths) == before


def test_a_stations_own_file_closes_the_pipe(site: Site, tmp_path: Path) -> None:
    """Why tests differ in one policy: with the real file nothing looks into the browser at all."""
    box, _, authority = site
    real = lockdown.policies(StationFile(box="127.0.0.1", port=box.port), authority)
    with (
        running(wrapper(tmp_path, real), tmp_path / "profile") as pipe,
        pytest.raises((EOFError, TimeoutError)),
    ):
        pipe.ask("Browser.getVersion", wait=4)
