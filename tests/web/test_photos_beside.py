"""The photographs beside the live one at the desk: chip, roster, printed card; in a real browser."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from appliance.base.ids import new_id
from appliance.faces import demo_people
from appliance.flow.admit import FaceTaken, TapFacts, TapResult, admit
from appliance.flow.box import Box
from appliance.records.entry import FaceCheck, Tap
from appliance.records.journal import Journal
from appliance.records.roster import Candidate
from tests.web.conftest import shoot
from tests.web.day import name_of, tap
from tests.web.day_server import Running
from tests.web.test_by_hand import picture
from tests.web.test_pages import newest, second
from tests.world import number_of

pytestmark = pytest.mark.long

Open = Callable[..., Page]
SIZES = ((1366, 768), (1920, 1080))


def give_photo(day: Running, index: int, photo: bytes = b"") -> str:
    """A roster photo for this person; its name."""
    name = day.box.files.put(photo or demo_people.portrait("astronaut"), secret=True)

    def put(session: Session) -> None:
        index_of = day.box.key.index(number_of(index))
        candidate = session.exec(select(Candidate).where(Candidate.number_index == index_of)).one()
        candidate.photo = name
        session.add(candidate)

    day.box.db.write_now(put)
    return name


def put_down(box: Box, index: int, code: str, **face: Any) -> TapResult:
    """A card at the practical lane; `face` as the face check left it."""
    taken = FaceTaken(
        engine="dlib",
        version="20",
        band="review",
        code=code,
        live_photo=box.files.put(demo_people.live("astronaut"), secret=True),
        **{"reference": ""} | face,
    )
    facts = TapFacts(
        tap=new_id(),
        lane="P1",
        kind="practical",
        happened_at=box.now(),
        name=name_of(index),
        number=number_of(index),
        face=taken,
    )
    return box.db.write_now(admit, box, facts)


def loaded(page: Page) -> None:
    page.wait_for_function("() => [...document.images].every((one) => one.complete && one.naturalWidth > 0)")


def height(page: Page) -> float:
    box = page.locator(".faces").bounding_box()
    assert box
    return box["height"]


def looks(day: Running) -> list[dict[str, Any]]:
    wanted = select(Journal).where(Journal.kind == "photo.viewed").order_by(col(Journal.seq))
    return [msgspec.json.decode(row.body) for row in day.box.db.read_now(lambda s: s.exec(wanted).all())]


@pytest.mark.parametrize(("width", "tall"), SIZES)
def test_the_roster_photo_stands_beside_the_live_one(
    day: Running, open_page: Open, width: int, tall: int
) -> None:
    found = tap(day.box, name_of(72), number_of(72), "P1", "face_review", 0.52)
    day.box.db.write_now(forget_photos)
    page = open_page("desk", f"/desk?tap={found.tap}", width, tall)
    loaded(page)
    assert page.locator(".faces figure").count() == 2
    two = height(page)
    give_photo(day, 72, demo_people.live("hopper") + bytes(width))
    page.reload()
    loaded(page)
    expect(page.locator(".faces figcaption")).to_have_text(["证件芯片照片", "现场照片", "名单照片"])
    assert height(page) <= two
    shoot(page, f"desk-three-{width}")
    assert {"which": "roster", "tap": found.tap} in looks(day)
    page.keyboard.press("Enter")
    expect(page.locator("details[open]")).to_be_visible()
    button = page.locator("details[open] button.primary").bounding_box()
    assert button and button["y"] + button["height"] <= tall, "whoever decides sees the button"
    shoot(page, f"desk-three-decide-{width}")
    page.close()


def forget_photos(session: Session) -> None:
    for one in session.exec(select(Candidate).where(Candidate.photo != "")).all():
        one.photo = ""
        session.add(one)


def test_no_figure_twice(day: Running, open_page: Open) -> None:
    """The roster's photograph was the reference: it stands there already."""
    photo = give_photo(day, 71)
    found = put_down(
        day.box, 71, "face_roster_only", reference="roster", reference_photo=photo, distance=0.31
    )
    page = open_page("desk", f"/desk?tap={found.tap}")
    loaded(page)
    expect(page.locator(".faces figcaption")).to_have_text(["名单照片", "现场照片"])
    page.close()


