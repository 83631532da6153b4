"""What is said of marks that were kept, and where marking begins."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest
from playwright.sync_api import Page, expect

from appliance.base.camera_settings import Mark
from appliance.base.errors import NotFound, Unavailable
from appliance.base.i18n import language, set_language
from appliance.flow.coverage import Seen
from appliance.web import cameras as pages
from appliance.web.camera_marks import told as told_of
from tests.web.conftest import csrf, shoot
from tests.web.day_server import Running


def seat(number: int, x: float = 0.5, y: float = 0.5) -> Mark:
    return Mark(kind="seat", name=str(number), x=x, y=y)


DOOR = Mark(kind="door", name="前门", x=0.1, y=0.1)
ROOM = Seen(code="T1", name="T1", kind="theory", seats=[1, 2], doors=["前门"], cameras=[], holes=[])


@pytest.mark.parametrize(
    ("marks", "sign", "words"),
    [
        ([seat(1), seat(2, 0.6), DOOR], "go", "考位（工位）2 个，门 1 个。 本考场全部看得到，且都已标注。"),
        ([DOOR], "look", "考位（工位）0 个，门 1 个。 这台摄像机的画面上没有标注任何考位。"),
        ([seat(1, 0.1, 0.1), DOOR, seat(2)], "look", "考位（工位）2 个，门 1 个。 标在同一处：1、前门。"),
    ],
)
def test_a_room_that_others_see_makes_no_slip_green(marks: list[Mark], sign: str, words: str) -> None:
    before = language()
    set_language("zh_CN")
    try:
        assert told_of(marks, ROOM) == (sign, words)
        assert told_of([], msgspec.structs.replace(ROOM, seats=[], doors=[]))[0] == "go", (
            "nothing to be marked"
        )
    finally:
        set_language(before)


def test_marks_of_before_the_address_changed_are_told(
    day: Running, client: Callable[[str], httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def without(*_asked: Any) -> None:
        raise NotFound("still_of_before", "no picture")

    async def mute(*_asked: Any) -> None:
        raise Unavailable("no_clips", "no answer")

    cameras = day.box.settings.cameras
    before = list(cameras)
    cameras[0] = msgspec.structs.replace(cameras[0], marks=[seat(1)], exchanged=1.0)
    try:
        on_its_page, listed = (
            client("chief").get(path).text for path in ("/cameras/one/C1/still", "/cameras/list")
        )
        settings = client("chief").get("/cameras/one/C1").text
        token = {"x-csrf-token": csrf(settings)}
        untold = client("chief").post("/cameras/one/C1/marks", data={"marks": "[]"}, headers=token)
        monkeypatch.setattr(pages, "_still", mute)
        no_answer = client("chief").get("/cameras/one/C1/still").text
        monkeypatch.setattr(pages, "_still", without)
        without_picture, undoubted = (
            client("chief").get(f"/cameras/one/{code}/still").text for code in ("C1", "C2")
        )
    finally:
        cameras[:] = before
    told = "这些标注是改地址或码流之前的。"
    assert f"<strong>{told}</strong>" in on_its_page and "直接点“保存标注”" in on_its_page
    assert f"<strong>{told} 请先留基准画面。</strong>" in without_picture
    assert "no picture" not in without_picture, "what to do first is said once"
    assert "no picture" in undoubted and "still_of_before" not in undoubted, "no fault: no code for support"
    assert f"<strong>{told}</strong>" in no_answer and "no_clips" in no_answer, (
        "a reference still helps nothing"
    )
    assert untold.status_code == 409 and "页面还没有说明画面是什么时候的" in untold.text
    assert "C1 的标注是改地址或码流之前的" in listed
    assert 'name="exchanged" value="1.0" form="marks"' in on_its_page
    assert "改了考场，原标注即作废" in settings, "before it is saved"


@pytest.mark.long
def test_marking_begins_at_the_first_seat_whatever_another_camera_shows(
    day: Running, open_page: Callable[..., Page]
) -> None:
    """And doors come after the seats; a mark at an edge stays inside the picture."""
    cameras = day.box.settings.cameras
    before = list(cameras)
    every = [seat(number, number / 100) for number in range(1, 61)]
    cameras[0] = msgspec.structs.replace(cameras[0], marks=every)
    try:
        page = open_page("chief", "/cameras/one/C2", 1280, 800)
        chosen, layer = page.locator(".chip[aria-pressed=true]"), page.locator("[data-layer]")
        expect(page.locator(".chip[data-name='1'] .also")).to_have_count(1)
        expect(chosen).to_have_attribute("data-name", "1")
        box = layer.bounding_box()
        assert box
        layer.click(position={"x": box["width"] / 2, "y": box["height"] - 3})
        page.locator("[data-new-door]").fill("实操考室的后门")
        page.locator("[data-add-door]").click()
        expect(page.locator("[data-unnamed]")).to_have_count(0)
        layer.click(position={"x": box["width"] - 3, "y": box["height"] / 2})
        expect(page.locator("[data-said]")).to_have_text("实操考室的后门 已标注。")  # asks for no other
        expect(page.locator(".mark")).to_have_count(2)
        for mark in page.locator(".mark").all():
            inside = mark.bounding_box()
            assert inside and inside["height"] < 30
            assert box["x"] <= inside["x"] and inside["x"] + inside["width"] <= box["x"] + box["width"] + 1
            assert box["y"] <= inside["y"] and inside["y"] + inside["height"] <= box["y"] + box["height"] + 1
        shoot(page, "cameras-marks-edges")
        cameras[1] = msgspec.structs.replace(cameras[1], marks=[seat(1)], exchanged=1.0)
        page.evaluate("document.body.dispatchEvent(new Event('still'))")
        expect(page.locator("[data-doubted]")).to_contain_text("这些标注是改地址或码流之前的")
        page.get_by_role("button", name="全部去掉，重新标注").click()
        expect(chosen).to_have_attribute("data-name", "1")
        expect(page.locator("[data-doubted]")).to_be_hidden()  # those marks are taken away
        page.close()
    finally:
        cameras[:] = before
