"""Every fault of a device or a process is told to the person who can do something, and nothing acknowledged is lost.

Real processes, real frames on pseudo-terminals, a real RTSP stream, the reference province; a real browser
shows what staff see. The table of all faults: docs/faults.md.
"""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect
from sqlmodel import select

from appliance.base.i18n import translate
from appliance.devices.gate.driver import SENTENCES as GATE
from appliance.devices.gate.driver import STUCK
from appliance.faces import demo_people
from appliance.records.entry import Case
from appliance.wire.recorder import FindClips, Found
from appliance.wire.simulators import (
    BoardDid,
    CameraDid,
    Misbehave,
    Plug,
    ReaderDid,
    SetBoard,
    SetCamera,
    TakeCard,
)
from sync.status import backlog
from tests.journey.fault_day import UNITS, FaultDay, fault_day, shoot, shown

pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultDay]:
    with fault_day(tmp_path_factory.mktemp("faults") / "site") as found:
        yield found


@pytest.fixture(autouse=True)
def mended(day: FaultDay) -> Iterator[None]:
    """Whatever a test broke is whole for the next."""
    yield
    day.ask(day.board, SetBoard(mode="normal"), BoardDid)
    day.ask(day.reader, TakeCard(), ReaderDid)
    day.ask(day.reader, Plug(plugged=True), ReaderDid)
    day.ask(day.camera_control, SetCamera(plugged=True), CameraDid)


@pytest.mark.parametrize("how", ["read_bad_checksum", "cut"])
def test_a_damaged_card_frame_is_told_at_the_desk(
    day: FaultDay, how: Literal["read_bad_checksum", "cut"]
) -> None:
    desk, entry = day.page("desk", "/desk"), day.page("display", "/entry/L1")
    inside, person = day.admissions(), day.somebody()
    day.ask(day.reader, Misbehave(how=how), ReaderDid)
    tap = day.tapped(person)
    assert (tap.result, tap.code, tap.name) == ("refuse", "card_damaged", ""), "never half a card"
    shown(desk, ".verdict", "不予入场", "证件数据传输有误，请拿开证件后重新放置。", "请考生再放一次证件")
    shown(entry, "#entry", "请联系工作人员")
    shoot(desk, f"card-{how}")
    day.take()
    assert day.admissions() == inside
    day.admitted(person)
    shown(desk, ".verdict", "准予入场")


def test_a_reader_unplugged_in_the_middle_of_a_read(day: FaultDay) -> None:
    desk, entry = day.page("desk", "/desk"), day.page("display", "/entry/L1")
    taps, person = len(day.taps()), day.somebody()
    day.ask(day.reader, Plug(plugged=False, after_bytes=300), ReaderDid)
    day.put(person)
    shown(desk, "#below", "理论入口一号通道：读卡器未接入。", "请检查读卡器插头，接好后自动恢复")
    shown(entry, "#entry", "本通道暂停使用。")
    shoot(desk, "reader")
    alarm = day.until_alarm("lane_part L1")
    assert alarm.level == "red" and alarm.text == "理论入口一号通道：读卡器未接入。"
    assert alarm.next.startswith("请检查读卡器插头")
    day.ask(day.reader, TakeCard(), ReaderDid)
    day.ask(day.reader, Plug(plugged=True), ReaderDid)
    day.until_lane_ready()
    expect(desk.locator("#below")).not_to_contain_text("未接入", timeout=30_000)
    day.until_quiet("lane_part L1")
    assert len(day.taps()) == taps, "no decision on half a card"
    day.admitted(person)


@pytest.mark.parametrize(
    ("picture", "code", "sentence", "step"),
    [
        (demo_people.nobody, "no_face", "未检测到人脸", "请"),
        (demo_people.two_people, "two_faces", "人脸", "请"),
    ],
    ids=["no-face", "two-faces"],
)
def test_a_face_that_cannot_be_compared(
    day: FaultDay, picture: object, code: str, sentence: str, step: str
) -> None:
    desk, entry = day.page("desk", "/desk"), day.page("display", "/entry/L1")
    inside, pulses, person = day.admissions(), day.pulses(), day.somebody()
    day.stand(picture())  # type: ignore[operator]
    tap = day.tapped(person)
    assert (tap.result, tap.code) == ("review", code)
    shown(desk, ".verdict", "人工核验", sentence, step)
    expect(desk.get_by_text("核验后准予入场").first).to_be_visible()
    shown(entry, "#entry", "请联系工作人员")
    shoot(desk, code)
    day.take()
    assert (day.admissions(), day.pulses()) == (inside, pulses), "nobody is let in by it"
    cases = day.site.box.db.read_now(lambda s: s.exec(select(Case.kind).where(Case.tap == tap.id)).all())
    assert list(cases) == [code], "a person decides"
    day.admitted(person)


