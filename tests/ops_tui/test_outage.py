"""The box goes away and comes back: told once, shown as stale, nothing is asked twice."""

import logging
from pathlib import Path

import pytest

from appliance.base.errors import Conflict, NotFound, Unavailable
from ops_tui.client import Client, problem, trust
from tests.ops_site import PASSWORD, build
from tests.ops_tui.conftest import signed_in, text_of, until


class Kept(logging.Handler):
    """Keeps the levels of what was logged (the server's own logging set-up takes pytest's handler away)."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.levels.append(record.levelname)


@pytest.mark.long
async def test_an_outage_is_told_once_and_its_end_once(tmp_path: Path) -> None:
    site = build(tmp_path, seats=2)
    site.start()
    kept, log = Kept(), logging.getLogger("examsite.tui")
    log.addHandler(kept)
    log.setLevel(logging.INFO)
    app = await signed_in(site, every=1.0)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.state is not None)
        site.stop()
        await until(lambda: "起无响应" in text_of(app).splitlines()[1], seconds=20)
        assert "2/2" in text_of(app), "what was known stays, marked as old"
        await pilot.pause(4.0)  # some more questions go unanswered
        site.restart()
        await until(lambda: app.client.link.down_since is None, seconds=20)
        await until(lambda: "起无响应" not in text_of(app).splitlines()[1])
    await app.client.close()
    site.stop()
    log.removeHandler(kept)
    assert kept.levels == ["WARNING", "INFO"]


async def test_a_box_of_another_authority_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    site, stranger = build(tmp_path / "a", seats=1), build(tmp_path / "b", seats=1)
    stranger.box.db.stop()
    site.start()
    try:
        client = Client(site.url, stranger.authority)
        with pytest.raises(Unavailable, match="not_this_box"):
            await client.sign_in("ops", PASSWORD)
        await client.close()
    finally:
        site.stop()


async def test_nobody_there() -> None:
    client = Client("https://127.0.0.1:9", None)
    with pytest.raises(Unavailable, match="no_answer"):
        await client.state()
    assert client.link.down_since is not None
    await client.close()


def test_a_missing_authority_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no_authority"):
        trust(tmp_path / "none.pem")
    (tmp_path / "bad.pem").write_text("not a certificate")
    with pytest.raises(NotFound, match="no_authority"):
        trust(tmp_path / "bad.pem")


def test_problems_keep_code_text_and_next_step() -> None:
    import httpx

    body = {"title": "Seat {x} is taken.", "code": "seat_not_free", "next": "Choose another."}
    error = problem(httpx.Response(409, json=body))
    assert isinstance(error, Conflict) and error.code == "seat_not_free"
    assert (error.text(), error.next_text()) == ("Seat {x} is taken.", "Choose another.")
    assert problem(httpx.Response(502, text="<html>")).text() == "HTTP 502"
