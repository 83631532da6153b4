"""The films where their files are gone or altered: passed over in words, marked, and told over the picture; what is
made of them is seen where it is made; and the page of a lane.
"""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Route, expect
from sqlmodel import col, select

from appliance.flow.bad_checks import KIND
from appliance.records.journal import Journal
from tests.conftest import START
from tests.web.conftest import shoot
from tests.web.day_server import Running
from tests.web.test_inspection import files_of
from tests.web.test_timeline import PLAYS, of
from tests.web.test_violation_clips import recorded

Open = Callable[..., Page]
Client = Callable[[str], httpx.Client]
pytestmark = pytest.mark.long


def minute_of(day: Running, camera: str, at: str) -> Path:
    """The file that begins then (UTC)."""
    return next(one for one in files_of(day, camera) if f"T{at}" in one.name)


def left_out(day: Running) -> int:
    """Stretches the newest check found and does not name."""
    newest = select(Journal).where(Journal.kind == KIND).order_by(col(Journal.seq).desc())
    body = day.box.db.read_now(lambda session: session.exec(newest.limit(1)).one().body)
    return int(json.loads(body)["more"])


def now(page: Page) -> float:
    return float(page.evaluate("Number(document.body.dataset.at)"))


def whole(page: Page, selector: str) -> None:
    """It lies within the window, and nothing it is scrolled in cuts any of it off."""
    page.wait_for_timeout(300)
    seen = page.locator(selector).evaluate(
        """found => {
          const at = found.getBoundingClientRect();
          let [top, bottom] = [0, innerHeight];
          for (let up = found.parentElement; up; up = up.parentElement) {
            if (getComputedStyle(up).overflowY === "visible") continue;
            const box = up.getBoundingClientRect();
            [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
          }
          return [at.height > 0, at.top - top, bottom - at.bottom];
        }"""
    )
    assert seen[0] and seen[1] >= -1 and seen[2] >= -1, (selector, seen)


