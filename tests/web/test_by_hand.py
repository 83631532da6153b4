"""Entry without a chip at the desk, in a real browser; the entry process is silent in these tests."""

import io
import re
from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect
from pypdf import PdfReader
from sqlmodel import select

from appliance.flow.correction import correction_form_facts
from appliance.records.entry import Tap
from tests.web.day import name_of
from tests.web.day_server import Running
from tests.web.test_pages import newest, second, shoot
from tests.world import number_of

pytestmark = pytest.mark.long

Open = Callable[..., Page]


def picture() -> bytes:
    made = io.BytesIO()
    paper = Image.new("RGB", (640, 404), "#dfe9ef")
    drawn = ImageDraw.Draw(paper)
    drawn.rounded_rectangle((8, 8, 631, 395), 24, outline="#5b7f95", width=4)
    drawn.rounded_rectangle((430, 60, 600, 270), 8, fill="#ffffff")
    drawn.ellipse((480, 95, 550, 175), fill="#8fa7b5")
    drawn.pieslice((455, 185, 575, 355), 180, 360, fill="#8fa7b5")
    for line, width in enumerate((150, 90, 210, 330, 280)):
        drawn.rounded_rectangle((50, 70 + line * 46, 50 + width, 88 + line * 46), 6, fill="#3c5666")
    drawn.rounded_rectangle((200, 330, 600, 352), 6, fill="#3c5666")
    paper.save(made, "JPEG")
    return made.getvalue()


def row_tap(url: str) -> str:
    return re.search(r"tap=(\w+)", url)[1]  # type: ignore[index]


def test_a_paper_is_typed_photographed_and_decided_by_two(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk?lane=L1")
    page.keyboard.press("k")
    expect(page.locator("h1")).to_have_text("无芯片入场")
    assert "by_choice" in page.locator("[name=paper] option").evaluate_all("all => all.map(one => one.value)")
    expect(page.locator("form.card")).to_contain_text("本人要求人工核验")
    shoot(page, "by-hand")
    page.fill("[name=name]", "考生六九")
    page.fill("[name=number]", number_of(69)[:-1])
    page.click("button.primary")
    expect(page.locator("#problem")).to_contain_text("身份证号不完整")
    page.fill("[name=number]", number_of(69))
    page.select_option("[name=lane]", "P1")
    page.select_option("[name=paper]", "temporary_card")
    page.click("button.primary")
    expect(page.locator("#problem")).to_contain_text("有效期")
    page.fill("[name=valid_to]", day.box.today().isoformat())
    page.set_input_files(
        "[name=picture]", {"name": "paper.jpg", "mimeType": "image/jpeg", "buffer": picture()}
    )
    page.click("button.primary")
    expect(page.locator(".verdict")).to_have_attribute("data-result", "review")
    expect(page.locator(".person")).to_contain_text("临时居民身份证")
    expect(page.locator(".person")).to_contain_text(f"有效期至 {day.box.today()}")
    names = page.locator(".names dd")  # the roster knows this number under another name
    expect(names).to_have_text(["考生六九", name_of(69)])
    expect(page.locator(".paper-picture")).to_have_js_property("naturalWidth", 640)
    for part in (".verdict", ".faces", ".person dl", ".actions"):
        box = page.locator(part).last.bounding_box()
        assert box and box["y"] + box["height"] <= 768, part
    shoot(page, "by-hand-decide")
    facts = day.box.db.read_now(correction_form_facts, day.box, row_tap(page.url))
    assert (facts.on_card, facts.on_roster) == ("考生六九", name_of(69)) and "*" in facts.number
    form = page.request.get(day.url + str(page.locator("a[href^='/correction/']").get_attribute("href")))
    text = "".join("".join(one.extract_text().split()) for one in PdfReader(io.BytesIO(form.body())).pages)
    assert (
        "考生六九" in text and name_of(69) in text and "姓名更正登记表" in text and number_of(69) not in text
    )
    looked = newest(day, "photo.viewed")
    assert looked is not None and '"which":"paper"' in looked.body
    row = newest(day, "tap.decided")
    assert row is not None and '"card_kind":"temporary_card"' in row.body and row.actor.startswith("account:")
    tap = day.box.db.read_now(lambda s: s.exec(select(Tap).where(Tap.card_kind == "temporary_card")).one())
    assert day.box.files.get(tap.paper_picture, True) == picture()

    page.keyboard.press("Enter")
    page.locator("details[open] [name=reason]").fill("证件与本人相符")
    second(page, "desk2")
    page.click("details[open] .primary:not(summary)")
    expect(page.locator(".ticket-number strong")).to_have_text(re.compile(r"B\d{3}"))
    admitted = newest(day, "admission.granted")
    assert (
        admitted is not None and '"how":"review"' in admitted.body and '"second_by":""' not in admitted.body
    )


def test_the_way_back_is_for_another_person(day: Running, open_page: Open) -> None:
    page = open_page("desk", "/desk/by-hand?lane=L1")
    field = page.locator("[name=tap]")
    used = field.input_value()
    page.fill("[name=name]", name_of(68))
    page.fill("[name=number]", number_of(68))
    page.select_option("[name=paper]", "chip_unreadable")
    page.click("button.primary")
    page.wait_for_url(f"**tap={used}*")
    page.go_back()
    page.fill("[name=name]", name_of(67))
    page.fill("[name=number]", number_of(67))
    assert field.input_value() not in ("", used)
    field.evaluate("(field, old) => { field.value = old }", used)
    page.click("button.primary")
    expect(page.locator("#problem")).to_contain_text("本页已用于另一人")
