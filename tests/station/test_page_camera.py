"""The exam page's camera: each picture is a new one, a fault is told when it matters, no box is hammered."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.station.mock_box import MockBox
from tests.web.conftest import shoot

pytestmark = pytest.mark.long
NO_CAMERA = (
    """navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", "NotFoundError"); };"""
)
FREEZES = """
const canvas = document.createElement("canvas");
const brush = canvas.getContext("2d");
setInterval(() => {
  if (window.frozen) return;
  brush.fillStyle = `hsl(${performance.now() % 360} 90% 50%)`;
  brush.fillRect(0, 0, canvas.width, canvas.height);
}, 50);
navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(20);
"""
"""A camera that hangs when the test says so: the stream stays, new pictures do not come."""


class Watched:
    """What the mock box says and hears of a seat with captures and the face check."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.check, self.due, self.phase = "", 0, ""
        self.status = 204
        """What a picture is answered with."""
        self.pictures: list[tuple[dict[str, str], bytes]] = []
        self.told: list[str] = []
        self.again: list[int] = []
        """Answers to "ask for the face check again", in order; 204 when there are no more."""
        self.asked = 0
        self.dropped: list[int] = []
        for part in ("attempt", "sign-in", "rules"):
            page.route(f"**/station/api/{part}", self._say)
        page.route("**/station/api/capture?*", self._picture)
        page.route("**/station/api/camera", self._camera)
        page.route("**/station/api/face-check/again", self._again)
        page.route("**/station/api/captures-dropped", self._dropped)

    def _say(self, route: Route) -> None:
        response = route.fetch()
        view: dict[str, Any] = response.json()
        if response.ok and "attempt" in view:
            view |= {"captures": 30, "face_check": self.check, "capture_due": self.due}
            view |= ({"phase": self.phase} if self.phase else {}) | ({"key": ""} if self.check else {})
        route.fulfill(response=response, json=view)

    def _picture(self, route: Route) -> None:
        words = {name: one[0] for name, one in parse_qs(urlsplit(route.request.url).query).items()}
        self.pictures.append((words, route.request.post_data_buffer or b""))
        if words.get("number") == str(self.due) and self.status < 300:
            self.due = 0
        route.fulfill(status=self.status)

    def _camera(self, route: Route) -> None:
        self.told.append(json.loads(route.request.post_data or "{}")["state"])
        route.fulfill(status=204)

    def _dropped(self, route: Route) -> None:
        self.dropped.append(json.loads(route.request.post_data or "{}")["count"])
        route.fulfill(status=204)

    def _again(self, route: Route) -> None:
        self.asked += 1
        route.fulfill(status=self.again.pop(0) if self.again else 204)

    def until(self, condition: Callable[[], bool], seconds: float = 30) -> None:
        """Wait for `condition` while the page lives."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "condition not reached"
            self.page.wait_for_timeout(100)

    def capture(self, number: int) -> bytes:
        """Ask for a random capture and wait for it."""
        before, self.due = len(self.pictures), number
        self.until(lambda: len(self.pictures) > before)
        return self.pictures[-1][1]


