"""A computer that sends no picture is a case; one that was cut off, or whose exam stood still, is none."""

from collections.abc import Callable

from sqlmodel import Session

from appliance.base.clock import FakeClock
from appliance.flow.box import Box
from appliance.flow.missing_captures import missing_captures
from appliance.flow.pause import pause_sitting, resume_sitting
from appliance.flow.pauses import note_return
from appliance.records.site import Station
from tests.flow.test_answers import Page
from tests.flow.test_captures import cases, page, send, world
from tests.world import World

__all__ = ["page", "world"]


def hearing(box: Box, world: World) -> Callable[[Session], None]:
    def heard(session: Session) -> None:
        station = session.get_one(Station, world.seats[0])
        station.heartbeat_at = box.now()
        session.add(station)

    return heard


def test_a_computer_that_sends_no_picture_is_a_case_and_one_that_is_cut_off_is_not(
    box: Box, clock: FakeClock, world: World, page: Page
) -> None:
    begun, heard = box.now(), hearing(box, world)
    assert box.db.write_now(missing_captures, box, begun) == []
    clock.advance(240)
    send(box, page)
    clock.advance(470)
    box.db.write_now(heard)
    assert box.db.write_now(missing_captures, box, begun) == [], "one has come not long ago"
    clock.advance(60)
    assert box.db.write_now(missing_captures, box, begun) == [], "the box does not hear the computer"
    box.db.write_now(heard)
    assert box.db.write_now(missing_captures, box, begun) == [page.attempt]
    assert box.db.write_now(missing_captures, box, begun) == [], "once"
    (case,) = cases(box)
    assert (case.kind, case.seat, case.until) == ("camera_missing", world.seats[0], None)


def test_after_a_pause_or_an_outage_what_is_owed_counts_anew(
    box: Box, clock: FakeClock, world: World, page: Page
) -> None:
    begun, heard = box.now(), hearing(box, world)
    box.db.write_now(pause_sitting, box, world.sitting, "停电", "account:x")
    clock.advance(1200)
    box.db.write_now(resume_sitting, box, world.sitting, "account:x")
    box.db.write_now(heard)
    assert box.db.write_now(missing_captures, box, begun) == [], "the room stood still"
    clock.advance(600)
    box.db.write_now(heard)
    assert box.db.write_now(missing_captures, box, box.now()) == [], "the box was away"
    station = box.db.read_now(lambda s: s.get_one(Station, world.seats[0]))
    clock.advance(600)
    box.db.write_now(note_return, box, world.seats[0], station.heartbeat_at)
    box.db.write_now(heard)
    assert box.db.write_now(missing_captures, box, begun) == [], "the computer was away"
    clock.advance(600)
    box.db.write_now(heard)
    assert box.db.write_now(missing_captures, box, begun) == [page.attempt]
