"""What a stream truly is: its packets counted, its key frames decoded."""

import time
from typing import Any

import av
import msgspec
import numpy as np
from av.error import FFmpegError

from appliance.base.errors import DeviceFault
from appliance.base.i18n import N_
from cameras.address import with_credentials
from cameras.picture import Grey
from cameras.stream import open_stream, stream_fault

LOOK_SECONDS = 2.0
"""Least seconds of pictures that are measured."""
LONGEST_LOOK = 12.0
"""Seconds after which no second key frame is waited for."""
JUMP = 2.0
"""Seconds between two pictures that are no picture's length but a jump of the camera's clock."""
IDLE_BYTES = 150
"""A picture that says "as before" of every part takes a hundred bytes at most; noise and a clock take more."""
NAMES = {"HEVC": "H265"}


class Measured(msgspec.Struct, kw_only=True):
    """What the stream's pictures are. 0 = could not be measured.

    `key_interval_s`: longest time from key frame to key frame.
    """

    width: int
    height: int
    fps: float
    codec: str
    bitrate_kbps: int = 0
    key_interval_s: float = 0.0


class Look(msgspec.Struct, kw_only=True):
    """A measured stream, the first and the last key frame seen (luma, height x width), and the last one as it is."""

    measured: Measured
    first: Grey
    last: Grey | None
    frame: Any
    """`av.VideoFrame`."""
    idle: bool = False
    """Between the key frames next to nothing was sent: as if one and the same picture were coded again and again."""


def codec_name(name: str) -> str:
    """H264, H265, ...: FFmpeg's and ONVIF's words for one thing."""
    name = name.upper().replace(".", "")
    return NAMES.get(name, name)


def decode_alone(packet: Any, stream: Any) -> Any:
    """The picture of a key frame's packet, None when it cannot be decoded."""
    context: Any = av.CodecContext.create(stream.codec_context.name, "r")
    context.extradata = stream.codec_context.extradata
    context.thread_count = 1
    try:
        frames = [*context.decode(packet), *context.decode(None)]
    except FFmpegError:
        return None
    return frames[0] if frames else None


def grey(frame: Any) -> Grey:
    """Luma of a picture, height x width."""
    made: Grey = frame.to_ndarray(format="gray")
    return made


def measure(uri: str, user: str, password: str, seconds: float | None = None) -> Measured:
    """`look` without the pictures."""
    return look(uri, user, password, seconds).measured


def look(uri: str, user: str, password: str, seconds: float | None = None) -> Look:
    """Watch a stream for `seconds` (LOOK_SECONDS), and until a second key frame came. `uri` is without credentials.

    Raises Refused or DeviceFault, within seconds also when packets come and no picture ever does.
    """
    container = open_stream(with_credentials(uri, user, password), uri)
    try:
        return _look(container, uri, LOOK_SECONDS if seconds is None else seconds)
    except FFmpegError as error:
        raise stream_fault(error, uri) from None
    finally:
        container.close()


def _look(container: Any, uri: str, seconds: float) -> Look:
    stream = container.streams.video[0]
    base = float(stream.time_base or 0)
    stamps: list[float] = []
    keys: list[float] = []
    deltas: list[int] = []
    size = 0
    frames: list[Any] = []
    begun = time.monotonic()
    for packet in container.demux(stream):
        watched = time.monotonic() - begun
        if packet.size and packet.is_keyframe and (not frames or watched >= seconds):
            frame = decode_alone(packet, stream)
            if frame is not None:
                frames.append(frame)
        if packet.size and packet.pts is not None:
            stamps.append(packet.pts * base)
            size += packet.size
            if not packet.is_keyframe:
                deltas.append(packet.size)
            else:
                keys.append(packet.pts * base)
        if (watched >= seconds and len(frames) > 1) or watched >= max(seconds, LONGEST_LOOK):
            break
    if not frames:
        raise DeviceFault(
            "camera_no_picture",
            N_("The stream {uri} carries no picture that can be decoded."),
            N_("Look at the camera's own page whether it shows a picture."),
            uri=uri,
        )
    steps = np.diff(np.sort(np.array(stamps)))
    steps = steps[(steps > 0) & (steps < JUMP)]
    span = float(steps.sum())
    gaps = np.diff(np.array(keys))
    gaps = gaps[(gaps > 0) & (gaps < LONGEST_LOOK)]
    last, settled = frames[-1], deltas[len(deltas) // 2 :]
    return Look(
        measured=Measured(
            width=last.width,
            height=last.height,
            fps=round(len(steps) / span, 1) if span else 0.0,
            codec=codec_name(stream.codec_context.name),
            bitrate_kbps=round(size * 8 / span / 1000 * len(steps) / max(1, len(stamps))) if span else 0,
            key_interval_s=round(float(gaps.max()), 2) if len(gaps) else 0.0,
        ),
        first=grey(frames[0]),
        last=grey(last) if len(frames) > 1 else None,
        frame=last,
        idle=len(settled) >= 3 and float(np.median(settled)) < IDLE_BYTES,
    )
