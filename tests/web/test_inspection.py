"""The inspector's page in a real browser over real files: who was it, who watched, is the video whole, was
anything changed? Screenshots go to build/screens.
"""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select, text

from appliance.flow.note_seals import note_seals
from appliance.records.journal import Journal
from appliance.records.seating import SeatTaking
from appliance.wire.seals import SealedHead
from cameras.clips.proof import verify_clip
from tests.web.conftest import shoot
from tests.web.day_server import Running
from tests.world import number_of

Open = Callable[..., Page]
WHOLE = re.compile(r"\d\d:\d\d:\d\d 核对：(\d+) 个文件中 \1 个完好。")


def newest(day: Running, kind: str) -> Journal | None:
    wanted = select(Journal).where(Journal.kind == kind).order_by(col(Journal.seq).desc()).limit(1)
    return day.box.db.read_now(lambda session: session.exec(wanted).first())


def path_of(day: Running, person: int) -> str:
    return f"/inspection/{day.day.people[person]}"


def files_of(day: Running, camera: str) -> list[Path]:
    return sorted((Path(day.day.settings.recorder.media) / camera).rglob("*.mp4"))


def again(page: Page) -> None:
    with page.expect_response(lambda answer: "again=true" in answer.url):
        page.locator("#recordings").get_by_role("button", name="重新核对").click()


def test_an_inspector_follows_one_candidate(day: Running, open_page: Open) -> None:
    page = open_page("inspector", "/inspection")
    expect(page.locator("#journal-proof .signal.go")).to_contain_text("完整")
    page.fill("[name=text]", number_of(20))
    page.keyboard.press("Enter")
    expect(page.locator("td a strong")).to_have_count(1)
    assert not re.search(r"\d{12}", page.url), "an ID number stays in the browser's list of visited pages"
    expect(page.locator("td .sat")).to_have_text(
        re.compile(r"^2026-11-21 · 第 1 场 · 理论 · 低压电工 · T1-\d\d$")
    )
    shoot(page, "inspection")
    page.click("td a strong")
    expect(page.locator(".card > .timeline li").nth(1)).to_contain_text("入口刷证")
    expect(page.locator("#journal-proof .signal.go")).to_contain_text("完整")
    expect(page.locator(".proof-line .signal.go")).to_contain_text(WHOLE)
    expect(page.locator(".place")).to_have_count(3)
    entrance, waiting, seat = (page.locator(".place").nth(number) for number in range(3))
    expect(entrance).to_contain_text("理论入口")
    expect(waiting.locator(".look")).to_contain_text("候考室没有监控覆盖。")
    expect(page.locator("#recordings > .signal.look").last).to_contain_text("没有摄像机的地方：1 处。")
    expect(page.locator("#recordings > .signal.go")).to_have_count(0)
    expect(seat.locator(".gap-line")).to_have_count(1)
    expect(seat.locator(".gap-line")).to_contain_text(re.compile("09:20:00 – 09:23:00 · 3 分钟 · 网络中断"))
    shoot(page, "timeline")
    page.locator(".timeline summary").first.click()
    page.set_viewport_size({"width": 1920, "height": 1080})
    shoot(page, "timeline-1920")


def test_an_id_number_of_nobody_stays_out_of_the_address_too(open_page: Open) -> None:
    page = open_page("inspector", "/inspection")
    page.fill("[name=text]", "37090019900101123X")
    page.keyboard.press("Enter")
    expect(page.locator("td.empty")).to_have_text(
        "没有找到。请输入姓名的一部分、完整的证件号码、候考号、准考证号，或考位（T1-07）。"
    )
    assert not re.search(r"\d{12}", page.url)
    page.fill("[name=text]", "施")
    page.keyboard.press("Enter")
    expect(page.locator("h2", has_text="找到")).to_be_visible()
    expect(page.locator("[name=text]")).to_have_value("施")


