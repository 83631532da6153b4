"""A real browser with a camera at a seat, the real box, the real face engine: check at the seat, captures, findings."""

import asyncio
import io
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright
from sqlmodel import Session, col, select

from appliance.base.settings import CaptureSettings
from appliance.faces import demo_people
from appliance.faces.lane import FaceWorker
from appliance.facework import Facework
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.seat_check import decide_check
from appliance.records.accounts import Account
from appliance.records.captures import Capture, SeatCheck
from appliance.records.cases import ExamCase
from appliance.records.entry import Admission, FaceCheck
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.records.theory import Attempt
from tests.web.conftest import CHROMIUM, shoot
from tests.web.day import PASSWORD, build
from tests.web.day_server import Running

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
SEATS = ("T1-09", "T1-44")
"""Where somebody sits who has not signed in."""


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

    place = seat_of(found)

    def seat(session: Session) -> None:
        """The browser sits at this seat, and the roster knows the person in front of it."""
        here = session.get_one(Seat, place)
        here.address = "127.0.0.1"
        session.add(here)
        held = select(SeatTaking.candidate).where(SeatTaking.seat == place, SeatTaking.sitting == day.theory)
        person = session.get_one(Candidate, session.exec(held).one())
        person.photo = found.box.files.put(demo_people.portrait("hopper"), secret=True)
        session.add(person)
        entrance = select(FaceCheck).join(Admission, Admission.tap == FaceCheck.tap)  # type: ignore[arg-type]
        for check in session.exec(entrance.where(Admission.candidate == person.id)):
            check.live_photo = found.box.files.put(demo_people.live("hopper"), secret=True)
            session.add(check)

    found.box.db.write_now(seat)
    yield found
    found.stop()


def seat_of(site: Running) -> str:
    """The seat of the browser."""
    held = select(SeatTaking.seat).where(
        col(SeatTaking.seat).in_(SEATS),
        SeatTaking.sitting == site.day.theory,
        col(SeatTaking.released_at).is_(None),
    )
    return min(site.box.db.read_now(lambda s: s.exec(held).all()))


