"""Holds, orders to delete, and what exam-archive is told and tells."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlmodel import Session, col, select

from appliance.base.camera_settings import CameraSettings
from appliance.base.clock import FakeClock
from appliance.base.errors import Refused
from appliance.base.storage_settings import StorageSettings
from appliance.flow.acknowledge_findings import acknowledge_findings
from appliance.flow.box import Box
from appliance.flow.delete_recordings import order_deletion
from appliance.flow.hold_recordings import lift_hold, put_hold
from appliance.flow.keep_recordings import events_noted, keep_orders, note_events
from appliance.records.journal import Journal
from appliance.records.seating import SeatTaking
from appliance.records.sitting import Sitting
from appliance.wire.archive import Event
from tests.flow.test_entry import person
from tests.world import seed


def kinds(session: Session) -> list[str]:
    rows = session.exec(select(Journal.kind).where(col(Journal.kind).like("%")).order_by(col(Journal.seq)))
    return [kind for kind in rows if kind.startswith(("hold.", "storage."))]


async def refusal(box: Box, *call: object) -> str:
    with pytest.raises(Refused) as refused:
        await box.db.write(*call)  # type: ignore[arg-type]
    return refused.value.code


async def test_a_hold_is_put_and_lifted_by_two_people(box: Box) -> None:
    sitting = (await box.db.write(seed, box, 1)).sitting
    office, chief, inspector = (
        person(box, "o", "office"),
        person(box, "c", "chief"),
        person(box, "i", "inspector"),
    )
    before = (await box.db.read(keep_orders, box)).sittings[0]
    assert not before.hold
    assert before.keep_until == datetime(2029, 11, 21, 16, 0, tzinfo=UTC), (
        "three years, to the end of that day"
    )
    assert before.start < before.end - timedelta(hours=2)
    assert await refusal(box, put_hold, box, sitting, " ", office, "c", "h1") == "reason_missing"
    assert await refusal(box, put_hold, box, sitting, "appeal", office, "o", "h1") == "same_person"
    hold = await box.db.write(put_hold, box, sitting, "appeal", inspector, "o", "h1")
    assert (await box.db.write(put_hold, box, sitting, "appeal", inspector, "o", "h1")).id == hold.id, "once"
    assert await refusal(box, put_hold, box, sitting, "again", office, "c", "h2") == "held_already"
    assert (await box.db.read(keep_orders, box)).sittings[0].hold
    assert await refusal(box, lift_hold, box, "h1", "settled", inspector, "o") == "not_your_role"
    assert await refusal(box, lift_hold, box, "h1", "settled", office, "i") == "second_not_allowed"
    for _twice in range(2):
        await box.db.write(lift_hold, box, "h1", "settled", office, "c")
    assert not (await box.db.read(keep_orders, box)).sittings[0].hold
    await box.db.write(put_hold, box, sitting, "a second appeal", chief, "o", "h3")
    assert await box.db.read(kinds) == ["hold.put", "hold.lifted", "hold.put"]


async def test_deletion_is_ordered_by_two_people_or_by_the_setting(box: Box, clock: FakeClock) -> None:
    await box.db.write(seed, box, 1)
    office, _chief = person(box, "o", "office"), person(box, "c", "chief")
    assert (await box.db.read(keep_orders, box)).permit is None, "without an order nothing goes"
    await box.db.write(order_deletion, box, "past three years", office, "c", "d1")
    orders = await box.db.read(keep_orders, box)
    assert orders.permit is not None and orders.permit.who.count("account:") == 2
    assert orders.permit.before == orders.before == datetime(2023, 11, 20, 16, 0, tzinfo=UTC)
    assert all(one.keep_until > orders.permit.due for one in orders.sittings), "none is past its date"
    clock.advance(86400 * 30)
    later = await box.db.read(keep_orders, box)
    assert later.permit == orders.permit, "an order is for the day it was given"
    assert later.before == datetime(2023, 12, 20, 16, 0, tzinfo=UTC)
    box.settings = msgspec.structs.replace(box.settings, storage=StorageSettings(deletion="policy"))
    assert await refusal(box, order_deletion, box, "again", office, "c", "d2") == "deleted_by_policy"
    permit = (await box.db.read(keep_orders, box)).permit
    assert permit is not None and permit.who == "policy" and permit.before == later.before


async def test_events_stand_in_the_journal_once(box: Box) -> None:
    told = [
        Event(number=4, at=box.now(), kind="short", body={"sitting": "s1", "missing": 5}),
        Event(number=5, at=box.now(), kind="unheard_of", body={}),
        Event(
            number=6,
            at=box.now(),
            kind="finding",
            body={"place": "nas", "path": "C1/x", "code": "altered"},
        ),
    ]
    for _again in range(2):
        assert await box.db.write(note_events, box, "a1", told) == 6
    assert await box.db.read(events_noted, "a1") == 6
    assert await box.db.read(kinds) == ["storage.short", "storage.finding"]
    assert await box.db.read(events_noted, "a2") == 0, "a list made anew counts for itself"
    assert await box.db.write(note_events, box, "a2", told[:1]) == 4
    assert (await box.db.read(kinds))[2:] == ["storage.short"]


async def test_no_order_of_before_takes_what_was_on_hold_then(box: Box, clock: FakeClock) -> None:
    sitting = (await box.db.write(seed, box, 1)).sitting
    office, _chief = person(box, "o", "office"), person(box, "c", "chief")
    await box.db.write(order_deletion, box, "past three years", office, "c", "d1")
    await box.db.write(put_hold, box, sitting, "appeal", office, "c", "h1")
    one = (await box.db.read(keep_orders, box)).sittings[0]
    assert (one.hold, one.holds, one.lifted) == (True, ["h1"], [])
    clock.advance(60)
    await box.db.write(lift_hold, box, "h1", "settled", office, "c")
    one = (await box.db.read(keep_orders, box)).sittings[0]
    assert (one.hold, one.holds, one.lifted) == (True, [], ["h1"]), "lifted after that order was given"
    clock.advance(60)
    await box.db.write(order_deletion, box, "past three years", office, "c", "d2")
    assert not (await box.db.read(keep_orders, box)).sittings[0].hold
    box.settings = msgspec.structs.replace(box.settings, storage=StorageSettings(deletion="policy"))
    assert (await box.db.read(keep_orders, box)).sittings[0].hold, "a setting waits for a week"
    clock.advance(9 * 86400)
    assert not (await box.db.read(keep_orders, box)).sittings[0].hold


async def test_two_people_know_of_what_does_not_hold(box: Box) -> None:
    office, inspector = person(box, "o", "office"), person(box, "i", "inspector")
    entry = person(box, "e", "entry")
    said = (box, "nas", "", box.now() + timedelta(days=9), "old disk")
    assert await refusal(box, acknowledge_findings, *said, office, "o", "k1") == "same_person"
    assert await refusal(box, acknowledge_findings, *said, entry, "i", "k1") == "not_your_role"
    assert await refusal(box, order_deletion, box, "x", inspector, "o", "d1") == "not_your_role"
    for _twice in range(2):
        await box.db.write(acknowledge_findings, *said, inspector, "o", "k1")
    (known,) = (await box.db.read(keep_orders, box)).acknowledged
    assert (known.place, known.path, known.until) == ("nas", "", box.now()), "nothing of tomorrow"
    assert await box.db.read(kinds) == ["storage.acknowledged"]


async def test_a_sitting_nobody_ended_goes_on(box: Box, clock: FakeClock) -> None:
    found = await box.db.write(seed, box, 1)

    def start(session: Session) -> None:
        one = session.get(Sitting, found.sitting)
        assert one
        one.started_at = one.starts_at
        session.add(one)

    await box.db.write(start)
    clock.advance(2 * 86400)
    one = (await box.db.read(keep_orders, box)).sittings[0]
    assert one.end >= box.now()
    clock.advance(90 * 86400)
    assert (await box.db.read(keep_orders, box)).sittings[0].end < box.now() - timedelta(days=70)


async def test_a_sitting_has_what_its_cameras_record_and_whoever_sits_longest(box: Box) -> None:
    found = await box.db.write(seed, box, 1)
    before = (await box.db.read(keep_orders, box)).sittings[0]
    camera = CameraSettings(code="C1", name="C1", address="a", room="", before_min=90, after_min=45)
    box.settings = msgspec.structs.replace(box.settings, cameras=[camera])
    wider = (await box.db.read(keep_orders, box)).sittings[0]
    assert before.start - wider.start == timedelta(minutes=60) and wider.end - before.end == timedelta(
        minutes=15
    )
    late = wider.end + timedelta(hours=1)

    def seated(session: Session) -> None:
        one = session.exec(select(SeatTaking).where(SeatTaking.sitting == found.sitting)).one()
        one.released_at = late
        session.add(one)

    await box.db.write(seated)
    assert (await box.db.read(keep_orders, box)).sittings[0].end == late + timedelta(minutes=45)
