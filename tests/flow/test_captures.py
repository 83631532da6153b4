"""Captures of a seat: asked for by the box alone, kept once, looked at in turn; findings are cases for a person."""

from datetime import timedelta

import msgspec
import pytest
from sqlmodel import Session, select

from appliance.base.clock import FakeClock
from appliance.base.errors import Refused
from appliance.base.ids import new_id
from appliance.base.settings import CaptureSettings, Settings, StationSettings
from appliance.flow.accounts import Who, add_account
from appliance.flow.attempt_view import standing
from appliance.flow.board import board
from appliance.flow.box import Box
from appliance.flow.dismiss_case import dismiss_case
from appliance.flow.forget_faces import forget_faces
from appliance.flow.look_at_capture import next_capture, note_studied, note_unusable, waiting
from appliance.flow.note_camera import MOST, note_camera
from appliance.flow.note_case import note_case
from appliance.flow.seat_watch import capture_picture, seat_watch, strips_of
from appliance.flow.start_sitting import start_sitting
from appliance.flow.take_capture import MOST_AWAY, may_capture, take_capture
from appliance.flow.verdict import LOOKED_AT_WITHIN, blockers, captures_waiting
from appliance.records.captures import Capture
from appliance.records.cases import ExamCase
from appliance.records.entry import Admission, Tap
from appliance.records.journal import Journal
from appliance.records.theory import Attempt
from appliance.web.station import shown
from appliance.wire.faceworker import Device, Likeness, Studied
from appliance.wire.station import CameraState
from appliance.wire.station import Capture as Sent
from tests.flow.test_answers import Page
from tests.world import World, seed

JPEG = b"\xff\xd8\xffpicture "


def settle(box: Box, **station: object) -> None:
    """Turn captures and the face check on for this box."""
    changed: Settings = msgspec.structs.replace(
        box.settings,
        captures=CaptureSettings(every=300),
        station=StationSettings(**station),  # type: ignore[arg-type]
    )
    box.settings = changed


def watched(box: Box) -> World:
    """Three candidates of a sitting whose seats have cameras."""
    settle(box)
    return box.db.write_now(seed, box, 3)


def begun(box: Box, world: World) -> Page:
    """The first of them works at the paper."""
    page = Page(box, world, 0)
    page.rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    return page


@pytest.fixture
def world(box: Box) -> World:
    return watched(box)


@pytest.fixture
def page(box: Box, world: World) -> Page:
    return begun(box, world)


def due(box: Box, page: Page) -> int:
    return box.db.read_now(standing, box, page.token).capture_due


def send(box: Box, page: Page, number: int = 0, purpose: str = "random", **more: object) -> str:
    values = {"id": new_id(), "attempt": page.attempt, "lease": page.lease, "at": box.now()} | more
    sent = Sent(number=number, purpose=purpose, **values)  # type: ignore[arg-type]
    name = box.files.put(JPEG + sent.id.encode(), secret=True)
    box.db.write_now(take_capture, box, page.token, sent, name)
    return sent.id


def seen(what: str, *distances: float, devices: int = 0) -> Studied:
    compared = [Likeness(kind="roster", distance=one) for one in distances]
    phones = [Device(name="cell phone", score=0.9, left=0, top=0, right=1, bottom=1)] * devices
    return Studied(
        engine="dlib",
        version="20",
        seen=what,  # type: ignore[arg-type]
        photos=1,
        compared=compared,
        devices=phones,
    )


def cases(box: Box) -> list[ExamCase]:
    return list(box.db.read_now(lambda s: s.exec(select(ExamCase).order_by(ExamCase.id)).all()))  # type: ignore[arg-type]


def kinds(box: Box, start: str) -> list[str]:
    rows = box.db.read_now(lambda s: s.exec(select(Journal.kind).order_by(Journal.seq)).all())  # type: ignore[arg-type]
    return [one for one in rows if one.startswith(start)]


def invigilator(box: Box, login: str) -> Who:
    found = box.db.write_now(add_account, box, login, login, "invigilator", "x", "process:test")
    account = found if isinstance(found, str) else found.id  # type: ignore[union-attr]
    return Who(account=account, login=login, name=login, role="invigilator")


def test_one_is_due_within_the_time_and_asked_for_until_it_is_there(
    box: Box, clock: FakeClock, page: Page
) -> None:
    assert due(box, page) == 0
    clock.advance(301)
    number = due(box, page)
    assert number >= 1 and due(box, page) == number
    first = send(box, page, number)
    assert due(box, page) == 0
    with pytest.raises(Refused, match="asked for"):
        send(box, page, number)
    with pytest.raises(Refused, match="asked for"):
        send(box, page, number + 50)
    sent = Sent(id=first, attempt=page.attempt, lease=page.lease, at=box.now(), number=number)
    assert not box.db.read_now(may_capture, box, page.token, sent), "a lost reply: it is here already"
    clock.advance(301)
    assert due(box, page) > number
    assert kinds(box, "capture.") == ["capture.taken"]


