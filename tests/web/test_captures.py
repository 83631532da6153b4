"""A real browser with a camera at a seat, the real box, the real face engine: check at the seat, captures, findings."""

import asyncio
import io
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright
from sqlmodel import Session, select

from appliance.base.settings import CaptureSettings
from appliance.faces import demo_people
from appliance.faces.lane import FaceWorker
from appliance.facework import Facework
from appliance.flow.box import Box
from appliance.records.captures import Capture
from appliance.records.cases import ExamCase
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.records.theory import Attempt
from tests.web.conftest import CHROMIUM, shoot
from tests.web.day import build
from tests.web.day_server import Running

pytestmark = pytest.mark.long
SEAT = "T1-09"


@pytest.fixture(scope="module")
def play() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A day whose seats have cameras: captures every half minute at most, a face check at sign-in."""
    day = build(tmp_path_factory.mktemp("day"))
    day.settings = msgspec.structs.replace(
        day.settings,
        captures=CaptureSettings(every=30),
        station=msgspec.structs.replace(day.settings.station, face_check=True),
    )
    found = Running(day)
    found.start()

    def seat(session: Session) -> None:
        """The browser sits at this seat, and the roster knows the person in front of it."""
        here = session.get_one(Seat, SEAT)
        here.address = "127.0.0.1"
        session.add(here)
        held = select(SeatTaking.candidate).where(SeatTaking.seat == SEAT, SeatTaking.sitting == day.theory)
        person = session.get_one(Candidate, session.exec(held).one())
        person.photo = found.box.files.put(demo_people.portrait("hopper"), secret=True)
        session.add(person)

    found.box.db.write_now(seat)
    yield found
    found.stop()


class Faces:
    """exam-faces in a thread of its own; it may be away for a while."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        ready = threading.Event()

        async def work() -> None:
            worker = FaceWorker("dlib", "", 20)
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
            ready.set()
            try:
                await Facework(self._box, worker).run()
            except asyncio.CancelledError:
                pass
            finally:
                await worker.close()

        self._thread = threading.Thread(target=lambda: asyncio.run(work()), daemon=True)
        self._thread.start()
        assert ready.wait(10)

    def stop(self) -> None:
        if self._loop and self._thread and self._task:
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(20)
        self._loop = None


@pytest.fixture
def faces(site: Running) -> Iterator[Faces]:
    found = Faces(site.box)
    yield found
    found.stop()


def film(folder: Path, picture: bytes) -> Path:
    """A camera that always sees this picture: frames of Motion JPEG one after another."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image = image.resize((image.width * 480 // image.height, 480))
    left = (image.width - 640) // 2
    target = io.BytesIO()
    image.crop((left, 0, left + 640, 480)).save(target, "JPEG", quality=90)
    place = folder / "camera.mjpeg"
    place.write_bytes(target.getvalue() * 20)
    return place


def chromium(play: Playwright, camera: Path | None) -> Browser:
    flags = ["--no-sandbox"]
    if camera:
        flags += ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={camera}"]
    return play.chromium.launch(executable_path=CHROMIUM, args=flags)


def opened(browser: Browser, site: Running, allowed: bool = True) -> Page:
    context = browser.new_context(
        ignore_https_errors=True, viewport={"width": 1366, "height": 768}, service_workers="block"
    )
    if allowed:
        context.grant_permissions(["camera"], origin=site.url)
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(f"{site.url}/station/")
    return page


def last_four(site: Running) -> str:
    def find(session: Session) -> str:
        held = select(SeatTaking.candidate).where(
            SeatTaking.seat == SEAT, SeatTaking.sitting == site.day.theory
        )
        return session.get_one(Candidate, session.exec(held).one()).last_four

    return site.box.db.read_now(find)


def signed_in(page: Page, site: Running) -> None:
    expect(page.locator("body")).to_have_attribute("data-screen", "sign_in", timeout=20_000)
    page.keyboard.type(last_four(site))
    page.keyboard.press("Enter")
    confirm = page.locator(".confirm .primary, .mirror, .face-sign").first
    confirm.wait_for()
    if page.locator(".confirm .primary").is_visible():
        page.locator(".confirm .primary").click()


def rows(site: Running) -> list[Capture]:
    return site.box.db.read_now(lambda s: list(s.exec(select(Capture).order_by(Capture.recorded_at)).all()))  # type: ignore[arg-type]


def cases(site: Running) -> list[ExamCase]:
    return site.box.db.read_now(lambda s: list(s.exec(select(ExamCase).where(ExamCase.seat == SEAT)).all()))


def attempt(site: Running) -> str:
    def find(session: Session) -> str:
        held = select(SeatTaking.candidate).where(
            SeatTaking.seat == SEAT, SeatTaking.sitting == site.day.theory
        )
        person = session.exec(held).one()
        found = select(Attempt.id).where(Attempt.sitting == site.day.theory, Attempt.candidate == person)
        return session.exec(found).one()

    return site.box.db.read_now(find)


def until(page: Page, done: object, seconds: float = 60) -> None:
    """Wait for something at the box while the page lives."""
    for _ in range(int(seconds * 5)):
        if done():  # type: ignore[operator]
            return
        page.wait_for_timeout(200)
    raise AssertionError("it did not happen")


def test_the_right_person_passes_and_is_photographed_at_random(
    site: Running, play: Playwright, faces: Faces, tmp_path: Path
) -> None:
    """exam-faces is away while the picture comes: it waits, and is worked off when the process is back."""
    browser = chromium(play, film(tmp_path, demo_people.live("hopper")))
    page = opened(browser, site)
    signed_in(page, site)
    expect(page.locator("body")).to_have_attribute("data-screen", "face_check")
    expect(page.locator(".mirror video")).to_be_visible()
    expect(page.locator(".camera-band")).to_be_hidden()
    shoot(page, "station-face-check")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("正在核对，请稍候")
    shoot(page, "station-face-looking")
    until(page, lambda: [one.state for one in rows(site)] == ["waiting"])
    faces.start()
    expect(page.locator("body")).to_have_attribute("data-screen", "rules", timeout=60_000)
    shoot(page, "station-rules-captures")
    assert not cases(site)
    page.locator("#tick").check()
    page.locator(".rules .primary").click()
    expect(page.locator("body")).to_have_attribute("data-screen", "running", timeout=20_000)
    until(page, lambda: sum(one.purpose == "random" for one in rows(site)) >= 2, 90)
    until(page, lambda: all(one.state == "looked" for one in rows(site)), 60)
    random = [one for one in rows(site) if one.purpose == "random"]
    assert [one.number for one in random] == sorted({one.number for one in random})
    assert all(one.band == "admit" and one.distance is not None for one in random)
    assert not cases(site)
    name = random[0].picture
    assert site.box.files.get(name, secret=True).startswith(b"\xff\xd8\xff")
    sealed = next(site.box.files.folder.glob(f"sealed/*/{name}")).read_bytes()
    assert b"JFIF" not in sealed[:64], "encrypted on the disk"
    browser.close()