def test_a_piece_is_played_and_a_piece_is_taken_away(day: Running, open_page: Open, tmp_path: Path) -> None:
    page = open_page("inspector", path_of(day, 20))
    seat = page.locator(".place").nth(2)
    seat.locator(".piece a").first.click()
    expect(page.locator("video").first).to_be_visible()
    page.wait_for_function("() => document.querySelector('video').readyState >= 2")
    viewed = newest(day, "clip.viewed")
    assert viewed is not None and viewed.subject == day.day.people[20]
    page.goto(day.url + path_of(day, 20))
    with page.expect_download() as taken:
        seat.locator(".piece a[download]").first.click()
    file = tmp_path / "clip.mp4"
    taken.value.save_as(file)
    authority = (day.day.settings.state / "keys" / "authority.pem").read_bytes()
    found = verify_clip(file, authority)
    assert found.ok and found.clip is not None and found.clip.camera == "C1"
    exported = newest(day, "clip.exported")
    assert exported is not None and exported.subject == day.day.people[20]
    from cameras.integrity import file_sha256

    assert msgspec.json.decode(exported.body)["sha256"] == file_sha256(file), "the journal knows this file"
    page.reload()
    looks = page.locator(".card", has_text="谁查看过").locator(".people-list").last
    expect(looks).to_contain_text("下载录像")


@pytest.mark.long
def test_a_long_check_shows_how_far_it_is(day: Running, open_page: Open) -> None:
    day.slow_files = 0.05
    try:
        page = open_page("inspector", path_of(day, 21))
        expect(page.locator("#recordings progress")).to_be_visible()
        expect(page.locator("#recordings [role=status]")).to_contain_text(re.compile(r"\d+ / \d+"))
        shoot(page, "timeline-checking")
        expect(page.locator(".proof-line .signal.go")).to_contain_text(WHOLE, timeout=20_000)
    finally:
        day.slow_files = 0.0
    checked = newest(day, "recordings.verified")
    assert checked is not None and checked.subject == day.day.people[21]
    told = msgspec.json.decode(checked.body)
    assert told["files"] == told["whole"] > 100 and told["damaged"] == []


def test_a_flipped_byte_and_a_deleted_file_are_named(day: Running, open_page: Open) -> None:
    page = open_page("inspector", path_of(day, 22))
    expect(page.locator(".proof-line .signal.go")).to_be_visible()
    altered, gone = files_of(day, "C1")[70], files_of(day, "C1")[80]
    whole, removed = altered.read_bytes(), gone.read_bytes()
    try:
        altered.write_bytes(whole[:9000] + bytes([whole[9000] ^ 1]) + whole[9001:])
        gone.unlink()
        again(page)
        expect(page.locator(".proof-line .signal.stop")).to_contain_text("2 个与录制时不一致")
        expect(page.locator(".proof-line .signal.stop")).to_contain_text(re.compile(r"\d\d:\d\d:\d\d 核对："))
        expect(page.locator("#recordings")).to_contain_text("尚未签封：其中")
        expect(page.locator(".damaged li")).to_have_count(2)
        expect(page.locator(".damaged li").first).to_contain_text("被改动")
        expect(page.locator(".damaged li").first).to_contain_text(altered.name)
        expect(page.locator(".damaged li").last).to_contain_text("缺失")
        expect(page.locator("rect.broken")).to_have_count(2)
        shoot(page, "timeline-altered")
        page.set_viewport_size({"width": 1920, "height": 1080})
        shoot(page, "timeline-altered-1920")
        told = newest(day, "recordings.verified")
        assert told is not None and f"altered C1/20261121/{altered.name}" in told.body
    finally:
        altered.write_bytes(whole)
        gone.write_bytes(removed)
    again(page)
    expect(page.locator(".proof-line .signal.go")).to_contain_text(WHOLE)


