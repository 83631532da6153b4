"""The web process draws papers by itself: from an own bank where one was chosen, and no sitting holds up another."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from appliance.base.errors import NotFound
from appliance.flow.add_bank import add_bank
from appliance.flow.box import Box
from appliance.flow.choose_bank import choose_bank
from appliance.flow.enrol import Person, SittingPlan, enrol, find_sitting
from appliance.flow.freeze_bank import approved, keep_frozen
from appliance.intake.bank import question_bank
from appliance.intake.catalogue import trades
from appliance.records.roster import Roster
from appliance.records.theory import Paper
from appliance.web.background import Background
from tests.flow.test_bank_papers import BLUEPRINT
from tests.question_banks import approve_all, staff, table, take
from tests.world import number_of, seed


def without_bank() -> str:
    """A trade nobody ships a bank for."""
    for key in trades():
        try:
            question_bank(key)
        except NotFound:
            return key
    raise AssertionError("every trade has a bank")


async def test_papers_come_from_the_chosen_bank(box: Box) -> None:
    people = await asyncio.to_thread(staff, box)
    bank = await box.db.write(add_bank, box, "内部考核", "", "exam", people["author"])
    await asyncio.to_thread(take, box, bank, people["author"], table())
    await asyncio.to_thread(approve_all, box, bank, people["author2"])
    world = await box.db.write(seed, box, 2, papers=False)
    odd = without_bank()

    def plan(session: Session) -> str:
        """The first sitting cannot be drawn: no bank of its trade ships, and none was chosen yet."""
        roster = session.exec(select(Roster)).one()
        start = box.now() + timedelta(hours=3)
        wanted = SittingPlan(subject="theory", trade=odd, room="T1", starts_at=start, duration_s=3600)
        sitting = find_sitting(session, box, wanted, "process:test")
        enrol(session, box, roster, sitting, Person(row=9, name="赵建国", number=number_of(9)))
        return sitting.id

    sitting = await box.db.write(plan)
    with pytest.raises(NotFound):
        await Background(box)._papers()
    shipped = question_bank("low_voltage").sha256
    assert await banks_of(box, world.sitting) == {shipped}, "the other sitting has its papers"
    assert await banks_of(box, sitting) == set()

    frozen = await box.db.read(approved, box, bank.id)
    name = keep_frozen(box, frozen)
    plans = {"initial": BLUEPRINT}
    await box.db.write(choose_bank, box, sitting, frozen, name, plans, people["chief"], "author2")
    await Background(box)._papers()
    assert await banks_of(box, sitting) == {name}
    assert await banks_of(box, world.sitting) == {shipped}


async def banks_of(box: Box, sitting: str) -> set[str]:
    """What a sitting's papers were drawn from."""
    return set(await box.db.read(lambda s: s.exec(select(Paper.bank).where(Paper.sitting == sitting)).all()))
