"""A sitting during which the disk of the box fills up: run by test_disk_full.py, which gives it a small disk.

`python -m tests.journey.full_disk DISK ASIDE`: the box lies on DISK, what must not be in its way in ASIDE.
"""

import sys
import time
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright

from appliance.base.errors import Unavailable
from appliance.flow.attempt_view import answers_of
from appliance.flow.start_sitting import start_sitting
from appliance.records.journal import append
from tests.journey.exam_site import ExamSite, exam_site
from tests.journey.test_browser_journey import Watched
from tests.journey.test_sitting_kills import lost, start_stations, told
from tests.web.conftest import CHROMIUM

PEOPLE = 10
ANSWERS = 40
BLOCK = bytes(64 * 1024)


class Plain(Watched):
    """A candidate at a browser without a seat's policies: in this namespace nobody may look at network rules."""

    def __init__(self, site: ExamSite, shots: Path) -> None:
        self._site, self._shots = site.site, shots
        self._playwright = sync_playwright().start()
        browser = self._playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        self._context = browser.new_context(
            ignore_https_errors=True, locale="zh-CN", viewport={"width": 1366, "height": 768}
        )
        self._page = self._context.new_page()


def fill(ballast: Path) -> None:
    """Take every byte there is, in the end one by one page."""
    with open(ballast, "ab", buffering=0) as taken:
        for size in (len(BLOCK), 4096, 1):
            try:
                while taken.write(BLOCK[:size]):
                    pass
            except OSError:
                continue


def refuses(site: ExamSite) -> bool:
    """The box can write nothing, and says why."""
    try:
        site.box.db.write_now(append, "seat.taken", "c", "process:test", {}, at=site.box.now())
    except Unavailable as error:
        assert error.code == "disk_full", error
        return True
    return False


def main(disk: Path, aside: Path) -> None:
    """The whole scene; an AssertionError ends it."""
    with exam_site(disk / "site", people=PEOPLE) as site:
        site.seat_everybody(PEOPLE)
        site.parent.start("web")
        site.until_pages()
        site.until_papers()
        four = next(four for seat, four in site.seated().values() if seat == "T1-01")
        mine = next(attempt for attempt, (seat, _) in site.seated().items() if seat == "T1-01")
        report = start_stations(site, aside / "stations", lambda _: {"answers": ANSWERS}, but="T1-01")
        browser = Plain(site, aside / "shots")
        try:
            browser.open()
            browser.sign_in(four)
            site.waited("all ready", lambda: site.states() == ["ready"] * PEOPLE, 90)
            site.box.db.write_now(start_sitting, site.box, site.sitting, "account:test")
            browser.wait_for_start(30)
            assert browser.answer(5) == 5
            browser.saved()
            site.waited("answers being saved", lambda: lost(site, report)[0] > 3 * PEOPLE, 90)

            fill(disk / "ballast")
            site.waited("a full disk", lambda: refuses(site))
            outages = sum(one["outages"] for one in told(report))
            fill(disk / "ballast")  # what was let go of meanwhile
            assert browser.answer(5) == 10
            assert browser.lost(30)
            silent = lambda: sum(one["outages"] for one in told(report)) >= outages + PEOPLE - 2  # noqa: E731
            site.waited("stations that hold their answers", silent, 60)
            assert len(site.box.db.read_now(answers_of, mine)) == 5
            count, missing = lost(site, report)
            assert not missing, missing
            pages = httpx.get(f"{site.site.url}/sign-in", verify=False, timeout=20)
            assert pages.status_code == 200, "pages that only show stay open"
            time.sleep(3)
            assert lost(site, report) == (count, []), "nothing is acknowledged that is not kept"

            (disk / "ballast").unlink()
            browser.saved()
            assert len(site.box.db.read_now(answers_of, mine)) == 10
            browser.hand_in()
        finally:
            browser.close()
        handed_in = lambda: all(one["state"] == "handed_in" for one in told(report))  # noqa: E731
        site.waited("everybody handed in", handed_in, 180)
        site.waited("every paper marked", lambda: site.states() == ["marked"] * PEOPLE, 30)
        assert lost(site, report) == ((PEOPLE - 1) * ANSWERS, [])
        site.journal_holds()
    print("the disk was full and nothing is lost")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
