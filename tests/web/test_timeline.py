"""The page of recordings in a real browser: played from any second, frame by frame, several cameras in step, marks with
their records; and the evidence package, checked on another machine.
"""

import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import pytest
from playwright.sync_api import Page, expect

from appliance.base import crypto
from appliance.wire.evidence import MANIFEST, Manifest, SignedManifest
from cameras.clips.package_proof import verify_package
from tests.command import examsite
from tests.web.conftest import csrf, shoot
from tests.web.day_server import Running
from tests.web.test_inspection import newest

Open = Callable[..., Page]
pytestmark = pytest.mark.long
PLAYS = "() => [...document.querySelectorAll('video')].some(one => one.currentTime > 0.3 && !one.paused)"

MOVED = """before => {
  const video = document.querySelector("video");
  return !video.seeking && video.currentTime !== before;
}"""


def of(day: Running, person: int) -> str:
    return f"/timeline/candidate/{day.day.people[person]}"


def videos(page: Page) -> list[dict[str, float]]:
    found: list[dict[str, float]] = page.evaluate(
        "[...document.querySelectorAll('video')].map(v => ({at: v.currentTime, rate: v.playbackRate}))"
    )
    return found


def at(page: Page) -> float:
    return float(page.evaluate("Number(document.body.dataset.at)")) / 1000


def test_a_candidate_is_seen_from_the_gate_on(day: Running, open_page: Open) -> None:
    page = open_page("inspector", of(day, 30))
    page.wait_for_function(PLAYS)
    expect(page.locator("#marks li:visible").first).to_contain_text("入口刷证")
    shoot(page, "films")
    viewed = newest(day, "clip.viewed")
    assert viewed is not None and viewed.subject == day.day.people[30]
    # One picture forward, one back: the film has two a second.
    page.keyboard.press("Space")
    begin = videos(page)[0]["at"]
    for key, steps in ((".", 2), (",", 1)):
        for _ in range(steps):
            before = videos(page)[0]["at"]
            page.keyboard.press(key)
            page.wait_for_function(
                MOVED,
                arg=before,
            )
    assert 0.2 < videos(page)[0]["at"] - begin < 1.0
    # A mark is reached with a click, its record with another.
    page.locator("#marks li", has_text="试卷已打开").locator(".mark-at").click()
    expect(page.locator("#at")).to_have_text("09:00:00.000")
    expect(page.locator("figure.deck")).to_have_count(2)
    proof = (
        page.locator("#marks li", has_text="试卷已打开")
        .get_by_role("link", name="记录")
        .get_attribute("href")
    )
    assert proof is not None and proof.startswith(f"/inspection/{day.day.people[30]}#entry-")
    record = open_page("inspector", proof)
    assert record.locator(f"#{proof.partition('#')[2]}").count() == 1
    record.close()
    # Two cameras in step, at every speed. Whoever stops sees one moment, that of the clock; then picture by picture.
    piece = at(page) - videos(page)[0]["at"]
    for speed in ("1", "8", "0.5"):
        page.select_option("#speed", speed)
        now = at(page)
        page.keyboard.press("Space")
        page.wait_for_function(
            "since => Number(document.body.dataset.at) / 1000 > since", arg=now + float(speed) * 1.5
        )
        one, two = videos(page)
        assert abs(one["at"] - two["at"]) < 0.25 * max(1.0, float(speed))
        page.keyboard.press("Space")
        stopped = at(page)
        assert [round(each["at"] + piece - stopped, 2) for each in videos(page)] == [0, 0]
        for step in (1, 2):
            page.keyboard.press(".")
            assert round(at(page) - stopped, 2) == 0.5 * step
        assert [round(each["at"] + piece - at(page), 2) for each in videos(page)] == [0, 0]
    # The gap of one camera is said, the other goes on.
    page.goto(day.url + of(day, 30) + "?at=2026-11-21T01:20:30Z")
    expect(page.locator(".deck-note:visible")).to_contain_text("录像缺失 09:20:00 – 09:23:00：网络中断")
    page.wait_for_function(PLAYS)
    shoot(page, "films-gap")


