"""Admission, timing, queue, seats and states."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.rules import admission, queueing, seating, states, timing
from appliance.rules.admission import Card, Expected, Facts

START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
OPENS, CLOSES = timing.window(START, 3600, 900)


def row(**change: object) -> Expected:
    facts: dict[str, object] = {
        "sitting": "s1",
        "subject": "theory",
        "day": TODAY,
        "starts_at": START,
        "opens_at": OPENS,
        "closes_at": CLOSES,
        "name": "张三",
    }
    return Expected(**(facts | change))  # type: ignore[arg-type]


def facts(*rows: Expected, minutes: int = -10, **change: object) -> Facts:
    given_facts: dict[str, object] = {
        "now": START + timedelta(minutes=minutes),
        "today": TODAY,
        "lane": "theory",
        "card": Card(name="张三", valid_from=date(2020, 1, 1), valid_to=date(2040, 1, 1)),
        "expected": rows or (row(),),
        "face": "face_matches",
    }
    return Facts(**(given_facts | change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("case", "code"),
    [
        (facts(), "admitted"),
        (facts(card=Card(name="张　三")), "admitted"),
        (facts(minutes=-61), "too_early"),
        (facts(minutes=-60), "admitted"),
        (facts(minutes=14), "admitted"),
        (facts(minutes=15), "too_late"),
        (facts(expected=()), "not_on_roster"),
        (facts(row(day=date(2026, 11, 22)), minutes=-90), "wrong_day"),
        (facts(row(day=date(2026, 11, 22))), "admitted"),  # it begins just after midnight
        (facts(row(day=date(2026, 11, 20), inside=True, absent=True), minutes=90), "come_back"),
        (facts(row(day=date(2026, 11, 20), inside=True, absent=True, over=True), minutes=90), "wrong_day"),
        (facts(row(subject="practical")), "wrong_lane"),
        (
            facts(row(inside=True, over=True), row(sitting="s2", subject="practical"), minutes=5),
            "wrong_lane",
        ),
        (facts(row(over=True), row(sitting="s2", subject="practical", over=True)), "too_late"),
        (facts(row(inside=True), row(sitting="s2", subject="practical")), "already_inside"),
        *[
            (facts(face=cause), cause)
            for cause in (
                "photo_without_face",
                "face_roster_only",
                "face_photos_differ",
                "no_photograph",
                "face_engine_silent",
                "photo_altered",
            )
        ],
        (facts(security_check=True), "security_check"),
        (facts(row(roster_active=False)), "roster_unconfirmed"),
        (facts(row(inside=True)), "already_inside"),
        (facts(row(inside=True), minutes=60), "already_inside"),
        (facts(row(inside=True, absent=True)), "come_back"),
        (facts(row(inside=True, absent=True), minutes=60), "come_back"),
        (facts(row(inside=True, absent=True, over=True), minutes=60), "too_late"),
        (facts(row(inside=True, absent=True), face="face_mismatch"), "face_mismatch"),
        (facts(row(inside=True, absent=True, look_alike=True)), "look_alike"),
        (facts(row(inside=True, absent=True, places_left=0)), "come_back"),
        (facts(row(inside=True, absent=True), card=Card(name="李四")), "come_back"),
        (facts(row(inside=True, absent=True), card=Card(name="张三", by_hand=True)), "by_hand"),
        (facts(row(inside=True, absent=True, eligibility="suspended")), "suspended"),
        (facts(row(inside=True, absent=True, eligibility="unknown")), "come_back"),
        (facts(row(inside=True, absent=True, handed_in=True)), "handed_in"),
        (facts(row(sitting="s0", inside=True, absent=True, handed_in=True), row()), "admitted"),
        (facts(row(absent=True)), "admitted"),
        (
            facts(row(sitting="s0", starts_at=START - timedelta(hours=1)), row(inside=True, absent=True)),
            "come_back",
        ),
        (facts(row(over=True)), "too_late"),
        (facts(card=Card(name="张三", valid_to=date(2026, 11, 20))), "card_expired"),
        (facts(card=Card(name="张三", valid_to=TODAY)), "admitted"),
        (facts(card=Card(name="张三", valid_from=date(2026, 11, 22))), "card_not_yet_valid"),
        (facts(card=Card(name="李四")), "name_differs"),
        (facts(face="face_review"), "face_review"),
        (facts(face="face_mismatch"), "face_mismatch"),
        (facts(face="no_face"), "no_face"),
        (facts(face="two_faces"), "two_faces"),
        (facts(face="camera_silent"), "camera_silent"),
        (facts(row(subject="practical", theory_passed=False), lane="practical"), "theory_not_passed"),
        (facts(row(subject="practical"), lane="practical"), "admitted"),
        (facts(row(sitting="s0", over=True, inside=True), row()), "admitted"),
        (facts(expected=(), elsewhere=True), "wrong_site"),
        (facts(row(day=date(2026, 11, 22)), elsewhere=True, minutes=-90), "wrong_site"),
        (facts(elsewhere=True), "admitted"),
        (facts(row(eligibility="suspended")), "suspended"),
        (facts(row(eligibility="suspended"), minutes=-90), "suspended"),
        (facts(row(eligibility="unknown")), "eligibility_unknown"),
        (facts(row(passed=True)), "already_passed"),
        (facts(row(passed=True), face="face_review"), "face_review"),
        (facts(row(passed=True, inside=True, absent=True)), "come_back"),
        (facts(row(passed=True, eligibility="suspended")), "suspended"),
        (facts(row(places_left=0)), "sitting_full"),
        (facts(row(places_left=0, inside=True)), "already_inside"),
        (facts(row(places_left=1)), "admitted"),
        (facts(row(sitting="s0", places_left=0), row()), "admitted"),
        (facts(row(look_alike=True)), "look_alike"),
        (facts(row(look_alike=True), card=Card(name="李四")), "look_alike"),
        (facts(row(look_alike=True), face="face_review"), "look_alike"),
        (facts(row(look_alike=True), face="face_mismatch"), "face_mismatch"),
        (facts(face="liveness_failed"), "liveness_failed"),
        (facts(card=Card(name="张三", by_hand=True)), "by_hand"),
        (facts(card=Card(name="张三", by_hand=True), face="camera_silent"), "by_hand"),
        (facts(row(eligibility="suspended"), card=Card(name="张三", by_hand=True)), "suspended"),
        (facts(card=Card(name="张三", by_hand=True, valid_to=date(2026, 11, 20))), "card_expired"),
    ],
)
def test_who_is_let_in(case: Facts, code: str) -> None:
    decided = admission.decide(case)
    assert decided.code == code
    assert decided.result == admission.RESULTS[code]
    assert (decided.opens_at is not None) == (code == "too_early")
    assert ("open_gate" in decided.effects) == (decided.result == "admit")
    before = admission.before_face(case)
    assert (before is None) == (decided.result != "refuse")
    if decided.result != "refuse":
        assert decided.sitting == "s1"
    if code == "wrong_lane":
        assert {one.sitting: one.subject for one in case.expected}[decided.sitting] == "practical"


def test_every_code_has_its_sentence() -> None:
    assert set(admission.RESULTS) <= set(admission.SENTENCES)
    assert all(one and two for one, two in admission.SENTENCES.values())


@pytest.mark.parametrize(
    ("case", "doubts"),
    [
        (facts(), ()),
        (facts(row(look_alike=True), face="face_review"), ("look_alike", "face_review")),
        (
            facts(row(eligibility="unknown"), card=Card(name="李四"), face="no_face"),
            ("no_face", "eligibility_unknown", "name_differs"),
        ),
        (
            facts(row(look_alike=True), card=Card(name="李四", by_hand=True), face="camera_silent"),
            ("by_hand", "look_alike", "name_differs"),
        ),
        (facts(expected=()), ()),
        (facts(security_check=True), ("security_check",)),
        (facts(row(inside=True, absent=True), security_check=True), ("security_check",)),
        (facts(face="face_review", security_check=True), ("face_review", "security_check")),
        (facts(row(inside=True), security_check=True), ()),
    ],
)
def test_one_doubt_hides_no_other(case: Facts, doubts: tuple[str, ...]) -> None:
    """All are told, and one that needs a second person is the first."""
    assert admission.decide(case).doubts == doubts


def test_what_needs_a_second_person() -> None:
    alone = {
        code for code, result in admission.RESULTS.items() if result == "review"
    } - admission.SECOND_PERSON
    assert alone == {
        "face_review",
        "name_differs",
        "eligibility_unknown",
        "already_passed",
        "security_check",
    }


def test_a_decision_without_a_face_is_an_error() -> None:
    with pytest.raises(ValueError, match="face"):
        admission.decide(facts(face=None))


def test_times() -> None:
    assert timing.entry(OPENS, OPENS, CLOSES) == "open"
    assert timing.entry(CLOSES, OPENS, CLOSES) == "too_late"
    end = START + timedelta(hours=2)
    assert timing.remaining(end - timedelta(seconds=90), end) == 90
    assert timing.remaining(end + timedelta(seconds=90), end) == 0
    walk = [OPENS - timedelta(1), OPENS, START, CLOSES, end]
    found = [timing.phase(now, OPENS, CLOSES, START, end) for now in walk]
    assert found == ["before", "admission", "running", "entry_closed", "over"]
    assert timing.phase(START, OPENS, CLOSES, None, None) == "admission"
    assert timing.faults(3600, 900, 7200, 1800) == []
    assert timing.faults(3600, 1800, 7200, 900) == ["leaving_before_entry_closes"]
    assert timing.faults(-1, 9000, 7200, 0) == ["negative", "entry_after_end"]
    assert timing.faults(3600, 900, None, 600) == ["leaving_before_entry_closes"]


def test_ticket_numbers() -> None:
    assert [queueing.letter(n) for n in (1, 2, 26, 27, 52, 53)] == ["A", "B", "Z", "AA", "AZ", "BA"]
    assert queueing.number(1, 1) == "A001"
    assert queueing.next_number(2, []) == "B001"
    assert queueing.next_number(1, ["A001", "A009", "A003"]) == "A010"
    assert queueing.place("A1000") == 1000


def test_whom_to_call() -> None:
    line = [
        queueing.Waiting("t3", "A003", "waiting"),
        queueing.Waiting("t1", "A001", "waiting", skips=1),
        queueing.Waiting("t2", "A002", "held"),
        queueing.Waiting("t4", "A004", "waiting", priority=1),
        queueing.Waiting("t5", "A005", "seated"),
    ]
    assert [one.ticket for one in queueing.order(line)] == ["t4", "t3", "t1"]
    assert queueing.next_to_call([line[2]]) is None
    assert queueing.estimate_s(10, 5, []) is None
    assert queueing.estimate_s(10, 5, [60.0, 80.0, 70.0]) == 210


PLACES = [seating.Place(f"T1-{n:02d}", n, n > 60, True, (n - 1) // 10, (n - 1) % 10) for n in range(1, 67)]


@settings(deadline=None)
@given(
    st.text(min_size=1, max_size=10),
    st.sets(st.text(min_size=1, max_size=5), max_size=50),
    st.sets(st.integers(1, 60), max_size=10),
)
def test_no_seat_is_given_twice(seed: str, people: set[str], broken: set[int]) -> None:
    places = [place._replace(usable=place.number not in broken) for place in PLACES]
    plan = seating.assign(seed, people, places)
    assert set(plan) == people and seating.double_booked(plan) == []
    assert plan == seating.assign(seed, sorted(people, reverse=True), list(reversed(places)))
    given_out = {place.seat: place for place in places}
    assert all(given_out[seat].usable and not given_out[seat].spare for seat in plan.values())
    taken: dict[str, str] = {}
    for person in people:
        place = seating.pick(seed, person, places, taken.values())
        assert place is not None and place.usable and not place.spare
        taken[person] = place.seat
    assert seating.double_booked(taken) == []


def test_a_full_room() -> None:
    with pytest.raises(seating.TooFewSeats) as caught:
        seating.assign("s", [f"{n}" for n in range(63)], PLACES)
    assert caught.value.missing == 3
    assert seating.pick("s", "late", PLACES, [place.seat for place in PLACES if not place.spare]) is None
    seats = {place.seat for n in range(40) if (place := seating.pick("s", f"{n}", PLACES, []))}
    assert len(seats) > 20


def test_where_to_go_when_a_station_breaks() -> None:
    taken = [place.seat for place in PLACES if not place.spare]
    spare = seating.spare_for(PLACES, taken, "T1-01")
    assert spare is not None and spare.spare
    no_spares = [place for place in PLACES if not place.spare]
    near = seating.spare_for(no_spares, [seat for seat in taken if seat not in ("T1-13", "T1-60")], "T1-01")
    assert near is not None and near.seat == "T1-13"
    assert seating.spare_for(no_spares, taken, "T1-01") is None


@pytest.mark.parametrize("machine", states.MACHINES)
def test_machines_only_name_their_own_states(machine: str) -> None:
    table = states.MACHINES[machine]
    assert all(after <= set(table) for after in table.values())


def test_transitions() -> None:
    assert states.may("attempt", "running", "handed_in")
    assert not states.may("attempt", "handed_in", "running")
    assert not states.may("parcel", "acknowledged", "sealed")
    assert states.final("sitting", "released") and not states.final("sitting", "running")
    with pytest.raises(KeyError):
        states.may("ticket", "waiting", "nowhere")