class Faces:
    """exam-faces in a thread of its own; it may be away for a while."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        ready = threading.Event()

        async def work() -> None:
            worker = FaceWorker("dlib", "", 60, start_timeout=120)
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
    frame = Image.new("RGB", (640, 480), (168, 172, 176))
    frame.paste(image, ((640 - image.width) // 2, 0))
    target = io.BytesIO()
    frame.save(target, "JPEG", quality=90)
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
    place = seat_of(site)

    def find(session: Session) -> str:
        held = select(SeatTaking.candidate).where(
            SeatTaking.seat == place, SeatTaking.sitting == site.day.theory
        )
        return session.get_one(Candidate, session.exec(held).one()).last_four

    return site.box.db.read_now(find)


def signed_in(page: Page, site: Running) -> None:
    expect(page.locator("body")).to_have_attribute("data-screen", "sign_in", timeout=20_000)
    page.keyboard.type(last_four(site))
    page.keyboard.press("Enter")
    screens = re.compile("confirm|face_check|rules|running")
    expect(page.locator("body")).to_have_attribute("data-screen", screens, timeout=20_000)
    if page.locator("body").get_attribute("data-screen") == "confirm":
        page.locator(".confirm .primary").click()


def to_paper(page: Page) -> None:
    """Over the pledge, if it stands before the paper."""
    expect(page.locator("body")).to_have_attribute("data-screen", re.compile("rules|running"), timeout=60_000)
    if page.locator("body").get_attribute("data-screen") == "rules":
        page.locator("#tick").check()
        page.locator(".rules .primary").click()
    expect(page.locator("body")).to_have_attribute("data-screen", "running", timeout=30_000)


def rows(site: Running) -> list[Capture]:
    return site.box.db.read_now(lambda s: list(s.exec(select(Capture).order_by(Capture.recorded_at)).all()))  # type: ignore[arg-type]


def cases(site: Running) -> list[ExamCase]:
    return site.box.db.read_now(
        lambda s: list(s.exec(select(ExamCase).where(ExamCase.seat == seat_of(site))).all())
    )


def attempt(site: Running) -> str:
    place = seat_of(site)

    def find(session: Session) -> str:
        held = select(SeatTaking.candidate).where(
            SeatTaking.seat == place, SeatTaking.sitting == site.day.theory
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
    to_paper(page)
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


def invigilator(browser: Browser, site: Running, width: int = 1366, height: int = 768) -> Page:
    """The page of the room with this seat beside it."""
    context = browser.new_context(
        ignore_https_errors=True, viewport={"width": width, "height": height}, locale="zh-CN"
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(f"{site.url}/sign-in")
    page.fill("[name=login]", "invigilator")
    page.fill("[name=password]", PASSWORD)
    page.click("button.primary")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.goto(f"{site.url}/room/{site.day.theory}?seat={seat_of(site)}")
    return page


def test_somebody_else_is_let_go_on_by_two_people_alone(
    site: Running, play: Playwright, faces: Faces, tmp_path: Path
) -> None:
    faces.start()
    browser = chromium(play, film(tmp_path, demo_people.portrait("astronaut")))
    page = opened(browser, site)
    signed_in(page, site)
    expect(page.locator("body")).to_have_attribute("data-screen", "face_check")
    before = looked_at(site)
    shoot_button = page.locator(".face-check .primary")
    for tries in range(3):
        expect(shoot_button).to_be_enabled(timeout=30_000)
        if tries == 1:
            expect(page.locator(".face-check .error")).to_contain_text("再拍一次")
            shoot(page, "station-face-again")
        page.keyboard.press("Enter")
        until(page, lambda: looked_at(site) == before + tries + 1)  # noqa: B023
    expect(page.locator("h1")).to_have_text("请举手，监考员会来当面核对", timeout=20_000)
    shoot(page, "station-face-hand")
    page.locator(".language").click()
    shoot(page, "station-face-hand-en")
    page.locator(".language").click()
    (case,) = [one for one in cases(site) if one.kind == "seat_face"]
    assert case.state == "open" and case.picture

    room = invigilator(browser, site)
    expect(room.locator(f"#t-{seat_of(site)} .last-face")).to_be_visible()
    part = room.locator("#seat .face-check")
    expect(part).to_contain_text("机器认为不是本人")
    shoot(room, "room-face-check")
    part.locator("summary").first.click()
    part.locator("[name=second_login]").fill("invigilator2")
    part.locator("[name=second_password]").fill(PASSWORD)
    shoot(room, "room-face-check-decide")
    part.locator("form .primary").click()
    expect(room.locator("#seat .face-check")).to_have_count(0, timeout=20_000)
    expect(page.locator("body")).not_to_have_attribute("data-screen", "face_check", timeout=20_000)
    checks = site.box.db.read_now(lambda s: s.exec(select(SeatCheck)).all())
    decided = [one for one in checks if one.decided_by]
    assert len(decided) == 1 and decided[0].second_by and decided[0].code == "face_mismatch"
    browser.close()


def looked_at(site: Running) -> int:
    """How many pictures for a face check were looked at."""
    return sum(one.state == "looked" for one in rows(site) if one.purpose == "seat_check")


def test_captures_of_somebody_else_are_one_case_for_a_person(
    site: Running, play: Playwright, faces: Faces, tmp_path: Path
) -> None:
    """The same seat goes on; while the box is away the page takes its own, and sends them when it is back."""
    faces.start()
    browser = chromium(play, film(tmp_path, demo_people.portrait("astronaut")))
    page = opened(browser, site)
    signed_in(page, site)
    site.box.db.write_now(let_go_on, site)
    to_paper(page)
    until(page, lambda: "mismatch" in [one.kind for one in cases(site)], 120)
    before = len(rows(site))
    faces.stop()
    site.stop()
    until(page, lambda: kept_here(page) >= 2, 90)
    expect(page.locator(".notice")).to_contain_text("连接", timeout=20_000)
    site.start()
    until(page, lambda: kept_here(page) == 0, 60)
    away = [one for one in rows(site)[before:] if one.purpose == "random" and one.number == 0]
    assert away and {one.state for one in away} == {"waiting"}
    restarted = Faces(site.box)
    restarted.start()
    until(page, lambda: all(one.state == "looked" for one in rows(site)), 60)
    restarted.stop()
    (case,) = [one for one in cases(site) if one.kind == "mismatch"]
    assert msgspec.json.decode(case.detail)["count"] >= 3

    room = invigilator(browser, site, 1280, 800)
    judge = room.locator(f"#case-{case.id}")
    expect(judge).to_contain_text("人像与名单照片不符")
    for word in ("与考生通话", "发送提醒", "换考位", "暂停"):
        order = room.locator(f".orders-seat :is(summary, [data-talk]):has-text('{word}')")
        expect(order).to_be_in_viewport(ratio=1)
    expect(room.locator(f"#t-{seat_of(site)}:has-text('待核') .who")).to_have_css("position", "static")
    judge.locator("img").first.scroll_into_view_if_needed()
    shoot(room, "room-case")
    judge.locator("summary").click()
    judge.locator("[name=reason]").fill("双胞胎，已核对证件")
    judge.locator("form .primary").click()
    expect(room.locator(f"#case-{case.id}")).to_have_count(0, timeout=20_000)
    browser.close()


def let_go_on(session: Session, site: Running) -> None:
    """The invigilator has looked at whoever sits there now."""
    account = session.exec(select(Account).where(Account.login == "invigilator")).one()
    who = Who(account=account.id, login=account.login, name=account.name, role=account.role)
    decide_check(session, site.box, attempt(site), "admit", "已核对", who)


def kept_here(page: Page) -> int:
    """Pictures kept in the browser."""
    return int(
        page.evaluate(
            """() => new Promise((done) => {
              const open = indexedDB.open("exam-captures", 1);
              open.onsuccess = () => {
                const all = open.result.transaction("rows").objectStore("rows").count();
                all.onsuccess = () => { open.result.close(); done(all.result); };
              };
            })"""
        )
    )


def test_without_a_camera_the_candidate_is_told_calmly(site: Running, play: Playwright, faces: Faces) -> None:
    browser = chromium(play, None)
    page = opened(browser, site)
    signed_in(page, site)
    expect(page.locator("h1")).to_have_text("请举手，监考员会来当面核对", timeout=30_000)
    site.box.db.write_now(let_go_on, site)
    to_paper(page)
    expect(page.locator(".camera-band")).to_be_visible()
    expect(page.locator(".camera-band")).to_contain_text("请举手")
    shoot(page, "station-camera-missing")
    missing = [one for one in cases(site) if one.kind == "camera_missing"]
    assert [one.until for one in missing] == [None]
    browser.close()
