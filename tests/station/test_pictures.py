"""Pictures and languages on the exam page in a real Chromium: fetched before the start, shown without the box."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from appliance.wire import station as wire
from tests.station.drawings import circuit, name_of, warning
from tests.station.mock_box import MockBox, make_paper
from tests.station.test_exam_page import STATE, exactly_once, open_paper, sign_in, until
from tests.web.conftest import shoot

pytestmark = pytest.mark.long

CIRCUIT, PLAN, MARK = circuit(), circuit(3200, 1400), warning("#d33", 6, 28)
SIGNS = [warning("gold", 3), warning("crimson", 30), warning("royalblue", 30), warning("seagreen", 4)]
WORDS = ["接地电阻过大", "熔断器选得过小", "中性线断开", "电源电压偏低"]
ENGLISH = [
    "The earth resistance is too high",
    "The fuse is too small",
    "The neutral is broken",
    "Low voltage",
]
IMAGES = "[...document.querySelectorAll('.question img')]"


def one(picture: bytes, alt: str = "") -> wire.Picture:
    return wire.Picture(name_of(picture), alt)


@pytest.fixture
def box(mock_box: MockBox) -> MockBox:
    """A paper whose questions 3 to 8 show pictures; 1 (true or false) and 3 can be read in English."""
    paper = make_paper(2, 0)
    paper.questions[0].english = wire.Wording(
        stem="Whoever repairs a line hangs up the sign “work in progress”.", options=["True", "False"]
    )
    stem = "图中为三相四线制照明电路。某一时刻，部分灯变得过亮，另一部分变暗，最可能的原因是（ ）。"
    english = wire.Wording(
        stem=(
            "In this three-phase circuit some lamps grow too bright, others dim.",
            one(CIRCUIT, "A circuit"),
        ),
        options=list(ENGLISH),
    )
    single = "single_choice"
    signs = [wire.Option("ABCD"[i], (one(picture, f"标志 {i + 1}"),)) for i, picture in enumerate(SIGNS)]
    eight = [wire.Option("ABCDEFGH"[i], signs[i % 4].text) for i in range(8)]
    texts = [wire.Option("ABCD"[i], text) for i, text in enumerate(WORDS)]
    paper.questions += [
        wire.Question(
            position=3,
            kind=single,
            stem=(stem, one(CIRCUIT, "三相四线制照明电路图")),
            options=texts,
            english=english,
        ),
        wire.Question(
            position=4, kind=single, stem="下列安全标志中，表示“当心触电”的是（ ）。", options=signs
        ),
        wire.Question(
            position=5,
            kind=single,
            stem=("平面图如下，图中", one(MARK), "处应设置（ ）。", one(PLAN)),
            options=signs,
        ),
        wire.Question(
            position=6,
            kind=single,
            stem=("图中缺少的是（ ）。", one(b"gone", "配电箱内部接线")),
            options=texts,
        ),
        wire.Question(
            position=7, kind="multiple_choice", stem="下列标志中，属于警告标志的有（ ）。", options=eight
        ),
        wire.Question(
            position=8,
            kind="multiple_choice",
            stem=("图中应设置的标志有（ ）。", one(CIRCUIT)),
            options=eight,
        ),
    ]
    mock_box.paper = paper
    mock_box.pictures = {name_of(picture): picture for picture in (CIRCUIT, PLAN, MARK, *SIGNS)}
    mock_box.pictures[name_of(b"gone")] = circuit(640, 400)
    mock_box.withheld = {name_of(b"gone")}
    return mock_box


def go_to(page: Page, position: int) -> None:
    page.click(f".number:text-is('{position}')")
    expect(page.locator(".kind")).to_contain_text(f"第 {position} 题")


def drawn(page: Page) -> None:
    """Every picture of the question is really there."""
    there = f"{IMAGES}.length > 0 && {IMAGES}.every(one => one.complete && one.naturalWidth > 0)"
    until(lambda: bool(page.evaluate(there)))  # the page's policy forbids waiting inside it


def kept(page: Page) -> int:
    return int(page.evaluate("caches.open('exam-sealed').then(c => c.keys()).then(k => k.length)"))


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1920, 1080)])
def test_pictures_fit_the_page(page: Page, box: MockBox, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    open_paper(page, box)
    for position in (3, 4, 5, 7, 8):
        go_to(page, position)
        drawn(page)
        shoot(page, f"candidate-picture-{position}-{width}")
        high, seen = page.eval_on_selector(".question", "e => [e.scrollHeight, e.clientHeight]")
        assert high <= seen, f"question {position} needs scrolling"
        wide, seen = page.eval_on_selector(".question", "e => [e.scrollWidth, e.clientWidth]")
        assert wide <= seen
    go_to(page, 5)
    drawn(page)
    small = page.locator(".stem img").first.bounding_box()
    assert small and small["height"] < 40, "a small picture stands in its line"


def test_by_keys_alone_a_picture_is_enlarged_and_nothing_chosen(page: Page, box: MockBox) -> None:
    open_paper(page, box)
    expect(page.locator(".keys")).not_to_contain_text("放大")
    page.keyboard.press("z")
    expect(page.locator(".viewer")).to_have_count(0)
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".keys")).to_contain_text("Z 放大图片")
    drawn(page)
    page.keyboard.press("/")
    expect(page.locator(".viewer")).to_contain_text("图 1，共 6 图")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".viewer")).to_contain_text("图 2，共 6 图")
    large = page.locator(".viewer img")
    expect(large).to_have_js_property("complete", True)
    shoot(page, "candidate-picture-large")
    frame = large.bounding_box()
    assert frame and frame["width"] > 1000 and frame["x"] >= 0 and frame["x"] + frame["width"] <= 1366
    for key in ("a", "2", "f"):
        page.keyboard.press(key)
    page.keyboard.press("+")
    expect(page.locator(".viewer h2")).to_have_text("选项 A")
    page.keyboard.press("Escape")
    expect(page.locator(".viewer")).to_have_count(0)
    expect(page.locator(".kind")).to_contain_text("第 5 题")
    expect(page.locator(".option.chosen")).to_have_count(0)
    page.keyboard.press("b")
    expect(page.locator(STATE)).to_have_attribute("data-state", "safe")
    assert box.answers == {5: "B"}
    exactly_once(box)


def test_by_mouse_the_picture_of_an_option_chooses_it_and_its_glass_enlarges_it(
    page: Page, box: MockBox
) -> None:
    open_paper(page, box)
    go_to(page, 4)
    drawn(page)
    page.locator(".option .enlarge").nth(2).click()
    expect(page.locator(".viewer h2")).to_have_text("选项 C")
    page.click(".viewer button.primary")
    expect(page.locator(".option.chosen")).to_have_count(0)
    place = page.locator(".option img").nth(2).bounding_box()
    assert place
    page.mouse.click(place["x"] + 40, place["y"] + 40)
    expect(page.locator(".option.chosen .letter")).to_have_text("C")
    go_to(page, 3)
    page.locator(".stem button.picture").click()
    expect(page.locator(".viewer h2")).to_have_text("图片")
    page.keyboard.press("z")
    expect(page.locator(".viewer")).to_have_count(0)


def test_pictures_come_before_the_start_and_stay_without_the_box(page: Page, box: MockBox) -> None:
    box.started = box.now() + timedelta(minutes=10)
    sign_in(page, box)
    page.keyboard.press("Enter")
    page.wait_for_selector(".rules")
    assert not [path for path in box.paths if "/sealed" in path], "nothing before the rules are accepted"
    box.withheld = set()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    until(lambda: kept(page) == 9)
    assert nothing_readable(page), "everything on this computer is sealed until the start"
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    before = len(box.paths)
    box.started, box.phase = box.now(), "running"
    page.wait_for_selector(".paper .stem", timeout=10_000)
    assert {path.rpartition("/")[2] for path in box.paths[before:]} <= {"attempt"}, "the key is all it needs"
    go_to(page, 3)
    drawn(page)
    asked = [path for path in box.paths if "/sealed/" in path]
    assert len(asked) == len(set(asked)) == 9
    box.stop()
    page.reload()
    page.wait_for_selector(".paper .stem")
    for position in (3, 4, 5):
        go_to(page, position)
        drawn(page)
    page.keyboard.press("z")
    until(lambda: page.eval_on_selector(".viewer img", "one => one.naturalWidth") > 0)
    shoot(page, "candidate-picture-lost")
    box.start()


KEPT_TEXT = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    if (name !== "exam-sealed") continue;
    const store = await caches.open(name);
    for (const request of await store.keys()) {
      const body = new Uint8Array(await (await store.match(request)).arrayBuffer());
      found.push(Array.from(body, byte => String.fromCharCode(byte)).join(""));
    }
  }
  const db = await new Promise((done, failed) => {
    const request = indexedDB.open("exam-station");
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  const rows = await new Promise(done => {
    const request = db.transaction("attempts").objectStore("attempts").getAll();
    request.onsuccess = () => done(request.result);
  });
  return found.concat(JSON.stringify(rows), JSON.stringify({...localStorage}));
}"""


