"""Entry without a chip: the same refusals as with one, and never without two people."""

from datetime import date

import pytest
from sqlmodel import Session, select

from appliance.base.errors import Corrupt, Refused
from appliance.base.ids import new_id
from appliance.flow.admit import TapResult, admit
from appliance.flow.box import Box
from appliance.flow.decide_case import decide_case
from appliance.flow.paper_by_hand import checked, facts_of
from appliance.records.entry import Admission, Tap
from appliance.records.roster import Candidate, RosterRow
from appliance.records.site import Seat
from appliance.wire.gate import PaperByHand
from tests.flow.test_entry import Tapper, person, sitting, tap
from tests.world import number_of

__all__ = ["sitting", "tap"]


def paper(index: int = 0, **changes: object) -> PaperByHand:
    facts = {
        "tap": new_id(),
        "lane": "L1",
        "name": f" 考生{index}",
        "number": number_of(index).lower(),
        "paper": "chip_unreadable",
        "picture": "a" * 64,
        "actor": "account:anna",
    } | changes
    return PaperByHand(**facts)  # type: ignore[arg-type]


def show(box: Box, typed: PaperByHand) -> TapResult:
    facts = facts_of(checked(typed, box.today()), "theory", box.now())
    return box.db.write_now(admit, box, facts)


def test_two_people_let_in_who_shows_another_paper(box: Box, sitting: str) -> None:
    typed = paper(0)
    first, again = show(box, typed), show(box, typed)
    assert first == again and (first.result, first.code, first.ticket) == ("review", "by_hand", "")
    kept = box.db.read_now(lambda s: s.exec(select(Tap)).one())
    assert (kept.card_kind, kept.paper_picture, kept.name) == ("chip_unreadable", "a" * 64, "考生0")

    anna, berta = person(box, "anna", "entry"), person(box, "berta", "entry")
    with pytest.raises(Refused):
        box.db.write_now(decide_case, box, first.case, "admit", "看过户口本", anna, "")
    with pytest.raises(Refused):
        box.db.write_now(decide_case, box, first.case, "admit", "看过户口本", anna, "anna")
    box.db.write_now(decide_case, box, first.case, "admit", "看过户口本", anna, "berta")
    admission = box.db.read_now(lambda s: s.exec(select(Admission)).one())
    assert (admission.how, admission.decided_by, admission.second_by) == (
        "review",
        anna.account,
        berta.account,
    )
    assert show(box, paper(0)).code == "already_inside"


def test_the_refusals_are_those_of_a_card(box: Box, sitting: str, tap: Tapper) -> None:
    assert tap(1).result == "admit"
    assert show(box, paper(1)).code == "already_inside"
    assert show(box, paper(77)).code == "not_on_roster"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "  "}, "missing_name"),
        ({"name": "长" * 65}, "name_too_long"),
        ({"number": "12345"}, "bad_shape"),
        ({"number": number_of(0)[:-1] + ("1" if number_of(0)[-1] != "1" else "2")}, "bad_check_digit"),
        ({"paper": "library_card"}, "unknown_paper"),
        ({"paper": "temporary_card"}, "end_missing"),
        ({"paper": "temporary_card", "valid_to": date(2020, 1, 1)}, "paper_expired"),
    ],
)
def test_what_was_typed_wrong_is_said(box: Box, changes: dict[str, object], code: str) -> None:
    with pytest.raises(Refused) as refused:
        checked(paper(**changes), box.today())  # type: ignore[arg-type]
    assert refused.value.code == code and refused.value.next_step


def test_an_id_that_the_page_did_not_make_is_not_taken(box: Box) -> None:
    for made_up in ("", "x" * 32, "a" * 31, "a" * 32 + "\r\nx: y"):
        with pytest.raises(Corrupt):
            checked(paper(tap=made_up), box.today())


def test_what_changed_since_the_tap_counts_when_people_decide(box: Box, sitting: str, tap: Tapper) -> None:
    """Four seats and four people in them: the fifth is not let in by hand either; nor is a suspended one."""
    waits, late = show(box, paper(0)), show(box, paper(4, name="考生4"))
    anna = person(box, "anna", "entry")
    person(box, "berta", "entry")

    def suspend(session: Session) -> None:
        candidate = session.exec(
            select(Candidate).where(Candidate.number_index == box.key.index(number_of(4)))
        ).one()
        row = session.exec(select(RosterRow).where(RosterRow.candidate == candidate.id)).one()
        row.eligibility = "suspended"

    box.db.write_now(suspend)
    with pytest.raises(Refused) as refused:
        box.db.write_now(decide_case, box, late.case, "admit", "证件相符", anna, "berta")
    assert refused.value.code == "suspended" and refused.value.next_step

    def fill(session: Session) -> None:
        for seat in session.exec(select(Seat).where(Seat.number > 3)).all():
            seat.state = "broken"

    box.db.write_now(fill)
    assert [tap(index).code for index in (1, 2, 3)] == ["admitted"] * 3
    with pytest.raises(Refused) as refused:
        box.db.write_now(decide_case, box, waits.case, "admit", "证件相符", anna, "berta")
    assert refused.value.code == "sitting_full"
