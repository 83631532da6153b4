"""The cameras' set-up page in the real browser, against exam-recorder's own set-up and a simulated camera."""

import asyncio
import io
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import normalize

import msgspec
import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader
from sqlmodel import col, select

from appliance.base.camera_settings import Cameras, read_cameras
from appliance.base.settings import Settings
from appliance.records.journal import Journal
from appliance.records.site import Room as SiteRoom
from appliance.records.sitting import Sitting
from cameras.camera_password import password_of
from cameras.card.fill import CardFiller
from cameras.fill import Filler
from cameras.index import Index
from cameras.set_up import SetUp
from cameras.simulator.camera import SimulatedCamera, Traits
from cameras.simulator.scene import Room
from tests.web.camera_looks import below, looked_again, mark_again
from tests.web.conftest import SCREENS, shoot
from tests.web.day import build
from tests.web.day_server import Running

pytestmark = pytest.mark.long

Open = Callable[..., Page]
PASSWORD = "Kamera-2026"


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The day, with exam-recorder's own set-up behind its socket."""
    made = build(tmp_path_factory.mktemp("day"))
    own = made.settings.cameras
    made.settings = msgspec.structs.replace(made.settings, cameras=Cameras(own, made.settings.cameras_file))
    found = Running(made)
    found.room_still = Room("C1", "理论考场", "theory").jpeg(datetime.now(UTC))
    kept: list[SetUp] = []

    def handlers() -> dict[type, Any]:
        kept.append(SetUp(made.settings, lambda: None))
        return kept[-1].handlers() | cards_of(made.settings).handlers()

    found.recorder = handlers
    found.start()
    yield found
    for listener in kept[-1].listeners.values():
        listener.stop()
    found.stop()


def cards_of(settings: Settings) -> CardFiller:
    """What asks the cameras' cards; C5 lacks a minute of an hour ago."""
    index = Index(settings.state / "cards")
    begun = datetime.now(UTC) - timedelta(hours=1)
    index.open_gap_row("gap", "C5", begun, "network", "")
    index.close_gap("gap", begun + timedelta(minutes=1))
    index.open_gap_row("rest", "C5", begun + timedelta(minutes=1), "resting", "")
    filler = Filler(settings, index, lambda _made, _by: None)
    return CardFiller(
        settings, index, lambda one: password_of(one, settings), lambda _made, _by: None, filler
    )


