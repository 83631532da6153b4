"""The player where recordings are not simply there: H.265, an off-line disk, sound; a violation and a case; several
visits. One served day for all of it.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import Session, select

from appliance.base.ids import new_id
from appliance.flow.whereabouts import Stay
from appliance.records.cases import ExamCase
from appliance.records.entry import Tap
from appliance.records.roster import Candidate
from appliance.web.screens_seen import spans_of
from cameras.archive.store import Archive
from cameras.clips.proof import verify_clip
from tests.conftest import START
from tests.web.conftest import shoot
from tests.web.day import PASSWORD
from tests.web.day_server import Running
from tests.web.recordings import minute_film
from tests.web.test_inspection import files_of
from tests.web.test_timeline import PLAYS, of
from tests.web.test_violation_clips import recorded

Open = Callable[..., Page]
pytestmark = pytest.mark.long


@pytest.fixture
def see(open_page: Open) -> Iterator[Open]:
    """A page that plays no longer than its test."""
    opened: list[Page] = []

    def one(login: str, path: str) -> Page:
        opened.append(open_page(login, path))
        return opened[-1]

    yield one
    for page in opened:
        page.close()


def minutes_of(day: Running, camera: str, first: str, last: str) -> list[Path]:
    """Files by the UTC times in their names."""
    return [one for one in files_of(day, camera) if f"20261121T{first}" <= one.name < f"20261121T{last}"]


def test_h265_is_said_and_offered_as_a_file(day: Running, see: Open) -> None:
    film = minute_film("libx265")
    for path in minutes_of(day, "C2", "012300", "014000"):
        path.write_bytes(film)
    page = see("inspector", of(day, 34) + "?at=2026-11-21T01:30:00Z")
    page.wait_for_function(PLAYS)  # the other camera goes on
    note = page.locator(".deck-note:visible")
    expect(note).to_contain_text("H.265")
    shoot(page, "films-h265")
    with page.expect_download() as taken:
        note.get_by_role("link", name="下载文件").click()
    assert taken.value.suggested_filename.startswith("C2-20261121-09")


def test_a_disk_that_is_away_is_asked_for_by_its_label(day: Running, see: Open) -> None:
    media = Path(day.day.settings.recorder.media)
    archive = Archive(media)
    with archive.transaction() as link:
        link.execute("INSERT INTO place(name, kind) VALUES ('A-017', 'offline')")
    for path in minutes_of(day, "C4", "000000", "003200"):
        archive.keep_copy("A-017", str(path.relative_to(media)), path.stat().st_size, "0" * 64, day.box.now())
        path.unlink()
    archive.close()
    page = see("inspector", of(day, 35))
    expect(page.locator(".deck-note").first).to_contain_text("A-017")
    shoot(page, "films-disk")


def test_sound_is_heard_when_it_is_wanted(day: Running, see: Open) -> None:
    film = minute_film(sound=True)
    for path in minutes_of(day, "C1", "011000", "011200"):
        path.write_bytes(film)
    page = see("inspector", of(day, 36) + "?at=2026-11-21T01:10:05Z")
    page.wait_for_function(PLAYS)
    assert page.evaluate("[...document.querySelectorAll('video')].every(one => one.muted)")
    page.keyboard.press("m")
    expect(page.locator("#sound")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(
        "() => [...document.querySelectorAll('video')].some(one => !one.muted && one.webkitAudioDecodedByteCount > 0)"
    )
    assert page.evaluate("[...document.querySelectorAll('video')].filter(one => !one.muted).length") == 1


def test_a_violation_and_a_case_begin_shortly_before_them(day: Running, see: Open) -> None:
    found = recorded(day, 12, START + timedelta(minutes=74))
    page = see("inspector", f"/timeline/case/{found.id}")
    expect(page.locator("#day")).to_have_text("2026-11-21")
    expect(page.locator("#at")).to_have_text(re.compile(r"^09:1[34]:\d\d"))
    page.wait_for_function(PLAYS)
    expect(page.locator("#marks li:visible", has_text="违纪")).not_to_have_count(0)
    shoot(page, "films-violation")
    case = new_id()

    def opened(session: Session) -> None:
        session.add(
            ExamCase(
                id=case,
                sitting=found.sitting,
                attempt=found.attempt,
                candidate=found.candidate,
                seat=found.seat,
                kind="absent",
                happened_at=START + timedelta(minutes=75),
            )
        )

    day.box.db.write_now(opened)
    page.goto(day.url + f"/timeline/case/{case}")
    expect(page.locator("#at")).to_have_text(re.compile(r"^09:1[45]:\d\d"))
    page.goto(day.url + "/timeline/case/nothing")
    expect(page.locator("main")).to_contain_text("没有")


def test_several_visits_are_chosen_by_their_time(day: Running, see: Open) -> None:
    """The same person was at the gate of another day, too: nothing of that is on record here."""
    person, before = day.day.people[37], START - timedelta(days=3)

    def came(session: Session) -> None:
        session.add(
            Tap(
                id=new_id(),
                lane="L1",
                happened_at=before,
                recorded_at=before,
                candidate=person,
                result="refuse",
                code="too_early",
            )
        )

    day.box.db.write_now(came)
    page = see("inspector", f"/timeline/candidate/{person}")
    tabs = page.locator("[data-visit]")
    expect(tabs).to_have_count(2)
    expect(tabs.first).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#day")).to_have_text("2026-11-18")
    expect(page.locator(".deck-note:visible").first).to_contain_text("录像缺失")
    tabs.last.click()
    expect(page.locator("#day")).to_have_text("2026-11-21")
    expect(tabs.last).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-blind='0']")).to_have_count(0)
    expect(page.locator("[data-blind='1']").first).to_be_visible()
    page.keyboard.press("Space")
    page.wait_for_function(PLAYS)
    page.goto(day.url + f"/timeline/candidate/{person}?at=2026-11-21T01:05:00Z")
    expect(tabs.last).to_have_attribute("aria-pressed", "true")
    shoot(page, "films-visits")
    # What is taken away, and how it is verified, in one click from here.
    page.keyboard.press("Space")
    with page.expect_download() as taken:
        page.locator("#files a").first.click()
    name = taken.value.suggested_filename
    expect(page.locator("#take .proof code")).to_have_text(
        f"examsite recordings verify-clip {name} --authority authority.pem"
    )


def test_a_named_candidates_clip_is_taken_and_verified_within_a_minute(
    day: Running, browser: Browser, tmp_path: Path
) -> None:
    """From the sign-in page with nothing but the name: account, name, two keys and one click."""
    names = day.box.db.read_now(lambda session: Counter(session.exec(select(Candidate.name))))
    name = next(one for one in names if names[one] == 1)
    context = browser.new_context(ignore_https_errors=True, locale="zh-CN")
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"{day.url}/sign-in")
    began = time.monotonic()
    page.fill("[name=login]", "inspector")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("[name=text]")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="监控录像")).to_be_focused()
    page.keyboard.press("Enter")
    with page.expect_download() as taken:
        page.locator("#files a").first.click()
    file = tmp_path / taken.value.suggested_filename
    taken.value.save_as(file)
    expect(page.locator("#take .proof code")).to_contain_text(f"verify-clip {file.name} ")
    found = verify_clip(file, (day.day.settings.state / "keys" / "authority.pem").read_bytes())
    assert found.ok
    assert time.monotonic() - began < 60
    context.close()


def test_codes_on_screens_are_read_again_for_the_visit(day: Running, see: Open) -> None:
    """The films of these tests show none: each picture looked at is said to be without a code."""
    cameras = day.box.settings.cameras
    before = cameras[0]
    cameras[0] = msgspec.structs.replace(before, screen="panel-T1")
    try:
        page = see("inspector", f"/inspection/{day.day.people[38]}")
        line = page.locator("#screens .codes-line")
        expect(line).to_have_count(1, timeout=60_000)
        expect(line).to_contain_text(
            re.compile(r"共 (\d+) 帧：编码正确 0 帧，读不到 \1 帧，更早时间的编码 0 帧")
        )
        line.scroll_into_view_if_needed()
        shoot(page, "inspection-codes")
    finally:
        cameras[0] = before
    stay = Stay(
        kind="seat", name="T1-01", start=START, end=START + timedelta(minutes=5), cameras=["C1", "C2"]
    )
    moved = msgspec.structs.replace(stay, start=stay.end, end=None)
    out = Stay(kind="exit", name="", start=START, end=None, cameras=["C1"])
    spans = spans_of([moved, out, stay], {"C1": "panel-T1"}, START + timedelta(minutes=9))
    assert [(one.camera, one.start, one.end) for one in spans] == [
        ("C1", START, START + timedelta(minutes=9))
    ]
