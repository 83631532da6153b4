"""Recordings of the day, as the recorder would have made them: files with hashes, an index, a real gap."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np

from appliance.base.settings import Settings
from appliance.base.sockets import Streamed
from appliance.wire.playback import GetCopy, GetReels, WriteClip
from appliance.wire.recorder import FindClips, GetClip, GetStill, VerifySpans
from appliance.wire.screens import ReadScreens
from appliance.wire.seals import GetSealed
from cameras.clips import ClipServer
from cameras.index import Index, Segment
from cameras.integrity import file_sha256

MINUTE = timedelta(minutes=1)
FPS = 2


def minute_film(codec: str = "libx264", sound: bool = False) -> bytes:
    """A minute of a small picture that changes, as a segment holds it; `sound`: with a tone."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4", options={"movflags": "frag_keyframe+empty_moov"}) as out:
        options = {"preset": "ultrafast", "g": str(2 * FPS), "x265-params": "log-level=none"}
        stream: Any = out.add_stream(codec, rate=FPS, options=options)
        voice: Any = out.add_stream("aac", rate=16000, layout="mono") if sound else None
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(60 * FPS):
            picture = np.full((180, 320, 3), 60 + number, dtype=np.uint8)
            picture[:, : number * 2 + 4] = 200
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            if voice:
                tone = np.sin(np.arange(16000 // FPS) / 8).astype(np.float32)[None, :]
                frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
                frame.sample_rate = 16000
                out.mux(voice.encode(frame))
        out.mux(stream.encode(None))
        if voice:
            out.mux(voice.encode(None))
    return target.getvalue()


def record(settings: Settings, start: datetime, end: datetime, gap: tuple[datetime, datetime]) -> None:
    """Every camera from `start` to `end`; the second one of the configuration with a hole, the network down."""
    media = Path(settings.recorder.media)
    index, film = Index(media), minute_film()
    for number, camera in enumerate(settings.cameras):
        holes = [gap] if number == 1 else []
        at, run = start, f"run-{camera.code}-0"
        index.open_run(run, camera.code, at, "H264", 320, 180)
        while at < end:
            hole = next((one for one in holes if one[0] <= at < one[1]), None)
            if hole:
                index.open_gap_row(f"gap-{camera.code}", camera.code, hole[0], "network", "test")
                index.close_gap(f"gap-{camera.code}", hole[1])
                at, run = hole[1], f"run-{camera.code}-1"
                index.open_run(run, camera.code, at, "H264", 320, 180)
                continue
            path = f"{camera.code}/{at:%Y%m%d}/{at:%Y%m%dT%H%M%S.%f}Z.mp4"
            segment = Segment(
                id=f"{camera.code}-{at:%H%M%S}",
                run=run,
                camera=camera.code,
                path=path,
                start=at,
                end=None,
                bytes=0,
                sha256="",
                state="open",
            )
            index.open_segment(segment)
            (media / path).parent.mkdir(parents=True, exist_ok=True)
            (media / path).write_bytes(film)
            digest = file_sha256(media / path)
            index.close_segment(segment.id, at, at + MINUTE, len(film), digest, "closed", "")
            at += MINUTE
    index.close()


Handler = Callable[[Any], Awaitable[Any]]


def clip_handlers(settings: Settings, still: Handler, slow: Callable[[], float]) -> dict[type, Handler]:
    """What exam-clips answers, by the real code; stills are a stand-in's. `slow`: seconds each file takes more."""
    clips = ClipServer(settings)

    async def verify_spans(asked: VerifySpans) -> Streamed:
        made = await clips.verify_spans(asked)

        async def slowly() -> AsyncIterator[bytes]:
            async for chunk in made.chunks:
                await asyncio.sleep(slow())
                yield chunk

        return Streamed(made.head, slowly())

    return {
        FindClips: clips.find_clips,
        GetClip: clips.get_clip,
        GetReels: clips.get_reels,
        GetCopy: clips.get_copy,
        WriteClip: clips.write_clip,
        VerifySpans: verify_spans,
        ReadScreens: clips.screens.read,
        GetStill: still,
        GetSealed: clips.get_sealed,
    }
