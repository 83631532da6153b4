"""Codes of screens from the journal: the same for whoever computes them later, and told when they are not seen."""

from datetime import timedelta

import msgspec
import pytest
from sqlmodel import Session, col, select

from appliance.base.clock import FakeClock
from appliance.base.errors import NotFound, Unavailable
from appliance.base.settings import CameraSettings
from appliance.base.sockets import serve
from appliance.flow import screen_codes
from appliance.flow.box import Box
from appliance.flow.screen_codes import (
    Look,
    code_now,
    codes_between,
    exam_is_near,
    head_before,
    judge_looks,
    note_screen_code,
)
from appliance.records.journal import Journal, append
from appliance.rules.screen_code import GRACE, begins, minute_of, number
from appliance.web.screen_watch import ScreenWatch
from appliance.wire.recorder import AlarmsKept, GetPictures, Pictures, PictureStatus, TellAlarms
from tests.world import seed

MINUTE = timedelta(minutes=1)


@pytest.fixture
def watched(box: Box) -> Box:
    cameras = [
        CameraSettings(code="C1", name="候考室", address="192.0.2.1:80", screen="waiting"),
        CameraSettings(code="C2", name="考场", address="192.0.2.2:80", screen="T1"),
    ]
    box.settings = msgspec.structs.replace(box.settings, cameras=cameras)
    return box


def entry(session: Session, box: Box) -> None:
    append(session, "clock.set", "999999-01", "process:gate", {"seconds": 0}, at=box.now())


def test_a_code_is_made_from_the_head_before_its_minute(watched: Box, clock: FakeClock) -> None:
    box = watched
    for _entry in range(5):
        clock.advance(37)
        box.db.write_now(entry, box)
    clock.advance((begins(minute_of(box.now()) + 1) + GRACE - box.now()).total_seconds())
    shown = box.db.read_now(code_now, box, "waiting")
    head = box.db.read_now(
        lambda session: session.exec(select(Journal).order_by(col(Journal.seq).desc())).first()
    )
    assert head is not None
    assert shown.minute == minute_of(box.now()) and shown.seq == head.seq
    assert shown.number == number("waiting", shown.minute, head.seq, head.hash)
    assert box.db.read_now(code_now, box, "T1").number != shown.number

    box.db.write_now(entry, box)
    clock.advance(50)
    assert box.db.read_now(code_now, box, "waiting") == shown, "what comes within the minute changes nothing"
    clock.advance(9)
    assert box.db.read_now(code_now, box, "waiting") == shown, (
        "the next one is shown when its head is settled"
    )
    clock.advance(2)
    later = box.db.read_now(code_now, box, "waiting")
    assert (later.minute, later.seq) == (shown.minute + 1, shown.seq + 1)
    again = box.db.read_now(codes_between, ["waiting"], shown.minute, later.minute)
    assert again == [shown, later], "anybody computes the same from the journal later"
    assert box.db.read_now(head_before, begins(0)) == (0, "0" * 64)
    with pytest.raises(NotFound):
        box.db.read_now(code_now, box, "T2")


def test_looks_are_judged_and_told_once(watched: Box, clock: FakeClock) -> None:
    box = watched
    clock.advance(3600)
    box.db.write_now(entry, box)
    now = minute_of(box.now())
    first, here, there, old = (
        box.db.read_now(codes_between, [name], minute, minute)[0].number
        for name, minute in (("waiting", now), ("waiting", now - 1), ("T1", now), ("waiting", now - 45))
    )
    looks = [
        Look(camera="C1", screen="waiting", at=box.now(), numbers=[] if one is None else [one])
        for one in (first, here, there, old, 1, None)
    ]
    judged = box.db.read_now(judge_looks, box, looks)
    assert [one.verdict for one in judged] == ["ok", "ok", "other", "late", "unknown", "missing"]
    assert judged[2].shown and judged[2].shown.screen == "T1"
    assert judged[3].shown and judged[3].shown.minute == now - 45

    two = Look(camera="C1", screen="waiting", at=box.now(), numbers=[there, first])
    assert [one.verdict for one in box.db.read_now(judge_looks, box, [two])] == ["ok"]
    assert two.number == first, "another screen in view makes the right one no worse"

    for number_of_look in (0, 3, 3, 5, 1, 0):
        box.db.write_now(note_screen_code, box, looks[number_of_look], judged[number_of_look])
    told = box.db.read_now(
        lambda session: session.exec(
            select(Journal).where(Journal.subject == "C1").order_by(col(Journal.seq))
        ).all()
    )
    assert [one.kind for one in told] == ["screen_code.lost", "screen_code.lost", "screen_code.back"]
    body = msgspec.json.decode(told[0].body)
    assert (
        body["code"] == "late" and body["of"] == begins(now - 45).isoformat() and body["screen"] == "waiting"
    )