def test_a_gate_that_does_not_answer(day: FaultDay) -> None:
    desk, entry = day.page("desk", "/desk"), day.page("display", "/entry/L1")
    inside, person = day.admissions(), day.somebody()
    day.ask(day.board, SetBoard(mode="deaf"), BoardDid)
    day.stand(demo_people.live("astronaut"))
    assert day.tapped(person).code == "admitted"
    day.site.waited("the order settled", lambda: day.orders()[-1] not in ("", "started"), 20)
    assert day.orders()[-1] == "unknown"
    shown(desk, "#now", "结果不明", "闸机没有响应。请查看是否已打开；系统不会自动重试。", "请人工开闸")
    shown(desk, "#below", "理论入口一号通道：闸机无响应。")
    shown(entry, "#entry", "请联系工作人员")
    shoot(desk, "gate")
    alarm = day.until_alarm("lane_part L1")
    assert alarm.text == "理论入口一号通道：闸机无响应。"
    # Seconds later the release has been tried in vain as well: then the gate has to be watched.
    assert alarm.next in (translate(GATE["silent"], "zh_CN"), translate(STUCK, "zh_CN"))
    pulses = day.pulses()
    day.ask(day.board, SetBoard(mode="normal"), BoardDid)
    day.until_quiet("lane_part L1")
    assert day.pulses() == pulses and day.orders()[-1] == "unknown", "never fired again by itself"
    assert day.admissions() == inside + 1, "the admission stands"
    expect(desk.locator(".ticket-number strong")).not_to_be_empty()
    day.take()
    day.admitted(day.somebody())


def test_a_camera_that_is_unplugged(day: FaultDay) -> None:
    room = day.page("invigilator", f"/room/{day.site.sitting}")
    shown(room, ".lines", "理论考场前部")
    status = day.recorder()
    assert status is not None
    seconds, before = status.cameras[0].recorded_s, datetime.now(UTC)
    day.ask(day.camera_control, SetCamera(plugged=False), CameraDid)
    shown(room, ".lines", "理论考场前部", "网络中断", "请联系系统管理员检查摄像机电源和网线。")
    shoot(room, "camera")
    alarm = day.until_alarm("camera_stopped C1")
    assert alarm.level == "red" and alarm.text == "摄像机 理论考场前部 未在录像：网络中断。"
    assert alarm.next == "请检查摄像机电源和网线；录像缺失及其原因会留存。"
    day.ask(day.camera_control, SetCamera(plugged=True), CameraDid)
    day.site.waited("recording again", day.records, 40)
    day.until_quiet("camera_stopped C1")
    expect(room.locator(".lines")).not_to_contain_text("网络中断", timeout=30_000)
    asked = FindClips(cameras=["C1"], start=before - timedelta(seconds=30), end=datetime.now(UTC))
    found: Found = day.ask(day.settings.socket("clips"), asked, Found)
    assert [gap.cause for gap in found.gaps if gap.start > before] == ["network"], (
        "the gap is kept with its cause"
    )
    assert min(clip.start for clip in found.clips) < before, "what was recorded before is there"
    now = day.recorder()
    assert now is not None and now.cameras[0].recorded_s >= seconds - 1


