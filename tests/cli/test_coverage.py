"""examsite cameras check tells what no camera sees, room by room."""

import msgspec

from appliance.base.camera_settings import CameraSettings, Mark
from appliance.cli.coverage import report
from appliance.flow.box import Box
from appliance.records.site import Room, Seat
from cameras import tell
from cameras.check import Checked


def test_rooms_and_their_holes(box: Box) -> None:
    def rooms(session: object) -> None:
        session.add(Room(code="T7", name="七考场", kind="theory"))  # type: ignore[attr-defined]
        session.flush()  # type: ignore[attr-defined]
        for number in (1, 2, 3, 4):
            session.add(Seat(id=f"T7-0{number}", room="T7", number=number))  # type: ignore[attr-defined]

    box.db.write_now(rooms)
    front = CameraSettings(
        code="C1",
        name="前",
        address="192.0.2.1",
        room="T7",
        seats="1-2",
        place="front",
        marks=[Mark(kind="seat", name="1", x=0.1, y=0.1), Mark(kind="door", name="门", x=0, y=0)],
    )
    found = {one.room: one for one in report(msgspec.structs.replace(box.settings, cameras=[front]))}
    assert found["T7"].ok is False
    assert [(one.kind, one.detail) for one in found["T7"].holes] == [
        ("seat", "没有摄像机看得到考位 3–4。"),
        ("back", "没有摄像机从后方拍摄。"),
        ("unmarked", "尚未在画面上标注：2。"),
    ]
    both = [
        msgspec.structs.replace(front, seats="all"),
        msgspec.structs.replace(front, code="C2", place="back"),
    ]
    found = {one.room: one for one in report(msgspec.structs.replace(box.settings, cameras=both))}
    assert found["T7"].ok is None, "nothing is unseen, but not everything is marked"
    tell.checked(Checked(ok=True, cameras=[], coverage=list(found.values())))


def test_a_machine_that_is_no_box_has_no_rooms(box: Box) -> None:
    elsewhere = msgspec.structs.replace(box.settings.site, state="/nonexistent")
    assert report(msgspec.structs.replace(box.settings, site=elsewhere)) == []
