"""Signed rosters and confirmations from the province, results on their way back."""

import threading
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from sqlmodel import select

from appliance.base.ids import new_id
from appliance.flow.box import Box
from appliance.records import roster as tables
from appliance.records.journal import Journal, append
from appliance.records.site import Room
from appliance.records.sitting import Sitting
from appliance.records.sync import Received
from appliance.records.verdict import Release, Verdict
from sync.messages import ConfirmedRow, ConfirmRows, Roster, RosterPerson, RosterSitting
from sync.rounds import Rounds
from tests.sync.conftest import SITE, FarEnd
from tests.world import number_of

STARTS = datetime(2026, 11, 21, 1, tzinfo=UTC)
JPEG = b"\xff\xd8\xff not a real picture"


def roster(site: str = SITE, room: str = "T1") -> Roster:
    return Roster(
        id=new_id(),
        site=site,
        issued_at=STARTS,
        sittings=[
            RosterSitting(
                code="A",
                subject="theory",
                trade="low_voltage",
                room=room,
                starts_at=STARTS,
                duration_s=7200,
            )
        ],
        rows=[
            RosterPerson(name="张三", number=number_of(1).lower(), photo=JPEG, provincial={"ZYLB": "低压"}),
            RosterPerson(name="李四", number=number_of(2), kind="review", ticket_number="2026-2"),
        ],
    )


def rows(box: Box, table: Any) -> list[Any]:
    return list(box.db.read_now(lambda session: session.exec(select(table)).all()))


def kinds(box: Box) -> Counter[str]:
    return Counter(entry.kind for entry in rows(box, Journal))


async def test_a_signed_roster_is_taken_in_once(either_box: Box, far: FarEnd) -> None:
    box = either_box
    message = roster()
    await far.control("messages", message)
    rounds = Rounds(box)
    for _ in range(3):
        await rounds.round()
    assert rounds.troubles == []
    (kept,) = rows(box, tables.Roster)
    assert (kept.source, kept.state, kept.rows) == ("province", "active", 2)
    assert sorted(c.name for c in rows(box, tables.Candidate)) == ["张三", "李四"]
    (received,) = rows(box, Received)
    assert received.id == message.id and received.kind == "roster"
    assert all(number_of(2) not in str(row) for row in (received, *rows(box, tables.Candidate)))
    assert number_of(2) in box.files.get(received.body, secret=True).decode()
    pictured = next(c for c in rows(box, tables.Candidate) if c.photo)
    assert box.files.get(pictured.photo, secret=True) == JPEG
    assert far.store.waiting(SITE) == []
    assert kinds(box)["roster.received"] == 1