def test_a_row_taken_out_of_the_index_is_a_gap_nobody_explains(day: Running, open_page: Open) -> None:
    media = Path(day.day.settings.recorder.media)
    link = sqlite3.connect(media / "index.db")
    row = link.execute(
        "SELECT * FROM segment WHERE camera = 'C1' ORDER BY start LIMIT 1 OFFSET 75"
    ).fetchone()
    with link:
        link.execute("DELETE FROM segment WHERE id = ?", (row[0],))
    try:
        page = open_page("inspector", path_of(day, 23))
        expect(page.locator(".place").nth(2).locator(".gap-line").first).to_contain_text("没有记录原因")
    finally:
        with link:
            link.execute(f"INSERT INTO segment VALUES ({','.join('?' * len(row))})", row)
        link.close()


def test_a_silent_clip_process_is_said_and_the_rest_is_shown(day: Running, open_page: Open) -> None:
    socket = day.day.settings.socket("clips")
    socket.rename(socket.with_suffix(".away"))
    try:
        page = open_page("inspector", path_of(day, 24))
        expect(page.locator("#recordings .signal.look")).to_contain_text("process_silent")
        expect(page.locator(".card > .timeline li").nth(1)).to_contain_text("入口刷证")
    finally:
        socket.with_suffix(".away").rename(socket)


def test_the_page_in_english(day: Running, open_page: Open) -> None:
    page = open_page("chief", path_of(day, 20))
    page.click("a[lang=en]")
    page.goto(day.url + path_of(day, 20))
    expect(page.locator(".proof-line .signal.go")).to_contain_text(re.compile(r"(\d+) of \1 files whole"))
    assert not re.search(r"[\u4e00-\u9fff]", page.locator("#journal-proof").inner_text())
    shoot(page, "timeline-en")
    page.set_viewport_size({"width": 1920, "height": 1080})
    shoot(page, "timeline-en-1920")
    page.click("a[lang=zh-CN]")


def test_a_changed_journal_entry_is_said(day: Running, open_page: Open) -> None:
    def change(session: Session) -> str:
        taking = session.exec(
            select(SeatTaking).where(SeatTaking.candidate == day.day.people[25]).limit(1)
        ).one()
        found = session.exec(
            select(Journal).where(Journal.subject == taking.candidate, Journal.kind == "seat.taken").limit(1)
        ).one()
        session.execute(
            text("UPDATE journal SET body = :body WHERE seq = :seq"), {"body": "{}", "seq": found.seq}
        )
        return f"{found.seq} {found.body}"

    seq, _, body = day.box.db.write_now(change).partition(" ")
    try:
        page = open_page("inspector", path_of(day, 25))
        page.locator("#journal-proof button").click()
        expect(page.locator("#journal-proof .signal.stop")).to_contain_text(
            f"考务日志在第 {seq} 条处校验不通过。"
        )
        expect(page.locator(".timeline .word.stop").first).to_contain_text("未证实")
        shoot(page, "timeline-journal-changed")
    finally:
        day.box.db.write_now(
            lambda session: session.execute(
                text("UPDATE journal SET body = :body WHERE seq = :seq"), {"body": body, "seq": int(seq)}
            )
        )


def test_recordings_cut_off_after_their_seal_are_said(day: Running, open_page: Open) -> None:
    """The last one here: the journal keeps what it was told."""
    page = open_page("inspector", path_of(day, 26))
    expect(page.locator(".proof-line .signal.go")).to_be_visible()
    heads = [SealedHead(camera="C1", number=9, n=99999, head="ab" * 32, at=day.box.now())]
    day.box.db.write_now(note_seals, day.box, heads)
    again(page)
    stop = page.locator("#recordings .signal.stop")
    expect(stop).to_contain_text("录像被截断或被调换")
    expect(stop).to_contain_text("摄像机：理论考场前部")
    shoot(page, "timeline-cut-off")
    told = newest(day, "recordings.verified")
    assert told is not None and msgspec.json.decode(told.body)["broken"] == ["C1 99999"]
