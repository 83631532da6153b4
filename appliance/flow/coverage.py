"""What the cameras of this box see: rooms, seats and lanes against the cameras' settings and marks."""

import msgspec
from sqlmodel import Session, col, select

from appliance.base.camera_settings import CameraSettings, ranges_of
from appliance.base.i18n import _
from appliance.base.settings import LaneSettings
from appliance.flow.box import Box
from appliance.flow.cameras import numbers
from appliance.flow.name_doors import doors_of
from appliance.records.site import Room, Seat
from appliance.rules.coverage import SOFT, Camera, Hole, Place, covered, holes


class Seen(msgspec.Struct, kw_only=True):
    """One room or entrance: what has to be seen, by whom it is, and the holes in words."""

    code: str
    name: str
    kind: str
    seats: list[int]
    doors: list[str]
    cameras: list[CameraSettings]
    holes: list[Hole]
    columns: int = 0
    """Of the seats as they stand; 0: not known."""
    spares: frozenset[int] = frozenset()

    @property
    def ok(self) -> bool:
        """Nothing is unseen."""
        return covered(self.holes)

    @property
    def bare(self) -> bool:
        """Nothing that could be marked is entered for it."""
        return not self.seats and not self.doors

    @property
    def whole(self) -> str:
        """What is said when there is no hole."""
        if self.bare:
            return _("There is a camera; neither seats nor doors are entered for this place.")
        return _("Everything in this room is seen and marked.")

    @property
    def is_room(self) -> bool:
        """A room, and no entrance: it can name doors."""
        return self.kind != "entrance"

    @property
    def unseen(self) -> list[str]:
        """What no camera sees, in words; what is only not marked yet is left out."""
        return [said(hole, self.kind) for hole in self.holes if hole.kind not in SOFT]


def seen_place(session: Session, box: Box, code: str) -> Seen | None:
    """One room or entrance; None when there is none of this code."""
    room = session.get(Room, code)
    if room:
        return _room(session, box, room)
    lane = next((one for one in box.settings.lanes if one.code == code), None)
    return _entrance(box, lane) if lane else None


def _entrance(box: Box, lane: LaneSettings) -> Seen:
    return _seen(box, lane.code, lane.name, "entrance", [], [])


def _room(session: Session, box: Box, room: Room) -> Seen:
    seats = session.exec(select(Seat).where(Seat.room == room.code).order_by(col(Seat.number))).all()
    found = _seen(box, room.code, room.name, room.kind, [one.number for one in seats], doors_of(room))
    found.columns = max((one.column for one in seats), default=0)
    found.spares = frozenset(one.number for one in seats if one.spare)
    return found


def coverage(session: Session, box: Box) -> list[Seen]:
    """Every room and entrance, in order of their codes."""
    found = [_room(session, box, room) for room in session.exec(select(Room).order_by(col(Room.code))).all()]
    rooms = {one.code for one in found}
    return found + [_entrance(box, lane) for lane in box.settings.lanes if lane.code not in rooms]


def _seen(box: Box, code: str, name: str, kind: str, seats: list[int], doors: list[str]) -> Seen:
    here = [one for one in box.settings.cameras if one.room == code]
    place = Place(code, kind, tuple(seats), tuple(doors))
    return Seen(
        code=code,
        name=name,
        kind=kind,
        seats=seats,
        doors=doors,
        cameras=here,
        holes=holes([place], [as_camera(one) for one in here]),
    )


def as_camera(one: CameraSettings) -> Camera:
    """A camera's settings as the rule takes them."""
    named = numbers(one.seats)
    return Camera(
        code=one.code,
        room=one.room,
        seats=None if named is None else frozenset(named),
        marked=frozenset(int(mark.name) for mark in one.marks if mark.kind == "seat" and mark.name.isdigit()),
        doors=frozenset(mark.name for mark in one.marks if mark.kind == "door"),
        place=one.place,
        exchanged=one.doubted,
    )


def said(hole: Hole, kind: str) -> str:
    """A hole in words. `kind`: of the room."""
    shown = spans(hole.seats)
    words = {
        "camera": _("No camera looks at this place."),
        "front": _("No camera looks from the front."),
        "back": _("No camera looks from the back."),
        "doors": _("No camera sees: {doors}."),
        "door": _("No door is marked on any camera's picture."),
        "seat": _("No camera sees workplaces {seats}.")
        if kind == "practical"
        else _("No camera sees seats {seats}."),
        "unmarked": _("Not marked on a picture yet: {seats}."),
        "exchanged": _(
            "Marked before the address or stream changed: {cameras}. Mark anew, or confirm the marks."
        ),
    }
    return words[hole.kind].format(
        seats=shown, doors=_(", ").join(hole.doors), cameras=_(", ").join(hole.cameras)
    )


def spans(seats: tuple[int, ...]) -> str:
    """Numbers of seats in words."""
    return _(", ").join(str(low) if low == high else f"{low}–{high}" for low, high in ranges_of(seats))