async def test_the_loop_goes_on_while_portraits_are_kept(
    box: Box, far: FarEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of portraits take longer than the watchdog waits: none is written on the loop."""
    far.store.send(roster())
    real, places = box.files.put, []

    def put(body: bytes, secret: bool = False) -> str:
        places.append(threading.current_thread() is threading.main_thread())
        return real(body, secret)

    monkeypatch.setattr(box.files, "put", put)
    await Rounds(box).round()
    assert len(rows(box, tables.Candidate)) == 2
    assert len(places) >= 2 and not any(places)


async def test_a_roster_signed_by_somebody_else_changes_nothing(box: Box, far: FarEnd) -> None:
    far.store.send(roster())
    with far.store._lock:
        (signed,) = far.store.waiting(SITE)
        forged = msgspec.structs.replace(signed, body=signed.body.replace("张三", "王五"))
        far.store._db.execute("UPDATE message SET signed = ?", (msgspec.json.encode(forged).decode(),))
    rounds = Rounds(box)
    for _ in range(3):
        await rounds.round()
    assert [trouble.code for trouble in rounds.troubles] == ["bad_signature"]
    assert rows(box, tables.Roster) == [] and rows(box, tables.Candidate) == []
    assert kinds(box)["message.refused"] == 1
    far.store._db.execute("UPDATE message SET signed = ?", (msgspec.json.encode(signed).decode(),))
    await rounds.round()
    assert rounds.troubles == [] and len(rows(box, tables.Roster)) == 1


async def test_a_roster_for_another_site_is_refused(box: Box, far: FarEnd) -> None:
    far.store.send(roster(site="370900-02"))
    far.store._db.execute("UPDATE message SET site = ?", (SITE,))
    rounds = Rounds(box)
    await rounds.round()
    assert [trouble.code for trouble in rounds.troubles] == ["other_site"]
    assert rows(box, tables.Roster) == []


async def test_a_roster_for_an_unknown_room_waits_for_a_person(box: Box, far: FarEnd) -> None:
    far.store.send(roster(room="T9"))
    rounds = Rounds(box)
    await rounds.round()
    assert [trouble.code for trouble in rounds.troubles] == ["no_room"]
    assert len(far.store.waiting(SITE)) == 1 and rows(box, Received) == []
    box.db.write_now(lambda session: session.add(Room(code="T9", name="二号考场", kind="theory")))
    await rounds.round()
    assert rounds.troubles == [] and len(rows(box, tables.RosterRow)) == 2


async def test_an_impossible_message_holds_nothing_up(box: Box, far: FarEnd) -> None:
    lost = roster()
    far.store.send(
        msgspec.structs.replace(lost, rows=[msgspec.structs.replace(lost.rows[0], sittings=["no such"])])
    )
    naive = roster()
    naive = msgspec.structs.replace(
        naive, sittings=[msgspec.structs.replace(naive.sittings[0], duration_s=0)]
    )
    far.store.send(naive)
    far.store.send(roster())
    rounds = Rounds(box)
    for _ in range(2):
        await rounds.round()
    assert [trouble.code for trouble in rounds.troubles] == ["cannot_take", "bad_message"]
    assert len(rows(box, tables.Roster)) == 1
    assert kinds(box)["parcel.acknowledged"] > 0 and kinds(box)["contact.lost"] == 0


def by_hand(session: Any, box: Box, number: str) -> str:
    """A row as it comes out of a confirmed manual roster; returns the candidate's id."""
    kept = tables.Roster(
        id="hand",
        source="manual",
        state="active",
        file_name="x.xlsx",
        file_sha256="0" * 64,
        loaded_at=box.now(),
    )
    sitting = Sitting(
        id="s1",
        number=1,
        subject="theory",
        trade="low_voltage",
        room="T1",
        starts_at=STARTS,
        duration_s=7200,
        opens_at=STARTS,
        closes_at=STARTS,
    )
    candidate = tables.Candidate(
        id="c1",
        name="赵六",
        number_sealed=box.key.encrypt_text(number),
        number_index=box.key.index(number),
        number_masked="9999**********0000",
        last_four=number[-4:],
        birth_index=box.key.index(number[:14]),
    )
    session.add_all([kept, sitting, candidate])
    session.flush()
    row = tables.RosterRow(
        id="row1", roster="hand", row=1, candidate="c1", sitting="s1", provincial='{"P_id_new": "7"}'
    )
    session.add(row)
    session.flush()
    append(session, "roster.confirmed", "hand", "account:a", {}, at=box.now())
    return candidate.id


async def test_rows_by_hand_are_claimed_and_confirmed(either_box: Box, far: FarEnd) -> None:
    box = either_box
    box.db.write_now(by_hand, box, number_of(7))
    rounds = Rounds(box)
    await rounds.round()
    (claim,) = far.store.clear(SITE).claims
    assert (claim.name, claim.number, claim.starts_at) == ("赵六", number_of(7), STARTS)
    assert await far.control("confirm", {"site": SITE}) == {"rows": 1}
    await rounds.round()
    (row,) = rows(box, tables.RosterRow)
    assert row.confirmed_at is not None
    assert kinds(box)["roster_row.confirmed"] == 1
    unknown = ConfirmedRow(number=number_of(8), subject="theory", starts_at=STARTS)
    far.store.send(ConfirmRows(id=new_id(), site=SITE, issued_at=STARTS, rows=[unknown]))
    await rounds.round()
    assert rounds.troubles == [] and kinds(box)["roster_row.confirmed"] == 1


async def test_released_results_reach_the_province_in_clear_and_nobody_else(box: Box, far: FarEnd) -> None:
    box.db.write_now(by_hand, box, number_of(7))

    def release(session: Any) -> None:
        session.add(Release(id="r1", day="2026-11-21", count=1, released_by="a", released_at=box.now()))
        session.flush()
        session.add(
            Verdict(
                id="v1",
                candidate="c1",
                trade="low_voltage",
                day="2026-11-21",
                theory=Decimal("92.00"),
                practical=Decimal("85.50"),
                passed=True,
                code="passed",
                held=True,
                decided_at=box.now(),
                release="r1",
            )
        )
        append(session, "results.released", "r1", "account:a", {"count": 1}, at=box.now())

    box.db.write_now(release)
    rounds = Rounds(box)
    await rounds.round()
    (result,) = far.store.clear(SITE).released
    assert (result.name, result.number, result.passed, result.held) == ("赵六", number_of(7), True, True)
    assert (result.theory, result.practical, result.provincial) == ("92.00", "85.50", {"P_id_new": "7"})
    for path in (far.folder / "parcels").rglob("*.parcel"):
        assert number_of(7).encode() not in path.read_bytes()
