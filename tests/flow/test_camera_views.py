"""Which cameras looked at a place at a time, whatever the settings say today."""

from datetime import timedelta
from typing import Any

import msgspec

from appliance.base.camera_settings import CameraSettings
from appliance.base.clock import FakeClock
from appliance.flow.box import Box
from appliance.flow.camera_views import as_now, camera_codes, keep_views, looking
from appliance.flow.cameras import names_of
from appliance.flow.note_cameras import note_cameras
from appliance.wire.cameras import Note, NoteKind, Notes

FRONT = CameraSettings(code="C1", name="前", address="192.0.2.1", room="T1", seats="1-10")
BACK = CameraSettings(code="C2", name="后", address="192.0.2.2", room="T1")


def test_a_camera_that_is_gone_saw_what_it_saw(box: Box, clock: FakeClock) -> None:
    def now(*cameras: CameraSettings) -> None:
        box.settings = msgspec.structs.replace(box.settings, cameras=list(cameras))
        assert not box.db.read_now(as_now, box) or not cameras
        box.db.write_now(keep_views, box)
        assert box.db.read_now(as_now, box)
        box.db.write_now(keep_views, box)  # once more changes nothing

    def asked(hours_ago: float, seat: int | None = None, room: str = "T1") -> list[str]:
        at = box.now() - timedelta(hours=hours_ago)
        return box.db.read_now(looking, box, {room}, at, at + timedelta(minutes=1), seat)

    box.settings = msgspec.structs.replace(box.settings, cameras=[FRONT])
    assert asked(0, 5) == ["C1"], "before anybody wrote it down: what the settings say"
    now(FRONT)
    assert asked(100, 5) == ["C1"] and asked(100, 11) == []
    clock.advance(3600)
    now(msgspec.structs.replace(FRONT, seats="all"), BACK)
    assert asked(0.5, 11) == [] and asked(2, 5) == ["C1"]
    clock.advance(3600)
    now(msgspec.structs.replace(BACK, room="T2"))
    clock.advance(3600)
    assert asked(0) == [] and asked(0, room="T2") == ["C2"]
    assert asked(1.5, 11) == ["C2", "C1"] or asked(1.5, 11) == ["C1", "C2"]
    assert asked(2.5, 5) == ["C1"], "the back one came later"
    over = box.now() - timedelta(hours=2.5)
    assert set(box.db.read_now(looking, box, {"T1"}, over, None)) == {"C1", "C2"}
    assert box.db.read_now(camera_codes, box) == {"C1", "C2"}
    assert names_of(box.settings)["C1"] == "C1" and names_of(box.settings)["C2"] == "后"


def test_what_was_noted_while_nobody_asked_counts_from_its_own_time(box: Box, clock: FakeClock) -> None:
    """exam-web was down: C1 went to T2 and on to T3, C3 came and went, C2 of examsite.toml was always there."""
    start = box.now()
    noted: list[Note] = []

    def note(hours: float, kind: NoteKind, camera: str, **more: Any) -> None:
        at = start + timedelta(hours=hours)
        noted.append(Note(number=len(noted) + 1, at=at, kind=kind, camera=camera, by="cli:root", **more))

    def asked(hours: float, room: str, seat: int | None = None) -> set[str]:
        at = start + timedelta(hours=hours)
        return set(box.db.read_now(looking, box, {room}, at, at + timedelta(minutes=1), seat))

    class Two(list[CameraSettings]):
        own = (BACK,)

    note(0, "added", "C1", room="T1", seats="all")
    note(2, "changed", "C1", room="T2", seats="all")
    note(2.5, "added", "C3", room="T1", seats="all")
    note(3, "marked", "C1", room="T2", seats="1-5")
    note(4, "removed", "C3")
    note(5, "changed", "C1", room="T3", seats="all")
    clock.advance(11 * 3600)
    box.settings = msgspec.structs.replace(
        box.settings, cameras=Two([BACK, msgspec.structs.replace(FRONT, room="T3", seats="all")])
    )
    for _again in range(2):
        box.db.write_now(note_cameras, box, Notes(epoch="e", notes=noted))
        assert box.db.read_now(as_now, box)
        assert asked(1, "T1") == {"C1", "C2"} and asked(3.5, "T1") == {"C2", "C3"}
        assert (
            asked(2.2, "T2", 9) == {"C1"} and asked(3.5, "T2", 9) == set() and asked(3.5, "T2", 2) == {"C1"}
        )
        assert asked(4.5, "T1") == {"C2"} and asked(6, "T3") == {"C1"} and asked(1, "T3") == set()
        assert asked(-5, "T1") >= {"C2"}, "it was there before anybody wrote it down"
    # A note of the past that comes late changes nothing of what is known of a later time.
    note(1.5, "changed", "C1", room="T4", seats="all")
    box.db.write_now(note_cameras, box, Notes(epoch="e", notes=noted[-1:]))
    assert asked(1.7, "T4") == {"C1"} and asked(2.2, "T2") == {"C1"} and asked(6, "T3") == {"C1"}
