"""What exam-clips sees in a camera's picture becomes an alarm."""

import io
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unicodedata import normalize

import httpx
import pytest
from playwright.sync_api import Page
from pypdf import PdfReader
from sqlmodel import Session

from appliance.base.camera_settings import CameraSettings
from appliance.base.clock import SystemClock
from appliance.base.errors import Unavailable
from appliance.base.i18n import language, set_language
from appliance.base.sockets import serve
from appliance.flow.box import Box
from appliance.flow.set_up import set_up
from appliance.records.journal import append
from appliance.web.camera_alarms import camera_alarms
from appliance.web.ops_sources import Sources
from appliance.wire.cameras import CheckLine, CheckReport
from appliance.wire.recorder import CameraStatus, GetPictures, GetStatus, Pictures, Status
from cameras.tell import CODES
from tests.conftest import START, site_settings
from tests.web.day_server import Running

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
    camera.state, camera.cause = "connecting", "network"
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
        camera.screen_code = code
        assert camera_alarms([camera]) == []
    camera.state, camera.cause, camera.screen_code = "connecting", "network", "missing"
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


def test_every_fault_of_a_camera_has_its_own_next_step() -> None:
    def told(**facts: Any) -> list[tuple[str, str, str]]:
        camera = CameraStatus(camera="C1", name="前部", room="T1", since=NOW, **facts)
        return [(one.level, one.text, one.next) for one in camera_alarms([camera])]

    before = language()
    set_language("zh_CN")
    try:
        plug = told(state="connecting", cause="network")
        disk = told(state="stopped", cause="disk")
        refused = told(state="connecting", cause="camera", refused=True)
        small = told(state="recording", width=640, height=360)
        clock = told(state="recording", width=1080, height=1920, clock_offset_s=3.0)
        fine = told(state="recording", width=1920, height=1080, clock_offset_s=1.9)
    finally:
        set_language(before)
    nexts = [one[0][2] for one in (plug, disk, refused, small, clock)]
    assert len(set(nexts)) == 5 and all(nexts)
    assert "电源和网线" in plug[0][2] and "录像存储" in disk[0][2] and "密码" in refused[0][1]
    assert small == [("amber", "摄像机 前部 录下的画面只有 640 x 360。", small[0][2])]
    assert [one[0] for one in (plug[0], disk[0], refused[0], clock[0])] == ["red", "red", "red", "amber"]
    assert fine == []


def test_a_camera_that_rests_and_would_not_record_is_an_alarm() -> None:
    def told(**facts: Any) -> list[tuple[str, str, str]]:
        camera = CameraStatus(camera="C1", name="前部", room="T1", state="resting", since=NOW, **facts)
        return [(one.level, one.text, one.next) for one in camera_alarms([camera])]

    before = language()
    set_language("zh_CN")
    try:
        silent, refuses, odd = (
            told(unready="network"),
            told(unready="camera", refused=True),
            told(unready="camera"),
        )
        fresh = CameraStatus(camera="C1", name="前部", room="T1", state="connecting", since=NOW)
        (begun,) = camera_alarms([fresh])
    finally:
        set_language(before)
    assert told() == []
    assert silent == [
        ("amber", "摄像机 前部 没有应答。", "按计划暂不录像，开考前请修好。请检查摄像机电源和网线。")
    ]
    assert refuses[0][:2] == ("amber", "摄像机 前部 拒绝了密码。") and "填新密码" in refuses[0][2]
    assert odd[0][0] == "amber" and "有应答" in odd[0][1]
    assert (begun.level, begun.text) == ("amber", "摄像机 前部 正在连接。"), "just saved: nothing failed yet"


async def test_a_reference_still_that_is_gone_is_missed_where_one_was_taken(tmp_path: Path) -> None:
    settings = site_settings(tmp_path)
    settings.cameras.append(CameraSettings(code="C1", name="前部", address="192.0.2.1:80"))
    set_up(settings, demo=True, now=START)
    box = Box.open(settings, SystemClock())
    resting = {
        code: CameraStatus(camera=code, name=code, room="", state="resting", since=NOW)
        for code in ("C1", "C2", "C3")
    }

    async def status(_asked: GetStatus) -> Status:
        return Status(now=NOW, cameras=list(resting.values()), disk_total=1, disk_free=1, media="")

    async def pictures(_asked: GetPictures) -> Pictures:
        return Pictures(cameras=[], references={"C1": "none", "C2": "none", "C3": "altered"})

    def taken(session: Session) -> None:
        append(session, "camera.reference_taken", "C1", "process:recorder", {}, at=NOW)

    box.db.start()
    box.db.write_now(taken)
    recorder = await serve(settings.socket("recorder"), {GetStatus: status})
    clips = await serve(settings.socket("clips"), {GetPictures: pictures})
    try:
        sources = Sources(box, {})
        await sources.refresh()
        assert sources.status
        found = {alarm.subject for alarm in camera_alarms(sources.status.cameras)}
        assert found == {"C1", "C3"}, "of C2 none was ever taken"
    finally:
        recorder.close()
        clips.close()
        box.db.stop()


