"""Two processes at the same candidate at once: both databases, nobody admitted twice, nobody told "our mistake"."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, func, select

from appliance.base.errors import Conflict, NotFound, Refused
from appliance.flow import admit, decide_case
from appliance.flow.box import Box
from appliance.records.accounts import Account
from appliance.records.entry import Admission, Case, GateOrder
from appliance.records.site import Seat
from appliance.records.waiting import Ticket
from tests.flow.test_entry import Tapper, face, person, sitting, tap

__all__ = ["sitting", "tap"]


@pytest.mark.parametrize("turn", range(3))
def test_desk_and_gate_admit_the_same_person_at_once(
    box: Box, tap: Tapper, monkeypatch: pytest.MonkeyPatch, turn: int
) -> None:
    first = tap(0, face("face_review"))
    who = person(box, "desk", "entry")
    other = Box.open(box.settings, box.clock)
    other.db.start()
    meet = threading.Barrier(2)
    grant = admit.grant

    def together(*args: Any, **kwargs: Any) -> Admission:
        with contextlib.suppress(threading.BrokenBarrierError):
            meet.wait(0.4)  # on SQLite only one of them gets here
        return grant(*args, **kwargs)

    monkeypatch.setattr(admit, "grant", together)
    monkeypatch.setattr(decide_case, "grant", together)
    outcome: list[Any] = []

    def decide() -> None:
        try:
            outcome.append(
                other.db.write_now(decide_case.decide_case, other, first.case, "admit", "seen", who)
            )
        except Exception as error:
            outcome.append(error)

    desk = threading.Thread(target=decide)
    desk.start()
    gate = tap(0)
    desk.join()
    other.db.stop()
    assert (gate.result, gate.code) in {("admit", "admitted"), ("refuse", "already_inside")}
    if gate.result == "admit":
        assert isinstance(outcome[0], Refused) and outcome[0].code == "already_inside"
    else:
        assert isinstance(outcome[0], Case) and outcome[0].decision == "admit"
    counts = box.db.read_now(
        lambda s: [s.exec(select(func.count()).select_from(t)).one() for t in (Admission, Ticket, GateOrder)]
    )
    assert counts == [1, 1, 1]


def test_a_row_that_is_there_is_a_conflict_and_not_a_mistake(box: Box) -> None:
    person(box, "twin", "entry")

    def again(session: Session) -> None:
        session.add(
            Account(id="x", login="twin", name="x", role="entry", password_hash="", created_at=box.now())
        )

    def nowhere(session: Session) -> None:
        session.add(Seat(id="S", room="no-such-room", number=1, row=1, column=1))

    wrong: list[tuple[Callable[[Session], None], type[Exception]]] = [(again, Conflict), (nowhere, NotFound)]
    for write, kind in wrong:
        with pytest.raises(kind):
            box.db.write_now(write)
