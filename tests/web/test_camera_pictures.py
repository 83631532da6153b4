"""What exam-clips sees in a camera's picture becomes an alarm."""

from datetime import UTC, datetime

from appliance.base.i18n import language, set_language
from appliance.web.camera_alarms import camera_alarms
from appliance.wire.recorder import CameraStatus

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def test_a_bad_picture_is_an_alarm_while_it_is_recorded() -> None:
    camera = CameraStatus(
        camera="C1", name="前部", room="T1", state="recording", since=NOW, picture_faults=["frozen", "moved"]
    )
    before = language()
    set_language("zh_CN")
    try:
        (alarm,) = camera_alarms([camera])
    finally:
        set_language(before)
    assert (alarm.code, alarm.level, alarm.subject) == ("camera_picture", "amber", "C1")
    assert alarm.text == "摄像机 前部 画面异常：静止不动、与安装时的位置不同。"
    camera.state = "connecting"
    assert [one.code for one in camera_alarms([camera])] == ["camera_stopped"]
    camera.state, camera.picture_faults = "recording", []
    assert camera_alarms([camera]) == []


def test_a_wrong_code_is_an_alarm() -> None:
    camera = CameraStatus(
        camera="C1", name="前部", room="T1", state="recording", since=NOW, screen_code="late"
    )
    before = language()
    set_language("zh_CN")
    try:
        (alarm,) = camera_alarms([camera])
    finally:
        set_language(before)
    assert (alarm.code, alarm.level, alarm.subject) == ("camera_screen_code", "amber", "C1")
    assert alarm.text == "摄像机 前部 的画面编码是以前时间的。"
    for code in ("ok", ""):
        camera.screen_code = code  # type: ignore[assignment]
        assert camera_alarms([camera]) == []
    camera.state, camera.screen_code = "connecting", "missing"
    assert [one.code for one in camera_alarms([camera])] == ["camera_stopped"], (
        "no picture, no code: told once"
    )


def test_what_a_camera_reports_is_an_alarm() -> None:
    camera = CameraStatus(
        camera="C1", name="前部", room="T1", state="connecting", since=NOW, cause="network", alarms=["tamper"]
    )
    before = language()
    set_language("zh_CN")
    try:
        found = {one.code: one for one in camera_alarms([camera])}
    finally:
        set_language(before)
    assert set(found) == {"camera_stopped", "camera_reports"}, "also when it was covered and then unplugged"
    assert found["camera_reports"].text == "摄像机 前部 自报：镜头被遮挡、模糊或强光。"
