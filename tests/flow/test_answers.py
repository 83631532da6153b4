"""Answers: acknowledged once and for ever, whatever order, seat and hour they arrive in. On both databases."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from appliance.base.clock import FakeClock
from appliance.base.database import driver_of
from appliance.base.errors import Corrupt, Refused, Stale
from appliance.base.ids import new_id
from appliance.flow.accept_rules import accept_rules
from appliance.flow.accounts import hash_token
from appliance.flow.attempt_view import answers_of, standing
from appliance.flow.board import board
from appliance.flow.box import Box
from appliance.flow.hand_in import close_due, force_hand_in, hand_in
from appliance.flow.mark import due_for_marking
from appliance.flow.save_answers import save_answers
from appliance.flow.seat_sign_in import sign_in_at_seat
from appliance.flow.start_sitting import begin_ready, end_sitting, start_sitting
from appliance.flow.station_report import take_heartbeat
from appliance.records.journal import Journal
from appliance.records.sealed import SealedParcel
from appliance.records.site import Station
from appliance.records.sitting import Sitting
from appliance.records.theory import Answer, Attempt, Paper
from appliance.wire.station import Answer as Change
from appliance.wire.station import Answers, HandIn, Heartbeat, Saved
from tests.world import World, seed


def save(session: Session, box: Box, token: str, sent: Answers) -> Saved:
    """The hot path on the driver, as the station API calls it."""
    return save_answers(driver_of(session), box, token, sent)


class Page:
    """A candidate's page at one seat: what it has made and sent."""

    def __init__(self, box: Box, world: World, index: int, seat: int | None = None) -> None:
        self.box, self.secret = box, new_id()
        address = world.addresses[index if seat is None else seat]
        found = box.db.write_now(sign_in_at_seat, box, address, world.last_four[index].lower(), self.secret)
        assert not isinstance(found, Refused)
        self.attempt, self.lease, self.n = found.attempt, found.lease, 0

    @property
    def token(self) -> str:
        return hash_token(self.secret)

    def rules(self) -> None:
        self.box.db.write_now(accept_rules, self.box, self.token)

    def change(self, position: int, value: str, ago: float = 0) -> Change:
        self.n += 1
        return Change(n=self.n, position=position, value=value, at=self.box.now() - timedelta(seconds=ago))

    def send(self, *changes: Change) -> int:
        sent = Answers(attempt=self.attempt, lease=self.lease, answers=list(changes))
        return self.box.db.write_now(save, self.box, self.token, sent).n

    def kept(self) -> dict[int, str]:
        return self.box.db.read_now(answers_of, self.attempt)


@pytest.fixture
def world(box: Box) -> World:
    return box.db.write_now(seed, box, 3)


@pytest.fixture
def page(box: Box, world: World) -> Page:
    page = Page(box, world, 0)
    page.rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    return page


def test_a_replay_changes_nothing_and_a_hole_is_told(page: Page) -> None:
    first, second, third = page.change(1, "A"), page.change(1, "B"), page.change(2, "A")
    assert page.send(first) == 1
    assert page.send(first) == 1
    assert page.send(first, second) == 2
    with pytest.raises(Stale) as stale:
        page.send(Change(n=4, position=3, value="A", at=third.at))
    assert stale.value.expected == 3
    assert page.send(third) == 3
    assert page.kept() == {1: "B", 2: "A"}


def test_only_this_papers_questions_and_options_are_taken(page: Page) -> None:
    for position, value in ((0, "A"), (101, "A"), (1, "C"), (71, "E"), (71, "AB"), (1, "'")):
        with pytest.raises(Corrupt):
            page.send(Change(n=1, position=position, value=value, at=page.box.now()))
    assert page.send(page.change(71, "D")) == 1


def test_another_candidates_attempt_is_refused(box: Box, world: World, page: Page) -> None:
    other = Page(box, world, 1)
    forged = Answers(attempt=page.attempt, lease=page.lease, answers=[page.change(1, "A")])
    with pytest.raises(Refused) as refused:
        box.db.write_now(save, box, other.token, forged)
    assert refused.value.code == "not_your_attempt"