def test_a_capture_is_its_own_attempts_and_there_are_not_many(box: Box, world: World, page: Page) -> None:
    other = Page(box, world, 1)
    with pytest.raises(Refused, match="another attempt"):
        send(box, page, attempt=other.attempt)
    with pytest.raises(Refused, match="another attempt"):
        send(box, page, lease=page.lease + 1)
    with pytest.raises(Refused):
        send(box, other)  # its exam has not begun
    for _ in range(MOST_AWAY):
        send(box, page)
    with pytest.raises(Refused, match="Too many"):
        send(box, page)


def test_the_stations_time_stays_within_what_can_be(box: Box, page: Page) -> None:
    early = send(box, page, at=box.now() - timedelta(days=1))
    late = send(box, page, at=box.now() + timedelta(days=1))
    rows = box.db.read_now(lambda s: {one.id: one for one in s.exec(select(Capture)).all()})
    assert rows[early].happened_at == rows[late].happened_at == box.now()


def test_what_an_earlier_lease_kept_is_taken(box: Box, world: World, page: Page) -> None:
    again = Page(box, world, 0, seat=0)
    send(box, again, lease=page.lease)
    row = box.db.read_now(lambda s: s.exec(select(Capture)).one())
    assert row.lease == page.lease < again.lease


def test_findings_fold_into_one_open_case(box: Box, clock: FakeClock, page: Page) -> None:
    for what in ("nobody", "nobody", "face"):
        clock.advance(60)
        capture = send(box, page)
        distance = (0.8,) if what == "face" else ()
        box.db.write_now(note_studied, box, capture, seen(what, *distance))
        box.db.write_now(note_studied, box, capture, seen(what, *distance))  # a second time changes nothing
    absent, mismatch = sorted(cases(box), key=lambda one: one.kind)
    assert (absent.kind, mismatch.kind) == ("absent", "mismatch")
    assert msgspec.json.decode(absent.detail)["count"] == 2
    assert absent.until is not None and absent.until - absent.happened_at == timedelta(seconds=60)
    assert absent.picture and box.files.get(absent.picture, secret=True).startswith(JPEG)
    assert box.db.read_now(waiting) == 0
    who = invigilator(box, "jk")
    box.db.write_now(dismiss_case, box, absent.id, "捡笔", who)
    capture = send(box, page)
    box.db.write_now(note_studied, box, capture, seen("nobody", devices=1))
    found = [(one.kind, one.state) for one in cases(box)]
    assert sorted(found) == [
        ("absent", "dismissed"),
        ("absent", "open"),
        ("device", "open"),
        ("mismatch", "open"),
    ]
    assert kinds(box, "exam_case.") == [
        "exam_case.opened",
        "exam_case.repeated",
        "exam_case.opened",
        "exam_case.dismissed",
        "exam_case.opened",
        "exam_case.opened",
    ]


def test_all_of_a_kind_are_closed_in_one_act_and_each_in_the_journal(box: Box, page: Page) -> None:
    def noticed(session: Session) -> None:
        attempt = session.get_one(Attempt, page.attempt)
        for kind in ("page_left", "page_left", "focus_lost", "page_left"):
            note_case(session, box, attempt, kind, box.now(), "seat:x")

    box.db.write_now(noticed)
    one = next(one for one in cases(box) if one.kind == "page_left")
    for _ in range(2):
        box.db.write_now(dismiss_case, box, one.id, "考场停电", invigilator(box, new_id()), True)
    assert [one.kind for one in cases(box) if one.state == "open"] == ["focus_lost"]
    assert kinds(box, "exam_case.d") == ["exam_case.dismissed"] * 3


def test_a_doubtful_likeness_alone_is_no_case(box: Box, page: Page) -> None:
    capture = send(box, page)
    box.db.write_now(note_studied, box, capture, seen("face", 0.5, 0.9))
    row = box.db.read_now(lambda s: s.get_one(Capture, capture))
    assert (row.state, row.band, row.distance) == ("looked", "review", 0.5) and not cases(box)


def test_a_picture_nobody_can_look_at_is_a_case_too(box: Box, page: Page) -> None:
    capture = send(box, page)
    task = box.db.read_now(next_capture, box)
    assert task is not None and task.capture == capture
    box.db.write_now(note_unusable, box, capture, "file_altered")
    (case,) = cases(box)
    assert case.kind == "camera_missing" and box.db.read_now(next_capture, box) is None


def test_the_tile_shows_the_latest_moment_not_the_latest_arrival(
    box: Box, clock: FakeClock, page: Page
) -> None:
    begun = box.now()
    clock.advance(60)
    newest = send(box, page)
    send(box, page, at=begun)
    assert box.db.read_now(lambda s: s.get_one(Attempt, page.attempt)).face == newest


