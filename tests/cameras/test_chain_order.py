"""What is chained now and says it is of long ago: a recording put into the past, or a clock that was set."""

import hashlib
from datetime import datetime, timedelta

import pytest

from appliance.base.clock import FakeClock
from cameras import integrity
from cameras.chain import GapLink, SegmentLink, chained, encode, link_line, read_line
from cameras.chain.order import BEHIND, Order
from cameras.clips.links import Links
from cameras.index import Index, micros
from cameras.index.rebuild import newest_end
from cameras.recorder.camera import CameraRecorder
from cameras.recorder.reconcile import reconcile
from tests.cameras.sealed_store import NOW, World
from tests.cameras.test_store import opened, put

MINUTE = 60_000_000
FIRST = 1000 * MINUTE


def minute(n: int, start: float, lasts: float = 1, cause: str = "", state: str = "closed") -> SegmentLink:
    """Minutes since the camera's first link."""
    begins = FIRST + round(start * MINUTE)
    return SegmentLink(
        camera="C1",
        n=n,
        id=str(n),
        run="r",
        path=f"C1/{n}",
        start=begins,
        end=begins + round(lasts * MINUTE),
        bytes=1,
        sha256="",
        state=state,  # type: ignore[arg-type]
        cause=cause,
    )


def gap(n: int, start: float, end: float, cause: str = "network") -> GapLink:
    times = {"start": FIRST + round(start * MINUTE), "end": FIRST + round(end * MINUTE)}
    return GapLink(camera="C1", n=n, id=str(n), cause=cause, detail="", **times)  # type: ignore[arg-type]


def told(*links: SegmentLink | GapLink) -> list[int]:
    order = Order(FIRST)
    return [
        late.n for link in (minute(1, 0), gap(2, 1, 300), minute(3, 300), *links) for late in order.see(link)
    ]


def test_what_the_chain_goes_on_after_as_if_nothing_had_been_is_told() -> None:
    assert told(minute(4, 100), minute(5, 301)) == [4]
    assert told(minute(4, 100), minute(5, 101), gap(6, 150, 151), minute(7, 301)) == [4, 5]
    assert told(minute(4, 100, state="recovered"), gap(5, 301, 400)) == [4]
    assert told(minute(4, 100)) == [], "nothing says yet that it was no clock"


@pytest.mark.parametrize("state", ["filled", "adopted", "missing"])
def test_what_says_that_it_came_later_is_none(state: str) -> None:
    assert told(minute(4, 100, state=state), minute(5, 301)) == []


def test_a_file_that_was_closed_late_is_none() -> None:
    behind = 301 - BEHIND / MINUTE
    assert told(minute(4, behind, state="recovered"), minute(5, 301)) == []


def test_a_clock_that_was_set_is_none() -> None:
    day = [minute(4 + k, 200 + k) for k in range(120)]
    assert told(*day) == [], "set back, and then time goes on"
    assert (
        told(gap(4, 301, 310), gap(5, 200, 210), minute(6, 210), gap(7, 211, 320, "clock"), minute(8, 320))
        == []
    )
    assert told(minute(4, 301, cause="clock"), minute(5, 100), gap(6, 303, 304), minute(7, 304)) == []
    year_2000 = -13_000_000
    assert (
        told(gap(4, year_2000, year_2000 + 1), minute(5, year_2000 + 1), gap(6, 301, 400), minute(7, 400))
        == []
    )


@pytest.mark.parametrize("clean", [True, False])
def test_a_clock_that_ran_ahead_and_was_set_right_while_the_box_was_off_is_none(
    world: World, clean: bool
) -> None:
    """Two hours are recorded by the right time, then the power goes: the gap begins where they end."""
    world.put(8 * 60)
    boots = [(60, 120, False), (24 * 60, 2, False), (48 * 60, 2, True)]
    if clean:  # the gap that was open at the stop begins in a time to come
        boots.insert(0, (8 * 60 + 2, 2, True))
    for begins, lasts, stops in boots:
        clock = FakeClock(NOW + timedelta(minutes=begins))
        reconcile(world.media, world.index, clock.now())
        recorder = CameraRecorder(
            world.settings.cameras[0], world.settings.recorder, world.index, str, clock=clock
        )
        recorder._begin()
        for _file in range(lasts):
            recorder._found(clock.now())
            put(world.index, world.media, clock.now() + timedelta(seconds=1), 59, run=f"r{begins}")
            clock.advance(60)
        if stops:
            recorder._copier._ended = clock.now().timestamp()
            recorder.finish()
    now = NOW + timedelta(minutes=48 * 60 + 2)
    found = world.verify(now).findings
    assert [one for one in found if one.code != "unsealed"] == []
    gaps = world.index.rows("SELECT start, end FROM gap WHERE n IS NOT NULL ORDER BY n DESC LIMIT 2")
    assert gaps[1] == (micros(NOW + timedelta(minutes=180)), micros(NOW + timedelta(minutes=24 * 60)))


