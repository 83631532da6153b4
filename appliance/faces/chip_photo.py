"""The chip's photo block (1024 bytes, coded by a secret of the makers).

Decoded by a program the site supplies.

That program is foreign code fed by a card a stranger hands in. It runs as a process of its own with limits on time,
memory and output; it writes no file, starts no process and hears nothing of this one's environment. Whatever it does,
entry goes on, with the roster photograph and a person's eyes. What it can still do: docs/faces.md.
"""

import asyncio
import logging
import os
import signal
from typing import Literal

import msgspec

log = logging.getLogger("examsite.gate")

MEMORY_KB = 1024 * 1024
OPEN_FILES = 32
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
"""All that it is told: no path of the configuration, no socket of systemd's."""
TIMEOUT = 3.0
MAX_OUTPUT = 4 * 1024 * 1024
PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"BM", b"RIFF")

Cause = Literal[
    "", "no_decoder", "no_photo", "decoder_missing", "decoder_slow", "decoder_failed", "bad_output"
]


class ChipPhoto(msgspec.Struct, frozen=True):
    """The picture (JPEG, PNG, BMP or WebP bytes), or why there is none."""

    picture: bytes = b""
    cause: Cause = ""


class Outage:
    """A decoder that does not work sends everybody to a second person: said once, and its end once."""

    def __init__(self, lane: str) -> None:
        self._lane = lane
        self._told = ""

    def tell(self, cause: Cause) -> None:
        """What came of one photo block."""
        now = "" if cause in ("", "no_photo", "no_decoder") else cause
        if cause != "no_photo" and now != self._told:
            log.error("lane %s: photos on chips: %s", self._lane, now or "decoded again")
            self._told = now


async def decode(
    block: bytes, command: list[str], seconds: float = TIMEOUT, memory_kb: int = MEMORY_KB
) -> ChipPhoto:
    """Run the site's decoder: block on its standard input, picture on its standard output. Never raises."""
    if not command:
        return ChipPhoto(cause="no_decoder")
    if not any(block):
        return ChipPhoto(cause="no_photo")
    try:
        process = await asyncio.create_subprocess_exec(
            "/usr/bin/prlimit",
            *_limits(seconds, memory_kb),
            "--",
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            env=ENVIRONMENT,
        )
    except OSError:
        return ChipPhoto(cause="decoder_missing")
    try:
        async with asyncio.timeout(seconds):
            picture = await _run(process, block)
            status = await process.wait()
    except TimeoutError:
        return ChipPhoto(cause="decoder_slow")
    finally:
        _end(process)
        await _gone(process)
    if status in (126, 127):
        return ChipPhoto(cause="decoder_missing")
    if status != 0:
        return ChipPhoto(cause="decoder_failed")
    if len(picture) > MAX_OUTPUT or not picture.startswith(PICTURES):
        return ChipPhoto(cause="bad_output")
    return ChipPhoto(picture)


def _limits(seconds: float, memory_kb: int) -> list[str]:
    """For prlimit: address space, processor time, no core, no byte into a file, few open files, no fork, no thread."""
    return [
        f"--as={memory_kb * 1024}",
        f"--cpu={int(seconds) + 1}",
        "--core=0",
        "--fsize=0",
        f"--nofile={OPEN_FILES}",
        "--nproc=0",
    ]


async def _run(process: asyncio.subprocess.Process, block: bytes) -> bytes:
    assert process.stdin and process.stdout
    try:
        process.stdin.write(block)
        await process.stdin.drain()
        process.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        pass  # it did not want its input; its output and status tell the rest
    body = b""
    while chunk := await process.stdout.read(65536):
        body += chunk
        if len(body) > MAX_OUTPUT:
            _end(process)
    return body


async def _gone(process: asyncio.subprocess.Process) -> None:
    """Wait until a killed decoder has left and its pipes are closed."""
    assert process.stdout
    try:
        async with asyncio.timeout(1.0):
            await process.wait()
            while await process.stdout.read(65536):
                continue
    except TimeoutError:
        return  # a child that fled into a session of its own still holds the pipe; it has no more input


def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the decoder and everything it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