def test_a_picture_not_looked_at_holds_the_release_but_not_for_ever(
    box: Box, clock: FakeClock, world: World, page: Page
) -> None:
    day = box.today().isoformat()
    first, _ = send(box, page), send(box, page)
    assert "captures_waiting" in box.db.read_now(blockers, box, day)
    assert box.db.read_now(captures_waiting, box, [world.sitting]) == 2
    box.db.write_now(note_studied, box, first, seen("face"))
    assert box.db.read_now(captures_waiting, box, [world.sitting]) == 1
    clock.advance(LOOKED_AT_WITHIN.total_seconds())
    assert "captures_waiting" not in box.db.read_now(blockers, box, day)


def test_a_missing_camera_is_one_case_however_often_it_comes_and_goes(box: Box, page: Page) -> None:
    def told(*states: str) -> None:
        for state in states:
            box.db.write_now(note_camera, box, page.token, CameraState(state=state))  # type: ignore[arg-type]

    told("missing", "missing", "ok")
    (case,) = cases(box)
    assert case.until is not None
    told("refused", "refused")
    (case,) = cases(box)
    assert case.until is None and msgspec.json.decode(case.detail) == {"count": 2, "cause": "refused"}
    told(*("ok", "missing") * MOST)
    (case,) = cases(box)
    assert msgspec.json.decode(case.detail)["count"] == MOST
    assert len(kinds(box, "exam_case.")) == 2 * MOST
    box.db.write_now(dismiss_case, box, case.id, "已更换", invigilator(box, "jk"))
    told("ok", "missing")
    assert [one.state for one in cases(box)] == ["dismissed", "open"]


def by_choice(box: Box, world: World) -> None:
    def change(session) -> None:  # type: ignore[no-untyped-def]
        tap = Tap(
            id=new_id(),
            lane="L1",
            happened_at=box.now(),
            recorded_at=box.now(),
            card_kind="by_choice",
            result="review",
            code="x",
        )
        session.add(tap)
        session.flush()
        for admission in session.exec(select(Admission)).all():
            if admission.candidate == world.candidates[0]:
                admission.tap = tap.id
                session.add(admission)

    box.db.write_now(change)


def test_whoever_asked_for_people_is_compared_by_no_machine(box: Box, world: World, page: Page) -> None:
    by_choice(box, world)
    send(box, page)
    assert box.db.read_now(next_capture, box) is None
    row = box.db.read_now(lambda s: s.exec(select(Capture)).one())
    assert row.state == "by_people" and row.picture


def test_pictures_of_seats_go_when_their_time_is_over(box: Box, clock: FakeClock, page: Page) -> None:
    capture = send(box, page)
    box.db.write_now(note_studied, box, capture, seen("nobody"))
    name = cases(box)[0].picture
    clock.advance((box.settings.faces.keep_days - 1) * 86_400)
    assert forget_faces(box).count == 0 and box.files.get(name, secret=True)
    clock.advance(2 * 86_400)
    assert forget_faces(box).count == 2
    assert cases(box)[0].picture == "" and kinds(box, "face_pictures.") == ["face_pictures.deleted"] * 2


def test_the_moments_cannot_be_read_off_the_page(box: Box, page: Page) -> None:
    """All a page is told: how long at most, and that one is due now."""
    told = msgspec.to_builtins(shown(box, box.db.read_now(standing, box, page.token)))
    about = {key: value for key, value in told.items() if "capture" in key}
    assert about == {"captures": 300.0, "capture_due": 0}


def test_what_stands_beside_the_seat_and_what_the_inspector_sees(
    box: Box, clock: FakeClock, world: World, page: Page
) -> None:
    first = send(box, page)
    box.db.write_now(note_studied, box, first, seen("nobody", devices=1))
    clock.advance(60)
    last = send(box, page)
    box.db.write_now(note_studied, box, last, seen("nobody"))
    watch = box.db.read_now(seat_watch, box, page.attempt)
    assert [(one.kind, one.count, one.devices) for one in watch.cases] == [
        ("absent", 2, []),
        ("device", 1, ["cell phone"]),
    ]
    assert [one.id for one in watch.shots] == [first, last] and not watch.check
    ((_, strip),) = box.db.read_now(strips_of, world.candidates[0])
    assert [(one.found, one.away) for one in strip] == [(["absent", "device"], True), (["absent"], True)]
    name, candidate, attempt = box.db.read_now(capture_picture, first)
    assert box.files.get(name, secret=True).startswith(JPEG)
    assert (candidate, attempt) == (world.candidates[0], page.attempt)
    tile = next(one for one in box.db.read_now(board, box, world.sitting).seats if one.face)
    assert tile.face == last and tile.attempt == page.attempt
