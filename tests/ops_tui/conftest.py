"""The terminal against a real box."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from ops_tui.app import OpsApp
from ops_tui.client import Client
from tests.ops_site import PASSWORD, OpsSite, running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpsSite]:
    with running(tmp_path_factory.mktemp("box")) as found:
        yield found


def text_of(app: OpsApp) -> str:
    """The screen as characters, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


async def until(holds: Callable[[], object], seconds: float = 90.0) -> None:
    """Wait until it holds, or fail with what it was waiting for."""
    for _step in range(int(seconds / 0.05)):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"never held: {holds.__code__.co_names}")


async def signed_in(site: OpsSite, login: str = "ops", every: float = 5.0, idle: float = 1800.0) -> OpsApp:
    """An application whose client has a token already."""
    client = Client(site.url, site.authority)
    await client.sign_in(login, PASSWORD)
    return OpsApp(client, every=every, idle=idle)