def test_a_clock_set_back_between_stop_and_start_makes_no_row_a_foreign_one(world: World) -> None:
    """Stopped, set right, started, and killed within the first file: it is the recorder's own."""
    clocks = [FakeClock(NOW + timedelta(hours=8)), FakeClock(NOW + timedelta(hours=1))]
    for clock in clocks:
        recorder = CameraRecorder(
            world.settings.cameras[0], world.settings.recorder, world.index, str, clock=clock
        )
        recorder._begin()
        clock.advance(10)
        made = opened(f"{clock.now()}", f"C1/20261121/{clock.now():%H%M%S}.mp4", clock.now())
        world.index.open_segment(made)
        (world.media / made.path).write_bytes(b"x")
        recorder._found(clock.now())
        if clock is clocks[0]:
            clock.advance(60)
            world.index.close_segment(made.id, made.start, clock.now(), 1, "", "closed", "")
            recorder._copier._ended = clock.now().timestamp()
            recorder.finish()
    world.index.opened.clear()
    reconcile(world.media, world.index, clocks[1].now())
    assert world.index.rows("SELECT code, path FROM finding") == [("recovered", made.path)]
    gaps = world.index.rows("SELECT start, end FROM gap WHERE cause = 'stopped' ORDER BY n DESC LIMIT 1")
    assert gaps == [(micros(NOW + timedelta(hours=1)), micros(made.start))]


@pytest.mark.parametrize("cause", ["clock", ""])
def test_a_gap_that_ended_by_a_clock_ahead_makes_only_a_row_of_elsewhere_a_foreign_one(
    world: World, cause: str
) -> None:
    """Set right at once: killed in the first file after it. Otherwise the newest link says where recording was."""
    ahead = NOW + timedelta(hours=8)
    world.index.open_gap_row("g2", "C1", NOW + timedelta(minutes=7), "stopped", "")
    world.index.close_gap("g2", ahead)
    rows = [("new", ahead, cause), ("open", NOW + timedelta(hours=1), None)]
    for name, start, ends in rows:
        made = opened(name, f"C1/20261121/{name}.mp4", start)
        world.index.open_segment(made)
        (world.media / made.path).write_bytes(b"x")
        if ends is not None:
            world.index.close_segment(name, start, start + timedelta(minutes=1), 1, "", "closed", ends)
    reconcile(world.media, world.index, ahead)
    code = "recovered" if cause else "row_added"
    assert world.index.rows("SELECT code, path FROM finding") == [(code, "C1/20261121/open.mp4")]


def test_what_was_closed_late_moves_no_gap_back(world: World) -> None:
    end = NOW + timedelta(minutes=7)
    assert newest_end(world.index, "C1") == end
    for minute, state in ((4, "recovered"), (2, "adopted")):
        made = opened(state, f"C1/20261121/{state}.mp4", NOW + timedelta(minutes=minute), "r1")
        world.index.open_segment(made)
        over = made.start + timedelta(minutes=0.5)
        world.index.close_segment(made.id, made.start, over, 0, "", state, "")  # type: ignore[arg-type]
        assert newest_end(world.index, "C1") == end
    world.cut(world.links, -1)
    assert newest_end(world.index, "C1") == world.index.last_end("C1"), "the files know less than the rows"


def forge(world: World, start: datetime) -> SegmentLink:
    """A film of hours ago, chained as the recorder does, by somebody who has all but its key: into row and file."""
    path, body = f"C1/{start:%Y%m%d}/{start:%Y%m%dT%H%M%S.%f}Z.mp4", b"forged" * 1000
    (world.media / path).write_bytes(body)
    said, _, last = read_line(world.links.read_bytes().splitlines()[-1])
    made = SegmentLink(
        camera="C1",
        n=last.n + 1,
        id="forged",
        run="r1",
        path=path,
        start=micros(start),
        end=micros(start + timedelta(minutes=1)),
        bytes=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        state="closed",
        cause="",
    )
    with world.links.open("ab") as lines:
        lines.write(link_line(chained(said, encode(made)), encode(made)))
    return made


@pytest.mark.parametrize("beside", [True, False])
def test_a_recording_put_into_the_past_is_named(world: World, beside: bool) -> None:
    """Beside the running recorder, or while it is down: everything fits, and the next seal stands over it."""
    for number in (300, 301):
        world.put(number)
    made = forge(world, NOW + timedelta(minutes=3, seconds=30))
    if beside:
        said, _, _ = read_line(world.links.read_bytes().splitlines()[-1])
        names = ("id", "run", "camera", "path", "start", "end", "bytes", "sha256", "state", "cause", "n")
        values = [getattr(made, name) for name in names]
        marks = ", ".join("?" * len(values))
        sql = f"INSERT INTO segment({', '.join(names)}, chained) VALUES ({marks}, ?)"
        world.index.write(sql, *values, said)
        world.index.write("UPDATE chain SET n = ?, head = ?", made.n, said)
    else:
        world.index.close()
        world.index = world.sealer._index = Index(world.media)
        reconcile(world.media, world.index, NOW)
    for number in (302, 303):
        world.put(number)
    assert world.sealer.seal("C1", world.now)
    world.put(304)
    now = NOW + timedelta(minutes=310)
    for found in (world.verify(now), integrity.verify(world.media, 1, world.authority, now)):
        assert [(one.code, one.path) for one in found.findings] == [("backdated", made.path)]
    links = Links(world.media, world.index, world.authority)
    judged = {one.id: links.judged(one, "whole") for one in world.index.every()}
    assert judged.pop("forged") == "row_altered" and set(judged.values()) == {"whole"}