def nothing_readable(page: Page) -> bool:
    """Neither a word nor a picture of the paper, nor a key, in anything this browser keeps."""
    found = page.evaluate(KEPT_TEXT)
    marks = ("PNG", "IHDR", "三相四线", "安全标志".encode().decode("latin-1"), "stem", "options")
    return (
        len(found) == 11
        and not any(mark in one for mark in marks for one in found)
        and '"key":""' in found[-2]
    )


def test_words_stand_for_a_picture_that_cannot_be_shown_until_it_can(page: Page, box: MockBox) -> None:
    open_paper(page, box)
    go_to(page, 6)
    missing = page.locator(".stem .frame.missing")
    expect(missing).to_contain_text("配电箱内部接线")
    expect(missing).to_contain_text("一直不显示请举手")
    shoot(page, "candidate-picture-missing")
    page.keyboard.press("a")
    expect(page.locator(".option.chosen")).to_have_count(1)
    box.withheld = set()
    expect(missing).to_have_count(0, timeout=20_000)
    drawn(page)


def test_altered_bytes_are_neither_kept_nor_shown(page: Page, box: MockBox) -> None:
    box.started, box.altered = box.now() + timedelta(minutes=10), True
    sign_in(page, box)
    page.keyboard.press("Enter")
    page.wait_for_selector(".rules")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    until(lambda: any("/sealed/" in path for path in box.paths))
    assert kept(page) == 0
    box.started, box.phase = box.now(), "running"
    expect(page.locator("h1")).to_have_text("正在领取试卷…")
    box.altered = False
    page.wait_for_selector(".paper .stem", timeout=20_000)


