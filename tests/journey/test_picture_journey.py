"""Pictures end to end: an own bank, its papers, one candidate in a real Chromium, the web process killed."""

import time
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from appliance.cli.demo.theory import policies
from appliance.flow.add_bank import add_bank
from appliance.flow.choose_bank import choose_bank
from appliance.flow.freeze_bank import approved, keep_frozen
from appliance.flow.start_sitting import start_sitting
from appliance.rules.paper import Blueprint
from tests.journey.exam_site import exam_site
from tests.journey.test_browser_journey import Watched
from tests.pictured_bank import fill
from tests.question_banks import staff
from tests.web.conftest import shoot

BLUEPRINT = Blueprint(
    counts={"single_choice": 14, "multiple_choice": 8},
    points={"single_choice": Decimal(6), "multiple_choice": Decimal(2)},
    minutes=120,
    pass_mark=Decimal(80),
)
KEPT = "caches.open('exam-sealed').then(c => c.keys()).then(k => k.length)"
SEEN = "[...document.querySelectorAll('.question img')].map(one => one.complete && one.naturalWidth > 0)"


class Looker(Watched):
    """A candidate who looks at every question."""

    def kept(self) -> int:
        """Sealed files kept on this computer."""
        return int(self._page.evaluate(KEPT))

    def look(self, shot: str = "") -> int:
        """Go through the paper; every picture must be there. Returns how many were seen."""
        seen = 0
        for cell in self._page.locator("button.number").all():
            cell.click()
            here = self._shown()
            if shot and here > 1 and not seen:
                shoot(self._page, shot)
            seen += here
        return seen

    def _shown(self) -> int:
        end = time.monotonic() + 10
        while not all(found := self._page.evaluate(SEEN)):
            assert time.monotonic() < end, "a picture is not there"
            time.sleep(0.05)
        return len(found)

    def switch(self, hand_in: str) -> None:
        """Switch the page's language and go to the first question."""
        self._page.click(".language")
        expect(self._page.locator(".hand-in")).to_have_text(hand_in)
        self._page.locator("button.number").first.click()


@pytest.mark.long
def test_pictures_are_there_before_the_start_and_without_the_box(tmp_path: Path) -> None:
    with exam_site(tmp_path / "site", people=1) as site:
        box, people = site.box, staff(site.box)
        bank = box.db.write_now(add_bank, box, "带图题库", "low_voltage", "exam", people["author"])
        fill(box, bank, people["author"], people["author2"])
        frozen = box.db.read_now(approved, box, bank.id)
        name = keep_frozen(box, frozen)
        plans = {"initial": BLUEPRINT}
        box.db.write_now(choose_bank, box, site.sitting, frozen, name, plans, people["chief"], "author2")
        site.seat_everybody(1)
        site.parent.start("web")
        site.until_pages()
        site.until_papers()
        [(_seat, four)] = site.seated().values()
        browser = Looker(site.site, policies(SimpleNamespace(site=site.site)), tmp_path / "shots")  # type: ignore[arg-type]
        try:
            browser.open()
            browser.sign_in(four)
            site.waited("the rules accepted", lambda: site.states() == ["ready"])
            site.waited("paper and pictures kept before the start", lambda: browser.kept() == 7)
            box.db.write_now(start_sitting, box, site.sitting, "account:test")
            browser.wait_for_start(20)
            browser.ready_for_an_outage()
            seen = browser.look("journey-pictures")
            assert seen > 10
            site.parent.hold("web", hard=True)
            assert browser.lost()
            browser.reload()
            assert browser.look() == seen, "from this computer's own store"
            browser.switch("Hand in")
            assert browser.look() > 0
            browser.switch("交卷")
            site.parent.again("web")
            assert browser.answer(22) == 22
            browser.saved()
            browser.hand_in()
        finally:
            browser.close()
        site.waited("the mark", lambda: site.states() == ["marked"])
        assert site.journal("sealed_file.refused") == []
        site.journal_holds()