def test_a_superseded_lease_only_fills_what_nobody_answered_since(box: Box, world: World, page: Page) -> None:
    page.send(page.change(1, "A"))
    newer = Page(box, world, 0)
    newer.send(newer.change(2, "B"))
    page.send(page.change(2, "A"), page.change(3, "A"))
    assert page.kept() == {1: "A", 2: "B", 3: "A"}
    kinds = box.db.read_now(
        lambda s: s.exec(select(Journal.kind).where(Journal.kind == "answer.filled")).all()
    )
    assert len(kinds) == 2


def test_a_whole_sitting_of_120_minutes(box: Box, world: World, page: Page, clock: FakeClock) -> None:
    """Every minute an answer; what was made in time and comes in the grace counts, what was made later never."""
    for minute in range(119):
        clock.advance(60)
        assert page.send(page.change(minute % 100 + 1, "A")) == minute + 1
    assert box.db.write_now(close_due, box) == []
    clock.advance(59)
    kept_back = page.change(100, "B")
    clock.advance(1)
    assert box.db.write_now(close_due, box) == [page.attempt]
    clock.advance(600)
    after = page.change(99, "B")
    assert page.send(kept_back, after) == 121
    assert page.kept()[100] == "B" and page.kept()[99] == "A"
    late = box.db.read_now(lambda s: s.get(Answer, (page.attempt, 100)))
    assert late is not None and late.late
    clock.advance(400)
    with pytest.raises(Refused) as refused:
        page.send(page.change(98, "B"))
    assert refused.value.code == "grace_over"
    box.db.write_now(end_sitting, box, world.sitting, "process:web")


def test_handing_in_waits_for_what_is_still_unsent(page: Page) -> None:
    page.send(page.change(1, "A"))
    unsent = page.change(2, "B")
    sent = HandIn(attempt=page.attempt, lease=page.lease, n=page.n)
    with pytest.raises(Stale):
        page.box.db.write_now(hand_in, page.box, page.token, sent)
    page.send(unsent)
    for _ in range(2):
        assert page.box.db.write_now(hand_in, page.box, page.token, sent).handed_in == "candidate"
    with pytest.raises(Refused):
        page.send(page.change(3, "A"))


def test_what_was_made_before_a_forced_hand_in_still_comes_in(box: Box, page: Page, clock: FakeClock) -> None:
    clock.advance(60)
    kept_back = page.change(5, "A")
    clock.advance(1)
    box.db.write_now(force_hand_in, box, page.attempt, "phone on the desk", "account:i")
    clock.advance(1)
    page.send(kept_back, page.change(6, "A"))
    assert page.kept() == {5: "A"}
    assert box.db.read_now(due_for_marking, box) == []
    clock.advance(901)
    with pytest.raises(Refused):
        page.send(page.change(7, "A"))
    assert box.db.read_now(due_for_marking, box) == [page.attempt]


def test_nobody_writes_before_the_start(box: Box, world: World) -> None:
    early = Page(box, world, 0)
    early.rules()
    with pytest.raises(Refused) as refused:
        early.send(early.change(1, "A"))
    assert refused.value.code == "not_running"


def test_who_comes_late_loses_the_time(box: Box, world: World, page: Page, clock: FakeClock) -> None:
    clock.advance(600)
    late = Page(box, world, 1)
    late.rules()
    attempt = box.db.read_now(lambda s: s.get(Attempt, late.attempt))
    first = box.db.read_now(lambda s: s.get(Attempt, page.attempt))
    assert attempt is not None and first is not None
    assert attempt.deadline == first.deadline


def test_a_wrong_number_is_refused_and_kept_in_the_journal(box: Box, world: World) -> None:
    outcome = box.db.write_now(sign_in_at_seat, box, world.addresses[0], "0000", new_id())
    assert isinstance(outcome, Refused)
    kinds = box.db.read_now(lambda s: s.exec(select(Journal.kind)).all())
    assert "seat_sign_in.refused" in kinds


