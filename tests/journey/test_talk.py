"""Two-way audio between the page of a room and a seat: two real Chromiums with a tone each, the real web process.

The seat's browser runs under the policies of a seat: its page hears without asking, from the box's address alone.

Each browser's microphone is a file: a short beep every three seconds, 700 Hz at the invigilator's, 1,500 Hz at the
seat's. Both pages note when their own microphone and the other's sound beep: that is the delay from mouth to ear.
"""

import math
import re
import struct
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest
from playwright.sync_api import Browser, Dialog, Page, expect
from sqlmodel import select

from appliance.cli.demo.browser import QUIET, Candidate, wrapper
from appliance.cli.demo.site import PASSWORD
from appliance.cli.demo.theory import policies
from appliance.flow.accounts import add_account, hash_password
from appliance.flow.start_sitting import start_sitting
from appliance.records.talk import Talk
from tests.journey.exam_site import ExamSite, exam_site
from tests.web.conftest import CHROMIUM, shoot

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
ROOM_HZ, SEAT_HZ = 700, 1500
RATE = 48_000
EVERY = 3.0
BEEP = 0.4
PATIENCE = 30_000
LISTEN = """() => {
  window.beeps = { mouth: [], ear: [] };
  const context = new AudioContext();
  const watch = (stream, row) => {
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    const values = new Float32Array(analyser.fftSize = 256);
    let loud = false;
    setInterval(() => {
      analyser.getFloatTimeDomainData(values);
      const now = values.some((value) => Math.abs(value) > 0.05);
      if (now && !loud) row.push(performance.timeOrigin + performance.now());
      loud = now;
    }, 5);
  };
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    watch(stream, window.beeps.mouth);
    return stream;
  };
  const hear = (event) => watch(event.target.captureStream(), window.beeps.ear);
  addEventListener("playing", hear, { capture: true, once: true });
}"""


def beeps(path: Path, hz: int) -> Path:
    """A microphone that beeps: 48 kHz, mono, 16 bit."""
    samples = [
        int(20_000 * math.sin(2 * math.pi * hz * i / RATE)) if i < BEEP * RATE else 0
        for i in range(int(EVERY * RATE))
    ]
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return path


def loudest(site: ExamSite, name: str) -> float:
    """The strongest frequency of a recording, Hz; decoded by ffmpeg."""
    sound = site.box.files.get(name, secret=True)
    command = ["ffmpeg", "-v", "error", "-i", "-", "-f", "s16le", "-ac", "1", "-ar", str(RATE), "-"]
    decoded = subprocess.run(command, input=sound, capture_output=True, check=True).stdout
    samples = np.frombuffer(decoded, dtype="<i2").astype(float)
    assert len(samples) > 2 * RATE, "less than two seconds were recorded"
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * RATE / len(samples))


class Seat(Candidate):
    """The seat's browser under the policies of a seat: nobody is asked whether the page may hear."""

    def __init__(self, site: ExamSite, folder: Path) -> None:
        rules = policies(SimpleNamespace(site=site.site))  # type: ignore[arg-type]
        super().__init__(site.site, rules, folder / "shots", flags=microphone(folder, SEAT_HZ))
        self.page, self.playwright, self.policies = self._page, self._playwright, rules
        self.page.add_init_script(f"({LISTEN})()")


def microphone(folder: Path, hz: int) -> list[str]:
    """Flags of a browser whose microphone beeps."""
    tone = beeps(folder / f"{hz}.wav", hz)
    return [
        "--autoplay-policy=no-user-gesture-required",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={tone}",
    ]


