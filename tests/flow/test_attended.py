"""What tells people of one name apart: their sittings, and every seat they had there."""

from datetime import timedelta

from sqlmodel import Session, select

from appliance.flow.attended import attended
from appliance.flow.box import Box
from appliance.records.roster import Roster
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from tests.world import World, seed


def test_every_seat_of_a_sitting_is_told_in_order(box: Box) -> None:
    world: World = box.db.write_now(seed, box, 2)

    def moved(session: Session) -> None:
        first = session.exec(select(SeatTaking).where(SeatTaking.candidate == world.candidates[0])).one()
        first.released_at = box.now()
        session.add(Seat(id="T1-60", room="T1", number=60, spare=True))
        session.flush()
        again: dict[str, object] = {"id": "b" * 32, "command": "c" * 32, "seat": "T1-60", "released_at": None}
        again["taken_at"] = box.now() + timedelta(minutes=1)
        session.add(SeatTaking(**(first.model_dump() | again)))

    box.db.write_now(moved)
    found = box.db.read_now(attended, [*world.candidates, "nobody"])
    assert set(found) == set(world.candidates)
    (one,) = found[world.candidates[0]]
    assert (one.number, one.subject, one.seats) == (1, "theory", [world.seats[0], "T1-60"])
    assert found[world.candidates[1]][0].seats == [world.seats[1]]


def test_an_unconfirmed_roster_expects_nobody(box: Box) -> None:
    world: World = box.db.write_now(seed, box, 1)
    (person,) = world.candidates

    def waits(session: Session) -> None:
        session.exec(select(Roster)).one().state = "pending"

    def leaves(session: Session) -> None:
        session.delete(session.exec(select(SeatTaking)).one())

    box.db.write_now(waits)
    assert box.db.read_now(attended, [person])[person][0].seats == world.seats, "whoever sat is told"
    box.db.write_now(leaves)
    assert box.db.read_now(attended, [person]) == {}
