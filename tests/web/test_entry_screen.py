"""The entry screen as the person before it has it: what is heard, and the own face in an oval while it is looked at."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from appliance.faces import demo_people
from tests.web.conftest import shoot
from tests.web.day import name_of, tap
from tests.web.day_server import Running
from tests.world import number_of

pytestmark = pytest.mark.long

Open = Callable[..., Page]


def spoken(page: Page) -> list[str]:
    return (page.evaluate("document.body.dataset.played") or "").split()


def until_spoken(page: Page, code: str) -> None:
    page.wait_for_function("code => document.body.dataset.played?.split(' ').includes(code)", arg=code)


@pytest.fixture(autouse=True)
def idle_lane(day: Running) -> Iterator[None]:
    """The day is shared by the files of a worker: its lane is left as it was found."""
    yield
    day.lanes[0].camera, day.lanes[0].prompt, day.view = "ok", "", b""


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1080, 1920)])
def test_the_person_is_seen_and_told_while_the_face_is_looked_at(
    day: Running, open_page: Open, width: int, height: int
) -> None:
    page = open_page("display", "/entry/L1", width, height)
    lane, mirror = day.lanes[0], page.locator("#mirror")
    expect(page.locator("#entry")).to_have_attribute("data-shown", "card", timeout=40000)
    day.view = demo_people.live("astronaut")  # whatever the camera sees: nobody is looked at
    page.wait_for_timeout(1200)
    assert mirror.is_hidden() and not spoken(page)

    lane.camera = "busy"
    expect(mirror).to_be_visible(timeout=15000)
    until_spoken(page, "look")
    lane.prompt = "turn_left"
    expect(page.locator("#entry")).to_have_attribute("data-say", "turn_left", timeout=15000)
    until_spoken(page, "turn_left")
    assert spoken(page) == ["look", "turn_left"]
    shoot(page, f"entry-mirror-{width}")
    box, sentence = mirror.bounding_box(), page.locator("#entry .sentence").bounding_box()
    assert box and sentence and box["y"] + box["height"] <= sentence["y"], "the picture hides the sentence"
    assert box["x"] >= 0 and box["x"] + box["width"] <= width

    lane.camera, lane.prompt = "ok", ""
    expect(mirror).to_be_hidden(timeout=15000)
    assert page.locator("#mirror img").get_attribute("src") is None
    page.close()


def test_a_picture_is_only_for_the_lane_and_for_the_screen_and_the_entrance(
    day: Running, client: Callable[..., object]
) -> None:
    day.view = demo_people.live("astronaut")
    for login, status in (("display", 200), ("desk", 200), ("chief", 403), ("inspector", 403), ("", 302)):
        answer = client(login).get("/entry/L1/camera.jpg")  # type: ignore[attr-defined]
        assert answer.status_code == status, login
        if status == 200:
            assert answer.headers["content-type"] == "image/jpeg"
            assert answer.headers["cache-control"] == "no-store"
    assert client("display").get("/entry/P1/camera.jpg").status_code == 204  # type: ignore[attr-defined]
    day.view = b""
    assert client("display").get("/entry/L1/camera.jpg").status_code == 204  # type: ignore[attr-defined]
    sound = client("display").get("/entry/L1/say/open_mouth")  # type: ignore[attr-defined]
    assert sound.status_code == 200 and sound.content.startswith(b"RIFF")
    assert client("display").get("/entry/L1/say/nothing").status_code == 404  # type: ignore[attr-defined]


def test_the_result_is_told_once_and_never_why(day: Running, open_page: Open) -> None:

    page = open_page("display", "/entry/L1", 1920, 1080)
    expect(page.locator("#entry")).to_have_attribute("data-shown", "card", timeout=40000)
    tap(day.box, "孔令辉", number_of(98), lane="L1", distance=None)
    expect(page.locator("#entry")).to_have_attribute("data-shown", "staff", timeout=15000)
    until_spoken(page, "staff")
    page.wait_for_timeout(2500)
    assert spoken(page) == ["staff"]
    page.close()


def test_the_next_person_sees_their_own_check_and_not_the_last_result(day: Running, open_page: Open) -> None:
    page, lane = open_page("display", "/entry/P1", 1080, 1920), day.lanes[1]
    entry = page.locator("#entry")
    expect(entry).to_have_attribute("data-shown", "card", timeout=40000)
    first = tap(day.box, name_of(72), number_of(72), lane="P1")
    expect(entry).to_have_attribute("data-shown", "go", timeout=8000)
    try:
        lane.last_tap_at, lane.camera, lane.prompt = day.box.now(), "busy", "turn_left"
        expect(entry).to_have_attribute("data-say", "turn_left", timeout=4000)
        assert first.ticket not in entry.inner_text()
        shoot(page, "entry-next-person")
    finally:
        lane.last_tap_at, lane.camera, lane.prompt = None, "ok", ""


def test_the_same_card_once_more_does_not_send_to_the_staff(day: Running, open_page: Open) -> None:
    page = open_page("display", "/entry/P1", 1080, 1920)
    entry = page.locator("#entry")
    expect(entry).to_have_attribute("data-shown", "card", timeout=40000)
    first = tap(day.box, name_of(73), number_of(73), lane="P1")
    assert tap(day.box, name_of(73), number_of(73), lane="P1").code == "already_inside"
    expect(entry).to_have_attribute("data-shown", "go", timeout=4000)
    expect(entry).to_contain_text(first.ticket)


def test_fire_stands_over_everything(day: Running, open_page: Open) -> None:
    page = open_page("display", "/entry/P1", 1920, 1080)
    try:
        day.lanes[0].alarms = ["fire"]
        expect(page.locator("#entry")).to_have_attribute("data-shown", "fire", timeout=15000)
        expect(page.locator("#entry")).to_contain_text("火警")
        shoot(page, "entry-fire")
    finally:
        day.lanes[0].alarms = []


def test_without_the_box_no_result_stays_on_the_screen(day: Running, open_page: Open) -> None:
    page = open_page("display", "/entry/P1", 1080, 1920)
    let_in = tap(day.box, name_of(70), number_of(70), "P1")
    assert let_in.ticket, let_in
    expect(page.locator("#entry")).to_have_attribute("data-shown", "go", timeout=8000)
    expect(page.locator("body")).to_contain_text(let_in.ticket)
    expect(page.locator(".without-box")).to_be_hidden()
    page.route("**/*", lambda route: route.abort())
    page.evaluate("() => document.body.classList.add('stale')")
    expect(page.locator("#entry")).to_be_hidden()
    expect(page.locator(".without-box")).to_contain_text("请稍候")
    shoot(page, "entry-without-box")
    page.close()
