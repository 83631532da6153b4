"""A recording taken away: the original with its signed proof, or a copy with the time in the picture.

Two entries of the journal: before the first byte who asked for what, and, with the last byte, the SHA-256 of what was
given out. A download that was broken off has the first alone.
"""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.response import Stream

from appliance.base.errors import Unavailable
from appliance.base.handover import Asked, ask_to_write
from appliance.base.sockets import Chunks, ask_stream
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.look import append_fact, note_look
from appliance.flow.note_seals import heads_of
from appliance.wire.playback import GetCopy, WriteClip, Written
from appliance.wire.proof import broken_names, proof_at_end
from appliance.wire.recorder import ClipHead, GetClip

WAITED = 120.0
"""Seconds a page waits for what is being fetched: browsers wait longer."""
SHORT = timedelta(seconds=1)
"""A film may begin or end by so much beside the time asked for without anything missing."""
TERMINAL = "process:cli"


async def export(
    request: Request[Who, Any, Any], box: Box, asked: GetClip | GetCopy, candidate: str, name: str
) -> Stream:
    """The file named `name`, as it comes."""
    clips, wanted = box.settings.socket("clips"), await journaled(box, asked)
    head, chunks = await patiently(lambda: ask_stream(clips, wanted, ClipHead, timeout=60.0), WAITED)
    detail = {"camera": head.camera, "from": head.start.isoformat(), "to": head.end.isoformat()}
    detail |= {"copy": "yes"} if isinstance(asked, GetCopy) else {}
    subject = candidate or head.camera
    try:
        await box.db.write(note_look, box, "clip.requested", subject, request.user, detail)
    except BaseException:
        await chunks.aclose()  # what cannot be journaled is not given out
        raise
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    if isinstance(asked, GetClip):
        headers["content-length"] = str(head.bytes)
    body = given(box, chunks, subject, request.user, detail)
    return Stream(body, media_type="video/mp4", headers=headers)


async def journaled(box: Box, asked: GetClip | GetCopy) -> GetClip | GetCopy:
    """With the seals the journal has over a clip: whoever altered a recording and its chain could not alter those."""
    if isinstance(asked, GetClip):
        asked.heads = await box.db.read(heads_of, [asked.camera], asked.start)
    return asked


Answer = TypeVar("Answer")


async def patiently(ask: Callable[[], Awaitable[Answer]], most: float = inf) -> Answer:
    """Ask exam-clips until what lies in object storage has been fetched; it answers every few seconds meanwhile.
    `most`: seconds after which whoever waits is told how far it is.
    """
    until = time.monotonic() + most
    while True:
        try:
            return await ask()
        except Unavailable as error:
            if error.code != "being_fetched" or time.monotonic() > until:
                raise


class Exported(msgspec.Struct, kw_only=True):
    """What was written to a file, and the times it truly covers."""

    camera: str
    start: datetime
    end: datetime
    bytes: int
    sha256: str
    broken: list[str]
    """Recordings that were not as recorded when it was cut from them."""
    lost: int
    """Pictures of a copy's original that are not in it."""
    interrupted: bool
    """Does it not cover all that was asked for?"""


async def export_to(
    box: Box, asked: GetClip | GetCopy, by: str, file: Path, tell: Callable[[int, int], None] | None = None
) -> Exported:
    """The same into a new file on this machine, written by exam-clips; nothing is left of one that failed.

    `by`: who sits at the terminal. `tell`: bytes written, and all there are (0: of a copy nobody knows before). Raises
    Unavailable when the file cannot be written, FileExistsError when there is one.
    """
    clips, request = box.settings.socket("clips"), WriteClip(asked=await journaled(box, asked))
    head, line = await patiently(lambda: asyncio.to_thread(ask_to_write, clips, request, ClipHead))
    detail = {"camera": head.camera, "from": head.start.isoformat(), "to": head.end.isoformat()}
    detail |= {"by": by} | ({"copy": "yes"} if isinstance(asked, GetCopy) else {})
    total = head.bytes if isinstance(asked, GetClip) else 0
    with contextlib.closing(line):
        await box.db.write(append_fact, box, "clip.requested", head.camera, TERMINAL, detail)
        try:
            written = await asyncio.to_thread(_written, line, file, total, tell)
            more = {"sha256": written.sha256, "bytes": written.bytes}
            more |= {"broken": written.broken} if written.broken else {}
            await box.db.write(append_fact, box, "clip.exported", head.camera, TERMINAL, detail | more)
        except FileExistsError:
            raise
        except BaseException:
            file.unlink(missing_ok=True)
            raise
    return Exported(
        camera=head.camera,
        start=head.start,
        end=head.end,
        bytes=written.bytes,
        sha256=written.sha256,
        broken=written.broken,
        lost=written.lost,
        interrupted=head.start - asked.start > SHORT or asked.end - head.end > SHORT,
    )


def _written(line: Asked, file: Path, total: int, tell: Callable[[int, int], None] | None) -> Written:
    far = Written(bytes=0)
    with open(file, "xb") as target:
        for body in line.write_to(target.fileno()):
            far = msgspec.msgpack.decode(body, type=Written)
            if tell:
                tell(far.bytes, total)
    return far


async def given(
    box: Box, chunks: Chunks, subject: str, who: Who, detail: dict[str, Any]
) -> AsyncIterator[bytes]:
    """The bytes; the last of them only after what they were is journaled."""
    digest, size, held = hashlib.sha256(), 0, b""
    try:
        async for chunk in chunks:
            if held:
                yield held
            digest.update(chunk)
            size, held = size + len(chunk), chunk
        broken = broken_names(proof_at_end(held))
        more = {"sha256": digest.hexdigest(), "bytes": size} | ({"broken": broken} if broken else {})
        await box.db.write(note_look, box, "clip.exported", subject, who, detail | more)
        yield held
    finally:
        await chunks.aclose()
