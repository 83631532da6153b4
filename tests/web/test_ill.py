"""What is not to be seen at this moment, whatever the cameras cover."""

from datetime import UTC, datetime

import pytest

from appliance.base.camera_settings import CameraSettings, Mark
from appliance.base.i18n import language, set_language
from appliance.flow.coverage import Seen
from appliance.web.camera_alarms import ill
from appliance.wire.recorder import CameraStatus, PictureFault

NOW = datetime(2026, 11, 21, 1, tzinfo=UTC)


def camera(code: str, *seats: int) -> CameraSettings:
    marks = [Mark(kind="seat", name=str(number), x=0.5, y=0.5) for number in seats]
    named = ",".join(map(str, seats))
    return CameraSettings(code=code, name=f"摄像机{code}", address="x", room="T1", seats=named, marks=marks)


def status(code: str, state: str = "recording", *faults: PictureFault) -> CameraStatus:
    return CameraStatus(
        camera=code,
        name=code,
        room="T1",
        state=state,  # type: ignore[arg-type]
        since=NOW,
        cause="" if state == "recording" else "network",
        picture_faults=list(faults),
    )


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ([status("C1"), status("C2")], []),
        ([status("C1", "connecting"), status("C2")], ["摄像机C1", "1–2"]),
        ([status("C1", "recording", "black"), status("C2")], ["摄像机C1", "1–2"]),
        ([status("C1"), status("C2", "connecting")], ["摄像机C2", "4"]),
        ([status("C1", "connecting"), status("C2", "recording", "moved")], ["摄像机C1、摄像机C2", "1–4"]),
        ([status("C1", "resting"), status("C2")], []),
        ([status("C1", "resting", "black"), status("C2")], []),
        ([], []),
    ],
)
def test_seats_that_no_other_camera_sees_are_named(told: list[CameraStatus], said: list[str]) -> None:
    cameras = [camera("C1", 1, 2, 3), camera("C2", 3, 4)]
    place = Seen(code="T1", name="T1", kind="theory", seats=[1, 2, 3, 4], doors=[], cameras=cameras, holes=[])
    words = ill([place], {one.camera: one for one in told}).get("T1", "")
    assert bool(words) == bool(said) and all(part in words for part in said), words


def test_a_camera_that_rests_and_does_not_answer_gives_no_picture() -> None:
    cameras = [camera("C1", 1, 2), camera("C2", 3, 4)]
    place = Seen(code="T1", name="T1", kind="theory", seats=[1, 2, 3, 4], doors=[], cameras=cameras, holes=[])
    silent, refusing = status("C1", "resting"), status("C2", "resting")
    silent.unready, refusing.refused = "network", True
    words = ill([place], {"C1": silent, "C2": refusing})["T1"]
    assert "摄像机C1、摄像机C2" in words and "1–4" in words


def test_nothing_is_lost_where_the_other_camera_sees_everything() -> None:
    cameras = [camera("C1", 1, 2), camera("C2", 1, 2)]
    place = Seen(code="T1", name="T1", kind="theory", seats=[1, 2], doors=[], cameras=cameras, holes=[])
    words = ill([place], {"C1": status("C1", "connecting"), "C2": status("C2")})["T1"]
    assert "摄像机C1" in words and "没有其他摄像机" not in words


def test_sentences_are_parted_in_english() -> None:
    cameras = [camera("C1", 1, 2)]
    place = Seen(code="T1", name="T1", kind="theory", seats=[1, 2], doors=[], cameras=cameras, holes=[])
    before = language()
    set_language("en")
    try:
        words = ill([place], {"C1": status("C1", "connecting")})["T1"]
    finally:
        set_language(before)
    assert words == "No usable picture right now: 摄像机C1. Seen by no other camera: 1–2."