class Scene:
    """A candidate at seat 1, somebody called to seat 2, an invigilator, an inspector."""

    def __init__(self, site: ExamSite, room: Browser, candidate: Seat) -> None:
        self.site, self._room, self.candidate, self.seat = site, room, candidate, candidate.page

    def staff(self, login: str, path: str) -> Page:
        context = self._room.new_context(ignore_https_errors=True, locale="zh-CN", permissions=["microphone"])
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.add_init_script(f"({LISTEN})()")
        page.set_viewport_size({"width": 1366, "height": 768})
        page.goto(f"{self.site.site.url}/sign-in")
        page.fill("[name=login]", login)
        page.fill("[name=password]", PASSWORD)
        page.click("button.primary")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        page.goto(self.site.site.url + path)
        return page

    def talks(self) -> list[Talk]:
        return self.site.box.db.read_now(lambda s: list(s.exec(select(Talk).order_by(Talk.opened_at)).all()))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("talk")
    with exam_site(folder / "site", people=2) as site:
        site.seat_everybody(2)
        hashed = hash_password(PASSWORD)
        for login in ("invigilator", "inspector"):
            site.box.db.write_now(add_account, site.box, login, login, login, hashed, "process:test")
        site.parent.start("web")
        site.until_pages()
        site.until_papers()

        four = dict(site.seated().values())["T1-01"]
        seat = Seat(site, folder)
        try:
            seat.open()
            seat.sign_in(four)
            site.waited("the rules accepted", lambda: "ready" in site.states())
            site.box.db.write_now(start_sitting, site.box, site.sitting, "account:test")
            seat.wait_for_start(30)
            flags = ["--no-sandbox", *microphone(folder, ROOM_HZ)]
            room = seat.playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
            yield Scene(site, room, seat)
            room.close()
        finally:
            seat.close()


def heard_after(speaker: Page, listener: Page) -> list[float]:
    """Seconds from every beep at a mouth to the same beep at the other's ear."""
    mouth: list[float] = speaker.evaluate("beeps.mouth")
    ear: list[float] = listener.evaluate("beeps.ear")
    found = []
    for at in ear:
        before = [one for one in mouth if one <= at]
        if before and at - before[-1] < EVERY * 900:
            found.append((at - before[-1]) / 1000)
    return found


def position(page: Page) -> float:
    """Seconds of the other side's sound that were played."""
    played: float = page.evaluate("document.querySelector('audio').currentTime")
    return played


def begin(room: Page, seat: Page) -> None:
    room.get_by_role("button", name="与考生通话").dblclick()  # one conversation, no refusal
    expect(seat.locator(".talking")).to_contain_text("监考员正在与您通话", timeout=PATIENCE)
    expect(room.locator("#problem")).to_be_empty()
    expect(room.locator("#talk")).to_contain_text("已接通", timeout=PATIENCE)


