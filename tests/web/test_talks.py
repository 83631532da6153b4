"""Conversations without a browser: pieces in order, both recordings whole, a lost line, a killed process, who may."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlmodel import select

from appliance.base.clock import FakeClock
from appliance.base.errors import Conflict, Corrupt, Refused, Stale
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.seat_sign_in import sign_in_at_seat
from appliance.records.journal import Journal
from appliance.records.talk import Talk
from appliance.web.talks import JOIN, LONGEST, PIECE, SILENT, Live, Talks
from tests.world import World, seed

INVIGILATOR = Who(account="i1", login="i1", name="i1", role="invigilator")
OTHER = Who(account="i2", login="i2", name="i2", role="invigilator")


@pytest.fixture
def world(box: Box) -> World:
    world = box.db.write_now(seed, box, 2)
    for address, four in zip(world.addresses, world.last_four, strict=True):
        box.db.write_now(sign_in_at_seat, box, address, four, new_id())
    return world


def talks_of(box: Box) -> Talks:
    return Talks(box, lambda: False)


def rows(box: Box) -> list[Talk]:
    return box.db.read_now(lambda s: list(s.exec(select(Talk)).all()))


def journal(box: Box, kind: str) -> list[dict[str, Any]]:
    found = box.db.read_now(lambda s: s.exec(select(Journal.body).where(Journal.kind == kind)).all())
    return [msgspec.json.decode(one) for one in found]


async def test_both_sides_are_kept_whole_and_sealed(box: Box, world: World) -> None:
    talks = talks_of(box)
    talk = await talks.open(world.attempts[0], INVIGILATOR)
    assert talks.of(world.attempts[0]) == talk and talks.of(world.attempts[1]) == ""
    live = talks.find(talk)
    for n, piece in enumerate((b"one", b"two", b"three"), 1):
        talks.take(live, "room", n, piece)
    talks.take(live, "room", 3, b"three")  # its answer was lost: sent again
    talks.take(live, "seat", 1, b"yes")
    with pytest.raises(Stale) as stale:
        talks.take(live, "seat", 3, b"hole")
    assert stale.value.expected == 2
    for wrong in (b"", bytes(PIECE + 1)):
        with pytest.raises(Corrupt):
            talks.take(live, "seat", 2, wrong)
    lying = b"".join(path.read_bytes() for path in (box.settings.state / "talks").iterdir())
    assert b"three" not in lying, "what is said does not lie about in clear"
    await talks.close(live, INVIGILATOR.actor)
    [row] = rows(box)
    assert row.why == "hung_up" and row.closed_at and row.room_began_at and row.seat_began_at
    assert box.files.get(row.room_sound, secret=True) == b"onetwothree"
    assert box.files.get(row.seat_sound, secret=True) == b"yes"
    assert not list((box.settings.state / "talks").iterdir())
    [closed] = journal(box, "talk.closed")
    assert closed["room_sound"] == row.room_sound and closed["why"] == "hung_up"
    with pytest.raises(Refused) as over:
        talks.find(talk)
    assert over.value.code == "talk_over"


async def test_one_conversation_for_each_of_both(box: Box, world: World) -> None:
    talks = talks_of(box)
    live = talks.find(await talks.open(world.attempts[0], INVIGILATOR))
    for attempt, who, code in (
        (world.attempts[0], OTHER, "already_spoken_with"),
        (world.attempts[1], INVIGILATOR, "already_speaking"),
    ):
        with pytest.raises(Conflict) as refused:
            await talks.open(attempt, who)
        assert refused.value.code == code
    assert len(journal(box, "talk.opened")) == 1
    await talks.listen(live, "seat")
    with pytest.raises(Conflict) as twice:
        await talks.listen(live, "seat")
    assert twice.value.code == "already_listening"
    await talks.end()
    assert rows(box)[0].why == "box_stopped"


async def test_nobody_at_the_page_is_not_called(box: Box) -> None:
    world = box.db.write_now(seed, box, 1)
    with pytest.raises(Refused) as refused:
        await talks_of(box).open(world.attempts[0], INVIGILATOR)
    assert refused.value.code == "nobody_at_the_page" and not rows(box)


async def test_a_killed_process_leaves_its_recordings_to_the_next(box: Box, world: World) -> None:
    killed = talks_of(box)
    live = killed.find(await killed.open(world.attempts[0], INVIGILATOR))
    killed.take(live, "room", 1, b"hello ")
    killed.take(live, "room", 2, b"there")
    path = live.sides["room"].path
    path.write_bytes(path.read_bytes() + (500).to_bytes(4, "big") + b"half a pie")
    live.why = "killed"  # its tasks end without a word
    following = talks_of(box)
    following.begin()
    await following.end()
    [row] = rows(box)
    assert row.why == "box_stopped" and box.files.get(row.room_sound, secret=True) == b"hello there"
    assert row.seat_sound == ""


async def test_an_altered_piece_ends_the_recording_there_and_holds_nothing_up(box: Box, world: World) -> None:
    talks = talks_of(box)
    live = talks.find(await talks.open(world.attempts[0], INVIGILATOR))
    talks.take(live, "room", 1, b"sound ")
    talks.take(live, "room", 2, b"and more")
    path = live.sides["room"].path
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    await talks.close(live, INVIGILATOR.actor)
    assert box.files.get(rows(box)[0].room_sound, secret=True) == b"sound "


async def test_what_cannot_be_recorded_is_not_heard(
    box: Box, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    talks = talks_of(box)
    live = talks.find(await talks.open(world.attempts[0], INVIGILATOR))

    def full(_path: object, _sealed: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("appliance.web.talks.append", full)
    with pytest.raises(Refused) as refused:
        talks.take(live, "seat", 1, b"sound")
    assert refused.value.code == "not_recorded" and not live.sides["seat"].waiting
    await talks.end()
    assert rows(box)[0].why == "not_recorded"


class Line:
    """A conversation under a clock that is set by hand."""

    def __init__(self, box: Box, clock: FakeClock) -> None:
        self.clock = clock
        self.live = Live("t", "a", "account:i1", box.settings.state / "talks", box)

    def later(self, seconds: float, *speaking: str) -> str:
        """Time passes, those sides speak; why it is over then."""
        self.clock.advance(seconds)
        for side in speaking:
            self.live.sides[side].heard_at = self.clock.monotonic()
        return self.live.lost(self.clock.monotonic())


def test_why_a_line_is_lost(box: Box, clock: FakeClock) -> None:
    assert Line(box, clock).later(JOIN + 1, "room") == "not_answered"
    both = Line(box, clock)
    both.live.seat_token = "t"
    assert both.later(JOIN - 1, "room") == "", "the seat asks for its microphone"
    assert both.later(2, "room") == "line_lost_seat"
    assert both.later(0, "room", "seat") == ""
    assert both.later(SILENT + 1, "seat") == "line_lost_room"
    assert both.later(0, "room", "seat") == ""
    both.live.sides["room"].left_at = clock.monotonic()  # who listened to the room was the seat
    assert both.later(SILENT + 1, "room", "seat") == "line_lost_seat"
    only_listens = Line(box, clock)
    only_listens.live.seat_token, only_listens.live.microphone = "t", False
    assert only_listens.later(JOIN + 60, "room") == ""
    assert only_listens.later(LONGEST, "room") == "too_long"


async def test_the_ends_are_moments_of_the_box(box: Box, world: World, clock: FakeClock) -> None:
    talks = talks_of(box)
    live = talks.find(await talks.open(world.attempts[0], INVIGILATOR))
    clock.advance(7)
    await talks.close(live, INVIGILATOR.actor)
    [row] = rows(box)
    assert row.closed_at == row.opened_at + timedelta(seconds=7)
    assert journal(box, "talk.closed")[0]["seconds"] == 7.0
