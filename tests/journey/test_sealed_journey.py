"""A sealed sitting end to end: papers come sealed, a candidate in a real Chromium, the code typed in, a kill."""

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlmodel import Session, select

from appliance.base.errors import Refused
from appliance.base.ids import new_id
from appliance.cli.demo.theory import policies
from appliance.flow.box import Box
from appliance.flow.open_sealed import type_code
from appliance.flow.start_sitting import start_sitting
from appliance.flow.take_sealed import Arrived, keep_sealed, take_sealed
from appliance.records.roster import Candidate, RosterRow
from appliance.records.sitting import Sitting
from appliance.wire import sealed as wire
from sync.province.sealing import make_file, new_code
from tests.journey.exam_site import exam_site
from tests.journey.test_picture_journey import Looker
from tests.question_banks import staff
from tests.sealed import marks, readable, source


def numbers_of(session: Session, box: Box, sitting: str) -> list[str]:
    """The ID numbers a sitting expects."""
    found = select(Candidate).join(RosterRow).where(RosterRow.sitting == sitting)
    return [box.key.decrypt_text(one.number_sealed) for one in session.exec(found)]


def arrive(box: Box, sitting_id: str) -> tuple[Sitting, str]:
    """Sealed papers for everybody who is expected; the sitting and its code."""
    sitting = box.db.read_now(lambda s: s.get_one(Sitting, sitting_id))
    numbers = box.db.read_now(numbers_of, box, sitting_id)
    code = new_code()
    about = wire.about(box.site.code, sitting.room, sitting.starts_at, "papers")
    file = make_file(source(), "papers", len(numbers), code, about)
    arrived = Arrived(
        id=new_id(),
        room=sitting.room,
        starts_at=sitting.starts_at,
        what="papers",
        file=hashlib.sha256(file).hexdigest(),
        not_before=sitting.starts_at - timedelta(hours=12),
        numbers=numbers,
    )
    box.db.write_now(take_sealed, box, arrived, keep_sealed(box, arrived, file))
    return sitting, code


@pytest.mark.long
def test_a_sealed_sitting(tmp_path: Path) -> None:
    with exam_site(tmp_path / "site", people=1) as site:
        box, people = site.box, staff(site.box)
        sitting, code = arrive(box, site.sitting)
        site.seat_everybody(1)
        site.parent.start("web")
        site.until_pages()
        [(_seat, four)] = site.seated().values()
        browser = Looker(site.site, policies(SimpleNamespace(site=site.site)), tmp_path / "shots")  # type: ignore[arg-type]
        try:
            browser.open()
            browser.sign_in(four)
            site.waited("the rules accepted", lambda: site.states() == ["ready"])
            site.waited("paper and picture kept before the start", lambda: browser.kept() == 2)
            assert readable(box, marks(code), sitting.starts_at) == []
            with pytest.raises(Refused, match="key_missing"):
                box.db.write_now(start_sitting, box, site.sitting, "account:test")
            typed = type_code(box, site.sitting, code, people["invigilator"], "chief")
            with ThreadPoolExecutor(1) as beside:  # the browser has this thread's loop
                assert beside.submit(asyncio.run, typed).result() == 1
            box.db.write_now(start_sitting, box, site.sitting, "account:test")
            browser.wait_for_start(20)
            browser.ready_for_an_outage()
            seen = browser.look()
            assert seen > 0
            site.parent.hold("web", hard=True)
            assert browser.lost()
            browser.reload()
            assert browser.look() == seen, "from this computer's own store"
            site.parent.again("web")
            browser.switch("Hand in")
            browser.switch("交卷")
            assert browser.answer(10) == 10
            browser.saved()
            browser.hand_in()
        finally:
            browser.close()
        site.waited("the mark", lambda: site.states() == ["marked"])
        assert site.journal("sealed_file.refused") == []
        assert len(site.journal("sealed_papers.opened")) == 1
        site.journal_holds()
