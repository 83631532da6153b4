"""The cable of an exam computer is out over the end of the exam, its clock is wrong by a day, its page is reloaded.

A real Chromium under a seat's policies, the real web process, a cable between them that is pulled. The ten minutes
are shortened: what matters is that the exam ends while nothing passes, and that the cable is back within the grace.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from playwright.sync_api import expect
from sqlmodel import Session, select

from appliance.cli.demo.theory import policies
from appliance.flow.start_sitting import start_sitting
from appliance.records.sitting import Sitting
from appliance.records.theory import Answer, Attempt, Mark
from tests.journey.cable import Cable
from tests.journey.exam_site import ExamSite, exam_site
from tests.journey.test_browser_journey import Watched

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]
SITTING = 75
"""Seconds the exam lasts: twice what twenty-odd answers, a lost box and a reload need."""
OTHER_CLOCK = """(() => {
  const True = Date, wrong = %d * 86_400_000;
  Date = class extends True {
    constructor(...given) { if (given.length) super(...given); else super(True.now() + wrong); }
    static now() { return True.now() + wrong; }
  };
})()"""


class WrongClock(Watched):
    """A candidate at a computer whose date is wrong by whole days."""

    def set_clock(self, days: int) -> None:
        self._context.add_init_script(OTHER_CLOCK % days)

    def time_is_up(self) -> None:
        expect(self._page.get_by_role("heading", name="考试时间到")).to_be_visible(timeout=2000 * SITTING)
        expect(self._page.locator(".delivering")).to_contain_text("不要关机")
        self._shot("cable-out-over-the-end")

    def handed_in_by_the_box(self) -> None:
        expect(self._page.locator(".handed-in")).to_contain_text("系统已自动交卷", timeout=60_000)

    @property
    def date(self) -> datetime:
        return datetime.fromtimestamp(self._page.evaluate("Date.now()") / 1000, UTC)


def test_ten_minutes_without_a_cable_over_the_end_of_the_exam(tmp_path: Path) -> None:
    with exam_site(tmp_path / "site", people=1, duration_s=SITTING) as site:
        site.seat_everybody(1)
        site.parent.start("web")
        site.until_pages()
        site.until_papers()
        [(_seat, four)] = site.seated().values()
        cable = Cable(site.site.settings.web.port)
        seat_side = msgspec.structs.replace(
            site.site,
            settings=msgspec.structs.replace(
                site.site.settings, web=msgspec.structs.replace(site.site.settings.web, port=cable.port)
            ),
        )
        browser = WrongClock(seat_side, policies(SimpleNamespace(site=seat_side)), tmp_path / "shots")  # type: ignore[arg-type]
        try:
            browser.set_clock(days=1)
            browser.open()
            browser.sign_in(four)
            site.waited("the rules accepted", lambda: site.states() == ["ready"])
            assert browser.date - datetime.now(UTC) > timedelta(hours=23)
            site.box.db.write_now(start_sitting, site.box, site.sitting, "account:test")
            browser.wait_for_start(30)
            browser.ready_for_an_outage()
            assert browser.answer(8) == 8
            browser.saved()
            cable.pull()
            assert browser.answer(4) == 12
            assert browser.lost(30)
            browser.reload()  # from the page's own worker
            assert browser.answered() == 12
            assert browser.answer(3) == 15
            browser.time_is_up()
            site.waited("the hand-in by the box", lambda: site.states() == ["handed_in"], 30)
            assert len(site.box.db.read_now(answers)) == 8, "nothing can have come through"
            cable.plug()
            browser.handed_in_by_the_box()
        finally:
            browser.close()
            cable.close()
        site.waited("the mark, without waiting for the grace", lambda: site.states() == ["marked"], 30)
        site.box.db.read_now(taken_late_and_marked_so)
        everything_once(site)


def answers(session: Session) -> list[Answer]:
    return list(session.exec(select(Answer).order_by(Answer.position)).all())  # type: ignore[arg-type]


def taken_late_and_marked_so(session: Session) -> None:
    """Made in time by the box's clock, delivered late; what was made after the reload is not proven."""
    attempt = session.exec(select(Attempt)).one()
    assert attempt.started_at and attempt.deadline and attempt.handed_in == "time"
    sitting = session.exec(select(Sitting)).one()
    assert sitting.started_at and attempt.deadline == sitting.started_at + timedelta(seconds=SITTING)
    kept = answers(session)
    assert [one.position for one in kept] == list(range(1, 16))
    assert [one.late for one in kept] == [False] * 8 + [True] * 7
    assert [one.proven for one in kept] == [True] * 12 + [False] * 3
    made = [one.happened_at for one in kept]
    assert made == sorted(made), "a clock a day ahead changes no time of an answer"
    assert attempt.started_at <= made[0] and made[-1] <= attempt.deadline
    mark = session.exec(select(Mark)).one()
    assert msgspec.json.decode(mark.detail)["open"] == 85


def everything_once(site: ExamSite) -> None:
    saved = site.journal("answer.saved")
    assert [one["n"] for one in saved] == list(range(1, 16))
    assert [bool(one["late"]) for one in saved] == [False] * 8 + [True] * 7
    assert not site.journal("answer.refused")
    site.journal_holds()
