"""A recording taken away: the original with its signed proof, or a copy with the time in the picture.

Two entries of the journal: before the first byte who asked for what, and, with the last byte, the SHA-256 of what was
given out. A download that was broken off has the first alone.
"""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

from litestar import Request
from litestar.response import Stream

from appliance.base.sockets import Chunks, ask_stream
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.look import note_look
from appliance.wire.playback import GetCopy
from appliance.wire.recorder import ClipHead, GetClip

Asked = Request[Who, Any, Any]


async def export(request: Asked, box: Box, asked: GetClip | GetCopy, candidate: str, name: str) -> Stream:
    """The file named `name`, as it comes."""
    head, chunks = await ask_stream(box.settings.socket("clips"), asked, ClipHead, timeout=60.0)
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
        more = {"sha256": digest.hexdigest(), "bytes": size}
        await box.db.write(note_look, box, "clip.exported", subject, who, detail | more)
        yield held
    finally:
        await chunks.aclose()
