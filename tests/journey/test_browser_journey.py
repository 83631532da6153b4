"""One candidate in a real Chromium under a seat's policies, at the real web process, which dies in the middle."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from playwright.sync_api import expect
from sqlmodel import select

from appliance.cli.demo.browser import Candidate
from appliance.cli.demo.theory import policies
from appliance.flow.attempt_view import answers_of
from appliance.flow.start_sitting import start_sitting
from appliance.records.theory import Attempt, Mark
from tests.journey.exam_site import ExamSite, exam_site


class Watched(Candidate):
    """A candidate whose page the test may look at."""

    def ready_for_an_outage(self) -> None:
        """The page's own worker keeps a copy of the page."""
        self._page.evaluate("navigator.serviceWorker.ready.then(() => true)")

    def reload(self) -> None:
        """F5."""
        self._page.reload()
        expect(self._page.locator("#stem")).to_be_visible(timeout=15_000)

    def answered(self) -> int:
        """How many questions the page shows as answered."""
        return self._page.locator("button.number.done").count()


def attempt_of(site: ExamSite) -> Attempt:
    return site.box.db.read_now(lambda session: session.exec(select(Attempt)).one())


def test_a_candidate_and_a_web_process_that_is_killed(tmp_path: Path) -> None:
    with exam_site(tmp_path / "site", people=1) as site:
        site.seat_everybody(1)
        site.parent.start("web")
        site.until_pages()
        site.until_papers()
        [(seat, four)] = site.seated().values()
        assert seat == "T1-01"
        browser = Watched(site.site, policies(SimpleNamespace(site=site.site)), tmp_path / "shots")  # type: ignore[arg-type]
        try:
            browser.open()
            browser.sign_in(four)
            site.waited("the rules accepted", lambda: site.states() == ["ready"])
            site.box.db.write_now(start_sitting, site.box, site.sitting, "account:test")
            browser.wait_for_start(20)
            browser.ready_for_an_outage()
            assert browser.answer(20) == 20
            browser.saved()
            before = site.box.db.read_now(answers_of, attempt_of(site).id)
            assert len(before) == 20

            site.parent.hold("web", hard=True)
            assert browser.answer(10) == 30
            assert browser.lost()
            browser.reload()  # off line: from the worker's copy and the page's own store
            assert browser.answered() == 30
            assert browser.answer(5) == 35
            kept = site.box.db.read_now(answers_of, attempt_of(site).id)
            assert kept == before, "nobody can have saved anything meanwhile"
            site.parent.again("web")
            browser.saved()
            assert browser.answer(65) == 100
            browser.saved()
            browser.hand_in()
        finally:
            browser.close()
        site.waited("the mark", lambda: site.states() == ["marked"])
        attempt = attempt_of(site)
        assert attempt.handed_in == "candidate"
        assert sorted(site.box.db.read_now(answers_of, attempt.id)) == list(range(1, 101))
        saved = site.journal("answer.saved")
        assert [one["n"] for one in saved] == list(range(1, len(saved) + 1)), "each change exactly once"
        assert [one["position"] for one in saved] == list(range(1, 101))
        made = [datetime.fromisoformat(str(one["made_at"])) for one in saved]
        assert made == sorted(made) and made[-1] <= datetime.now(UTC)
        mark = site.box.db.read_now(lambda session: session.exec(select(Mark)).one())
        assert mark.attempt == attempt.id and 0 <= mark.points <= 100
        site.journal_holds()
