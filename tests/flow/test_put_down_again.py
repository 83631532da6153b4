"""The same card once more: older cases end, and an id that was used stands for one person only."""

import msgspec
import pytest
from sqlmodel import select, update

from appliance.base.errors import Conflict
from appliance.base.ids import new_id
from appliance.flow.absence import leave
from appliance.flow.box import Box
from appliance.flow.decide_case import decide_case
from appliance.flow.desk import desk
from appliance.flow.inspect import verify_journal
from appliance.flow.last_of_lane import last_of_lane
from appliance.flow.roster_search import people
from appliance.flow.sheets import room_record_facts
from appliance.flow.verdict import blockers
from appliance.records.entry import Admission, Case
from appliance.records.journal import Journal
from appliance.records.roster import RosterRow
from appliance.records.theory import Attempt
from tests.flow.test_entry import Tapper, face, person, sitting, tap

__all__ = ["sitting", "tap"]


def cases(box: Box) -> dict[str, Case]:
    return {one.id: one for one in box.db.read_now(lambda s: s.exec(select(Case)).all())}


def told(box: Box) -> list[dict[str, str]]:
    rows = box.db.read_now(
        lambda s: s.exec(select(Journal.body).where(Journal.kind == "case.superseded")).all()
    )
    return [msgspec.json.decode(row) for row in rows]


def test_a_newer_card_ends_every_older_case(box: Box, tap: Tapper, sitting: str) -> None:
    older = [tap(0, face(code)) for code in ("no_face", "face_mismatch", "face_review")]
    other = tap(1, face("no_face"))
    assert [cases(box)[one.case].decision for one in older] == ["superseded", "superseded", ""]
    let_in = tap(0)
    assert let_in.result == "admit"
    assert {cases(box)[one.case].decision for one in older} == {"superseded"}
    assert cases(box)[other.case].state == "open", "somebody else's case stays"
    assert [(one["before"], one["tap"]) for one in told(box)] == [
        (older[0].tap, older[1].tap),
        (older[1].tap, older[2].tap),
        (older[2].tap, let_in.tap),
    ]
    shown = box.db.read_now(desk, box)
    assert [one.case for one in shown.cases] == [other.case]
    incidents = box.db.read_now(room_record_facts, box, sitting).incidents
    assert [one.result for one in incidents] == ["superseded", ""], (
        "a face that did not fit is told all the same"
    )
    assert incidents[0].text == ""
    assert box.db.read_now(verify_journal, box).ok


def test_a_decision_comes_too_late_for_an_older_card(box: Box, tap: Tapper) -> None:
    who = person(box, "desk", "entry")
    first, again = tap(0, face("face_review")), tap(0, face("face_review"))
    for decision in ("admit", "refuse"):
        with pytest.raises(Conflict) as late:
            box.db.write_now(decide_case, box, first.case, decision, "seen", who)
        assert late.value.code == "case_superseded"
    box.db.write_now(decide_case, box, again.case, "admit", "seen", who)
    assert len(box.db.read_now(lambda s: s.exec(select(Admission)).all())) == 1


def test_a_card_at_another_lane_says_nothing_at_the_first(box: Box, tap: Tapper) -> None:
    first = tap(0, face("no_face"))
    tap(0, face("no_face"), lane="L2")
    seen = box.db.read_now(last_of_lane, box, "L1")
    assert seen and seen.shown.tap == first.tap
    assert (seen.shown.decision, seen.shown.decided_at, seen.shown.case_open) == ("", None, False)


def test_the_release_is_not_blocked_by_older_cards(box: Box, tap: Tapper, sitting: str) -> None:
    for _ in range(3):
        tap(0, face("no_face"))
    tap(0)
    assert "case_open" not in box.db.read_now(blockers, box, "")


def test_out_for_a_moment_undoes_nothing(box: Box, tap: Tapper, sitting: str) -> None:
    who = person(box, "desk", "entry")
    first, second = tap(0), tap(1)
    for one in (first, second):
        box.db.write_now(leave, box, sitting, one.candidate, "toilet", who)

    def change(session) -> None:  # type: ignore[no-untyped-def]
        session.exec(
            update(RosterRow).where(RosterRow.candidate == first.candidate).values(eligibility="suspended")
        )
        done = Attempt(id=new_id(), sitting=sitting, candidate=second.candidate, state="handed_in")
        session.add(done)

    box.db.write_now(change)
    assert [(one.code, one.order) for one in (tap(0), tap(1))] == [("suspended", ""), ("handed_in", "")]


def test_an_id_stands_for_one_person(box: Box, tap: Tapper) -> None:
    used = new_id()
    first = tap(0, tap=used)
    assert tap(0, tap=used) == first
    for other in ({"index": 1}, {"index": 0, "name": "\u53e6\u4e00\u4eba"}):
        with pytest.raises(Conflict) as wrong:
            tap(tap=used, **other)
        assert wrong.value.code == "other_person"


def test_a_card_at_the_wrong_entrance_ends_nothing(box: Box, tap: Tapper, sitting: str) -> None:
    waits = tap(0, face("face_review"))
    lost = tap(0, kind="practical", lane="P1")
    assert (lost.code, lost.sitting) == ("wrong_lane", sitting), "it names the sitting that is meant"
    assert cases(box)[waits.case].state == "open"
    [found] = box.db.read_now(people, box, "考生0")
    assert (found.people[0].state, found.people[0].tap) == ("review", waits.tap)
    elsewhere = tap(1, kind="practical", lane="P1")
    [found] = box.db.read_now(people, box, "考生1")
    assert (found.people[0].state, found.people[0].tap) == ("refused", elsewhere.tap)


def test_who_decides_too_late_hears_who_decided_what(box: Box, tap: Tapper, sitting: str) -> None:
    first, second = person(box, "desk", "entry"), person(box, "desk2", "entry")
    admitted, sent = tap(0, face("face_review")), tap(1, face("face_review"))
    box.db.write_now(decide_case, box, admitted.case, "admit", "seen", first)
    box.db.write_now(decide_case, box, sent.case, "refuse", "other person", first)
    for case, decision, sentence in (
        (admitted, "refuse", "desk已准予此人入场。"),
        (sent, "admit", "desk已决定此人不予入场。"),
    ):
        with pytest.raises(Conflict) as late:
            box.db.write_now(decide_case, box, case.case, decision, "late", second)
        assert (late.value.code, late.value.text()) == ("case_decided", sentence)


def test_after_the_clock_was_set_back_the_desk_shows_the_next_card(
    box: Box, tap: Tapper, sitting: str
) -> None:
    waits = tap(0, face("face_review"))
    box.clock.advance(-1800)  # type: ignore[attr-defined]
    following = tap(1)
    shown = box.db.read_now(desk, box)
    assert shown.shown and shown.shown.tap == following.tap == shown.last[0].tap
    assert [one.tap for one in shown.cases] == [waits.tap], "who waited is not forgotten"
