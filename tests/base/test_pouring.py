"""Recordings poured from one process to another: in order, with the error that ends them, closed when nobody reads."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest

from appliance.base import sockets
from appliance.base.errors import NotFound, Unavailable
from appliance.base.pouring import Poured, take

PIECES = [b"a", b"", b"b" * 3_000_000, bytes(range(256)) * 5000, b"z"]


class Ask(msgspec.Struct, tag="test.ask"):
    """Ask for pieces; `fails`: after them."""

    fails: bool = False


class Head(msgspec.Struct):
    """Comes first."""

    name: str


class Source:
    """Gives the pieces and knows when it was closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def pieces(self, fails: bool) -> Iterator[bytes]:
        """As asked for."""
        try:
            yield from PIECES
            if fails:
                raise NotFound("no_disk", "The disk is gone.")
        finally:
            self.closed.set()


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[tuple[Path, Source]]:
    found = Source()

    async def answer(asked: Ask) -> Poured:
        return Poured(Head("x" * 500_000), found.pieces(asked.fails))

    server = await sockets.serve(tmp_path / "test", {Ask: answer})
    yield tmp_path / "test", found
    server.close()


def collected(path: Path, fails: bool) -> tuple[Head, bytes]:
    head, taken = take(path, Ask(fails), Head)
    try:
        return head, b"".join(bytes(piece) for piece in taken)
    finally:
        taken.close()


async def test_everything_comes_in_order_after_a_long_head(source: tuple[Path, Source]) -> None:
    head, body = await asyncio.to_thread(collected, source[0], False)
    assert len(head.name) == 500_000 and body == b"".join(PIECES)
    assert source[1].closed.is_set()


async def test_the_loop_reads_the_same_frames(source: tuple[Path, Source]) -> None:
    _, chunks = await sockets.ask_stream(source[0], Ask(), Head)
    assert b"".join([chunk async for chunk in chunks]) == b"".join(PIECES)


async def test_an_error_on_the_way_is_told_as_what_it_is(source: tuple[Path, Source]) -> None:
    with pytest.raises(NotFound) as told:
        await asyncio.to_thread(collected, source[0], True)
    assert told.value.code == "no_disk"


async def test_who_goes_away_ends_the_making(source: tuple[Path, Source]) -> None:
    _, taken = await asyncio.to_thread(take, source[0], Ask(), Head)
    taken.close()
    assert await asyncio.to_thread(source[1].closed.wait, 10)


async def test_nobody_there_is_a_silent_process(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await asyncio.to_thread(take, tmp_path / "nobody", Ask(), Head)
