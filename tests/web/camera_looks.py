"""Steps on the cameras' pages that several tests take, or that are long."""

from playwright.sync_api import Locator, Page, expect

from tests.web.conftest import shoot

SHOW = """([card, id]) => htmx.swap("#found", card.replace(/ data-(typed|shown)="\\d*"/g, "")
    .replace(/id="job-[^"]*"/, `id="${id}"`), {swapStyle: "beforeend"})"""
"""A verdict as the server gives it."""


def looked_again(page: Page, code: str, name: str) -> None:
    """The newer verdict takes the older one's place, and after a save shows what is kept, not what was typed."""
    found = page.locator("#found")
    looked = found.locator(".looked")
    card = looked.evaluate("one => one.outerHTML")
    page.evaluate(SHOW, [card, "job-0"])  # after the box's clock was set back
    expect(looked).to_have_count(1)
    expect(looked).to_have_id("job-0")
    for typed in ("改过一次", name):
        looked.locator("[name=name]").fill(typed)
        looked.get_by_role("button", name="保存修改").click()
        expect(found).to_contain_text(f"摄像机 {code} 已保存")
        expect(found).not_to_contain_text("地址已改")
        page.evaluate("document.querySelector('#found').replaceChildren()")
        page.evaluate(SHOW, [card, "job-1"])
        expect(looked.locator("[name=name]")).to_have_value(name)


def mark_again(page: Page) -> None:
    """On a page of its own: nothing of it is kept. C5 has 1 to 3 and the door."""
    other = page.context.new_page()
    other.set_viewport_size({"width": 1366, "height": 768})
    other.route("**/still.jpg*", lambda route: route.abort())
    other.goto(page.url)
    layer, said = other.locator("[data-layer]"), other.locator("[data-said]")
    expect(other.get_by_text("没有可标注的画面")).to_be_visible()
    expect(layer).to_be_hidden()
    other.unroute("**/still.jpg*")
    other.locator(".no-still button").click()
    expect(layer).to_be_visible(timeout=60_000)  # loaded by itself
    expect(other.locator("#still-found")).to_contain_text("基准画面已保存")
    chips = other.locator(".chip[data-kind=seat]")
    expect(other.locator(".chip[aria-pressed=true]")).to_have_attribute("data-name", "4")
    chips.first.click()
    layer.click(position={"x": 210, "y": 310})
    expect(said).to_contain_text("下一个：2")  # it is marked: who moves a mark goes on in order
    layer.click(position={"x": 310, "y": 310})
    layer.focus()
    other.keyboard.press("Enter")
    expect(said).to_contain_text("下一个：4")
    other.keyboard.press("Delete")
    expect(said).to_contain_text("现在选中的是 4，它还没有标注")
    widths = {chips.nth(at).evaluate("chip => chip.offsetWidth") for at in range(12)}
    assert len(widths) == 1, widths
    other.get_by_role("button", name="全部去掉，重新标注").click()
    expect(other.locator(".mark")).to_have_count(0)
    expect(other.locator("[data-unsaved]")).to_have_text("尚未保存")
    for number in range(chips.count()):
        chips.nth(number).click()
        layer.click(position={"x": 20 + number, "y": 20})
    for door in other.locator(".chip[data-kind=door]").all():
        door.click()
        layer.click(position={"x": 40, "y": 200})
    shoot(other, "cameras-marks-all")
    other.get_by_role("button", name="保存标注").click()
    expect(other.locator("[data-unsaved]")).to_have_text("")
    other.reload()
    expect(other.locator(".mark").first).to_be_visible()
    expect(other.locator(".chip[aria-pressed=true]")).to_have_count(0)
    other.close()


def below(button: Locator, told: Locator) -> None:
    """With a distance."""
    upper, lower = button.bounding_box(), told.bounding_box()
    assert upper and lower and lower["y"] - upper["y"] - upper["height"] >= 8, (upper, lower)
