"""Codes on screens and the live view, in a real browser: what a camera reads from the page is what the journal says."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import cv2
import msgspec
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from appliance.base.screen_code import digits
from appliance.flow.screen_codes import code_now, codes_between
from appliance.rules.screen_code import minute_of
from appliance.wire.recorder import PictureStatus
from cameras import screen_code
from tests.web.conftest import SCREENS
from tests.web.day import build
from tests.web.day_server import Running

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The day with screens in the views of two cameras."""
    found = Running(build(tmp_path_factory.mktemp("day")))
    screens = {"C1": "T1", "C4": "waiting"}
    cameras = [
        msgspec.structs.replace(one, screen=screens.get(one.code, "")) for one in found.day.settings.cameras
    ]
    found.day.settings = msgspec.structs.replace(found.day.settings, cameras=cameras)
    found.start()
    try:
        yield found
    finally:
        found.stop()


def read(page: Page, name: str) -> list[int]:
    """What a camera before this screen reads."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    shot = page.screenshot(path=SCREENS / f"{name}.png")
    return screen_code.read(cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_GRAYSCALE))  # type: ignore[arg-type]


def shows(day: Running, page: Page, screen: str, name: str) -> None:
    expect(page.locator(".screen-code strong")).to_be_visible()
    # The minute may change between the two looks.
    for _try in range(2):
        wanted = day.box.db.read_now(code_now, day.box, screen)
        expect(page.locator(".screen-code strong")).to_have_text(digits(wanted.number), timeout=15000)
        if wanted.number in read(page, name):
            return
    raise AssertionError("the code on the page cannot be read")


def test_the_waiting_display_and_a_panel_show_their_codes(
    day: Running, open_page: Callable[..., Page]
) -> None:
    display = open_page("display", "/display", 1920, 1080)
    shows(day, display, "waiting", "screen-code-display")
    for width, height in ((1280, 800), (800, 1280)):
        panel = open_page("display", "/panel/T1", width, height)
        shows(day, panel, "T1", f"screen-code-panel-{width}")
    assert (
        open_page("display", "/panel/T9", 1280, 800)
        .get_by_text("没有摄像机的画面里有名为 T9 的屏幕")
        .is_visible()
    )


def test_all_rooms_at_one_look(day: Running, open_page: Callable[..., Page]) -> None:
    page = open_page("invigilator", "/live-view", 1280, 800)
    expect(page.locator(".view.there")).to_have_count(3)
    stopped = page.locator('[data-camera="C2"]')
    expect(stopped.locator(".nothing")).to_be_visible()
    first = page.locator('[data-camera="C1"]')
    expect(first.locator("[data-seen]")).not_to_be_empty()
    now = day.box.now()
    right = day.box.db.read_now(codes_between, ["T1"], minute_of(now), minute_of(now))[0].number
    day.pictures = [
        PictureStatus(camera="C1", at=now, faults=[], screen_numbers=[right]),
        PictureStatus(camera="C4", at=now, faults=[], screen_numbers=[right]),
    ]
    expect(first.get_by_text("画面编码一致")).to_be_visible(timeout=20000)
    day.pictures[1].at = now + timedelta(seconds=1)
    expect(page.locator('[data-camera="C4"]').get_by_text("画面编码属于另一块屏幕")).to_be_visible(
        timeout=20000
    )
    page.screenshot(path=SCREENS / "live-view.png")
    room = open_page("invigilator", f"/room/{day.day.theory}", 1280, 800)
    expect(room.locator(".sitting-bar").get_by_text("画面编码一致")).to_be_visible()
    first.get_by_role("button").click()
    expect(page.locator(".view.large")).to_have_count(1)
    page.screenshot(path=SCREENS / "live-view-large.png")
    page.keyboard.press("Escape")
    expect(page.locator(".view.large")).to_have_count(0)


def test_a_camera_at_rest_is_calm_and_a_broken_one_is_not(
    day: Running, open_page: Callable[..., Page]
) -> None:
    day.resting = {"C2": "", "C3": "network"}
    try:
        page = open_page("invigilator", "/live-view", 1280, 800)
        calm, broken = (page.locator(f'[data-camera="{code}"]') for code in ("C2", "C3"))
        expect(calm.locator(".nothing")).to_have_text("按计划暂不录像，没有实时画面", timeout=30_000)
        expect(calm.locator(".view-state")).to_have_text("按计划暂不录像")
        expect(broken.locator(".nothing")).to_have_text("还没有画面")
        expect(broken.locator(".view-state")).to_contain_text("没有应答")
        page.screenshot(path=SCREENS / "live-view-rests.png")
    finally:
        day.resting = {}
