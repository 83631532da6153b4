"""Entry without a chip: the same refusals as with one, and never without two people."""

from datetime import date

import pytest
from sqlmodel import select

from appliance.base.errors import Refused
from appliance.base.ids import new_id
from appliance.flow.admit import TapResult, admit
from appliance.flow.box import Box
from appliance.flow.decide_case import decide_case
from appliance.flow.paper_by_hand import checked, facts_of
from appliance.records.entry import Admission, Tap
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
