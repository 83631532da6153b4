"""Questions between processes: every error crosses as what it is, and no connection is left behind."""

import asyncio
import gc
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from appliance.base import errors
from appliance.base.clock import SystemClock
from appliance.base.sockets import Streamed, ask, ask_stream, serve
from appliance.flow.box import Box
from appliance.flow.set_up import set_up
from appliance.web.ops_sources import Sources
from tests.conftest import START, site_settings


class Ask(msgspec.Struct, tag=True):
    what: str = ""


class Old(msgspec.Struct):
    count: int


RAISED = [
    errors.Refused("no", "A rule."),
    errors.NotFound("none", "Nothing {name}.", name="x"),
    errors.Conflict("taken", "Taken.", "Reload."),
    errors.Stale(7),
    errors.Corrupt("bad", "Bad."),
    errors.DeviceFault("broken", "Broken."),
    errors.Unavailable("later", "Later."),
]


@pytest.mark.parametrize("error", RAISED, ids=lambda one: type(one).__name__)
async def test_every_error_crosses_as_what_it_is(tmp_path: Path, error: errors.ExamError) -> None:
    async def fail(_: Ask) -> None:
        raise error

    path = tmp_path / "part.sock"
    server = await serve(path, {Ask: fail})
    with pytest.raises(type(error)) as caught:
        await ask(path, Ask(), str)
    assert (type(caught.value), caught.value.code) == (type(error), error.code)
    assert caught.value.text() == error.text() and caught.value.http_status == error.http_status
    server.close()


@pytest.mark.parametrize("error", RAISED, ids=lambda one: type(one).__name__)
async def test_an_error_on_the_way_crosses_too(tmp_path: Path, error: errors.ExamError) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        raise error

    async def begin(_: Ask) -> Streamed:
        return Streamed("head", chunks())

    path = tmp_path / "part.sock"
    server = await serve(path, {Ask: begin})
    _head, coming = await ask_stream(path, Ask(), str)
    assert await anext(coming) == b"first"
    with pytest.raises(type(error)) as caught:
        await anext(coming)
    assert caught.value.code == error.code and caught.value.text() == error.text()
    with pytest.raises(StopAsyncIteration):
        await anext(coming)
    server.close()


async def test_a_process_of_another_version_is_a_sentence(tmp_path: Path) -> None:
    async def other(_: Ask) -> dict[str, str]:
        return {"count": "many"}

    path = tmp_path / "clips.sock"
    server = await serve(path, {Ask: other})
    with pytest.raises(errors.Unavailable) as caught:
        await ask(path, Ask(), Old)
    assert caught.value.code == "other_version"
    with pytest.raises(errors.Unavailable):
        await ask_stream(path, Ask(), Old)
    server.close()


async def test_the_screen_of_a_mixed_box_shows_the_part_as_unknown(tmp_path: Path) -> None:
    from appliance.wire.gate import GetLanes

    settings = site_settings(tmp_path)
    set_up(settings, demo=True, now=START)
    box = Box.open(settings, SystemClock())

    async def other(_: GetLanes) -> list[dict[str, str]]:
        return [{"passage": "1"}]

    server = await serve(settings.socket("gate"), {GetLanes: other})
    sources = Sources(box, {})
    await sources.refresh()
    assert not next(one for one in sources.processes if one.name == "gate").ok
    assert {lane.reader for lane in sources.lanes} == {"silent"}
    server.close()
    box.db.stop()


class Far:
    """A far end that counts who is connected."""

    def __init__(self) -> None:
        self.open = 0

    async def met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        while await reader.read(1024):
            pass
        self.open -= 1
        writer.close()


async def test_a_silent_far_end_costs_no_connection(tmp_path: Path) -> None:
    far = Far()
    server = await asyncio.start_unix_server(far.met, path=str(tmp_path / "clips.sock"))
    gc.disable()  # only what closes its connection itself counts
    try:
        with pytest.raises(errors.Unavailable):
            await ask_stream(tmp_path / "clips.sock", Ask(), str, timeout=0.1)
        await asyncio.sleep(0.1)
        assert far.open == 0
    finally:
        gc.enable()
        server.close()


async def test_a_stream_that_stops_in_the_middle_is_told(tmp_path: Path) -> None:
    async def endless(_: Ask) -> Streamed:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"first"
            await asyncio.sleep(30)

        return Streamed({}, chunks())

    path = tmp_path / "clips.sock"
    server = await serve(path, {Ask: endless})
    _, chunks = await ask_stream(path, Ask(), dict[str, str], timeout=0.2)
    got = []
    with pytest.raises(errors.Unavailable):
        async for chunk in chunks:
            got.append(chunk)
    assert got == [b"first"]
    server.close()


async def test_who_makes_the_chunks_is_told_when_the_asker_goes(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def endless(_: Ask) -> Streamed:
        async def chunks() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"more"
                    await asyncio.sleep(0.01)
            finally:
                ended.set()

        return Streamed({}, chunks())

    path = tmp_path / "clips.sock"
    server = await serve(path, {Ask: endless})
    gc.disable()  # not some time later, when memory is swept
    try:
        _, chunks = await ask_stream(path, Ask(), dict[str, str])
        assert await anext(chunks) == b"more"
        await chunks.aclose()
        async with asyncio.timeout(5):
            await ended.wait()
    finally:
        gc.enable()
        server.close()
