"""Which cameras looked at a place at a time, whatever the settings say today."""

from datetime import timedelta

import msgspec

from appliance.base.camera_settings import CameraSettings
from appliance.base.clock import FakeClock
from appliance.flow.box import Box
from appliance.flow.camera_views import as_now, camera_codes, keep_views, looking
from appliance.flow.cameras import names_of

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
