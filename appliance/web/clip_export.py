"""A recording taken away: the original with its signed proof, or a copy with the time in the picture.

Two entries of the journal: before the first byte who asked for what, and, with the last byte, the SHA-256 of what was
given out. A download that was broken off has the first alone.
"""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.response import Stream

from appliance.base.errors import Unavailable
from appliance.base.pouring import Taken, take
from appliance.base.sockets import Chunks, ask_stream
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.look import append_fact, note_look
from appliance.wire.playback import GetCopy
from appliance.wire.proof import broken_sources, proof_at_end
from appliance.wire.recorder import ClipHead, GetClip

Asked = Request[Who, Any, Any]
NAMED = 20
WAITED = 120.0
"""Seconds a page waits for what is being fetched: browsers wait longer."""
SYNCED = 64 << 20
"""Bytes written between two syncs."""


async def export(request: Asked, box: Box, asked: GetClip | GetCopy, candidate: str, name: str) -> Stream:
    """The file named `name`, as it comes."""
    clips = box.settings.socket("clips")
    head, chunks = await patiently(lambda: ask_stream(clips, asked, ClipHead, timeout=60.0), WAITED)
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


async def export_to(box: Box, asked: GetClip | GetCopy, actor: str, file: Path) -> Exported:
    """The same into a file on this machine; nothing is left of one that failed."""
    clips = box.settings.socket("clips")
    head, taken = await patiently(lambda: asyncio.to_thread(take, clips, asked, ClipHead))
    detail = {"camera": head.camera, "from": head.start.isoformat(), "to": head.end.isoformat()}
    detail |= {"copy": "yes"} if isinstance(asked, GetCopy) else {}
    try:
        await box.db.write(append_fact, box, "clip.requested", head.camera, actor, detail)
        size, digest, last = await asyncio.to_thread(_keep, taken, file)
        broken = _broken(last)
        more = {"sha256": digest, "bytes": size} | ({"broken": broken} if broken else {})
        await box.db.write(append_fact, box, "clip.exported", head.camera, actor, detail | more)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    finally:
        taken.close()
    return Exported(
        camera=head.camera, start=head.start, end=head.end, bytes=size, sha256=digest, broken=broken
    )


def _keep(taken: Taken, file: Path) -> tuple[int, str, bytes]:
    """Bytes, SHA-256 and last piece of what was written and synced. The disk takes it while more comes: two gigabytes
    synced at the end would hold up the recorder's own.
    """
    digest, size, piece = hashlib.sha256(), 0, memoryview(b"")
    syncing: Future[None] | None = None
    with open(file, "wb") as target, ThreadPoolExecutor(1) as disk:
        for piece in taken:
            digest.update(piece)
            target.write(piece)
            size += len(piece)
            if size % SYNCED < len(piece) and (syncing is None or syncing.done()):
                syncing = disk.submit(os.fdatasync, target.fileno())
        if syncing:
            syncing.result()
        target.flush()
        os.fsync(target.fileno())
    return size, digest.hexdigest(), bytes(piece)


def _broken(last: bytes) -> list[str]:
    """What the proof at the end says of recordings that were not as recorded; for the journal, which names a few."""
    return [f"{one.found} {one.path}" for one in broken_sources(proof_at_end(last))][:NAMED]


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
        broken = _broken(held)
        more = {"sha256": digest.hexdigest(), "bytes": size} | ({"broken": broken} if broken else {})
        await box.db.write(note_look, box, "clip.exported", subject, who, detail | more)
        yield held
    finally:
        await chunks.aclose()
