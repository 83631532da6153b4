"""What exam-clips writes into the asker's file: past the page cache and through it, whole blocks and the rest."""

import errno
import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from appliance.base.errors import Unavailable
from cameras.clips.write import BLOCK, Target

PIECES = {
    "nothing": [],
    "less than a block": [b"x" * 1000],
    "blocks and a rest": [os.urandom((1 << 20) + 1) for _ in range(11)],
    "blocks alone": [os.urandom(BLOCK // 2)] * 6,
    "one large piece": [os.urandom(3 * BLOCK + 5)],
}


@pytest.fixture(params=["past the cache", "through it"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """On a file system that may write past its cache, and on one that may not."""
    asked: list[int] = []
    control = fcntl.fcntl

    def refusing(file: Any, command: int, flags: int = 0) -> int:
        if command == fcntl.F_SETFL and flags & os.O_DIRECT:
            asked.append(flags)
            if request.param == "through it":
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return int(control(file, command, flags))

    monkeypatch.setattr(fcntl, "fcntl", refusing)
    yield tmp_path
    assert asked


def written(path: Path, pieces: list[bytes]) -> bytes:
    buffer = bytearray(max(map(len, pieces), default=0))
    with open(path, "wb") as file, ThreadPoolExecutor(1) as disk:
        before = fcntl.fcntl(file, fcntl.F_GETFL)
        target = Target(file.fileno(), disk)
        for piece in pieces:
            buffer[: len(piece)] = piece  # whoever gives a piece uses its memory again
            target.put(memoryview(buffer)[: len(piece)])
        target.finish()
        assert fcntl.fcntl(file, fcntl.F_GETFL) == before, "whoever handed it over goes on with it as it was"
    return path.read_bytes()


@pytest.mark.parametrize("pieces", PIECES.values(), ids=PIECES)
def test_everything_lies_in_the_file_in_order(folder: Path, pieces: list[bytes]) -> None:
    assert written(folder / "out", pieces) == b"".join(pieces)


def test_a_disk_that_wants_other_blocks_is_written_through_its_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def picky(file: int, view: memoryview) -> int:
        if fcntl.fcntl(file, fcntl.F_GETFL) & os.O_DIRECT:
            raise OSError(22, "Invalid argument")
        return write(file, view[: 1 << 16])

    monkeypatch.setattr(os, "write", picky)
    pieces = PIECES["blocks and a rest"]
    assert written(tmp_path / "out", pieces) == b"".join(pieces)


def test_a_full_disk_is_told() -> None:
    with open("/dev/full", "wb", buffering=0) as file, ThreadPoolExecutor(1) as disk:
        target = Target(file.fileno(), disk)
        with pytest.raises(Unavailable) as told:
            for _time in range(3):
                target.put(b"x" * BLOCK)
            target.finish()
    assert told.value.code == "file_unwritable" and "space" in told.value.params["detail"]
