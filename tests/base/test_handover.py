"""A file handed over to be written: in order, with the error that ends it, closed when nobody reads."""

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from appliance.base import sockets
from appliance.base.errors import NotFound, Unavailable
from appliance.base.handover import Handover, ask_to_write

PIECES = [b"a", b"b" * 3_000_000, bytes(range(256)) * 5000, b"z"]


class Ask(msgspec.Struct, tag="test.ask"):
    """Ask for pieces; `fails`: after them."""

    fails: bool = False


class Head(msgspec.Struct):
    """Comes first."""

    name: str


class Writer:
    """Writes the pieces, tells after each, and knows when it was ended."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def write(self, fails: bool, file: int) -> Iterator[bytes]:
        """As asked for."""
        try:
            for piece in PIECES:
                assert os.write(file, piece) == len(piece)
                yield str(len(piece)).encode()
            if fails:
                raise NotFound("no_disk", "The disk is gone.")
        finally:
            self.ended.set()


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[tuple[Path, Writer]]:
    made = Writer()

    async def answer(asked: Ask) -> Handover:
        return Handover(Head("x" * 500_000), partial(made.write, asked.fails))

    server = await sockets.serve(tmp_path / "test", {Ask: answer})
    yield tmp_path / "test", made
    server.close()


def written(path: Path, fails: bool = False) -> tuple[Head, list[bytes], bytes]:
    """Head, what was told, and what lies in the file."""
    head, line = ask_to_write(path, Ask(fails), Head)
    target = path.parent / "out"
    with contextlib.closing(line), open(target, "wb") as file:
        told = list(line.write_to(file.fileno()))
    return head, told, target.read_bytes()


async def test_everything_comes_in_order_after_a_long_head(writer: tuple[Path, Writer]) -> None:
    head, told, body = await asyncio.to_thread(written, writer[0])
    assert len(head.name) == 500_000 and body == b"".join(PIECES)
    assert told == [str(len(piece)).encode() for piece in PIECES]


def open_files() -> set[Path]:
    """Of this process."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.add(Path(os.readlink(f"/proc/self/fd/{number}")))
    return found


async def test_no_file_stays_open(writer: tuple[Path, Writer]) -> None:
    for fails in (False, True):
        with contextlib.suppress(NotFound):
            await asyncio.to_thread(written, writer[0], fails)
        assert (writer[0].parent / "out") not in open_files(), "neither by who asked nor by who wrote"


async def test_an_error_on_the_way_is_told_as_what_it_is(writer: tuple[Path, Writer]) -> None:
    with pytest.raises(NotFound) as told:
        await asyncio.to_thread(written, writer[0], True)
    assert told.value.code == "no_disk"
    assert (await asyncio.to_thread(written, writer[0]))[2] == b"".join(PIECES)


async def test_who_goes_away_ends_the_writing(writer: tuple[Path, Writer], tmp_path: Path) -> None:
    _, line = await asyncio.to_thread(ask_to_write, writer[0], Ask(), Head)
    file = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    telling = line.write_to(file)
    await asyncio.to_thread(next, telling)
    line.close()
    os.close(file)
    assert await asyncio.to_thread(writer[1].ended.wait, 10)


async def test_who_hands_over_nothing_is_let_go(writer: tuple[Path, Writer]) -> None:
    _, line = await asyncio.to_thread(ask_to_write, writer[0], Ask(), Head)
    line.close()
    assert (await asyncio.to_thread(written, writer[0]))[2] == b"".join(PIECES)
    assert writer[1].ended.is_set()


async def test_nobody_there_is_a_silent_process(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await asyncio.to_thread(ask_to_write, tmp_path / "nobody", Ask(), Head)
