"""The newest key frame of a camera as JPEG: one picture decoded, the recorder not disturbed."""

import io
from datetime import datetime
from pathlib import Path
from typing import Any

from av.error import FFmpegError

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_
from appliance.wire.recorder import StillHead
from cameras.clips.cut import timed
from cameras.index import Reader

QUALITY = 80


def still(index: Reader, media: Path, camera: str, width: int) -> tuple[StillHead, bytes]:
    """The picture, at most `width` pixels wide."""
    newest = index.newest(camera)
    candidates = [newest] if newest else []
    if newest and newest.end is None:
        # A segment just begun has no whole fragment yet: the one before it has the newest picture.
        candidates += index.before(camera, newest.start)
    for segment in candidates:
        key: tuple[datetime, Any, Any] | None = None
        for at, packet, stream in timed(media, segment):
            if packet.is_keyframe:
                key = at, packet, stream
        if key is None:
            continue
        at, packet, stream = key
        frame = _decode(packet, stream, segment.path)
        width = max(16, min(width, frame.width)) // 2 * 2
        height = max(2, round(frame.height * width / frame.width)) // 2 * 2
        small = frame.reformat(width=width, height=height, format="rgb24")
        target = io.BytesIO()
        small.to_image().save(target, "JPEG", quality=QUALITY)
        body = target.getvalue()
        return StillHead(camera=camera, at=at, width=width, height=height, bytes=len(body)), body
    raise NotFound(
        "no_recording",
        N_("Camera {camera} has no recording at that time."),
        N_("Look at the list of gaps for the cause."),
        camera=camera,
    )


def _decode(packet: Any, stream: Any, path: str) -> Any:
    import av

    context: Any = av.CodecContext.create(stream.codec_context.name, "r")
    context.extradata = stream.codec_context.extradata
    try:
        frames = [*context.decode(packet), *context.decode(None)]
    except FFmpegError:
        frames = []
    if not frames:
        raise Corrupt(
            "segment_unreadable",
            N_("The recording {path} cannot be read."),
            N_("Run examsite recordings verify and call the system administrator."),
            path=path,
        )
    return frames[0]