def test_nothing_is_left_for_the_next_candidate(page: Page, box: MockBox) -> None:
    open_paper(page, box)
    box.withheld = set()
    until(lambda: kept(page) == 9)
    box.handed_in = "candidate"
    page.wait_for_selector(".handed-in", timeout=10_000)
    box.bound = "attempt-2"
    page.wait_for_selector(".sign-in", timeout=10_000)
    assert page.evaluate("caches.has('exam-sealed')") is False


def test_english_where_the_question_has_it_else_chinese_with_a_word(page: Page, box: MockBox) -> None:
    open_paper(page, box)
    page.keyboard.press("a")
    page.click(".language")
    expect(page.locator(".stem")).to_contain_text("Whoever repairs a line")
    expect(page.locator(".option .text").first).to_have_text("True")
    expect(page.locator(".option.chosen .letter")).to_have_text("A")
    expect(page.locator(".asked")).to_have_attribute("lang", "en")
    expect(page.locator(".only")).to_have_count(0)
    go_to_english(page, 2)
    expect(page.locator(".only")).to_have_text("No English: shown in Chinese")
    expect(page.locator(".asked")).to_have_attribute("lang", "zh-CN")
    shoot(page, "candidate-no-english")
    go_to_english(page, 3)
    drawn(page)
    expect(page.locator(".option .text")).to_have_text(ENGLISH)
    expect(page.locator(".stem img")).to_have_attribute("alt", "A circuit")
    shoot(page, "candidate-english")
    page.keyboard.press("c")
    page.click(".language")
    expect(page.locator(".option .text")).to_have_text(WORDS)
    expect(page.locator(".option.chosen .text")).to_have_text("中性线断开")
    expect(page.locator(".only")).to_have_count(0)
    expect(page.locator(STATE)).to_have_attribute("data-state", "safe")
    assert box.answers == {1: "A", 3: "C"}
    page.reload()
    page.wait_for_selector(".paper .stem")
    expect(page.locator(".option.chosen .letter")).to_have_text("C")


def go_to_english(page: Page, position: int) -> None:
    page.click(f".number:text-is('{position}')")
    expect(page.locator(".kind")).to_contain_text(f"Question {position} of")