def test_where_no_camera_sees_it_goes_on_to_the_next_second(day: Running, open_page: Open) -> None:
    page = open_page("inspector", of(day, 31) + "?at=2026-11-21T00:35:00Z")
    expect(page.locator("#said")).to_contain_text("已跳过")
    page.wait_for_function(PLAYS)
    expect(page.locator(".legend .look")).to_contain_text("没有摄像机")


def test_a_seat_a_room_and_a_case(day: Running, open_page: Open) -> None:
    page = open_page("chief", "/timeline/find?place=T1", 1920, 1080)
    page.wait_for_function(PLAYS)
    expect(page.locator("#sorts")).to_contain_text("警告 1")
    shoot(page, "films-room-1920")
    page.goto(day.url + "/timeline/find?place=t1-07&start=2026-11-21 09:00&end=2026-11-21 09:10")
    page.wait_for_function(PLAYS)
    expect(page.locator("h1")).to_have_text("T1-07")
    page.goto(day.url + "/timeline/find?place=nowhere")
    expect(page.locator("main")).to_contain_text("没有考位、考场或入口通道")
    # What was typed stays, and the field that was wrong is where one goes on.
    expect(page.locator("[name=place]")).to_be_focused()
    page.fill("[name=place]", "t1")
    page.fill("[name=start]", "2026-11-21 09:30")
    page.fill("[name=end]", "2026-11-21 09:00")
    page.keyboard.press("Enter")
    expect(page.locator("main .card [role=alert]")).to_contain_text("结束时间早于开始时间")
    shoot(page, "films-find-wrong")
    typed = {"place": "t1", "start": "2026-11-21 09:30", "end": "2026-11-21 09:00"}
    for name, value in typed.items():
        expect(page.locator(f"[name={name}]")).to_have_value(value)
    expect(page.locator("[name=end]")).to_be_focused()
    for more, wrong in (
        ("start=2026-11-21 09:00&end=", "end"),
        ("end=x&start=", "end"),
        ("start=x", "start"),
    ):
        page.goto(f"{day.url}/timeline/find?place=T1&{more}")
        expect(page.locator("[aria-invalid]")).to_have_attribute("name", wrong)
    page.fill("[name=start]", "2026-11-21 09:30")
    page.fill("[name=end]", "2026-11-21 09:31")
    page.keyboard.press("Enter")
    page.wait_for_function(PLAYS)
    expect(page.locator("h1")).to_have_text("理论考场")


def test_a_package_is_made_and_checked_elsewhere(
    day: Running, client: Callable[[str], httpx.Client], tmp_path: Path
) -> None:
    one, person = client("inspector"), day.day.people[32]
    token = csrf(one.get(of(day, 32)).text)
    form = {
        "sort": "candidate",
        "id": person,
        "start": "2026-11-21T01:15:30Z",
        "end": "2026-11-21T01:25:00Z",
        "cameras": "C1,C2",
    }
    answer = one.post("/timeline/package", data=form, headers={"x-csrf-token": token})
    assert answer.status_code == 200, answer.text
    path = answer.text.split('hx-get="', 1)[1].split('"', 1)[0]
    for _ in range(200):
        answer = one.get(path)
        if "hx-get" not in answer.text:
            break
        time.sleep(0.1)
    assert f"{path}/file" in answer.text, answer.text
    assert client("chief").get(f"{path}/file").status_code == 404, "only for whoever asked for it"
    file = tmp_path / "evidence.zip"
    file.write_bytes(one.get(f"{path}/file").content)
    authority = (day.day.settings.state / "keys" / "authority.pem").read_bytes()
    found = verify_package(file, authority)
    assert found.ok and found.package is not None and found.checked == len(found.package.files) >= 5
    kinds = [item.kind for item in found.package.files]
    assert kinds.count("clip") == 3, "one camera was cut off in between: two recordings of it"
    assert [gap.camera for gap in found.package.gaps] == ["C2"]
    assert "cover" in kinds and "record" in kinds
    entry = newest(day, "package.exported")
    assert entry is not None and entry.subject == person and entry.actor.startswith("account:")
    taken = newest(day, "package.taken")
    assert taken is not None and taken.subject == person and '"C1"' in taken.body
    _tampered(file, tmp_path / "other.zip", authority, tmp_path)
    keeper = tmp_path / "authority.pem"
    keeper.write_bytes(authority)
    status, out, _err = examsite("recordings", "verify-clip", str(file), "--authority", str(keeper), "--json")
    assert status == 0 and json.loads(out)["ok"]
    status, out, _err = examsite("recordings", "verify-package", str(file), "--authority", str(keeper))
    assert status == 0 and "C1 C2" in out