def test_both_hear_each_other_and_both_are_recorded(scene: Scene) -> None:
    site = scene.site
    seat = scene.seat
    room = scene.staff("invigilator", f"/room/{site.sitting}?seat=T1-01")
    begin(room, seat)
    for page in (room, seat):
        site.waited("three beeps", lambda page=page: page.evaluate("beeps.ear.length") >= 3, 40)
    shoot(room, "talk-room")
    shoot(seat, "talk-seat")
    times = [position(page) for page in (room, seat)]
    for page, before in zip((room, seat), times, strict=True):
        site.waited("sound that plays", lambda page=page, before=before: position(page) > before + 0.5)
    seat.keyboard.press("b")  # the exam goes on beside it
    expect(seat.locator(".counts")).to_contain_text("已答 1", timeout=PATIENCE)
    another_seat_is_looked_at(room)
    delays = {"to the seat": heard_after(room, seat), "to the room": heard_after(seat, room)}
    print({name: [round(one, 2) for one in found] for name, found in delays.items()})
    room.get_by_role("button", name="挂断").click()
    expect(seat.locator(".talking")).to_be_hidden(timeout=PATIENCE)
    site.waited("the end on record", lambda: scene.talks()[0].closed_at)
    [talk] = scene.talks()
    assert talk.why == "hung_up" and talk.microphone
    assert abs(loudest(site, talk.room_sound) - ROOM_HZ) < 5
    assert abs(loudest(site, talk.seat_sound) - SEAT_HZ) < 5
    for found in delays.values():
        assert len(found) >= 2 and sorted(found)[len(found) // 2] < 1.5, "from mouth to ear"
    listened_to_by_the_inspector(scene, talk)
    room.context.close()


def another_seat_is_looked_at(room: Page) -> None:
    """The conversation goes on; whatever leaves the page asks first."""
    asked = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    for seat in ("T1-02", "T1-01"):
        room.locator(f"#t-{seat}").click()
        expect(room.locator(f"#t-{seat}")).to_have_class(re.compile("chosen"), timeout=PATIENCE)
        expect(room.locator("#seat .seat-number")).to_have_text(str(int(seat[-2:])))
        expect(room).to_have_url(re.compile(f"seat={seat}"))
        expect(room.locator("#talk")).to_contain_text("已接通")
    room.once("dialog", stay)
    room.locator(".top .brand").click()
    expect(room.locator("#talk")).to_contain_text("已接通")
    assert asked == ["beforeunload"]


def listened_to_by_the_inspector(scene: Scene, talk: Talk) -> None:
    page = scene.staff("inspector", f"/inspection/{talk.candidate}")
    players = page.locator("#talks audio")
    expect(players).to_have_count(2)
    expect(page.locator("#talks")).to_contain_text("监考员挂断")
    for index in range(2):
        players.nth(index).evaluate("player => player.play()")
        played = lambda index=index: players.nth(index).evaluate("player => player.currentTime")  # noqa: E731
        scene.site.waited("the recording plays", lambda played=played: played() > 0.3)
    page.get_by_role("button", name="两路同时播放").click()
    for index in range(2):
        running = lambda index=index: players.nth(index).evaluate("player => !player.paused")  # noqa: E731
        scene.site.waited("both play", running)
    page.locator("#talks").scroll_into_view_if_needed()
    shoot(page, "talk-inspector")
    heard = scene.site.journal("talk.heard")
    assert sorted(str(one["side"]) for one in heard) == ["room", "seat"]
    page.context.close()


def test_a_lost_line_ends_it_and_a_killed_box_keeps_it(scene: Scene) -> None:
    site = scene.site
    seat = scene.seat
    room = scene.staff("invigilator", f"/room/{site.sitting}?seat=T1-01")
    known = len(scene.talks())

    begin(room, seat)
    seat.context.set_offline(True)
    expect(room.locator("#talk")).to_contain_text("通话已结束", timeout=PATIENCE)
    expect(seat.locator(".talking")).to_be_hidden(timeout=PATIENCE)
    expect(seat.locator("#stem")).to_be_visible()  # the exam goes on
    seat.context.set_offline(False)
    site.waited("the loss on record", lambda: scene.talks()[known].closed_at)
    assert scene.talks()[known].why == "line_lost_seat"

    expect(room.locator("#talk")).to_be_hidden(timeout=PATIENCE)
    begin(room, seat)
    room.wait_for_timeout(2 * EVERY * 1000)  # something is said
    site.kill("web")
    site.waited("the kill on record", lambda: scene.talks()[known + 1].closed_at)
    cut = scene.talks()[known + 1]
    assert cut.why == "box_stopped" and abs(loudest(site, cut.seat_sound) - SEAT_HZ) < 5
    expect(room.locator("#talk")).to_be_hidden(timeout=PATIENCE)
    expect(seat.locator(".talking")).to_be_hidden(timeout=PATIENCE)

    site.until_pages()
    expect(room.locator("[data-live-sign]")).not_to_have_class("live-sign broken", timeout=PATIENCE)
    seat.evaluate("() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('none')) }")
    room.get_by_role("button", name="与考生通话").click()
    expect(room.locator("#talk")).to_contain_text("没有麦克风", timeout=PATIENCE)
    expect(seat.locator(".talking")).to_contain_text("本机没有麦克风", timeout=PATIENCE)
    shoot(seat, "talk-seat-listens")
    room.goto(f"{site.site.url}/room")  # the page is left: nobody is there to hang up
    expect(seat.locator(".talking")).to_be_hidden(timeout=PATIENCE)
    site.waited("the end on record", lambda: scene.talks()[known + 2].closed_at)
    last = scene.talks()[known + 2]
    assert last.why in ("hung_up", "line_lost_room") and not last.microphone and last.room_sound
    site.journal_holds()


def test_only_the_policy_lets_the_page_hear(scene: Scene, tmp_path: Path) -> None:
    """The same browser without the one line of the policies that names the box: nobody is asked, nothing is heard."""
    rules = msgspec.json.decode((scene.candidate.policies / "examsite.json").read_bytes())
    assert rules["AudioCaptureAllowed"] is False
    assert rules.pop("AudioCaptureAllowedUrls") == [scene.site.site.url]
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/examsite.json").write_bytes(msgspec.json.encode(rules))
    context = scene.candidate.playwright.chromium.launch_persistent_context(
        str(tmp_path / "profile"),
        executable_path=str(wrapper(tmp_path, tmp_path / "rules")),
        args=[*QUIET, *microphone(tmp_path, SEAT_HZ)],
        chromium_sandbox=False,
    )
    page = context.new_page()
    page.goto(f"{scene.site.site.url}/station/")
    ask = "navigator.mediaDevices.getUserMedia({ audio: true }).then(() => 'heard', (error) => error.name)"
    assert page.evaluate(ask) == "NotAllowedError"
    context.close()