def test_a_clock_set_back_leaves_screen_and_judge_of_one_mind(watched: Box, clock: FakeClock) -> None:
    box = watched
    for _entry in range(
        90
    ):  # before the step, and as many entries as it takes to lead a search by halves astray
        clock.advance(40)
        box.db.write_now(entry, box)
    before = box.now()
    shown_before = box.db.read_now(code_now, box, "waiting")
    clock.advance(-1800)
    for _entry in range(3):
        clock.advance(61)
        box.db.write_now(entry, box)
        shown = box.db.read_now(code_now, box, "waiting")
        look = Look(camera="C1", screen="waiting", at=box.now(), numbers=[shown.number])
        assert [one.verdict for one in box.db.read_now(judge_looks, box, [look])] == ["ok"]
    seen_live = look
    for _entry in range(200):
        clock.advance(40)
        box.db.write_now(entry, box)
    assert box.now() - before > timedelta(hours=1)
    looks = [seen_live, Look(camera="C1", screen="waiting", at=before, numbers=[shown_before.number])]
    for recent in (20_000, 5):  # however far back: a minute that came twice had two codes, and both are ours
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("appliance.flow.screen_codes.RECENT", recent)
            assert [one.verdict for one in box.db.read_now(judge_looks, box, looks)] == ["ok", "ok"]


def test_an_old_code_is_looked_for_in_few_steps(watched: Box, clock: FakeClock) -> None:
    box = watched
    for _entry in range(120):
        clock.advance(90)
        box.db.write_now(entry, box)
    asked: list[int] = []
    whole = screen_codes._recorded_before

    def counted(session: Session, seq: int, stamp: str) -> str:
        asked.append(seq)
        return whole(session, seq, stamp)

    now = minute_of(box.now())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(screen_codes, "_recorded_before", counted)
        for recent in (20_000, 60):
            patched.setattr(screen_codes, "RECENT", recent)
            earlier = box.db.read_now(screen_codes._earlier_codes, ["waiting"], now - 170, now)
            assert sorted(earlier, key=lambda one: one.minute) == box.db.read_now(
                codes_between, ["waiting"], now - 170, now
            )
            assert bool(asked) == (recent == 60), "the newest are read once"


async def test_nothing_stands_as_right_when_nobody_looks(watched: Box, clock: FakeClock) -> None:
    box = watched
    await box.db.write(seed, box, 1)
    shown = await box.db.read(code_now, box, "waiting")
    clock.advance((begins(shown.minute) + timedelta(seconds=20) - box.now()).total_seconds())
    pictures = Pictures(
        cameras=[PictureStatus(camera="C1", at=box.now(), faults=[], screen_numbers=[shown.number])]
    )

    async def looks(_asked: GetPictures) -> Pictures:
        return pictures

    watch = ScreenWatch(box)
    server = await serve(box.settings.socket("clips"), {GetPictures: looks})
    await watch.look()
    assert watch.states == {"C1": "ok"}
    clock.advance(200)
    await watch.look()
    assert watch.states == {}, "the same picture for minutes"
    pictures.cameras[0] = msgspec.structs.replace(
        pictures.cameras[0],
        at=box.now(),
        screen_numbers=[(await box.db.read(code_now, box, "waiting")).number],
    )
    await watch.look()
    assert watch.states == {"C1": "ok"}
    server.close()
    box.settings.socket("clips").unlink(missing_ok=True)
    with pytest.raises(Unavailable):
        await watch.look()
    assert watch.states == {}


async def test_what_the_recorder_could_not_keep_it_is_told_again(watched: Box) -> None:
    kept, told = [False, True], []

    async def keep(one: TellAlarms) -> AlarmsKept:
        told.append(one.kinds)
        return AlarmsKept(kept.pop(0))

    server = await serve(watched.settings.socket("recorder"), {TellAlarms: keep})
    watch = ScreenWatch(watched)
    for _look in range(3):
        await watch._tell({"C1": True})
    assert told == [["code"], ["code"]]
    server.close()


def test_screens_are_looked_at_while_an_exam_is_near(watched: Box, clock: FakeClock) -> None:
    box = watched
    assert not box.db.read_now(exam_is_near, box)
    box.db.write_now(seed, box, 1)
    assert box.db.read_now(exam_is_near, box)
