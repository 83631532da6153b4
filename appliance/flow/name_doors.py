"""The doors of a room are named: from then on each has to be seen by a camera."""

from sqlmodel import Session

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.records.journal import append
from appliance.records.site import Room

LONGEST, MOST = 40, 20
"""Characters of a door's name; doors of a room."""


def doors_of(room: Room) -> list[str]:
    """Names of a room's doors."""
    return room.doors.splitlines()


def name_doors(session: Session, box: Box, code: str, doors: list[str], actor: str) -> list[str]:
    """Set the doors of a room, in this order; none takes the duty away. Returns them without repeats.

    Raises NotFound; Corrupt for a name that is none. What stands already is no entry in the journal.
    """
    room = session.get(Room, code)
    if room is None:
        raise NotFound("no_room", N_("There is no room {room}."), N_("See examsite room list."), room=code)
    named = list(dict.fromkeys(" ".join(one.split()) for one in doors if one.strip()))
    if len(named) > MOST or any(len(one) > LONGEST or not one.isprintable() for one in named):
        raise Corrupt(
            "bad_doors",
            N_("A door has a name of at most {longest} characters, a room at most {most} doors."),
            N_("Separate the names by commas or lines."),
            longest=LONGEST,
            most=MOST,
        )
    if named != doors_of(room):
        room.doors = "\n".join(named)
        session.add(room)
        append(session, "room.doors_named", code, actor, {"doors": named}, at=box.now())
    return named
