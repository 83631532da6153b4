"""Sealed papers for late candidates of a sitting that has begun, and the province's own working time."""

import pytest
from sqlmodel import select

from appliance.base.errors import Refused
from appliance.flow.box import Box
from appliance.flow.open_sealed import type_code
from appliance.flow.paper_state import have_papers, paper_state
from appliance.flow.start_sitting import start_sitting
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from sync.province.sealing import Source
from sync.rounds import Rounds
from tests.question_banks import journal, staff
from tests.sealed import SITE, roster, source
from tests.sync.conftest import FarEnd
from tests.sync.test_sealed_papers import papers, sealed_sitting, sitting_of, soon


def short(minutes: int) -> Source:
    found = source()
    found.minutes = minutes
    return found


async def test_the_provinces_minutes_are_the_clock_of_the_room(box: Box, far: FarEnd) -> None:
    people, starts_at = staff(box), soon()
    far.store.send(roster(starts_at, sealed=True))
    await Rounds(box).round()
    assert sitting_of(box).duration_s == 7200
    code = far.store.seal(SITE, "T1", starts_at, "papers", short(90))
    await Rounds(box).round()
    await type_code(box, sitting_of(box).id, code, people["invigilator"], "chief")
    assert sitting_of(box).duration_s == 5400
    assert journal(box, "sealed_papers.opened")[0]["duration_s"] == 5400
    started = box.db.write_now(start_sitting, box, sitting_of(box).id, "account:x")
    assert started.ends_at and started.started_at
    assert (started.ends_at - started.started_at).total_seconds() == 5400


async def test_a_late_candidates_paper_comes_after_the_start(box: Box, far: FarEnd) -> None:
    people = staff(box)
    starts_at, code = await sealed_sitting(box, far)
    sitting = sitting_of(box).id
    await type_code(box, sitting, code, people["invigilator"], "chief")
    box.db.write_now(start_sitting, box, sitting, "account:x")
    first = {one.candidate: one.body for one in papers(box)}
    far.store.send(roster(starts_at, people=4))
    rounds = Rounds(box)
    await rounds.round()
    assert len(papers(box)) == 3, "the one who came late has none yet"
    late_code = far.store.seal(SITE, "T1", starts_at, "papers", source())
    await rounds.round()
    assert rounds.troubles == [] and far.store.waiting(SITE) == []
    kept = {one.candidate: one.body for one in papers(box)}
    assert len(kept) == 4 and first.items() <= kept.items(), "whoever writes keeps the paper"
    state = box.db.read_now(lambda s: paper_state(s, s.exec(select(Sitting)).one()))
    assert state.stage == "sealed", "the room's page asks for the code once more"
    (late,) = set(kept) - set(first)
    accepted = Attempt(id="late", sitting=sitting, candidate=late, state="ready")
    box.db.write_now(lambda s: s.add(accepted))
    assert await type_code(box, sitting, late_code, people["invigilator"], "chief") == 1
    began = box.db.read_now(lambda s: s.get_one(Attempt, "late"))
    assert (began.state, began.deadline is not None, began.paper is not None) == ("running", True, True)
    assert len(box.db.read_now(lambda s: have_papers(s, s.exec(select(Sitting)).one()))) == 4


async def test_other_rules_for_some_are_refused_and_nothing_opens(box: Box, far: FarEnd) -> None:
    people = staff(box)
    starts_at, code = await sealed_sitting(box, far)
    sitting = sitting_of(box).id
    await type_code(box, sitting, code, people["invigilator"], "chief")
    far.store.send(roster(starts_at, people=4))
    await Rounds(box).round()
    late_code = far.store.seal(SITE, "T1", starts_at, "papers", short(60))
    await Rounds(box).round()
    with pytest.raises(Refused, match="sealed_otherwise"):
        await type_code(box, sitting, late_code, people["invigilator"], "chief")
    assert sitting_of(box).duration_s == 7200 and len(papers(box)) == 4
    (refused,) = journal(box, "sealed_papers.refused")
    assert refused["code"] == "sealed_otherwise"


async def test_a_sitting_that_began_with_own_papers_takes_none(box: Box, far: FarEnd) -> None:
    starts_at = soon()
    far.store.send(roster(starts_at))
    await Rounds(box).round()
    sitting = sitting_of(box).id

    def begin(session: object) -> None:
        found = session.get_one(Sitting, sitting)  # type: ignore[attr-defined]
        found.state = "running"
        session.add(found)  # type: ignore[attr-defined]

    box.db.write_now(begin)
    far.store.seal(SITE, "T1", starts_at, "papers", source())
    rounds = Rounds(box)
    await rounds.round()
    assert [one.code for one in rounds.troubles] == ["sitting_begun"] and papers(box) == []
