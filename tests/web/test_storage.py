"""The storage page in a real browser over a real archive: room, places, a hold put and lifted, a deletion ordered."""

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Page, expect
from sqlmodel import col, select

from appliance.base.storage_settings import PlaceSettings, StorageSettings
from appliance.records.journal import Journal
from appliance.web.storage_watch import StorageWatch
from cameras.archive.places import MARK, Mark
from cameras.archive.process import ArchiveProcess
from cameras.archive.rounds import Rounds
from cameras.index import micros
from tests.web.conftest import shoot
from tests.web.day import PASSWORD
from tests.web.day_server import Running

pytestmark = pytest.mark.long
Open = Callable[..., Page]


def fill(rounds: Rounds, now: datetime) -> None:
    """Four weeks of recordings as the forecast counts them, and some of more than three years ago."""
    with rounds.archive.transaction() as link:
        for camera, size in (("C1", 14_000_000_000), ("C2", 9_500_000_000)):
            for back in [*range(1, 29), *range(1100, 1112)]:
                link.execute(
                    "INSERT OR REPLACE INTO day VALUES (?, ?, ?, ?, 480)",
                    (camera, f"{now - timedelta(days=back):%Y%m%d}", size, 8 * 3_600_000_000),
                )
        link.execute(
            "INSERT OR REPLACE INTO place(name, kind, state, bytes, copies, first, last, silent, seen) VALUES"
            " ('A-001', 'offline', 'full', 3900000000000, 130000, '20260105', '20260620', NULL, ?)",
            (micros(now),),
        )
    rounds.archive.find("nas", "C1/20261012/20261012T010000.000000Z.mp4", "altered", now)


@pytest.fixture
def archive(day: Running, tmp_path: Path) -> Iterator[Rounds]:
    """exam-archive's socket beside the served day; its rounds are called by the test."""
    nas = tmp_path / "nas"
    nas.mkdir()
    (nas / MARK).write_bytes(msgspec.json.encode(Mark(name="nas", kind="nas", site="999999-01")))
    places = [
        PlaceSettings(name="nas", kind="nas", folder=str(nas)),
        PlaceSettings(name="second", kind="disk", folder=str(tmp_path / "second")),
    ]
    storage = StorageSettings(places=places, offline=str(tmp_path / "disks"))
    settings = msgspec.structs.replace(day.day.settings, storage=storage)
    rounds = Rounds(settings, day.box.clock, lambda: ("boot", day.box.now().timestamp()))
    process, loop = ArchiveProcess(rounds), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(process.serve(), loop).result(10)
    yield rounds
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    rounds.close()


def kinds(day: Running) -> list[str]:
    wanted = select(Journal.kind).order_by(col(Journal.seq))
    found = day.box.db.read_now(lambda session: list(session.exec(wanted)))
    return [kind for kind in found if kind.startswith(("hold.", "storage."))]


def look(day: Running) -> None:
    """A round of exam-web's, in a thread without the browser's loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(StorageWatch(day.box).look())).result(20)


def confirm(page: Page, reason: str) -> None:
    form = page.locator("details[open] form")
    form.locator("[name=reason]").fill(reason)
    form.locator("[name=second_login]").fill("chief")
    form.locator("[name=second_password]").fill(PASSWORD)
    with page.expect_navigation():
        form.locator("button.primary").click()


def test_the_storage_page(day: Running, open_page: Open, archive: Rounds) -> None:
    fill(archive, day.box.now())
    while archive.once():
        pass
    usage = archive.archive.rows("SELECT total FROM place WHERE name = ''")
    assert usage[0][0] > 0
    with archive.archive.transaction() as link:  # the test machine's own disk is as it is: a disk of 4 TB
        link.execute("UPDATE place SET total = 4000000000000, free = 1050000000000 WHERE name = ''")
    page = open_page("office", "/storage")
    expect(page.locator(".big-figure")).to_contain_text("天")
    expect(page.locator("svg.forecast .area")).to_have_count(1)
    expect(page.get_by_text("A-001")).to_be_visible()
    shoot(page, "storage")
    day_row = page.locator(".rosters li").first
    day_row.locator("summary").click()
    confirm(page, "考生申诉")
    expect(page.locator(".decided")).to_contain_text("考生申诉")
    expect(page.get_by_text("存储程序尚未收到")).to_have_count(0)  # told at once: it is in force
    assert archive.archive.rows("SELECT count(*) FROM sitting WHERE hold = 1") == [(1,)]
    page.get_by_text("登记知悉（两人）：nas").click()
    shoot(page, "storage-known")
    confirm(page, "盘已更换，已查明")
    expect(page.get_by_text("另有 1 个")).to_be_visible()
    assert archive.archive.rows("SELECT count(acknowledged) FROM finding WHERE over IS NULL") == [(1,)]
    look(day)
    page.locator(".decided summary").click()
    confirm(page, "申诉已结案")
    expect(page.locator(".decided")).to_have_count(0)
    expect(page.locator(".lifted")).to_contain_text("申诉已结案")
    with archive.archive.transaction() as link:  # a site database of before a hold
        link.execute("UPDATE sitting SET known = '[\"h9\"]' WHERE start = (SELECT min(start) FROM sitting)")
    look(day)
    page.reload()
    expect(page.get_by_text("仅存储程序记有封存")).to_have_count(1)
    shoot(page, "storage-unknown-hold")
    with archive.archive.transaction() as link:
        link.execute("UPDATE sitting SET known = '[]', hold = 0")
    expect(page.get_by_text(re.compile("12 天"))).to_be_visible()
    page.get_by_text("删除到期录像", exact=True).click()
    confirm(page, "保存期满三年")
    expect(page.get_by_text("上次批准")).to_be_visible()
    look(day)
    orders = archive.orders
    assert orders is not None and orders.permit is not None and orders.permit.why == "保存期满三年"
    told = kinds(day)
    wanted = {"hold.lifted", "storage.deletion_ordered", "storage.finding", "storage.acknowledged"}
    assert wanted | {"hold.put"} <= set(told)
    english = open_page("office", "/language/en")
    english.goto(f"{day.url}/storage")
    expect(english.locator(".big-figure")).to_contain_text("days")
    shoot(english, "storage-en")
