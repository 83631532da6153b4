"""Edges of the flow and of a lane, on both databases: late, odd or meanwhile."""

import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlmodel import Session, select

from appliance.base.clock import FakeClock
from appliance.base.errors import Corrupt, Refused
from appliance.devices.cardreader.port import TapFailed
from appliance.faces import chip_photo
from appliance.flow import accounts, inspect
from appliance.flow.box import Box
from appliance.flow.hand_in import close_due
from appliance.flow.inspect import verify_journal
from appliance.flow.mark import due_for_marking, mark_theory
from appliance.flow.record_unread import record_unread
from appliance.flow.score import LossForm, SheetForm, _losses
from appliance.flow.seal_journal import seal_journal
from appliance.flow.start_sitting import start_sitting
from appliance.flow.today import day_bounds
from appliance.lane import UNDECIDED, Lane
from appliance.records.entry import Tap
from appliance.records.journal import JournalHead, append
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.records.verdict import Verdict
from tests.flow.test_answers import Page
from tests.world import World, seed


class _Signer:
    name = "test"

    def sign(self, _body: bytes) -> bytes:
        return b"s" * 64


def _entry(session: Session, box: Box) -> None:
    append(session, "sign_out.done", "a", "account:a", {}, at=box.now())


def test_a_journal_that_grows_while_it_is_verified_holds(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.db.write_now(_entry, box)
    box.db.write_now(seal_journal, box, _Signer())
    box.db.write_now(_entry, box)
    before = box.db.read_now(verify_with_growth(monkeypatch, box), box)
    assert before.ok and before.sealed_until > 0


def verify_with_growth(monkeypatch: pytest.MonkeyPatch, box: Box) -> Any:
    def grow(*_given: object) -> bool:
        for _ in range(3):
            box.db.write_now(_entry, box)
        return True

    monkeypatch.setattr(inspect, "verify", grow)
    return verify_journal


@pytest.mark.parametrize("back", [1, -1])
def test_a_head_that_does_not_fit_its_journal_is_seen(box: Box, back: int) -> None:
    for _ in range(3):
        box.db.write_now(_entry, box)
    assert box.db.read_now(verify_journal, box).ok

    def move(session: Session) -> None:
        head = session.get_one(JournalHead, 1)
        head.seq -= back
        session.add(head)

    box.db.write_now(move)
    assert not box.db.read_now(verify_journal, box).ok


def test_a_paper_marked_the_next_day_counts_for_the_day_of_the_exam(box: Box, clock: FakeClock) -> None:
    world: World = box.db.write_now(seed, box, 1)
    page = Page(box, world, 0)
    page.rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    day = box.today().isoformat()
    clock.advance(timedelta(days=1).total_seconds())
    box.db.write_now(close_due, box)
    clock.advance(901)
    for attempt in box.db.read_now(due_for_marking, box):
        box.db.write_now(mark_theory, box, attempt)
    assert box.db.read_now(lambda s: s.exec(select(Verdict.day)).all()) == [day]


def test_nobody_begins_without_a_paper(box: Box) -> None:
    world: World = box.db.write_now(seed, box, 1, 7200, False)

    def run(session: Session) -> None:
        sitting = session.get_one(Sitting, world.sitting)
        sitting.state, sitting.started_at = "running", box.now()
        sitting.ends_at = box.now() + timedelta(hours=2)
        session.add(sitting)

    box.db.write_now(run)
    page = Page(box, world, 0)
    with pytest.raises(Refused) as refused:
        page.rules()
    assert refused.value.code == "paper_missing"
    assert box.db.read_now(lambda s: s.exec(select(Attempt.state)).one()) == "seated"


def test_what_is_no_day_is_refused(box: Box) -> None:
    with pytest.raises(Corrupt):
        day_bounds(box, "yesterday")


@pytest.mark.parametrize("points", ["NaN", "sNaN", "Infinity", "x"])
def test_points_that_are_no_number_are_refused(points: str) -> None:
    form = SheetForm(
        id="f",
        attempt="a",
        subject="K1",
        task="K11",
        losses=[LossForm(item="i", deduction="d", points=points)],
    )
    with pytest.raises(Corrupt):
        _losses(form)


async def test_a_password_is_checked_beside_the_event_loop(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    def check(_hashed: str, _password: str) -> bool:
        threads.append(threading.current_thread())
        return False

    monkeypatch.setattr(accounts, "check_password", check)
    with pytest.raises(Refused):
        await accounts.sign_in(box, "nobody", "x", "127.0.0.1")
    assert threads and threads[0] is not threading.current_thread()


async def test_a_card_that_cannot_be_decided_does_not_shut_the_lane(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    taps = [
        TapFailed(tap_id=f"tap{number}", at=box.now(), code="bad_checksum", sam_id="", sentence="")
        for number in range(2)
    ]

    class Reader:
        async def events(self) -> AsyncIterator[TapFailed]:
            for tap in taps:
                yield tap

    def decide(session: Session, given: Box, tap: str, *rest: Any) -> None:
        if tap == "tap0":
            raise ZeroDivisionError("a bug")
        record_unread(session, given, tap, *rest)

    monkeypatch.setattr("appliance.lane.record_unread", decide)
    nothing: Any = None
    lane = Lane(box, box.settings.lanes[0], Reader(), nothing, SimpleNamespace())  # type: ignore[arg-type]
    await lane.read_cards()
    assert lane.state.messages == {}, "the next card was decided"
    del taps[1]
    await lane.read_cards()
    assert lane.state.messages == {"card": UNDECIDED}
    assert box.db.read_now(lambda s: s.exec(select(Tap.id)).all()) == ["tap1"]


def test_a_decoder_that_fails_is_told_once_and_its_end_once(caplog: pytest.LogCaptureFixture) -> None:
    decoder = chip_photo.Outage("L1")
    for cause in ("", "no_photo", "decoder_failed", "no_photo", "decoder_failed", "", ""):
        decoder.tell(cause)
    told = [record.getMessage() for record in caplog.records]
    assert told == ["lane L1: photos on chips: decoder_failed", "lane L1: photos on chips: decoded again"]