def command(day: FaultDay, *words: str) -> tuple[int, str]:
    """`examsite ...` at the console: exit status and everything it said."""
    done = subprocess.run(
        [sys.executable, "-m", "appliance.cli", *words], capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


def test_a_parcel_the_province_refuses(day: FaultDay) -> None:
    office = day.page("office", "/office")
    waiting = lambda: day.site.box.db.read_now(backlog, day.site.box)  # noqa: E731
    day.site.waited("everything delivered", lambda: waiting().sealed == 0, 40)
    held = len(day.province("GET", "parcels")["parcels"])
    day.province("POST", "refuse", {"code": "bad_day", "count": 1})
    day.admitted(day.somebody())
    shown(office, "#results", "省平台拒收第", "bad_day", "数据没有丢失，后续数据包等待发送。")
    shoot(office, "refused")
    alarm = day.until_alarm("parcels_refused")
    assert alarm.level == "red" and alarm.text == "省平台拒收 1 个上报数据包。" and "联系省平台" in alarm.next
    status, said = command(day, "sync", "status")
    assert status == 1 and "被拒收：bad_day" in said
    assert len(day.province("GET", "parcels")["parcels"]) == held, "nothing after it is sent"
    blocked = waiting().blocked
    assert blocked is not None
    assert command(day, "sync", "again", str(blocked.number), "--reason", "已与省平台核对")[0] == 0
    day.site.waited("every receipt", lambda: waiting().sealed == 0, 60)
    day.until_quiet("parcels_refused")
    expect(office.locator("#results")).not_to_contain_text("拒收", timeout=30_000)
    got = [one["number"] for one in day.province("GET", "parcels")["parcels"]]
    assert sorted(got) == list(range(1, len(got) + 1)) and len(got) > held, "each exactly once"


SILENT = {
    "gate": "入场核验程序无响应：无法读卡，闸机不开。",
    "recorder": "录像程序无响应。",
    "archive": "录像存档程序无响应：录像照常进行，暂停复制。",
    "clips": "录像调阅程序无响应。",
    "sync": "上报同步程序无响应。",
    "faces": "人脸复核程序无响应：入口和考试照常进行。",
}


def test_an_inspector_is_told_that_no_clip_can_be_had(day: FaultDay) -> None:
    begin = datetime.now(UTC)
    far = begin + timedelta(seconds=8)  # so that all of the piece is on the disk
    day.site.waited("a recording", lambda: datetime.now(UTC) > far and day.records(), 60)
    end = begin + timedelta(seconds=3)
    room = day.site.box.settings.cameras[0].room
    asked = urlencode({"from": begin.isoformat(), "to": end.isoformat()})
    day.parent.hold("clips", hard=True)
    page = day.page("inspector", f"/timeline/room/{room}?{asked}")
    shown(page, "main .signal.look", "程序 clips 无响应。", "考试照常进行。请系统管理员重启 exam-clips。")
    expect(page.locator("video")).to_have_count(0)
    shoot(page, "clips")
    day.until_alarm("process_silent clips")
    day.parent.again("clips")
    day.until_quiet("process_silent clips")
    page.reload()
    expect(page.locator("video")).to_have_count(1)
    page.wait_for_function("() => document.querySelector('video')?.readyState >= 2", timeout=30_000)


def test_every_process_that_is_killed_is_told_and_comes_back(day: FaultDay) -> None:
    desk, room = day.page("desk", "/desk"), day.page("invigilator", f"/room/{day.site.sitting}")
    inside = day.admissions()
    for unit in UNITS:
        day.parent.hold(unit, hard=True)
    for unit in UNITS:
        alarm = day.until_alarm(f"process_silent {unit}")
        assert alarm.text == SILENT[unit] and alarm.next == f"考试照常进行。请重启 exam-{unit}。"
    shown(desk, "#below", SILENT["gate"], "请人工核验身份，并联系系统管理员。")
    shown(day.page("display", "/entry/L1"), "#entry", "本通道暂停使用。")
    shown(room, ".lines", "录像服务", "起无应答")
    shoot(desk, "killed-desk")
    shoot(room, "killed-room")
    day.parent.hold("web", hard=True)
    for page in (desk, room):
        expect(page.locator("[data-live-sign]")).to_have_class("live-sign broken", timeout=30_000)
    shoot(desk, "killed-web")
    for unit in ("web", *UNITS):
        day.parent.again(unit)
    day.site.until_pages()
    day.until_lane_ready()
    day.site.waited("the camera", day.records, 60)
    day.site.waited("every part in order", day.in_order, 60)
    expect(desk.locator("[data-live-sign]")).to_have_class("live-sign", timeout=30_000)
    expect(desk.locator("#below")).not_to_contain_text(SILENT["gate"], timeout=30_000)
    assert day.admissions() == inside
    day.admitted(day.somebody())
    day.site.journal_holds()
