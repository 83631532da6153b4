"""Marks of the time line: when it happened, not when the box heard of it; what is no mark stays out."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec
import pytest
from sqlmodel import Session

from appliance.flow.box import Box
from appliance.flow.marks import Known, marks
from appliance.flow.package_facts import mark_title, mark_words, package_facts
from appliance.flow.seen import Seen, marks_seen, visits
from appliance.flow.whereabouts import Stay
from appliance.records.base import instant
from appliance.records.captures import Capture
from appliance.records.cases import ExamCase
from appliance.records.journal import Journal, append
from appliance.records.site import Room, Seat
from appliance.records.violations import Evidence, Violation, ViolationCase
from appliance.rules.practical import Deduction, Item, Task, Veto
from tests.conftest import START
from tests.world import seed

MINUTE = timedelta(minutes=1)


def entry(seq: int, kind: str, body: dict[str, Any], actor: str = "seat:T1-07") -> Journal:
    at = instant(START + seq * MINUTE)
    text = msgspec.json.encode(body).decode()
    return Journal(
        seq=seq, at=at, kind=kind, subject="c", actor=actor, body=text, previous="", hash=f"h{seq}"
    )


def test_marks_stand_where_it_happened() -> None:
    shot = Capture(
        id="p", attempt="a", seat="T1-07", lease=1, happened_at=START, recorded_at=START, picture="x"
    )
    shot.found = "absent"
    case = ExamCase(
        id="k",
        sitting="s",
        attempt="a",
        candidate="c",
        seat="T1-07",
        kind="absent",
        happened_at=START + 2 * MINUTE,
        until=START + 3 * MINUTE,
    )
    found = marks(
        [
            entry(1, "seat.taken", {"seat": "T1-07"}, "account:x"),
            entry(2, "photo.viewed", {}),
            entry(5, "answer.saved", {"position": 9, "made_at": instant(START + 4 * MINUTE)}),
            entry(6, "capture.taken", {"capture": "p"}),
            entry(7, "exam_case.opened", {"case": "k", "kind": "absent"}),
            entry(8, "sheet.signed", {"task": "K11", "raw": "80", "losses": [{"count": 2}, {"count": 1}]}),
            entry(9, "warning.shown", {"text": "请独立答题。"}),
        ],
        Known(captures={"p": shot}, cases={"k": case}),
    )
    assert [(one.seq, one.sort) for one in found] == [
        (6, "capture"),
        (1, "seat"),
        (7, "case"),
        (5, "answer"),
        (8, "deduction"),
        (9, "warning"),
    ]
    capture, seat, noticed, answer, sheet, warning = found
    assert (capture.capture, capture.found, capture.at) == ("p", ["absent"], START)
    assert seat.seat == "T1-07" and noticed.until == START + 3 * MINUTE and noticed.noticed == "absent"
    assert (answer.position, answer.at) == (9, START + 4 * MINUTE)
    assert (sheet.task, sheet.deductions, sheet.lost) == ("K11", 3, "80")
    assert warning.text == "请独立答题。"


def test_each_loss_and_veto_stands_where_the_examiner_marked_it() -> None:
    task = Task(
        code="K11",
        subject="K1",
        name="n",
        minutes=5,
        mode=(),
        items=(
            Item(
                id="i",
                text="t",
                most=Decimal(9),
                deductions=(Deduction(id="d", text="操作步骤不完整", points=Decimal(5)),),
            ),
        ),
        vetoes=(Veto(id="v", text="带电操作"),),
    )
    loss = {"item": "i", "deduction": "d", "points": "5", "count": 1}
    body = {
        "attempt": "a",
        "task": "K11",
        "raw": "0",
        "losses": [loss | {"at": instant(START + 2 * MINUTE)}, loss],
        "vetoes": [{"veto": "v", "at": instant(START + 3 * MINUTE)}],
    }
    found = marks([entry(8, "sheet.signed", body)], Known(tasks={("a", "K11"): task}))
    assert [(mark_title(one), mark_words(one), one.at) for one in found] == [
        ("扣 5 分", "K11：操作步骤不完整", START + 2 * MINUTE),
        ("否决项", "K11：带电操作", START + 3 * MINUTE),
        ("签署实操评分表", "考题 K11：扣分 2 项，得分 0", START + 8 * MINUTE),
    ]
    assert {one.seq for one in found} == {8}, "the sheet is the proof of each"


def test_a_violation_stands_where_its_entry_says_it_happened() -> None:
    """Twenty minutes before it was written down; entries of before leave that to the table."""
    told = {"violation": "v", "happened_at": instant(START + 2 * MINUTE)}
    new, old = marks(
        [entry(22, "violation.recorded", told), entry(25, "violation.recorded", {"violation": "v"})], Known()
    )
    assert (new.at, new.recorded) == (START + 2 * MINUTE, START + 22 * MINUTE)
    assert old.at == old.recorded == START + 25 * MINUTE


def test_a_refused_card_is_no_admission() -> None:
    taps = [
        entry(1, "tap.decided", {"result": one, "code": "too_early", "lane": "L1"})
        for one in ("refuse", "admit")
    ]
    assert [one.sort for one in marks(taps, Known())] == ["refusal", "admission"]


def test_a_press_is_in_the_package_made_for_its_minute(box: Box) -> None:
    """The sheet it stands on is signed half an hour later, when nobody is at the seat any more."""
    press, signed = START + 5 * MINUTE, START + 40 * MINUTE
    loss = {"item": "i", "deduction": "d", "points": "5", "count": 1, "at": instant(press)}
    body = {"attempt": "", "task": "K11", "raw": "0", "losses": [loss]}
    box.db.write_now(lambda session: append(session, "sheet.signed", "c", "seat:T1-07", body, at=signed))
    stay = Stay(kind="seat", name="x", start=START, end=START + 10 * MINUTE, cameras=[])
    seen = Seen(sort="candidate", id="c", name="n", visits=visits([stay], signed), subjects=["c"])
    facts = box.db.read_now(package_facts, box, seen, START + 4 * MINUTE, START + 6 * MINUTE, "x")
    assert [(one.what, one.happened, one.at) for one in facts.lines] == [("扣 5 分", press, signed)]
    (on_page,) = box.db.read_now(marks_seen, seen)
    assert [one.at for one in on_page] == [press]


def test_every_entry_of_a_case_is_in_its_package_also_how_it_ended(box: Box) -> None:
    """However long before or after, and with no visit to a room that is on record."""
    times = {
        "case.opened": ("k", -30 * MINUTE),
        "case.decided": ("another", 0 * MINUTE),
        "case.superseded": ("k", 2 * MINUTE),
        "exam_case.ended": ("k", 40 * MINUTE),
    }

    def happened(session: Session) -> None:
        for kind, (case, after) in times.items():
            append(session, kind, "c", "process:x", {"case": case}, at=START + after)

    box.db.write_now(happened)
    seen = Seen(sort="case", id="k", name="n", candidate="c", visits=[], subjects=["c"])
    facts = box.db.read_now(package_facts, box, seen, START + 5 * MINUTE, START + 6 * MINUTE, "x")
    assert [one.kind for one in facts.marks] == ["case.opened", "case.superseded", "exam_case.ended"]
    assert [one.at for one in facts.lines] == [START - 30 * MINUTE, START + 2 * MINUTE, START + 40 * MINUTE]


def test_a_case_that_ended_in_a_violation_has_the_violation_in_its_package(box: Box) -> None:
    """Its entry names its cases in a list, and it happened, was recorded and decided outside of the time asked for."""
    world = box.db.write_now(seed, box, 1)
    (person,), now = world.candidates, box.now()
    ours = {"sitting": world.sitting, "candidate": person, "happened_at": now + 40 * MINUTE}
    words = {"seen": "x", "taken": "", "said": "", "told": "signed", "told_at": now}
    by = {"recorded_at": now + 41 * MINUTE, "recorded_by": "a", "second_by": "a"}

    def happened(session: Session) -> None:
        session.add(ExamCase(id="k", attempt=world.attempts[0], seat="T1-01", kind="device", **ours))
        session.flush()
        for number, one in enumerate(("v", "other"), 1):
            rule = {"rule": "material_or_phone", "seat": "T1-01"}
            session.add(Violation(id=one, number=number, **rule, **ours, **words, **by))
        session.flush()
        session.add(ViolationCase(violation="v", case="k"))
        append(session, "exam_case.opened", person, "process:x", {"case": "k"}, at=now)
        for one, cases in (("v", ["k"]), ("other", [])):
            body = {"violation": one, "cases": cases}
            append(session, "violation.recorded", person, "account:a", body, at=now + 41 * MINUTE)
        append(session, "violation.decided", person, "account:a", {"violation": "v"}, at=now + 50 * MINUTE)

    box.db.write_now(happened)
    seen = Seen(sort="case", id="k", name="n", candidate=person, visits=[], subjects=[person])
    facts = box.db.read_now(package_facts, box, seen, now + 5 * MINUTE, now + 6 * MINUTE, "x")
    assert [one.kind for one in facts.marks] == [
        "exam_case.opened",
        "violation.recorded",
        "violation.decided",
    ]
    assert len(facts.violations) == 1


@pytest.mark.parametrize(("sort", "place"), [("room", "T1"), ("seat", "T1-01")])
def test_what_somebody_did_in_another_room_is_in_no_package_of_this_one(
    box: Box, sort: Literal["room", "seat"], place: str
) -> None:
    world = box.db.write_now(seed, box, 1)
    (person,), now = world.candidates, box.now()

    def happened(session: Session) -> None:
        session.add(Room(code="P1", name="P1", kind="practical"))
        session.add(Seat(id="P1-01", room="P1", number=1))
        session.flush()
        for number, seat in enumerate(("T1-01", "P1-01"), 1):
            ours = {"sitting": world.sitting, "candidate": person, "seat": seat}
            times = {"happened_at": now, "recorded_at": now}
            facts = {
                "rule": "material_or_phone",
                "seen": "x",
                "taken": "",
                "told": "signed",
                "told_at": now,
                "said": "",
            }
            by = {"recorded_by": "a", "second_by": "a"}
            session.add(Violation(id=seat, number=number, **ours, **facts, **times, **by))
            shot = Capture(
                id=seat, attempt=world.attempts[0], seat=seat, lease=1, picture=f"{seat} shot", **times
            )
            case = ExamCase(
                id=seat,
                attempt=world.attempts[0],
                kind="page_hidden",
                happened_at=now,
                picture=f"{seat} case",
                **ours,
            )
            kept = Evidence(id=seat, kind="screen", sha256=f"{seat} kept", taken_at=now, taken_by="a", **ours)
            session.add_all([shot, case, kept])
            append(session, "warning.shown", person, f"seat:{seat}", {"text": seat}, at=now)
            after = {"text": "after the time asked for"}
            append(session, "warning.shown", person, f"seat:{seat}", after, at=now + 5 * MINUTE)

    box.db.write_now(happened)
    stay = Stay(kind=sort, name=place, start=now - MINUTE, end=now + MINUTE, cameras=[])
    seen = Seen(
        sort=sort,
        id=place,
        name=place,
        visits=visits([stay], now + MINUTE),
        subjects=[person],
        names={person: "x"},
    )
    facts = box.db.read_now(package_facts, box, seen, now - MINUTE, now + MINUTE, "x")
    assert [one.more for one in facts.lines] == ["T1-01"]
    assert [one.name for one in facts.sealed] == ["T1-01 case", "T1-01 kept", "T1-01 shot"]
    assert len(facts.violations) == 1
    (on_page,) = box.db.read_now(marks_seen, seen)
    assert [one.text for one in on_page] == ["T1-01"]


def test_stays_far_apart_are_visits_of_their_own() -> None:
    def stay(first: int, last: int | None) -> Stay:
        end = None if last is None else START + last * MINUTE
        return Stay(kind="seat", name="x", start=START + first * MINUTE, end=end, cameras=[])

    found = visits([stay(400, None), stay(0, 1), stay(60, 120)], START + 500 * MINUTE)
    assert [(one.start, one.end, len(one.stays)) for one in found] == [
        (START, START + 120 * MINUTE, 2),
        (START + 400 * MINUTE, START + 500 * MINUTE, 1),
    ]