def test_a_page_that_waits_for_a_card_is_told_when_the_server_was_restarted(
    client: Callable[[str], httpx.Client],
) -> None:
    told = client("chief").get("/cameras/one/C1/card").text
    assert "服务已重启" in told and "补录结果见日志和时间轴" in told


def test_a_page_to_mark_on_says_which_picture_it_shows(client: Callable[[str], httpx.Client]) -> None:
    assert "画面时间：" in client("chief").get("/cameras/one/C1/still").text
    assert "没有摄像机 C9" in client("chief").get("/cameras/one/C9/still").text


def test_the_buttons_of_a_camera_are_english(client: Callable[[str], httpx.Client]) -> None:
    told = client("chief").get("/cameras/one/C1?lang=en").text
    assert "<button>Save</button>" in told and "Save the marks</button>" in told
    assert "Delete mark</button>" in told and "Keep" not in told


def reports(day: Running) -> list[CheckReport]:
    """Every camera passed, one a minute."""
    at = datetime(2026, 3, 2, 9, 41, 30, tzinfo=UTC)
    checks = [CheckLine(code=code, ok=True, word=word, detail="") for code, word in CODES.items()]
    return [
        CheckReport(
            camera=one.code,
            name=one.name,
            room=one.room,
            address=one.address,
            by="x",
            at=at + timedelta(minutes=number),
            checks=checks,
        )
        for number, one in enumerate(day.day.settings.cameras)
    ]


@pytest.mark.long
def test_on_paper_a_camera_keeps_its_heading(day: Running, open_page: Callable[..., Page]) -> None:
    """Wherever on a sheet it begins; and every sheet its table goes on says whose it is."""
    day.reports = reports(day)
    try:
        page = open_page("chief", "/cameras/report")
    finally:
        day.reports = []
    card = page.locator(".card", has=page.locator(".summary"))
    inside = card.evaluate("one => one.getBoundingClientRect().right")
    assert page.locator(".summary").evaluate("one => one.getBoundingClientRect().right") < inside
    count = len(day.day.settings.cameras)
    for above in (0, 200):
        page.evaluate("high => document.querySelector('.summary').style.marginBottom = high", f"{above}px")
        found = 0
        for sheet in PdfReader(io.BytesIO(page.pdf(format="A4"))).pages:
            text = "".join(normalize("NFKC", sheet.extract_text()).split())
            # NFKC: fonts name some characters as radicals. A heading ends with how many could not be told.
            headings = text.count("项无法判定。")
            assert headings == len(re.findall("项无法判定。[^。]+C[1-9]结果检查结果说明合格", text)), text
            assert not re.search("合格(时钟|事件|编码|帧率|码率|关键帧|画面)", text.split("结果检查")[0]), (
                text
            )
            found += headings
        assert found == count, "each camera has its heading once"
    page.close()


def test_a_place_whose_camera_gives_no_picture_now_has_no_tick(
    day: Running, client: Callable[[str], httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    day.resting = {"C4": "network"}
    day.reports = reports(day)
    until = time.monotonic() + 30  # what the recorder says is asked for every few seconds
    try:
        while "没有应答" not in (shown := client("chief").get("/cameras/list").text):
            assert time.monotonic() < until, shown
            time.sleep(0.5)
        paper = client("chief").get("/cameras/report").text
        day.reports = reports(day)[:1]
        alone = client("chief").get("/cameras/report?lang=en").text

        def hangs() -> Status:
            raise Unavailable("no_status", "the disk of the recordings hangs")

        monkeypatch.setattr(day, "_status", hangs)  # the reports are still given
        while "录像程序无响应" not in (mute := client("chief").get("/cameras/report").text):
            assert time.monotonic() < until, mute
            time.sleep(0.5)
        mute_list = client("chief").get("/cameras/list").text
    finally:
        day.resting, day.reports = {}, []
    assert "2 台合格" in paper and "2 台检查时合格，此刻没有画面" in paper, "C2 is unplugged, C4 too"
    head = paper.split("<section")[0]
    assert 0 < head.index("处有盲区") < head.index("处此刻画面不可用") < head.index("台合格"), head
    assert "All checked at 2026-03-02 17:41:30." in alone
    assert "检查时间：2026-03-02 17:41:30 至 2026-03-02 17:44:30。" in paper
    (row,) = (one for one in paper.split("<tr>") if ">C4 " in one)
    assert "检查时合格" in row and "此刻没有画面" in row and "2026-03-02 17:44:30" in row
    assert "按计划暂不录像，开考前请修好。" in shown
    assert all("有摄像机，此刻画面不可用</span>" in text for text in (shown, paper))
    (row,) = (one for one in mute.split("<tr>") if ">C1 " in one)
    assert "检查时合格" in row and "台合格" not in mute, "whether it gives a picture now is not known"
    table = mute.split("<h2>覆盖</h2>")[1].split("</table>")[0]
    assert "无法判定</span>" in table and "word go" not in table, "nor whether the room is seen now"
    heads = [one.split("</div>")[0] for one in mute_list.split("<h2>")[1:]]
    assert any("无法判定" in one for one in heads) and not any("word go" in one for one in heads)