@pytest.mark.parametrize(("width", "tall"), SIZES)
def test_the_printed_card_is_photographed_with_one_key(
    day: Running, open_page: Open, width: int, tall: int
) -> None:
    photo = give_photo(day, 71)
    found = put_down(
        day.box, 71, "face_roster_only", reference="roster", reference_photo=photo, distance=0.31
    )
    page = open_page("desk", "/desk?lane=P1", width, tall)
    expect(page.locator(".verdict")).to_have_attribute("data-code", "face_roster_only")
    loaded(page)
    two = height(page)
    page.wait_for_timeout(800)
    day.card = b""
    page.keyboard.press("c")
    expect(page.locator("#problem")).to_contain_text("通道摄像头无应答")
    expect(page.locator("#problem")).to_contain_text("请用手中的证件比对")
    expect(page.locator(".faces figure")).to_have_count(2)
    shoot(page, f"desk-card-silent-{width}")
    day.card = picture()
    page.keyboard.press("c")
    expect(page.locator(".faces figcaption")).to_have_text(["名单照片", "现场照片", "手持证件照片"])
    expect(page.locator("#done")).to_contain_text("证件已拍摄")
    loaded(page)
    shoot(page, f"desk-card-{width}")
    assert height(page) <= two
    day.card = demo_people.live("hopper", 1) + bytes(width)
    page.keyboard.press("c")
    name = re.compile(hashlib.sha256(day.card).hexdigest()[:16])
    expect(page.locator(".paper-picture")).to_have_attribute("src", name)
    loaded(page)
    rows = day.box.db.read_now(
        lambda s: s.exec(select(Journal).where(Journal.kind == "card.photographed")).all()
    )
    bodies = [one for one in (msgspec.json.decode(row.body) for row in rows) if one["tap"] == found.tap]
    assert bodies[0]["before"] == "" and bodies[1]["before"] == bodies[0]["picture"] != bodies[1]["picture"]
    kept = day.box.db.read_now(lambda s: s.get_one(Tap, found.tap))
    assert day.box.files.get(kept.paper_picture, True) == day.card
    assert {"which": "paper", "tap": found.tap} in looks(day)
    page.keyboard.press("Enter")
    page.locator("details[open] [name=reason]").fill("印刷照片与本人相符")
    second(page, "desk2")
    shoot(page, f"desk-card-decide-{width}")
    button = page.locator("details[open] button.primary").bounding_box()
    assert button and button["y"] + button["height"] <= tall
    page.click("details[open] .primary:not(summary)")
    expect(page.locator(".verdict")).to_have_attribute("data-result", "admit")
    expect(page.get_by_text("拍摄证件")).to_have_count(0)
    page.close()
    day.box.db.write_now(not_admitted, found.tap)


def not_admitted(session: Session, tap_id: str) -> None:
    """The next size finds this person outside again."""
    from appliance.records.entry import Admission, GateOrder
    from appliance.records.waiting import Ticket

    admission = session.exec(select(Admission).where(Admission.tap == tap_id)).one()
    for row in session.exec(select(Ticket).where(Ticket.admission == admission.id)).all():
        session.delete(row)
    for order in session.exec(select(GateOrder).where(GateOrder.admission == admission.id)).all():
        session.delete(order)
    session.flush()
    session.delete(admission)


@pytest.mark.parametrize(("width", "tall"), SIZES)
def test_all_four_have_room(day: Running, open_page: Open, width: int, tall: int) -> None:
    """No single face in the chip's photograph: that, the live one, the printed card and the roster's."""
    give_photo(day, 73, demo_people.portrait("hopper"))
    chip = day.box.files.put(demo_people.nobody(), secret=True)
    found = put_down(day.box, 73, "photo_without_face", reference="chip", reference_photo=chip)
    page = open_page("desk", f"/desk?tap={found.tap}", width, tall)
    loaded(page)
    three = height(page)
    day.card = picture()
    page.get_by_text("拍摄证件").click()
    expect(page.locator(".faces figcaption")).to_have_text(
        ["证件芯片照片", "现场照片", "手持证件照片", "名单照片"]
    )
    loaded(page)
    assert height(page) <= three
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shoot(page, f"desk-four-{width}")
    page.close()


def test_both_photographs_are_seen_when_they_differ(day: Running, open_page: Open) -> None:
    give_photo(day, 70, demo_people.portrait("hopper"))
    chip = day.box.files.put(demo_people.portrait("astronaut"), secret=True)
    found = put_down(day.box, 70, "face_photos_differ", reference="chip", reference_photo=chip, distance=0.3)
    page = open_page("desk", f"/desk?tap={found.tap}")
    loaded(page)
    expect(page.locator(".faces figcaption")).to_have_text(["证件芯片照片", "现场照片", "名单照片"])
    expect(page.get_by_text("拍摄证件")).to_have_count(0)
    shoot(page, "desk-photos-differ")
    check = day.box.db.read_now(lambda s: s.exec(select(FaceCheck).where(FaceCheck.tap == found.tap)).one())
    assert check.reference == "chip" and newest(day, "photo.viewed") is not None
    page.close()
