"""A camera that is set up, looked at once more on the page /cameras."""

from playwright.sync_api import Page, expect

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
