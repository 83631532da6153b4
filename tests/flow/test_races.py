"""Two processes at once: both databases, nobody admitted twice, no place, locker or case given twice."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from sqlmodel import Session, col, func, select, update

from appliance.base.errors import Conflict, NotFound, Refused
from appliance.base.ids import new_id
from appliance.flow import admit, decide_case
from appliance.flow.box import Box
from appliance.records.accounts import Account
from appliance.records.entry import Admission, Case, GateOrder
from appliance.records.site import Seat
from appliance.records.waiting import Ticket
from tests.flow.test_entry import Tapper, face, person, sitting, tap
from tests.world import number_of

__all__ = ["sitting", "tap"]


class Meeting:
    """Two writes of two processes that would meet just before they write, if the database let them."""

    def __init__(self, box: Box, patch: pytest.MonkeyPatch, *places: tuple[Any, str]) -> None:
        self._box = box
        self._barrier = threading.Barrier(2)
        for module, name in places:
            patch.setattr(module, name, self._after(getattr(module, name)))

    def _after(self, wrapped: Callable[..., Any]) -> Callable[..., Any]:
        def together(*args: Any, **kwargs: Any) -> Any:
            with contextlib.suppress(threading.BrokenBarrierError):
                self._barrier.wait(0.4)  # only one of them gets here
            return wrapped(*args, **kwargs)

        return together

    def both(self, *writes: tuple[Any, ...]) -> list[Any]:
        """What came of each: its answer, or its error."""
        boxes = [Box.open(self._box.settings, self._box.clock) for _ in writes]
        outcome: list[Any] = [None] * len(writes)

        def run(place: int) -> None:
            fn, *args = writes[place]
            try:
                outcome[place] = boxes[place].db.write_now(fn, boxes[place], *args)
            except Exception as error:
                outcome[place] = error

        for one in boxes:
            one.db.start()
        threads = [threading.Thread(target=run, args=(place,)) for place in range(len(writes))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for one in boxes:
            one.db.stop()
        return outcome


def card(box: Box, index: int) -> admit.TapFacts:
    return admit.TapFacts(
        tap=new_id(),
        lane="L1",
        kind="theory",
        happened_at=box.now(),
        name=f"考生{index}",
        number=number_of(index),
        face=face(),
    )


def counts(box: Box) -> list[int]:
    tables = (Admission, Ticket, GateOrder)
    return box.db.read_now(lambda s: [s.exec(select(func.count()).select_from(t)).one() for t in tables])


@pytest.mark.parametrize("turn", range(3))
def test_desk_and_gate_admit_the_same_person_at_once(
    box: Box, tap: Tapper, monkeypatch: pytest.MonkeyPatch, turn: int
) -> None:
    first = tap(0, face("face_review"))
    who = person(box, "desk", "entry")
    meeting = Meeting(box, monkeypatch, (admit, "grant"), (decide_case, "grant"))
    gate, desk = meeting.both(
        (admit.admit, card(box, 0)), (decide_case.decide_case, first.case, "admit", "seen", who)
    )
    assert (gate.result, gate.code) in {("admit", "admitted"), ("refuse", "already_inside")}
    if gate.result == "admit":
        assert isinstance(desk, Conflict) and desk.code == "case_superseded"
    else:
        assert isinstance(desk, Case) and desk.decision == "admit"
    assert counts(box) == [1, 1, 1]


@pytest.mark.parametrize("turn", range(3))
def test_desk_and_gate_want_the_last_place_for_two_people(
    box: Box, tap: Tapper, monkeypatch: pytest.MonkeyPatch, turn: int
) -> None:
    box.db.write_now(
        lambda s: s.exec(update(Seat).where(col(Seat.number) > 1).values(state="broken")) and None
    )
    first = tap(0, face("face_review"))
    who = person(box, "desk", "entry")
    meeting = Meeting(box, monkeypatch, (admit, "grant"), (decide_case, "grant"))
    gate, desk = meeting.both(
        (admit.admit, card(box, 1)), (decide_case.decide_case, first.case, "admit", "seen", who)
    )
    if gate.result == "admit":
        assert isinstance(desk, Refused) and desk.code == "sitting_full"
    else:
        assert gate.code == "sitting_full" and isinstance(desk, Case)
    assert counts(box) == [1, 1, 1]


def test_two_desks_give_one_locker(box: Box, tap: Tapper, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = msgspec.structs.replace(box.settings.entry, security_check=True)
    box.settings = msgspec.structs.replace(box.settings, entry=entry)
    cases = [tap(index, face("face_review")).case for index in range(2)]
    who = person(box, "desk", "entry")
    meeting = Meeting(box, monkeypatch, (decide_case, "grant"))
    found = meeting.both(*[(decide_case.decide_case, case, "admit", "seen", who, "", "A7") for case in cases])
    [taken] = [one for one in found if isinstance(one, Exception)]
    assert isinstance(taken, Conflict) and taken.code == "locker_taken"
    assert box.db.read_now(lambda s: s.exec(select(Admission.locker)).all()) == ["A7"]


def test_two_desks_decide_one_case(box: Box, tap: Tapper, monkeypatch: pytest.MonkeyPatch) -> None:
    case = tap(0, face("face_review")).case
    one, two = person(box, "one", "entry"), person(box, "two", "entry")
    meeting = Meeting(box, monkeypatch, (decide_case, "append"))
    found = meeting.both(
        (decide_case.decide_case, case, "admit", "seen", one),
        (decide_case.decide_case, case, "refuse", "somebody else", two),
    )
    [late] = [answer for answer in found if isinstance(answer, Exception)]
    assert isinstance(late, Conflict) and late.code == "case_decided"
    kept = box.db.read_now(lambda s: s.get_one(Case, case))
    first = next(answer for answer in found if isinstance(answer, Case))
    assert (kept.decision, kept.decided_by) == (first.decision, first.decided_by)
    assert counts(box)[0] == (1 if kept.decision == "admit" else 0)


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
