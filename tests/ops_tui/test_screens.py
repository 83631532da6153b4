"""The nine screens, driven by keys, against a real server with TLS."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from rich.cells import cell_len
from sqlmodel import select
from textual.widgets import Input

from appliance.base.i18n import set_language, translate
from appliance.records.entry import GateOrder
from appliance.records.journal import Journal
from appliance.wire.ops import JournalLine
from ops_tui.app import OpsApp
from ops_tui.client import Client
from ops_tui.screens.concern import Concern
from ops_tui.widgets.ask import Ask
from tests.ops_site import PASSWORD, OpsSite
from tests.ops_tui.conftest import signed_in, text_of, until

SIZES = [(80, 24), (120, 40)]


async def open_screen(app: OpsApp, pilot: object, key: str, words: str) -> str:
    await pilot.press(key)  # type: ignore[attr-defined]
    await until(lambda: words in text_of(app))
    return text_of(app)


@pytest.mark.parametrize("size", SIZES)
async def test_every_screen_has_its_words_and_fits(site: OpsSite, size: tuple[int, int]) -> None:
    app = await signed_in(site)
    wanted = {
        "1": ("60/60", "摄像机 理论考场后部 未在录像", "考试中"),
        "2": ("理论通道", "x 未接入", "开闸"),
        "3": ("R>作答中", "12 L?", "T1-01", "61*F."),
        "4": ("1920x1080", "x 已停止"),
        "5": ("待传 1", "11-20", "> 待传"),
        "6": ("录像盘", "录像还可存 44 天", "100%|", "[####", "A-001"),
        "7": ("登录成功", "更早"),
        "8": ("考点负责人", "+ 在线"),
        "9": ("exam-gate", "? 无响应", "考务日志"),
    }
    async with app.run_test(size=size) as pilot:
        await until(lambda: app.state is not None)
        for key, words in wanted.items():
            for word in words:
                await open_screen(app, pilot, key, word)
            shown = text_of(app)
            lines = shown.splitlines()
            assert "[演示] 示范考点" in lines[0] and "第 1 场 理论 考试中" in lines[0]
            assert lines[1].strip().startswith("!!")
            assert f"[{key}" in lines[2] and "9系统" in lines[2]
            assert "q 退出" in lines[-1], "every key of the footer is visible"
            assert max(cell_len(line) for line in lines) <= size[0] and len(lines) == size[1]
    await app.client.close()


async def test_english_is_complete(site: OpsSite) -> None:
    set_language("en")
    app = await signed_in(site)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.state is not None)
        for key in "123456789":
            await pilot.press(key)
            await pilot.pause(0.3)
            shown = text_of(app)
            assert "9System" in shown.splitlines()[2] and "q quit" in shown.splitlines()[-1]
            for chinese in ("场次", "考试机", "录像磁盘", "无响应", "告警", "退出", "演示"):
                assert chinese not in shown
    await app.client.close()


async def test_signing_in_by_keys_and_a_wrong_password(site: OpsSite) -> None:
    app = OpsApp(Client(site.url, site.authority))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: isinstance(app.screen, Ask))
        await pilot.press(*"ops", "enter", *"wrong-one", "enter")
        await until(lambda: translate("The name or the password is wrong.") in text_of(app))
        assert isinstance(app.screen, Ask) and not app.client.signed_in
        assert "wrong-one" not in text_of(app), "a password is never shown"
        app.screen.query_one("#field-password", Input).value = PASSWORD
        await pilot.press("enter")
        await until(lambda: app.state is not None and "60/60" in text_of(app))
    await app.client.close()


async def test_the_wall_moves_by_arrows_and_jumps_to_trouble(site: OpsSite) -> None:
    app = await signed_in(site)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.state is not None)
        await open_screen(app, pilot, "3", "[ 1 R>]")
        await pilot.press("right", "down")
        await until(lambda: "[10 R>]" in text_of(app))
        await pilot.press("n")
        await until(lambda: "[12 L?]" in text_of(app) and "T1-12  L? 无响应" in text_of(app))
        await pilot.press("n")
        await until(lambda: "[30 L?]" in text_of(app))
        await pilot.press("enter")
        await until(lambda: "已答" in text_of(app) and "30 / 100" in text_of(app))
        await pilot.press("escape", "slash", *"lost", "enter")
        await until(lambda: "[30 L?]" in text_of(app) and "31 R>" not in text_of(app))
        await pilot.press("escape")
        await until(lambda: "31 R>" in text_of(app))
    await app.client.close()


async def test_moving_a_candidate_asks_once_for_a_reason_and_is_journaled(site: OpsSite) -> None:
    app = await signed_in(site)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.state is not None)
        await open_screen(app, pilot, "3", "[ 1 R>]")
        await pilot.press("n", "m")
        await until(lambda: isinstance(app.screen, Ask) and "将" in text_of(app))
        assert "从考位 T1-12 换出" in text_of(app)
        await pilot.press("ctrl+s")
        await until(lambda: "请填写：原因" in text_of(app))
        await pilot.press(*"keyboard", "enter", *"61", "enter")
        await until(lambda: isinstance(app.screen, Concern) and "已换到考位 T1-61" in text_of(app))
        await until(lambda: "12 X" in text_of(app).replace("[12", " 12") or "12 L" not in text_of(app))
        await until(lambda: any(s.seat == "T1-61" and s.answered == 12 for s in app.state.board.seats))
    left = site.box.db.read_now(lambda s: list(s.exec(select(Journal).where(Journal.kind == "seat.left"))))
    assert [entry.body.count("keyboard") for entry in left] == [1]
    await app.client.close()


async def test_opening_a_gate_takes_a_reason_and_a_second_person(site: OpsSite) -> None:
    app = await signed_in(site)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.state is not None)
        await open_screen(app, pilot, "2", "理论通道")
        await pilot.press("o")
        await until(lambda: isinstance(app.screen, Ask) and "开启通道 L1" in text_of(app))
        await pilot.press(*"wheelchair", "enter", *"desk", "enter", *"wrong-one", "enter")
        await until(lambda: "wheelchair" in text_of(app) and text_of(app).count("第二人") >= 2)
        await asyncio.sleep(0.3)
        assert isinstance(app.screen, Ask), "a refusal leaves what was typed"
        app.screen.query_one("#field-password", Input).value = PASSWORD
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, Concern) and "已下达开闸指令" in text_of(app))
    orders = site.box.db.read_now(lambda session: list(session.exec(select(GateOrder))))
    assert [(order.lane, order.reason) for order in orders] == [("L1", "wheelchair")]
    await app.client.close()


class Chatty(Client):
    """A box at which something happens all the time."""

    told = 0
    pause = 0.0

    async def live(self, since: int | None = None) -> AsyncIterator[JournalLine | None]:
        (line,) = (await self.journal("", limit=1)).entries
        while True:
            await asyncio.sleep(self.pause)
            self.told += 1
            yield line


@pytest.mark.parametrize(
    ("key", "pause", "words"),
    [("1", 0.0, "理论"), ("7", 0.0, ""), ("7", 0.02, "登录成功"), ("8", 0.0, "在线")],
)
async def test_entries_that_come_while_leaving_break_nothing(
    site: OpsSite, key: str, pause: float, words: str
) -> None:
    """Without a pause each question of the journal is overtaken by the next one; with one they are answered."""
    client = Chatty(site.url, site.authority)
    client.pause = pause
    app = OpsApp(client, every=0.01)
    await client.sign_in("ops", PASSWORD)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.state is not None)
        await pilot.press(key)
        await until(lambda: client.told > 50 and words in text_of(app))
        before = client.told
    assert pause or client.told > before, "they came while the screens were taken down"
    await client.close()


async def test_the_journal_follows_and_searches(site: OpsSite) -> None:
    app = await signed_in(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: app.state is not None)
        await open_screen(app, pilot, "7", "登录成功")
        other = Client(site.url, site.authority)
        await other.sign_in("chief", PASSWORD)
        await until(lambda: any("登录成功" in line and "chief" in line for line in text_of(app).splitlines()))
        await other.sign_out()
        await other.close()
        await until(lambda: "退出登录" in text_of(app))
        await pilot.press("slash", *"site.created", "enter")
        await until(lambda: "主机初始化" in text_of(app) and "试卷已打开" not in text_of(app))
        await pilot.press("enter")
        await until(lambda: "校验值" in text_of(app) and '"mode":"demo"' in text_of(app))
    await app.client.close()


async def test_explaining_and_alarms(site: OpsSite) -> None:
    app = await signed_in(site)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.state is not None)
        await pilot.press("question_mark")
        await until(lambda: "今日场次" in text_of(app) and "符号" in text_of(app))
        await pilot.press("escape", "a")
        await until(lambda: "请检查摄像机电源和网线" in text_of(app))
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, Concern))
    await app.client.close()


async def test_idling_signs_out(site: OpsSite) -> None:
    app = await signed_in(site, idle=1.5)
    async with app.run_test(size=(80, 24)):
        await until(lambda: isinstance(app.screen, Ask) and "长时间无人操作" in text_of(app))
        assert not app.client.signed_in
    await app.client.close()


async def test_without_colour_nothing_is_lost(site: OpsSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = await signed_in(site)
    assert app.no_color
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.state is not None)
        await open_screen(app, pilot, "3", "[ 1 R>]")
        assert "!!" in text_of(app).splitlines()[1] and "12 " in text_of(app)
    await app.client.close()