def test_wrong_tries_at_a_seat_are_few(box: Box, world: World, clock: FakeClock) -> None:
    def attempt(typed: str) -> str:
        outcome = box.db.write_now(sign_in_at_seat, box, world.addresses[0], typed, new_id())
        return outcome.code if isinstance(outcome, Refused) else "in"

    def flags() -> list[str]:
        return box.db.read_now(board, box, world.sitting).seats[0].flags

    right = world.last_four[0]
    assert [attempt("0000") for _ in range(5)] == ["wrong_last_four"] * 4 + ["sign_in_locked"]
    assert attempt(right) == "sign_in_locked" and "sign_in_locked" in flags()
    written = box.db.read_now(lambda s: len(s.exec(select(Journal.seq)).all()))
    assert attempt("0000") == "sign_in_locked"
    assert box.db.read_now(lambda s: len(s.exec(select(Journal.seq)).all())) == written, "no flood of entries"
    clock.advance(61)
    assert attempt("0000") == "sign_in_locked"
    clock.advance(61)
    assert attempt(right) == "sign_in_locked", "the wait has doubled"
    clock.advance(60)
    assert flags().count("sign_in_locked") == 0
    assert attempt(right) == "in" and attempt("0000") == "wrong_last_four"
    assert box.db.write_now(sign_in_at_seat, box, world.addresses[1], world.last_four[1], new_id())


@pytest.mark.parametrize("count", [200, 201])
def test_a_request_holds_at_most_200_changes_with_whole_times(page: Page, count: int) -> None:
    sent = {
        "attempt": page.attempt,
        "lease": 1,
        "answers": [
            {"n": n, "position": 1, "value": "A", "at": "2026-11-21T01:00:00Z"} for n in range(1, count + 1)
        ],
    }
    body = msgspec.json.encode(sent)
    if count == 200:
        assert len(msgspec.json.decode(body, type=Answers).answers) == 200
        with pytest.raises(msgspec.ValidationError):  # a time without its zone is no time
            msgspec.json.decode(body.replace(b"00Z", b"00"), type=Answers)
    else:
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(body, type=Answers)


def test_a_sign_of_life_counts_from_the_seats_own_address_only(box: Box, world: World) -> None:
    key = hash_token("a station's key")

    def give(session: Session) -> None:
        station = session.get(Station, world.seats[0]) or Station(seat=world.seats[0], key_hash=key)
        station.key_hash = key
        session.add(station)

    box.db.write_now(give)
    beat = Heartbeat(hostname="pc", uptime_s=1.0)
    with pytest.raises(Refused) as refused:
        box.db.write_now(take_heartbeat, box, key, world.addresses[1], beat)
    assert refused.value.code == "wrong_address"
    assert box.db.write_now(take_heartbeat, box, key, world.addresses[0], beat) == world.seats[0]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.long
def test_any_order_of_resends_ends_the_same(page: Page, data: st.DataObject) -> None:
    """However a page cuts, repeats and delays its queue, the box ends with the last value of each question."""
    start = page.n = page.box.db.read_now(standing, page.box, page.token).saved_n
    made = [
        page.change(data.draw(st.integers(1, 70)), data.draw(st.sampled_from(["A", "B", ""])))
        for _ in range(data.draw(st.integers(1, 25)))
    ]
    before = page.kept()
    acknowledged = start
    while acknowledged < made[-1].n:
        low = data.draw(st.integers(0, len(made) - 1))
        high = data.draw(st.integers(low + 1, len(made)))
        try:
            acknowledged = page.send(*made[low:high])
        except Stale as stale:
            assert stale.expected == acknowledged + 1
            acknowledged = page.send(*made[stale.expected - start - 1 :])
    expected = before | {change.position: change.value for change in made}
    assert page.kept() == {position: value for position, value in expected.items() if value}
    shown = page.box.db.read_now(standing, page.box, page.token)
    assert shown.saved_n == made[-1].n


def test_who_was_passed_over_begins_once_the_paper_is_there(box: Box, world: World) -> None:
    page = Page(box, world, 0)
    page.rules()
    mine = world.candidates[0]

    def hold(session: Session) -> bytes:
        session.get_one(Sitting, world.sitting).sealed = True
        now = box.now()
        about = {"id": "p", "sitting": world.sitting, "what": "papers", "file": "f", "papers": 3}
        session.add(SealedParcel(**about, not_before=now, received_at=now, opened_at=now))  # type: ignore[arg-type]
        paper = session.exec(select(Paper).where(Paper.candidate == mine)).one()
        opens, paper.opens = paper.opens, b""
        return opens

    opens = box.db.write_now(hold)
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    page.rules()
    assert box.db.read_now(standing, box, page.token).state == "ready"

    def bring(session: Session) -> None:
        session.exec(select(Paper).where(Paper.candidate == mine)).one().opens = opens
        begin_ready(session, box, session.get_one(Sitting, world.sitting), "account:x")

    box.db.write_now(bring)
    assert box.db.read_now(standing, box, page.token).state == "running"