def test_a_file_that_is_gone_is_passed_over_in_words(
    day: Running, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, later, other = (minute_of(day, "C1", at) for at in ("012100", "012300", "012500"))
    body, then, sound = gone.read_bytes(), later.read_bytes(), other.read_bytes()
    gone.unlink()
    other.write_bytes(sound[:20000] + b"x" + sound[20001:])
    try:
        page = open_page("inspector", of(day, 20) + "?at=2026-11-21T01:20:57Z")
        page.wait_for_function(PLAYS)
        # The only other camera has its gap until 09:23.
        expect(page.locator("#said")).to_contain_text("09:21:00 – 09:22:00：该文件缺失", timeout=15_000)
        page.wait_for_function(PLAYS)
        assert now(page) >= (START + timedelta(minutes=82)).timestamp() * 1000, "it went on behind it"
        page.keyboard.press("Space")
        expect(page.locator("svg.line .lost")).not_to_have_count(0)
        expect(page.locator("#legend-lost")).to_be_visible()
        for _ in range(7):
            page.keyboard.press("ArrowLeft")
        at = now(page)
        note = page.locator("figure.deck", has_text="理论考场前部").locator(".deck-note")
        expect(note).to_have_text("09:21:00 – 09:22:00：该文件缺失。")
        shoot(page, "films-missing")
        page.keyboard.press("Space")
        page.wait_for_function("since => Number(document.body.dataset.at) > since + 20000", arg=at)
        page.wait_for_function(PLAYS)
        page.keyboard.press("Space")
        # What is still there and no longer what was recorded is told over the picture.
        told = page.locator("#film-files")
        expect(told).to_contain_text(re.compile(r"2 个与录制时不一致"), timeout=30_000)
        expect(told).to_contain_text("09:25:00 – 09:26:00 被改动")
        expect(told.get_by_role("link")).to_have_attribute(
            "href", f"/inspection/{day.day.people[20]}#recordings"
        )
        expect(page.locator("svg.line .lost title", has_text="09:25:00")).to_have_count(1)
        shoot(page, "films-altered")
        room = "/timeline/room/T1?from=2026-11-21T01:20:00Z&to=2026-11-21T01:26:00Z"
        page.goto(day.url + room)
        expect(told).to_contain_text(re.compile(r"2 个与录制时不一致"), timeout=30_000)
        expect(told.get_by_role("link")).to_have_count(0)
        # At the altered picture, and where it is taken: it is no longer what was recorded.
        page.keyboard.press("Space")
        page.keyboard.press("End")
        front = page.locator("figure.deck", has_text="理论考场前部")
        expect(front).to_have_class(re.compile("altered"))
        expect(page.locator("figure.altered")).to_have_count(1)
        expect(page.locator("#files a.altered")).to_have_text("1/2 · 理论考场前部 · 原件（带签名） · 被改动")
        expect(page.locator("#files p")).to_contain_text(
            "09:25:00 – 09:26:00：被改动，带走的这一段与录制时不一致"
        )
        shoot(page, "films-altered-frame")
        # While the files are read again what was known stays marked; what is gone since then is called only that.
        later.unlink()
        monkeypatch.setattr("appliance.web.checks.WAIT", 0)
        monkeypatch.setattr("appliance.web.recordings.STRETCHES", 1)
        held: list[Route] = []
        page.route(re.compile("/timeline/files.*[&]of="), lambda route: held.append(route))
        day.slow_files = 1.0
        told.get_by_role("button", name="重新核对").click()
        expect(told).to_contain_text("正在重新读取录像文件")
        expect(told).to_contain_text("09:25:00 – 09:26:00 被改动")
        for _ in range(300):
            if held:
                break
            page.wait_for_timeout(100)
        assert held, "the outcome is not asked for yet"
        expect(front).to_have_class(re.compile("altered"))
        expect(page.locator("#files a.altered")).to_have_count(1)
        # What is opened meanwhile stays open when the part asks again, with the keyboard on it.
        earlier = told.locator("summary", has_text="以前的核对发现过问题")
        earlier.click()
        held.pop().continue_()
        for _ in range(300):
            if held:
                break
            page.wait_for_timeout(100)
        expect(told.locator("details[open]")).to_contain_text("09:25:00 – 09:26:00 被改动")
        expect(earlier).to_be_focused()
        day.slow_files = 0.0
        for route in held:
            route.continue_()
        page.unroute_all()
        expect(told).to_contain_text("3 个与录制时不一致", timeout=30_000)
        assert left_out(day) == 2, "of three stretches the entry names one, and says so"
        expect(front).to_have_class(re.compile("altered"))
        for _ in range(2):
            page.keyboard.press("Shift+ArrowLeft")
        expect(front.locator(".deck-more")).to_contain_text("缺失")
        expect(page.locator("#files p")).to_contain_text("09:23:00 – 09:24:00：缺失。")
        expect(page.locator("#files a", has_text="缺失")).to_have_count(1)
        expect(page.locator(".films .altered")).to_have_count(0)
        shoot(page, "films-found-missing")
        page.keyboard.press("End")
        # The last second of what was asked for is recorded: its picture stays, and it is said that this is the end.
        expect(page.locator("#ended")).to_be_hidden()
        page.keyboard.press("ArrowRight")
        expect(page.locator("#ended")).to_have_text("此处显示的时段到 09:26:00 为止。")
        expect(page.locator(".deck-note:visible")).to_have_count(0)
        expect(front).to_have_class(re.compile("altered"))
        page.locator(".keys summary").click()
        whole(page, ".keys dl")
        shoot(page, "films-ended")
        page.locator(".keys summary").click()
        # A moment clicked is a whole second, and so is what is taken.
        page.locator("svg.line").click(position={"x": 333, "y": 60})
        assert now(page) % 1000 == 0
        for key in (",", "i", ".", "o"):
            page.keyboard.press(key)
        for field in page.locator("[data-take]").all():
            assert field.input_value().endswith(".000Z")
        expect(page.locator("#part")).not_to_have_text(re.compile(r"^(\S+) – \1$"))
    finally:
        day.slow_files = 0.0
        gone.write_bytes(body)
        later.write_bytes(then)
        other.write_bytes(sound)


@pytest.mark.parametrize(("lang", "width", "height"), [("zh", 1366, 768), ("en", 1280, 800)])
def test_what_is_made_of_a_case_is_seen(
    day: Running, open_page: Open, lang: str, width: int, height: int
) -> None:
    """Two files more because of the gap: the command stays whole, and the package ends in view."""
    person = {"zh": 12, "en": 13}[lang]
    found = recorded(day, person, START + timedelta(minutes=81))
    page = open_page("inspector", "/password", width, height)
    page.context.add_cookies([{"name": "lang", "value": {"zh": "zh_CN", "en": "en"}[lang], "url": day.url}])
    try:
        page.goto(f"{day.url}/timeline/case/{found.id}")
        page.wait_for_function(PLAYS)
        page.keyboard.press("Space")
        expect(page.locator("#begins")).to_be_visible()
        shoot(page, f"films-case-{lang}")
        whole(page, "#marks li:has(.violation)")
        page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("i")
        for _ in range(4):
            page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("o")
        expect(page.locator("#begins")).to_have_count(0)
        expect(page.locator("#files a")).to_have_count(3)
        expect(page.locator("#count")).to_have_text({"zh": "共 3 个文件", "en": "Files: 3"}[lang])
        whole(page, "#proof")
        for n in range(3):
            expect(page.locator("#files a").nth(n)).to_be_in_viewport(ratio=1)
        whole(page, "#files p")
        whole(page, "#files a >> nth=0")
        expect(page.locator("#files a").first).to_contain_text("1/3 · ")
        shoot(page, f"films-three-{lang}")
        whole(page, "#take summary")
        page.locator("#take summary").click()
        # Nothing has to be scrolled for what a file or a package needs: from when to when, every file, both commands.
        taken = ["#take h2", "#part", *(f"#files a >> nth={n}" for n in range(3)), "form.package"]
        for one in [*taken, "#proof"]:
            whole(page, one)
        page.locator("form.package button >> nth=0").click()
        expect(page.locator("#package .signal")).to_be_visible(timeout=60_000)
        whole(page, "#package a.button")
        for one in [*taken, "#package .signal", "#package code"]:
            whole(page, one)
        shoot(page, f"films-package-{lang}")
        page.locator("#take summary").click()
        expect(page.locator("#marks")).to_be_visible()
        for _ in range(6):
            page.keyboard.press("End")
        page.keyboard.press("n")
        said = {"zh": "后面没有记录了。", "en": "That was the last mark."}
        expect(page.locator("#said")).to_have_text(said[lang])
        page.keyboard.press("p")
        expect(page.locator("#said")).to_have_text("")
    finally:
        page.context.clear_cookies(name="lang")
        page.close()


def test_a_lane_lists_who_came_and_times_before_the_box_are_said(
    day: Running, open_page: Open, client: Client
) -> None:
    page = open_page("chief", "/timeline/find?place=L1")
    rows = page.locator("#marks li:visible")
    expect(rows.first).to_contain_text("入口刷证")
    assert rows.count() > 10 and "08:" in (page.locator("#at").text_content() or "")
    expect(rows.first.get_by_role("link", name="记录")).to_have_attribute("href", re.compile("^/inspection/"))
    shoot(page, "films-lane")
    page.close()
    http = client("chief")
    answer = http.get(
        "/timeline/find?place=T1&start=2025-01-01 09:00&end=2025-01-01 09:30", follow_redirects=True
    )
    assert "本机最早的录像为 2026-11-21 0" in answer.text and "没有记录原因" not in answer.text
    answer = http.get("/timeline/find?place=T1&start=2026-11-21 09:00&end=", follow_redirects=True)
    assert "开始和结束时间只填了一个" in answer.text
    for times in (
        "start=0001-01-01 00:00&end=0001-01-01 01:00",
        "start=9999-12-31 23:00&end=9999-12-31 23:30",
        "start=2026-11-21 09:00&end=9999-12-31 23:30",
    ):
        answer = http.get(f"/timeline/find?place=T1&{times}")
        assert answer.status_code == 422 and "时间格式不对" in answer.text, times
        wrong = answer.text.split('aria-invalid="true"')[0].rsplit("<input", 1)[1]
        assert f'name="{"end" if "2026" in times else "start"}"' in wrong, times
