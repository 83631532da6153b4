"""The face check at the seat: the machine admits, people decide; whoever chose people is looked at by people."""

from collections.abc import Callable

import pytest
from sqlmodel import Session, select

from appliance.base.errors import Refused
from appliance.flow.attempt_view import standing
from appliance.flow.box import Box
from appliance.flow.item_reading import item_reading
from appliance.flow.look_at_capture import next_capture, note_studied
from appliance.flow.note_camera import note_camera
from appliance.flow.seat_check import ask_again, decide_check
from appliance.flow.start_sitting import start_sitting
from appliance.records.accounts import Account
from appliance.records.captures import SeatCheck
from appliance.records.roster import RosterRow
from appliance.wire.station import CameraState
from tests.flow.test_answers import Page
from tests.flow.test_captures import begun, by_choice, cases, invigilator, seen, send, settle, watched
from tests.world import World


@pytest.fixture
def world(box: Box) -> World:
    return watched(box)


@pytest.fixture
def page(box: Box, world: World) -> Page:
    return begun(box, world)


@pytest.fixture
def checked(box: Box, world: World) -> Callable[[], Page]:
    settle(box, face_check=True)
    return lambda: Page(box, world, 0)


def state(box: Box, page: Page) -> str:
    return box.db.read_now(standing, box, page.token).face_check


def test_the_face_check_comes_before_the_pledge(box: Box, checked: Callable[[], Page]) -> None:
    page = checked()
    assert state(box, page) == "due"
    with pytest.raises(Refused, match="comes first"):
        page.rules()
    capture = send(box, page, purpose="seat_check")
    assert state(box, page) == "looking"
    box.db.write_now(note_studied, box, capture, seen("face", 0.3))
    assert state(box, page) == "" and not cases(box)
    page.rules()
    again = checked()
    assert state(box, again) == "due", "another sign-in, another check"
    assert state(box, page) == ""


def test_who_waits_for_the_check_is_looked_at_first(box: Box, world: World, page: Page) -> None:
    settle(box, face_check=True)
    send(box, page)
    other = Page(box, world, 1)
    wanted = send(box, other, purpose="seat_check")
    task = box.db.read_now(next_capture, box)
    assert task is not None and task.capture == wanted


def test_a_mismatch_waits_for_two_people(box: Box, checked: Callable[[], Page]) -> None:
    page = checked()
    for _ in range(3):
        assert state(box, page) == "due"
        capture = send(box, page, purpose="seat_check")
        box.db.write_now(note_studied, box, capture, seen("face", 0.9))
    assert state(box, page) == "hand"
    (case,) = cases(box)
    assert case.kind == "seat_face" and case.picture
    first, second = invigilator(box, "jk1"), invigilator(box, "jk2")
    box.db.write_now(lambda s: _own_passwords(s))
    with pytest.raises(Refused):
        box.db.write_now(decide_check, box, page.attempt, "admit", "已核对", first)
    with pytest.raises(Refused):
        box.db.write_now(decide_check, box, page.attempt, "admit", "已核对", first, "jk1")
    row = box.db.write_now(decide_check, box, page.attempt, "admit", "已核对证件", first, "jk2")
    assert row.state == "passed" and row.second_by == second.account
    assert state(box, page) == "" and cases(box)[0].state == "dismissed"
    page.rules()


def _own_passwords(session) -> None:  # type: ignore[no-untyped-def]
    for account in session.exec(select(Account)).all():
        account.must_change = False
        session.add(account)


def test_without_a_camera_the_invigilator_looks(box: Box, checked: Callable[[], Page]) -> None:
    page = checked()
    box.db.write_now(note_camera, box, page.token, CameraState(state="missing"))
    assert state(box, page) == "hand"
    who = invigilator(box, "jk")
    with pytest.raises(Refused, match="reason"):
        box.db.write_now(decide_check, box, page.attempt, "admit", " ", who)
    box.db.write_now(decide_check, box, page.attempt, "again", "", who)
    assert state(box, page) == "due"
    send(box, page, purpose="seat_check")
    box.db.write_now(decide_check, box, page.attempt, "admit", "本人", who)
    assert state(box, page) == "", "a person may decide while the machine still looks"


def test_one_more_picture_leaves_no_case_behind(box: Box, checked: Callable[[], Page]) -> None:
    page = checked()
    who = invigilator(box, "jk")
    for _ in range(2):
        box.db.write_now(note_camera, box, page.token, CameraState(state="missing"))
        box.db.write_now(decide_check, box, page.attempt, "again", "", who)
    faces = [one for one in cases(box) if one.kind == "seat_face"]
    assert [one.state for one in faces] == ["open"], "handed over once more: the same case"
    capture = send(box, page, purpose="seat_check")
    box.db.write_now(note_studied, box, capture, seen("face", 0.3))
    faces = [one for one in cases(box) if one.kind == "seat_face"]
    assert state(box, page) == "" and [one.state for one in faces] == ["dismissed"]


def test_the_manual_way_stays_the_manual_way(box: Box, world: World, checked: Callable[[], Page]) -> None:
    by_choice(box, world)
    page = checked()
    send(box, page, purpose="seat_check")
    assert state(box, page) == "hand" and box.db.read_now(next_capture, box) is None


def test_a_started_page_is_checked_once_more_while_the_exam_runs(
    box: Box, world: World, checked: Callable[[], Page]
) -> None:
    page = checked()
    capture = send(box, page, purpose="seat_check")
    box.db.write_now(note_studied, box, capture, seen("face", 0.3))
    box.db.write_now(ask_again, box, page.token)
    assert state(box, page) == "", "not before the exam runs"
    page.rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    box.db.write_now(ask_again, box, page.token)
    box.db.write_now(ask_again, box, page.token)
    assert state(box, page) == "due"
    assert page.send(page.change(1, "A")) == 1, "answers are taken all the same"
    rows = box.db.read_now(lambda s: s.exec(select(SeatCheck)).all())
    assert sorted(one.state for one in rows) == ["due", "passed"]
    settle(box, face_check=True, face_check_again=False)
    other = checked()
    assert state(box, other) == "", "once in an exam, where the site wants it so"


def test_a_superseded_seat_gets_no_key_it_was_not_cleared_for(
    box: Box, world: World, checked: Callable[[], Page]
) -> None:
    def key(page: Page) -> bytes:
        return box.db.read_now(standing, box, page.token).key

    def approve(session: Session) -> None:
        row = session.exec(select(RosterRow).where(RosterRow.candidate == world.candidates[0])).one()
        row.help = "voice"
        session.add(row)

    box.db.write_now(approve)
    passed = checked()
    box.db.write_now(note_studied, box, send(box, passed, purpose="seat_check"), seen("face", 0.3))
    passed.rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    opens = key(passed)
    assert opens
    unchecked = checked()
    newest = checked()
    assert (key(passed), key(unchecked), key(newest)) == (opens, b"", b"")
    for page in (unchecked, newest):
        with pytest.raises(Refused, match="face_check_first"):
            box.db.read_now(item_reading, box, page.token, 1, "zh")
    box.db.write_now(note_studied, box, send(box, newest, purpose="seat_check"), seen("face", 0.3))
    assert (key(unchecked), key(newest)) == (b"", opens)
    assert box.db.read_now(item_reading, box, newest.token, 1, "zh").stem
