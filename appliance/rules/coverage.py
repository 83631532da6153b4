"""Does a camera see every seat, workplace and door of every room? Pure.

A seat is seen by a camera of its room that names it (`seats`). Where it is marked on the camera's still, somebody has
looked; where it is only named ("all"), nobody has: it is no hole, but not shown either. A theory room needs a camera
from the front and one from the back. A door is seen where it is marked: each that the room names, and each room has at
least one.
"""

from typing import Literal, NamedTuple

HoleKind = Literal["camera", "seat", "front", "back", "doors", "door", "unmarked", "exchanged"]


class Place(NamedTuple):
    """A room or an entrance. `kind`: theory, practical, waiting or entrance; `seats`: of seats or workplaces; `doors`:
    names of those somebody has entered for it.
    """

    code: str
    kind: str
    seats: tuple[int, ...] = ()
    doors: tuple[str, ...] = ()


class Camera(NamedTuple):
    """A camera of a room. `seats`: those it names, None = all; `marked`: those marked on its still; `doors`: marked."""

    code: str
    room: str
    seats: frozenset[int] | None
    marked: frozenset[int] = frozenset()
    doors: frozenset[str] = frozenset()
    place: str = ""
    exchanged: bool = False
    """Its address was changed since it was marked: it may be another camera."""


class Hole(NamedTuple):
    """What no camera sees. `unmarked`: a camera is said to see these `seats`, nobody has marked where; `doors`: these
    doors of the room; `door`: the room names no door and none is marked; `exchanged`: marks of these `cameras` may be
    those of others.
    """

    room: str
    kind: HoleKind
    seats: tuple[int, ...] = ()
    doors: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()


def holes(places: list[Place], cameras: list[Camera]) -> list[Hole]:
    """In order of the places; what is not seen before what is not shown."""
    found = []
    for place in places:
        here = [one for one in cameras if one.room == place.code]
        if not here:
            found.append(Hole(place.code, "camera"))
            continue
        named = {seat for seat in place.seats for one in here if one.seats is None or seat in one.seats}
        marked = {seat for one in here for seat in one.marked}
        if unseen := tuple(seat for seat in place.seats if seat not in named | marked):
            found.append(Hole(place.code, "seat", unseen))
        if place.kind == "theory":
            found += [Hole(place.code, side) for side in SIDES if all(one.place != side for one in here)]
        shown = {door for one in here for door in one.doors}
        if dark := tuple(door for door in place.doors if door not in shown):
            found.append(Hole(place.code, "doors", (), dark))
        elif place.kind in ("theory", "practical") and not shown:
            found.append(Hole(place.code, "door"))
        if unshown := tuple(seat for seat in place.seats if seat in named and seat not in marked):
            found.append(Hole(place.code, "unmarked", unshown))
        if old := tuple(one.code for one in here if one.exchanged and (one.marked or one.doors)):
            found.append(Hole(place.code, "exchanged", cameras=old))
    return found


SIDES: tuple[Literal["front", "back"], ...] = ("front", "back")


SOFT: tuple[HoleKind, ...] = ("door", "unmarked", "exchanged")
"""What is only not marked yet, or not anew: it is said, and stands against nothing."""


def covered(found: list[Hole]) -> bool:
    """Is there no hole but what is not marked yet?"""
    return all(one.kind in SOFT for one in found)