@pytest.fixture
def seat(chromium: Browser, mock_box: MockBox) -> Iterator[Watched]:
    """A seat whose browser may use its camera."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, service_workers="block")
    context.grant_permissions(["camera"], origin=mock_box.url)
    watched = Watched(context.new_page())
    yield watched
    watched.page.unroute_all(behavior="ignoreErrors")  # an answer may be on its way
    context.close()


def sign_in(seat: Watched, box: MockBox) -> None:
    seat.page.goto(f"{box.url}/station/")
    expect(seat.page.locator(".sign-in .huge")).to_be_visible()
    seat.page.keyboard.type("021x")
    seat.page.keyboard.press("Enter")


def to_rules(seat: Watched, box: MockBox) -> None:
    sign_in(seat, box)
    seat.page.locator(".confirm .primary").click()


def to_paper(seat: Watched) -> None:
    seat.page.locator("#tick").check()
    seat.page.locator(".rules .primary").click()
    expect(seat.page.locator("body")).to_have_attribute("data-screen", "running", timeout=20_000)


def test_captures_after_a_face_check_are_new_pictures(seat: Watched, mock_box: MockBox) -> None:
    seat.check = "due"
    to_rules(seat, mock_box)
    button = seat.page.locator(".face-check .primary")
    expect(button).to_be_enabled(timeout=20_000)
    button.click()
    seat.until(lambda: len(seat.pictures) == 1)
    seat.check = ""
    to_paper(seat)
    found = [seat.pictures[0][1], seat.capture(1), seat.capture(2), seat.capture(3)]
    assert len(set(found)) == 4 and all(one.startswith(b"\xff\xd8\xff") for one in found)
    seat.check = "due"
    expect(seat.page.locator(".mirror video")).to_be_visible(timeout=20_000)
    seat.page.wait_for_function("!document.querySelector('.mirror video').paused")


def test_a_camera_that_hangs_is_a_fault_and_never_a_picture(seat: Watched, mock_box: MockBox) -> None:
    seat.page.add_init_script(FREEZES)
    to_rules(seat, mock_box)
    to_paper(seat)
    assert seat.capture(1)
    seat.page.evaluate("window.frozen = true")
    seat.due = 2
    seat.until(lambda: seat.told == ["ok", "silent"])
    expect(seat.page.locator(".camera-band")).to_contain_text("没有画面")
    assert len(seat.pictures) == 1
    seat.page.evaluate("window.frozen = false")
    seat.until(lambda: len(seat.pictures) == 2)
    assert seat.told[-1] == "ok" and seat.pictures[0][1] != seat.pictures[1][1]


def test_a_camera_that_is_back_after_a_reload_is_told(seat: Watched, mock_box: MockBox) -> None:
    """The box believes that it gives no picture: the page before said so."""
    seat.page.add_init_script("window.frozen = sessionStorage.getItem('well') === null;" + FREEZES)
    to_rules(seat, mock_box)
    to_paper(seat)
    seat.until(lambda: seat.told == ["silent"])
    seat.page.evaluate("sessionStorage.setItem('well', 'yes')")
    seat.page.reload()
    seat.until(lambda: seat.told == ["silent", "ok"])


def test_while_a_face_check_stands_the_paper_is_not_fetched(seat: Watched, mock_box: MockBox) -> None:
    seat.check, seat.phase = "due", "running"
    mock_box.phase = "running"
    sign_in(seat, mock_box)
    expect(seat.page.locator("body")).to_have_attribute("data-screen", "face_check", timeout=20_000)
    looks = []
    seat.page.on("response", lambda one: looks.append(one) if one.url.endswith("/api/attempt") else None)
    seat.until(lambda: len(looks) >= 3)
    assert sum(path.endswith("/api/paper") for path in mock_box.paths) <= 1
    seat.page.keyboard.press("Enter")
    seat.until(lambda: len(seat.pictures) == 1)
    seat.check = ""
    expect(seat.page.locator("body")).to_have_attribute("data-screen", "running", timeout=20_000)


def test_a_face_check_that_falls_due_without_a_camera_is_told(seat: Watched, mock_box: MockBox) -> None:
    seat.page.add_init_script(NO_CAMERA)
    to_rules(seat, mock_box)
    to_paper(seat)
    seat.until(lambda: seat.told == ["missing"])
    band = seat.page.locator(".camera-band")
    expect(band).to_have_text("本机没有找到摄像头，请举手告诉监考员。可以照常继续。")
    for _ in range(2):  # the second time the invigilator asked for one more picture
        before, seat.check = len(seat.told), "due"
        seat.until(lambda: len(seat.told) > before)  # noqa: B023
        expect(band).to_have_text("本机没有找到摄像头，请举手告诉监考员。")
        expect(seat.page.locator("h1")).to_have_text("请举手，监考员会来当面核对")
        shoot(seat.page, "station-face-no-camera")
        seat.check = "hand"
        expect(band).to_be_hidden(timeout=20_000)
    assert set(seat.told) == {"missing"}


def test_a_box_that_cannot_keep_pictures_is_not_hammered(seat: Watched, mock_box: MockBox) -> None:
    seat.status = 507
    to_rules(seat, mock_box)
    to_paper(seat)
    seat.capture(1)
    began = time.monotonic()
    seat.until(lambda: len(seat.pictures) >= 3)
    assert time.monotonic() - began > 12, "5 s, then 10 s"
    seat.status = 204
    seat.until(lambda: seat.due == 0, 40)


def test_a_started_page_asks_for_the_face_check_until_the_box_has_heard(
    seat: Watched, mock_box: MockBox
) -> None:
    to_rules(seat, mock_box)
    to_paper(seat)
    assert seat.asked == 0
    seat.again = [503]
    seat.page.reload()
    seat.until(lambda: seat.asked == 2)


def keep(seat: Watched, count: int) -> None:
    """So many pictures of the candidate before wait on this computer."""
    seat.page.evaluate(
        """(count) => new Promise((done) => {
          const open = indexedDB.open("exam-captures", 1);
          open.onsuccess = () => {
            const change = open.result.transaction("rows", "readwrite");
            for (let n = 0; n < count; n++) {
              const row = { id: `kept${n}`, attempt: "before", lease: 1, at: new Date(n).toISOString(),
                purpose: "random", number: 0, picture: new Blob([Uint8Array.of(255, 216, 255)]) };
              change.objectStore("rows").put(row);
            }
            change.oncomplete = () => { open.result.close(); done(); };
          };
        })""",
        count,
    )


def test_what_could_not_be_kept_is_counted_and_told(seat: Watched, mock_box: MockBox) -> None:
    to_rules(seat, mock_box)
    to_paper(seat)
    seat.status = 503
    keep(seat, 12)
    seat.capture(1)
    seat.until(lambda: seat.page.evaluate("localStorage.getItem('captures-dropped')") is not None)
    assert seat.dropped == []
    seat.status = 204
    seat.until(lambda: seat.dropped == [1], 60)
    assert "kept0" not in {words["id"] for words, _ in seat.pictures[-12:]}


def test_what_was_kept_of_the_candidate_before_is_sent(seat: Watched, mock_box: MockBox) -> None:
    to_rules(seat, mock_box)
    expect(seat.page.locator(".rules")).to_be_visible()
    keep(seat, 1)
    seat.until(lambda: [words["attempt"] for words, _ in seat.pictures] == ["before"])


def test_the_waiting_page_tells_how_the_camera_is(seat: Watched, mock_box: MockBox) -> None:
    seat.page.add_init_script("window.frozen = true;" + FREEZES)
    seat.phase = "waiting"
    mock_box.phase = "waiting"
    sign_in(seat, mock_box)
    row = seat.page.locator(".check").last
    expect(row).to_contain_text("摄像头：没有画面，请举手", timeout=20_000)
    shoot(seat.page, "candidate-waiting-camera")
    seat.page.evaluate("window.frozen = false")
    expect(row).to_contain_text("正常", timeout=20_000)
