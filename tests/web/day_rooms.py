"""The rooms of the day: sixty seats and four spare ones, eight workplaces, a waiting room."""

from appliance.flow import accounts
from appliance.flow.box import Box
from appliance.flow.set_up import add_room
from appliance.records.site import Room, Seat


def add_rooms(box: Box) -> None:
    """Add them to a box that has none."""
    theory = [
        Seat(
            id=f"T1-{n:02d}",
            room="T1",
            number=n,
            row=(n - 1) // 8 + 1,
            column=(n - 1) % 8 + 1,
            address=f"127.0.1.{n}",
            spare=n > 60,
        )
        for n in range(1, 65)
    ]
    practical = [
        Seat(id=f"P1-{n:02d}", room="P1", number=n, row=(n - 1) // 4 + 1, column=(n - 1) % 4 + 1)
        for n in range(1, 9)
    ]
    hashes = {seat.id: accounts.hash_token(seat.id) for seat in theory}
    box.db.write_now(add_room, box, Room(code="W1", name="候考室", kind="waiting"), [], {})
    box.db.write_now(add_room, box, Room(code="T1", name="理论考场", kind="theory"), theory, hashes)
    box.db.write_now(add_room, box, Room(code="P1", name="实操考室", kind="practical"), practical, {})