@pytest.fixture(scope="module")
def camera() -> Iterator[SimulatedCamera]:
    """A simulated camera on a loop of its own, its clock ten minutes fast."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    traits = Traits(code="SIM", password=PASSWORD, discovery_port=0, key_every=0.4, skew=600.0)
    made = SimulatedCamera(traits)
    asyncio.run_coroutine_threadsafe(made.start(), loop).result(30)
    yield made
    asyncio.run_coroutine_threadsafe(made.stop(), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)


def test_from_finding_to_marking(day: Running, camera: SimulatedCamera, open_page: Open) -> None:
    page = open_page("chief", "/cameras", 1366, 1000)
    expect(page.locator("#cameras")).to_contain_text("理论考场前部")
    expect(page.locator("#cameras")).to_contain_text("没有摄像机从前方拍摄")
    page.get_by_text("也询问指定地址").click()
    page.fill("[name=addresses]", f"{camera.address}，127.0.0.1:1 127.0.0.1:2")
    page.get_by_role("button", name="查找摄像机").click()
    expect(page.locator("#found progress")).to_be_visible()
    row = page.locator(".found li").filter(has_text=camera.address)
    expect(row).to_be_visible(timeout=60_000)
    for silent in ("127.0.0.1:1", "127.0.0.1:2"):
        expect(page.locator("#found")).to_contain_text(f"{silent}：该地址没有摄像机应答")
    row.locator("summary").click()
    row.locator("[name=password]").fill("wrong")
    page.evaluate("document.body.dispatchEvent(new Event('changed', {bubbles: true}))")
    page.wait_for_timeout(500)
    expect(row.locator("[name=password]")).to_have_value("wrong")  # something else was saved meanwhile
    assert page.request.get(f"{day.url}/cameras/jobs/gone?again=true").status == 204
    assert page.request.get(f"{day.url}/cameras/jobs/gone").status == 404
    row.get_by_role("button", name="登录并检查").click()
    refused = page.locator("#found .camera-job").last
    expect(refused).to_contain_text("拒绝了密码", timeout=60_000)
    refused.locator("[name=password]").fill(PASSWORD)
    refused.get_by_role("button", name="登录并检查").click()
    expect(page.locator("#found .camera-job").last.locator("progress")).to_be_visible()
    looked = page.locator("#found .camera-job").filter(has=page.locator("img.job-still"))
    expect(looked).to_be_visible(timeout=90_000)
    expect(looked.locator(".checks").first).to_contain_text("时钟")
    expect(looked).to_contain_text("请点下面的“把时钟校准到主机”")
    expect(looked.locator(".checks").last).to_contain_text("实测分辨率")
    looked.screenshot(path=SCREENS / "cameras-look.png")
    looked.locator("[name=name]").fill("理论考场后上方")
    looked.get_by_role("button", name="把时钟校准到主机").click()
    expect(page.locator("#found")).to_contain_text("时钟已校准", timeout=60_000)
    assert abs(camera.traits.skew) < 3
    expect(looked.get_by_role("button", name="把时钟校准到主机")).to_have_count(0, timeout=60_000)
    expect(looked).to_be_visible(timeout=60_000)  # once more: what failed is over, what was typed stays
    form = looked.locator("form.camera-form")
    expect(form.locator("[name=code]")).to_have_value("C5")
    form.locator("[name=room]").select_option("P1")
    expect(form.locator("[name=place]")).to_be_hidden()  # theory rooms alone have a front and a back
    form.locator("[name=room]").select_option("T1")
    form.locator("[name=place]").select_option("back")
    below(form.locator(".two").last, form.get_by_role("button", name="保存", exact=True))
    form.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("#cameras")).to_contain_text("理论考场后上方")
    expect(page.locator("#found [data-look^='clock']")).to_have_count(0)  # it stands in the list now
    ends = page.locator(".camera-row > :nth-child(3)").evaluate_all("all => all.map((one) => one.offsetLeft)")
    assert len(set(ends)) == 1, ends
    shoot(page, "cameras")
    (kept,) = read_cameras(day.day.settings.cameras_file)
    assert password_of(kept, day.day.settings) == PASSWORD and PASSWORD not in kept.password_sealed
    day.room_still = Room("C5", "理论考场", "theory").jpeg(day.box.now())
    page.get_by_role("link", name="标注看得到什么").click()
    page.wait_for_url("**/cameras/one/C5")
    layer = page.locator("[data-layer]")
    chips = page.locator(".chip[data-kind=seat]")
    expect(chips.first).to_have_attribute("aria-pressed", "true")
    layer.click(position={"x": 184, "y": 325})
    layer.tap(position={"x": 309, "y": 325})
    expect(page.locator("[data-said]")).to_contain_text("2 已标注")
    layer.focus()
    for key in (*["ArrowRight"] * 7, "ArrowDown", "ArrowUp", "Enter", "Shift+ArrowLeft", "Enter", "Delete"):
        page.keyboard.press(key)
    expect(page.locator(".chip.marked")).to_have_count(4)
    page.locator(".chip[data-name='4']").click()
    page.get_by_role("button", name="去掉所选标注").click()
    page.locator(".chip[data-name='7']").click()
    layer.click(position={"x": 500, "y": 300})
    expect(page.locator("[data-said]")).to_contain_text("下一个：8")  # a back camera begins behind number 1
    page.locator(".chip[data-name='7']").press("Delete")
    expect(page.locator(".chip.marked")).to_have_count(3)
    page.locator(".chip[data-kind=door]").first.click()
    layer.click(position={"x": 40, "y": 200})
    expect(page.locator(".mark")).to_have_count(4)
    expect(page.locator("[data-unsaved]")).to_have_text("尚未保存")
    expect(page.locator(".marking")).to_contain_text("画面时间：")
    page.evaluate("scrollTo(0, 0)")
    shoot(page, "cameras-marks")
    page.get_by_text("名称、考场、地址、密码").click()
    settings = page.locator("form[hx-target='#camera-saved']")
    settings.locator("[name=address]").fill(f"http://{camera.address}/onvif/device_service")
    settings.locator("[name=password]").fill(PASSWORD)
    settings.get_by_role("button", name="保存").click()
    expect(page.locator("#camera-saved")).to_contain_text("摄像机 C5 已保存")
    expect(settings.locator("[name=password]")).to_have_value("")
    expect(page.locator("#camera-saved")).not_to_contain_text("地址已改")  # the same, in another form
    expect(page.locator("[data-unsaved]")).to_have_text("尚未保存")  # the name, and no mark
    page.get_by_text("名称、考场、地址、密码").click()
    page.get_by_role("button", name="保存标注").click()
    expect(page.locator("#done")).to_contain_text("已保存 4 个标注")
    expect(page.locator("#done")).to_contain_text("没有摄像机从前方拍摄")
    said, numbers = page.locator("#done .signal").bounding_box(), page.locator("#marks").bounding_box()
    assert said and numbers and said["x"] + said["width"] <= numbers["x"], "the numbers stay in view"
    expect(page.locator("[data-unsaved]")).to_have_text("")
    expect(page.locator("#holes-now")).to_contain_text("尚未在画面上标注：4–")
    expect(settings.locator("[name=seats]")).to_have_count(0)  # typed ones would be refused from now on
    (kept,) = read_cameras(day.day.settings.cameras_file)
    assert (kept.seats, kept.place, {one.name for one in kept.marks}) == (
        "1-3",
        "back",
        {"1", "2", "3", "门"},
    )
    page.reload()
    expect(page.locator(".mark")).to_have_count(4)
    assert day.box.db.read_now(lambda session: session.get_one(SiteRoom, "T1").doors) == "门"
    page.get_by_text("本考场的门", exact=True).click()
    page.locator("[name=doors]").fill("门、后门")
    page.locator("form", has=page.locator("[name=doors]")).get_by_role("button", name="保存").click()
    expect(page.locator(".holes-now")).to_contain_text("没有摄像机看得到：后门")
    page.wait_for_function("() => window.htmx && document.readyState === 'complete'")  # it was loaded again
    page.get_by_role("button", name="用存储卡补录缺口").click()
    expect(page.locator("#camera-found")).to_contain_text("没有录像检索与回放功能", timeout=30_000)
    below(page.get_by_role("button", name="用存储卡补录缺口"), page.locator("#camera-found .signal"))
    shoot(page, "camera-card")
    page.goto(f"{day.url}/cameras/report")
    paper = page.locator(".camera-paper").filter(has_text="理论考场后上方")
    expect(paper).to_contain_text("，0 项不合格")
    expect(paper).to_contain_text("实测分辨率")
    expect(page.locator("#report")).to_contain_text("没有摄像机看得到：后门")
    expect(page.locator(".camera-paper").filter(has_text="C1")).to_contain_text("尚未检查")
    shoot(page, "cameras-report")
    page.goto(f"{day.url}/cameras/one/C5")
    english = page.context.new_page()
    english.goto(f"{day.url}/cameras/report?lang=en")  # checked in Chinese
    below(english.locator("[data-print-page]"), english.locator("[data-paper-head]"))
    rows = english.locator(".camera-paper").filter(has_text="C5").locator(".checks tbody")
    expect(rows).to_contain_text("A decoded picture has 1920 x 1080.")
    expect(rows).to_contain_text("resolution, measured")
    expect(rows).not_to_contain_text(re.compile("[\u3400-\u9fff]"))
    told = re.compile("Cameras not checked: 4.* · maker .* · model Simulated camera · firmware 1.0", re.S)
    expect(english.locator("#report")).to_contain_text(told)
    english.goto(f"{day.url}/cameras/one/C5?lang=en")
    expect(english.locator("main")).to_contain_text("What does this camera see?")
    shoot(english, "cameras-marks-en")
    english.close()


def test_on_paper_every_page_says_whose_and_of_when_it_is(day: Running, open_page: Open) -> None:
    """And that nothing counts here, and which page of how many it is."""
    report = day.day.settings.cameras_file.with_name("checks.d") / "C5.json"
    report.write_bytes(report.read_bytes().replace(b'"ok":true', b'"ok":false', 1))
    page = open_page("chief", "/cameras/report")
    fails = page.locator(".summary tr", has_text="C5").locator("td").nth(1)
    words = page.locator(".camera-paper", has_text="C5").locator("tr", has_text="不合格").locator("th")
    expect(fails).to_have_text("、".join(words.all_inner_texts()))
    expect(page.locator(".camera-paper", has_text="C5")).to_contain_text("型号 Simulated camera · 固件 1.0")
    sheets = page.pdf(path=SCREENS / "cameras-report.pdf", format="A4")
    texts = [one.extract_text() for one in PdfReader(io.BytesIO(sheets)).pages]
    # NFKC: fonts name some characters as radicals.
    texts = ["".join(normalize("NFKC", one).split()) for one in texts]
    assert len(texts) > 1
    for number, text in enumerate(texts, 1):
        assert "摄像机检查报告·泰山特种作业示范考点·截至2026-" in text, text
        assert "此处内容不作为考试依据" in text and f"{number}/{len(texts)}" in text, text
    page.close()


def test_what_was_marked_is_marked_again(open_page: Open) -> None:
    page = open_page("chief", "/cameras/one/C5")
    mark_again(page)
    page.close()  # a browser has six connections to one host, and a live page holds one


def test_an_address_typed_again_says_whose_it_is(
    day: Running, camera: SimulatedCamera, open_page: Open
) -> None:
    page = open_page("chief", "/cameras")
    page.goto(f"{day.url}/cameras")
    page.get_by_text("我知道地址").click()
    form = page.locator(".by-address form")
    form.locator("[name=address]").fill(f"http://{camera.address}/onvif/device_service")
    form.locator("[name=password]").fill(PASSWORD)
    form.get_by_role("button", name="登录并检查").click()
    kept = page.locator("#found form.camera-form")
    expect(kept).to_contain_text("这就是已设置的 C5（理论考场后上方）；保存会修改它。", timeout=60_000)
    expect(kept.get_by_role("button", name="保存修改")).to_be_visible()
    expect(kept.get_by_role("button", name="保存", exact=True)).to_have_count(0)
    shoot(page, "cameras-typed-again")
    looked_again(page, "C5", "理论考场后上方")
    page.close()


def test_a_password_is_tried_where_it_was_typed(
    day: Running, camera: SimulatedCamera, open_page: Open
) -> None:
    """Whatever the plan: a wrong one would be noticed in the exam only."""
    page = open_page("chief", "/cameras/one/C5")
    page.get_by_text("名称、考场、地址、密码").click()
    settings, saved = page.locator("form[hx-target='#camera-saved']"), page.locator("#camera-saved")
    for password, found in ((PASSWORD + "!", "拒绝"), (PASSWORD, "实测分辨率")):
        settings.locator("[name=password]").fill(password)
        settings.get_by_role("button", name="保存").click()
        expect(saved).to_contain_text(found, timeout=60_000)
        expect(saved).to_contain_text("摄像机 C5 已保存")
        shoot(page, "camera-saved")
    expect(saved).not_to_contain_text("拒绝")
    settings.get_by_role("button", name="保存").click()
    expect(saved).not_to_contain_text("实测分辨率")
    expect(saved).to_contain_text("摄像机 C5 已保存")
    expect(saved.locator(".camera-job")).to_have_count(0)  # nothing that would have to be tried
    page.close()


def test_what_is_said_of_a_camera_without_a_room_and_of_one_that_has_nothing_to_mark(
    day: Running, open_page: Open
) -> None:
    page = open_page("chief", "/cameras/one/C5")
    saved = page.locator("#camera-saved")

    def save(room: str, **more: str) -> None:
        values = {
            "code": "C9",
            "name": "九号",
            "address": "127.0.0.1:9",
            "password": "x",
            "room": room,
            **more,
        }
        page.evaluate(
            "values => htmx.ajax('POST', '/cameras/save', {target: '#camera-saved', swap: 'innerHTML', values})",
            values,
        )

    save("", record="sittings", new="true")
    expect(saved).to_contain_text("没有归属考场")
    expect(saved.locator(".signal.look")).to_have_count(1)
    expect(saved).not_to_contain_text("接着请在画面上标注")
    page.evaluate("htmx.ajax('POST', '/cameras/one/C9/remove', {swap: 'none'})")
    page.wait_for_url("**/cameras")
    page.goto(f"{day.url}/cameras/one/C5")
    save("L1", record="always", new="true")
    expect(saved.locator(".signal.go")).to_contain_text("摄像机 C9 已保存")
    expect(saved).not_to_contain_text("接着请在画面上标注")
    page.evaluate("htmx.ajax('POST', '/cameras/one/C9/remove', {swap: 'none'})")
    page.wait_for_url("**/cameras")
    page.close()


def test_it_is_in_the_journal_with_who_did_it(day: Running, open_page: Open) -> None:
    page = open_page("chief", "/cameras/one/C5")
    page.get_by_text("拆除这台摄像机").click()
    page.get_by_role("button", name="确定拆除").click()
    expect(page.locator("#problem")).to_contain_text("考试已开始入场或正在进行")

    def end(session: Any) -> None:
        for sitting in session.exec(select(Sitting).where(Sitting.room == "T1", Sitting.state == "running")):
            sitting.state = "ended"
            session.add(sitting)

    day.box.db.write_now(end)
    page.get_by_text("名称、考场、地址、密码").click()
    settings = page.locator("form[hx-target='#camera-saved']")
    settings.locator("[name=room]").select_option("P1")
    settings.get_by_role("button", name="保存").click()
    page.wait_for_url("**/cameras/one/C5?moved=true")
    expect(page.locator("main")).to_contain_text("归属考场已改，原标注作废")
    expect(page.locator(".chip[data-name='60']")).to_have_count(0)  # the seats of the new room
    expect(page.locator("#marks legend").first).to_have_text("工位号")
    expect(page.locator(".mark")).to_have_count(0)
    page.get_by_text("拆除这台摄像机").click()
    page.get_by_role("button", name="确定拆除").click()
    expect(page.get_by_role("button", name="查找摄像机")).to_be_visible()
    marked = ["camera.marked", "camera.reference_taken", "camera.marked", *["camera.changed"] * 2]
    passwords = ["camera.password_set"] * 2  # the wrong one, and the right one again
    kinds = ["camera.added", "camera.password_set", *marked, *passwords, "camera.changed", "camera.removed"]

    def told(session: Any) -> list[Journal]:
        rows = select(Journal).where(Journal.subject == "C5").order_by(col(Journal.seq))
        return list(session.exec(rows).all())

    for _try in range(50):
        found = day.box.db.read_now(told)
        if [one.kind for one in found] == kinds:
            break
        page.wait_for_timeout(200)
    assert [one.kind for one in found] == kinds
    assert all(one.actor.startswith("account:") for one in found)
    assert read_cameras(day.day.settings.cameras_file) == []