def _tampered(file: Path, other: Path, authority: bytes, folder: Path) -> None:
    """Whatever is done to a package is seen."""
    with zipfile.ZipFile(file) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    clip = next(name for name in parts if name.startswith("clips/"))

    def codes(changed: dict[str, bytes], trusted: bytes = authority) -> list[tuple[str, str]]:
        with zipfile.ZipFile(other, "w") as target:
            for name, body in changed.items():
                target.writestr(name, body)
        found = verify_package(other, trusted)
        assert found.ok == (not found.findings)
        return [(item.code, item.path) for item in found.findings]

    assert codes(parts) == []
    body = bytearray(parts[clip])
    body[len(body) // 2] ^= 1
    assert codes(parts | {clip: bytes(body)}) == [("altered", clip)]
    assert codes({name: body for name, body in parts.items() if name != "cover.pdf"}) == [
        ("missing", "cover.pdf")
    ]
    assert codes(parts | {"clips/more.mp4": b"x"}) == [("added", "clips/more.mp4")]
    assert codes({name: body for name, body in parts.items() if name != MANIFEST}) == [
        ("no_manifest", MANIFEST)
    ]
    signed = msgspec.json.decode(parts[MANIFEST], type=SignedManifest)
    stated = msgspec.json.decode(signed.body, type=Manifest)
    stated.gaps = []
    forged = msgspec.structs.replace(signed, body=msgspec.json.encode(stated).decode())
    assert codes(parts | {MANIFEST: msgspec.json.encode(forged)}) == [("bad_signature", MANIFEST)]
    crypto.new_authority(folder / "foreign", "other site")
    foreign = (folder / "foreign" / "authority.pem").read_bytes()
    assert ("bad_certificate", MANIFEST) in codes(parts, foreign)


def test_what_is_taken_away_is_in_the_journal(
    day: Running, client: Callable[[str], httpx.Client], open_page: Open, tmp_path: Path
) -> None:
    page = open_page("inspector", of(day, 33) + "?at=2026-11-21T01:05:00Z")
    page.wait_for_function(PLAYS)
    page.keyboard.press("Space")
    page.keyboard.press("i")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("o")
    page.locator("#take summary").click()
    with page.expect_download() as taken:
        page.locator("#copies a", has_text="叠印时间的副本").first.click()
    taken.value.save_as(tmp_path / "copy.mp4")
    asked = newest(day, "clip.requested")
    assert asked is not None and msgspec.json.decode(asked.body)["copy"] == "yes"
    given = newest(day, "clip.exported")
    from cameras.integrity import file_sha256

    assert given is not None and given.subject == day.day.people[33]
    assert msgspec.json.decode(given.body)["sha256"] == file_sha256(tmp_path / "copy.mp4")
    page.get_by_role("button", name="生成证据包").click()
    expect(page.locator("#package .signal")).to_contain_text("证据包已生成", timeout=30_000)
    shoot(page, "films-package")
