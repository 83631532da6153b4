"""A demo site and a real reference province on loopback: TLS, tokens, keys, nothing pretended."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from appliance.base.clock import SystemClock
from appliance.base.settings import ProvinceSettings
from appliance.flow.box import Box
from appliance.flow.set_up import set_up
from appliance.records.journal import append
from appliance.records.site import Room
from sync.outbox import Keys
from sync.province.server import Server, server
from sync.province.store import Province
from tests.conftest import START, site_settings

TOKEN = "token-of-the-test-site"
SITE = "999999-01"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class FarEnd:
    """The province: its store, and its server that can be stopped and started on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.store = Province(folder)
        self._server: Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        up = asyncio.Event()
        self._server = server(self.store, self.port, up.set)
        self._server.capture_signals = nullcontext  # type: ignore[assignment]
        self._task = asyncio.create_task(self._server.serve())
        await up.wait()

    async def stop(self) -> None:
        if self._server and self._task:
            self._server.should_exit = True
            await self._task
            self._server = self._task = None

    async def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        ca = str(self.folder / "authority" / "authority.pem")
        context = ssl.create_default_context(cafile=ca)
        async with httpx.AsyncClient(verify=context, trust_env=False) as client:
            answer = await client.request(
                method,
                f"https://localhost:{self.port}/admin/{path}",
                content=None if body is None else msgspec.json.encode(body),
                headers={"content-type": "application/json"},
            )
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
async def far(tmp_path: Path) -> AsyncIterator[FarEnd]:
    end = FarEnd(tmp_path / "province")
    await end.start()
    yield end
    await end.stop()
    end.store.close()


def make_box(far: FarEnd, folder: Path, url: str = "") -> Box:
    """A demo site that knows its province, and is known there; its writer is running."""
    token = folder / "token"
    token.write_text(TOKEN + "\n")
    settings = msgspec.structs.replace(
        site_settings(folder, url),
        province=ProvinceSettings(
            url=f"https://localhost:{far.port}",
            certificate=str(far.folder / "authority" / "authority.pem"),
            key=str(far.folder / "keys" / "province.pem"),
            token_file=str(token),
            interval=0.2,
            timeout=3.0,
        ),
    )
    set_up(settings, demo=True, now=START)
    far.store.register(SITE, (settings.state / "keys" / "authority.pem").read_text(), TOKEN)
    box = Box.open(settings, SystemClock())
    box.db.start()
    box.db.write_now(lambda session: session.add(Room(code="T1", name="理论考场", kind="theory")))
    return box


@pytest.fixture
def box(far: FarEnd, tmp_path: Path) -> Iterator[Box]:
    """The site on SQLite."""
    box = make_box(far, tmp_path)
    yield box
    box.db.stop()


@pytest.fixture
def either_box(far: FarEnd, tmp_path: Path, database_url: str) -> Iterator[Box]:
    """The site on each kind of database."""
    box = make_box(far, tmp_path, database_url)
    yield box
    box.db.stop()


@pytest.fixture
def held(box: Box) -> Keys:
    return Keys.load(box)


def say(box: Box, count: int = 1, kind: str = "seat.taken") -> None:
    """Something happens at the site."""
    for n in range(count):
        box.db.write_now(append, kind, f"c{n}", "process:test", {"n": n}, at=box.now())
