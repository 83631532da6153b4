"""The security check before admission: nobody in without it, one locker for one person, no case left over."""

import msgspec
import pytest
from sqlmodel import select

from appliance.base.errors import Conflict, Refused
from appliance.flow import accounts
from appliance.flow.absence import leave, open_absence
from appliance.flow.box import Box
from appliance.flow.decide_case import decide_case
from appliance.flow.desk import tap_by_id
from appliance.flow.order_gate import pending_orders
from appliance.flow.sheets import room_record_facts
from appliance.records.entry import Admission, Case
from appliance.records.journal import Journal
from tests.flow.test_entry import Tapper, person, sitting, tap

__all__ = ["sitting", "tap"]
PASSED = "安检通过"


@pytest.fixture
def checked(box: Box, sitting: str) -> Box:
    """A box whose site makes a security check, with one theory sitting."""
    entry = msgspec.structs.replace(box.settings.entry, security_check=True)
    box.settings = msgspec.structs.replace(box.settings, entry=entry)
    return box


@pytest.fixture
def guard(checked: Box) -> accounts.Who:
    return person(checked, "guard", "entry")


def let_in(box: Box, case: str, who: accounts.Who, locker: str = "") -> Case:
    return box.db.write_now(decide_case, box, case, "admit", PASSED, who, "", locker)


def admissions(box: Box) -> list[Admission]:
    return list(box.db.read_now(lambda s: s.exec(select(Admission)).all()))


def test_the_gate_waits_for_the_check(checked: Box, guard: accounts.Who, tap: Tapper) -> None:
    first = tap(0)
    assert (first.result, first.code) == ("review", "security_check") and not first.order
    assert not checked.db.read_now(pending_orders, ["L1"]) and not admissions(checked)
    let_in(checked, first.case, guard, "ａ 12")
    [admission] = admissions(checked)
    assert (admission.locker, admission.how, admission.decided_by) == ("A12", "machine", guard.account)
    assert len(checked.db.read_now(pending_orders, ["L1"])) == 1
    shown = checked.db.read_now(tap_by_id, checked, first.tap)
    assert shown and shown.locker == "A12" and shown.ticket
    told = checked.db.read_now(
        lambda s: s.exec(select(Journal).where(Journal.kind == "admission.granted")).one()
    )
    assert '"locker":"A12"' in told.body.replace(" ", "")


def test_one_locker_for_one_person(checked: Box, guard: accounts.Who, tap: Tapper) -> None:
    one, two = tap(0), tap(1)
    let_in(checked, one.case, guard, "7")
    with pytest.raises(Conflict) as taken:
        let_in(checked, two.case, guard, "7")
    assert taken.value.code == "locker_taken"
    with pytest.raises(Refused) as wrong:
        let_in(checked, two.case, guard, "核对一致")
    assert wrong.value.code == "bad_locker"
    for same in ("07", "7号", "#7"):
        with pytest.raises(Conflict):
            let_in(checked, two.case, guard, same)
    assert len(admissions(checked)) == 1, "nothing is half done"
    with pytest.raises(Refused) as forgotten:
        let_in(checked, two.case, guard)
    assert forgotten.value.code == "locker_missing", "nobody is let in with a phone because nobody asked"
    let_in(checked, two.case, guard, "０")
    assert [one.locker for one in sorted(admissions(checked), key=lambda a: a.recorded_at)] == ["7", ""]


def test_a_second_tap_leaves_no_case_behind(checked: Box, guard: accounts.Who, tap: Tapper) -> None:
    first, again = tap(0), tap(0)
    cases = {one.id: one for one in checked.db.read_now(lambda s: s.exec(select(Case)).all())}
    assert cases[first.case].state == "decided" and cases[again.case].state == "open"
    let_in(checked, again.case, guard, "3")
    waiting = tap(2)
    checked.db.write_now(decide_case, checked, waiting.case, "refuse", "不接受安检", guard)
    told = checked.db.read_now(room_record_facts, checked, first.sitting).incidents
    assert [one.sentence for one in told if one.text == "不接受安检"], "who was sent away is on the record"
    assert not any(one.text in (PASSED, "The card was put down again.") for one in told)


def test_who_comes_back_is_checked_again(checked: Box, guard: accounts.Who, tap: Tapper) -> None:
    first = tap(0)
    let_in(checked, first.case, guard, "3")
    checked.db.write_now(leave, checked, first.sitting, first.candidate, "如厕", guard)
    back = tap(0)
    assert back.code == "security_check"
    shown = checked.db.read_now(tap_by_id, checked, back.tap)
    assert shown and shown.left_before and shown.security
    let_in(checked, back.case, guard)
    assert checked.db.read_now(open_absence, first.sitting, first.candidate) is None
    shown = checked.db.read_now(tap_by_id, checked, back.tap)
    assert shown and shown.locker == "3" and shown.ticket
    assert [one.locker for one in admissions(checked)] == ["3"], "no second admission, the same locker"
