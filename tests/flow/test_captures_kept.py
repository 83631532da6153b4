"""What a station's page kept of the candidate who sat there before."""

import msgspec
import pytest
from sqlmodel import select

from appliance.base.clock import FakeClock
from appliance.base.errors import Refused
from appliance.flow.box import Box
from appliance.flow.take_capture import note_dropped
from appliance.records.captures import Capture
from appliance.records.journal import Journal
from appliance.records.theory import Attempt, Lease
from appliance.wire.station import CapturesDropped
from tests.flow.test_answers import Page
from tests.flow.test_captures import page, send, world  # noqa: F401
from tests.world import World


def test_what_a_computer_kept_of_the_candidate_before_is_taken(
    box: Box,
    clock: FakeClock,
    world: World,  # noqa: F811
    page: Page,  # noqa: F811
) -> None:
    """Only of the same seat, and only of those before: under the next one's sign-in the journal names both."""

    def hand_over(session) -> None:  # type: ignore[no-untyped-def]
        first, second = (session.get_one(Attempt, one.attempt) for one in (page, other))
        lease = session.get_one(Lease, (second.id, other.lease))
        lease.seat = session.get_one(Lease, (first.id, page.lease)).seat
        session.add(lease)

    taken_at = box.now()
    clock.advance(60)
    other = Page(box, world, 1)
    with pytest.raises(Refused, match="another attempt"):
        send(box, other, attempt=page.attempt, lease=page.lease)
    box.db.write_now(hand_over)
    kept = send(box, other, attempt=page.attempt, lease=page.lease, at=taken_at)
    row = box.db.read_now(lambda s: s.get_one(Capture, kept))
    assert (row.attempt, row.lease, row.happened_at) == (page.attempt, page.lease, taken_at)
    entry = box.db.read_now(lambda s: s.exec(select(Journal).where(Journal.kind == "capture.taken")).one())
    assert msgspec.json.decode(entry.body)["sent_by"] == other.attempt
    with pytest.raises(Refused, match="another attempt"):
        send(box, page, attempt=other.attempt, lease=other.lease)


def test_pictures_that_could_not_be_kept_are_counted_once(
    box: Box,
    world: World,  # noqa: F811
    page: Page,  # noqa: F811
) -> None:
    other = Page(box, world, 1)

    def tell(by: Page, count: int) -> None:
        told = CapturesDropped(attempt=page.attempt, lease=page.lease, count=count)
        box.db.write_now(note_dropped, box, by.token, told)

    for count in (3, 3, 2, 5):
        tell(page, count)
    with pytest.raises(Refused, match="another attempt"):
        tell(other, 9)
    rows = select(Journal.body).where(Journal.kind == "captures.dropped")
    found = [msgspec.json.decode(one)["count"] for one in box.db.read_now(lambda s: list(s.exec(rows)))]
    assert found == [3, 5]
    assert box.db.read_now(lambda s: s.get_one(Lease, (page.attempt, page.lease))).captures_dropped == 5
