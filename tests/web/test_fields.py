"""Fields speak the page's language: what is missing or wrong, the file that was chosen, days and times."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import shoot
from tests.web.day_server import Running

pytestmark = pytest.mark.long
Open = Callable[..., Page]
MESSAGE = "(field) => { field.form.reportValidity(); return field.validationMessage }"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "zh_CN",
            (
                "请选择文件。",
                "未选择文件",
                "请按 2026-11-22 09:00 的格式填写日期和时间。",
                "请填写 1 至 480 之间的数。",
            ),
        ),
        (
            "en",
            (
                "Please choose a file.",
                "No file chosen",
                "Please write day and time as 2026-11-22 09:00.",
                "Please write a number from 1 to 480.",
            ),
        ),
    ],
)
def test_the_office_form(
    day: Running, open_page: Open, tmp_path: Path, language: str, words: tuple[str, ...]
) -> None:
    no_file, none, bad_time, bad_number = words
    page = open_page("office", f"/language/{language}", 1366, 768)
    page.goto(f"{day.url}/office")
    file, start, minutes = (
        page.locator(f"[name={name}]") for name in ("file", "theory_start", "theory_minutes")
    )
    expect(page.locator(".file-name")).to_have_text(none)
    assert file.evaluate(MESSAGE) == no_file
    roster = tmp_path / "名单.csv"
    roster.write_text("姓名", encoding="utf-8")
    file.set_input_files(roster)
    expect(page.locator(".file-name")).to_have_text("名单.csv")
    assert file.evaluate(MESSAGE) == ""
    for typed, kept in (("2026/11/22 9:30", "2026-11-22 09:30"), ("202611221400", "2026-11-22 14:00")):
        start.fill(typed)
        start.blur()
        expect(start).to_have_value(kept)
        assert start.evaluate(MESSAGE) == ""
    start.fill("明天")
    start.blur()
    assert start.evaluate(MESSAGE) == bad_time
    start.fill("")
    minutes.fill("999")
    assert minutes.evaluate(MESSAGE) == bad_number
    minutes.scroll_into_view_if_needed()
    shoot(page, f"office-fields-{language}")
    minutes.fill("90")
    assert page.locator("form:has([name=file])").evaluate("(form) => form.checkValidity()")
    page.goto(f"{day.url}/language/zh_CN")
    page.close()


def test_a_choice_that_is_missing_and_then_made(day: Running, open_page: Open) -> None:
    page = open_page("", "/sign-in")
    page.click("button.primary")
    login = page.locator("[name=login]")
    assert login.evaluate("(field) => field.validationMessage") == "请填写此项。"
    login.fill("nobody")
    assert login.evaluate("(field) => field.validationMessage") == ""
    page.close()
