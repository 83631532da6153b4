"""From tap to seat on both databases: every refusal, every replay, and nobody twice."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlmodel import func, select

from appliance.base.clock import FakeClock
from appliance.base.errors import Conflict, Corrupt, Refused
from appliance.base.ids import new_id
from appliance.flow import accounts
from appliance.flow.admit import FaceTaken, TapFacts, TapResult, admit, preview
from appliance.flow.box import Box
from appliance.flow.call import call_next, recall, set_aside
from appliance.flow.decide_case import decide_case
from appliance.flow.enrol import Person, SittingPlan, enrol, find_sitting
from appliance.flow.inspect import timeline, verify_journal
from appliance.flow.move_seat import move_seat
from appliance.flow.order_gate import begin_order, open_lane, pending_orders, settle_leftovers, settle_order
from appliance.records.entry import Admission, GateOrder
from appliance.records.roster import Candidate, Elsewhere, Roster, RosterRow
from appliance.records.seating import SeatTaking
from appliance.records.site import Room, Seat
from appliance.records.waiting import Call, Ticket
from tests.world import number_of

Tapper = Callable[..., TapResult]


def face(code: str = "face_matches") -> FaceTaken:
    band = {"face_matches": "admit", "face_mismatch": "mismatch"}.get(code, "review")
    return FaceTaken(engine="dlib", version="20", reference="chip", band=band, code=code, distance=0.3)


@pytest.fixture
def sitting(box: Box) -> str:
    """A theory sitting at 09:00 with five people and four seats, one of them a spare."""

    def build(session) -> str:  # type: ignore[no-untyped-def]
        session.add(Room(code="T1", name="理论考场", kind="theory"))
        session.flush()
        for number in range(1, 5):
            session.add(
                Seat(id=f"T1-{number:02d}", room="T1", number=number, row=1, column=number, spare=number == 4)
            )
        roster = Roster(
            id="r",
            source="province",
            state="active",
            file_name="x",
            file_sha256="0" * 64,
            loaded_at=box.now(),
        )
        session.add(roster)
        session.flush()
        plan = SittingPlan(
            subject="theory",
            trade="low_voltage",
            room="T1",
            starts_at=box.now() + timedelta(hours=1),
            duration_s=7200,
        )
        found = find_sitting(session, box, plan, "province")
        for index in range(5):
            enrol(
                session, box, roster, found, Person(row=index, name=f"考生{index}", number=number_of(index))
            )
        return found.id

    return box.db.write_now(build)


@pytest.fixture
def tap(box: Box, sitting: str) -> Tapper:
    def put_down(index: int, shown: FaceTaken | None = None, **changes: object) -> TapResult:
        facts = {
            "tap": new_id(),
            "lane": "L1",
            "kind": "theory",
            "happened_at": box.now(),
            "name": f"考生{index}",
            "number": number_of(index),
            "face": shown or face(),
        } | changes
        return box.db.write_now(admit, box, TapFacts(**facts))  # type: ignore[arg-type]

    return put_down


def person(box: Box, login: str, role: str) -> accounts.Who:
    hashed = accounts.hash_password("a good password")
    row = box.db.write_now(accounts.add_account, box, login, login, role, hashed, "process:test")
    return accounts.Who(account=row.id, login=login, name=login, role=role)


def test_who_is_expected_at_another_site_is_told_so(box: Box, tap: Tapper) -> None:
    def elsewhere(session, index: int, day: str) -> None:  # type: ignore[no-untyped-def]
        number = box.key.index(number_of(index))
        session.add(Elsewhere(id=new_id(), roster="r", number_index=number, site="另一考点", day=day))

    box.db.write_now(elsewhere, 50, box.today().isoformat())
    box.db.write_now(elsewhere, 51, "2020-01-01")
    box.db.write_now(elsewhere, 0, box.today().isoformat())
    assert [tap(one).code for one in (50, 51, 0)] == ["wrong_site", "not_on_roster", "admitted"]


def test_twins_and_the_right_to_sit(box: Box, sitting: str, tap: Tapper) -> None:
    def change(session) -> None:  # type: ignore[no-untyped-def]
        people = [
            session.exec(
                select(Candidate).where(Candidate.number_index == box.key.index(number_of(one)))
            ).one()
            for one in range(4)
        ]
        people[1].birth_index = people[0].birth_index
        rows = {row.candidate: row for row in session.exec(select(RosterRow)).all()}
        rows[people[2].id].eligibility, rows[people[3].id].eligibility = "suspended", "unknown"

    box.db.write_now(change)
    assert [tap(one).code for one in range(5)] == [
        "look_alike",
        "look_alike",
        "suspended",
        "eligibility_unknown",
        "admitted",
    ]


def test_a_full_room_takes_nobody_more(box: Box, sitting: str, tap: Tapper) -> None:
    def seats(session) -> None:  # type: ignore[no-untyped-def]
        for seat in session.exec(select(Seat).where(Seat.number > 2)).all():
            seat.state = "broken"

    box.db.write_now(seats)
    assert [tap(one).code for one in range(3)] == ["admitted", "admitted", "sitting_full"]


def test_one_admission_one_ticket_one_order(box: Box, tap: Tapper) -> None:
    tap_id = new_id()
    first, again = tap(0, tap=tap_id), tap(0, tap=tap_id)
    assert first == again
    assert (first.result, first.ticket) == ("admit", "A001")
    assert tap(0).code == "already_inside"
    counts = box.db.read_now(
        lambda s: [s.exec(select(func.count()).select_from(t)).one() for t in (Admission, Ticket, GateOrder)]
    )
    assert counts == [1, 1, 1]


@pytest.mark.parametrize(
    ("index", "changes", "code"),
    [
        (9, {}, "not_on_roster"),
        (0, {"valid_to": date(2026, 11, 20)}, "card_expired"),
        (0, {"valid_from": date(2026, 11, 22)}, "card_not_yet_valid"),
        (0, {"kind": "practical"}, "wrong_lane"),
    ],
)
def test_refusals_open_nothing(
    box: Box, tap: Tapper, index: int, changes: dict[str, object], code: str
) -> None:
    outcome = tap(index, **changes)
    assert (outcome.result, outcome.code, outcome.order) == ("refuse", code, "")
    assert box.db.read_now(pending_orders, ["L1"]) == []


def test_too_early_and_too_late(box: Box, tap: Tapper, clock: FakeClock, sitting: str) -> None:
    clock.advance(-3600)
    assert tap(0).code == "too_early"
    clock.advance(3600 + 3600 + 900)
    assert tap(0).code == "too_late"
    clock.advance(24 * 3600)
    assert tap(0).code == "wrong_day"


def test_nobody_is_compared_who_is_refused_anyway(box: Box, sitting: str) -> None:
    facts = TapFacts(tap="t", lane="L1", kind="theory", happened_at=box.now(), name="x", number=number_of(9))
    assert box.db.read_now(preview, box, facts).result == "refuse"


@pytest.mark.parametrize("code", ["face_review", "face_mismatch", "no_face", "two_faces", "camera_silent"])
def test_a_face_that_does_not_fit_leads_to_a_person(box: Box, tap: Tapper, code: str) -> None:
    outcome = tap(1, face(code))
    assert outcome.result == "review" and outcome.order == "" and outcome.case


def test_the_roster_photo_alone_never_admits(box: Box, tap: Tapper) -> None:
    outcome = tap(1, face("face_roster_only"))
    assert (outcome.result, outcome.code) == ("review", "face_roster_only")


def test_a_mismatch_needs_two_people(box: Box, tap: Tapper) -> None:
    one, two = person(box, "one", "entry"), person(box, "two", "entry")
    case = tap(1, face("face_mismatch")).case
    with pytest.raises(Refused):
        box.db.write_now(decide_case, box, case, "admit", "printed card fits", one, "one")
    with pytest.raises(Refused):
        box.db.write_now(decide_case, box, case, "admit", "", one, "two")
    decided = box.db.write_now(decide_case, box, case, "admit", "printed card fits", one, "two")
    assert decided.state == "decided"
    box.db.write_now(decide_case, box, case, "admit", "again", one, "two")
    with pytest.raises(Conflict):
        box.db.write_now(decide_case, box, case, "refuse", "changed my mind", two)
    assert len(box.db.read_now(pending_orders, ["L1"])) == 1
    assert box.db.read_now(lambda s: s.exec(select(func.count()).select_from(Admission)).one()) == 1
    second = box.db.read_now(lambda s: s.exec(select(Admission.second_by)).one())
    assert second == two.account


def test_an_order_is_fired_once_whatever_dies(box: Box, tap: Tapper, clock: FakeClock) -> None:
    orders = [tap(i).order for i in range(3)]
    assert box.db.write_now(begin_order, box, orders[0])
    assert not box.db.write_now(begin_order, box, orders[0])
    clock.advance(10)
    assert not box.db.write_now(begin_order, box, orders[1])
    assert box.db.write_now(settle_leftovers, box, ["L1"]) == 2
    outcomes = box.db.read_now(lambda s: [s.get(GateOrder, order).outcome for order in orders])
    assert outcomes == ["unknown", "not_done", "not_done"]
    box.db.write_now(settle_order, box, orders[0], "done")
    assert box.db.read_now(lambda s: s.get(GateOrder, orders[0]).outcome) == "unknown"


def test_opening_without_an_admission_needs_reason_and_second_person(box: Box, sitting: str) -> None:
    one, two, command = person(box, "one", "entry"), person(box, "two", "chief"), new_id()
    for made_up in ("", "c1", command.upper()):
        with pytest.raises(Corrupt):
            box.db.write_now(open_lane, box, "L1", "wheelchair", one, "two", made_up)
    for reason, second in (("", "two"), ("wheelchair", "one")):
        with pytest.raises(Refused):
            box.db.write_now(open_lane, box, "L1", reason, one, second, command)
    orders = {
        box.db.write_now(open_lane, box, "L1", "wheelchair", one, two.login, command).id for _ in range(2)
    }
    assert orders == {command}


def test_calls_fill_the_seats_and_never_one_twice(box: Box, tap: Tapper, sitting: str) -> None:
    for index in range(4):
        tap(index)
    calls = [box.db.write_now(call_next, box, sitting, "account:w", f"c{i}") for i in range(3)]
    assert {call.seat for call in calls} == {"T1-01", "T1-02", "T1-03"}
    replay = box.db.write_now(call_next, box, sitting, "account:w", "c0")
    assert replay.id == calls[0].id
    with pytest.raises(Refused) as refused:
        box.db.write_now(call_next, box, sitting, "account:w", "c3")
    assert refused.value.code == "no_free_seat"
    box.db.write_now(recall, box, calls[0].ticket, "account:w", "again")
    box.db.write_now(set_aside, box, calls[0].ticket, "skipped", "account:w")
    fourth = box.db.write_now(call_next, box, sitting, "account:w", "c4")
    assert fourth.seat == calls[0].seat
    assert box.db.read_now(lambda s: s.exec(select(func.count()).select_from(Call)).one()) == 5


def test_a_broken_station_moves_its_candidate_to_the_spare(box: Box, tap: Tapper, sitting: str) -> None:
    tap(0)
    call = box.db.write_now(call_next, box, sitting, "account:w", "c0")
    with pytest.raises(Refused):
        box.db.write_now(move_seat, box, sitting, call.seat, "", " ", True, "account:i", "m0")
    moved = box.db.write_now(move_seat, box, sitting, call.seat, "", "screen dark", True, "account:i", "m1")
    again = box.db.write_now(move_seat, box, sitting, call.seat, "", "screen dark", True, "account:i", "m1")
    assert moved.id == again.id and moved.seat == "T1-04"
    seat = box.db.read_now(lambda s: s.get(Seat, call.seat))
    assert seat.state == "broken"
    held = box.db.read_now(
        lambda s: s.exec(select(SeatTaking.seat).where(SeatTaking.released_at == None)).all()  # noqa: E711
    )
    assert held == ["T1-04"]


def test_the_inspector_sees_it_all_and_the_chain_holds(box: Box, tap: Tapper, sitting: str) -> None:
    outcome = tap(0)
    box.db.write_now(call_next, box, sitting, "account:w", "c0")
    kinds = [entry.kind for entry in box.db.read_now(timeline, box, outcome.candidate).entries]
    for kind in (
        "tap.decided",
        "face.compared",
        "admission.granted",
        "ticket.issued",
        "ticket.called",
        "seat.taken",
    ):
        assert kind in kinds
    found = box.db.read_now(verify_journal, box)
    assert found.ok and found.entries > 10
