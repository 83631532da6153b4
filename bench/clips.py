"""Taking recordings away, and how soon they play: `python -m bench.clips [--minutes 120] [--cameras 2] [--rounds 3]`.

Export: originals with their signed proof (every file read again and hashed, the film hashed, what is written hashed),
from the real exam-clips into a synced file as `examsite recordings export` does it; beside it the same files copied one
after the other into one file (shutil.copyfileobj, 1 MB pieces), synced. Both read the same files, in turns. Play: from
asking what there is of two hours until the first bytes of a picture in their middle; then the same again while the
page with the films has their files read again, as it does after it is shown.
"""

import argparse
import asyncio
import io
import os
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np

from appliance.base.settings import CameraSettings, RecorderSettings, Settings, SiteSettings
from appliance.base.sockets import ask, ask_stream
from appliance.flow.box import Box
from appliance.web.clip_export import export_to
from appliance.wire.playback import GetReels, Reels
from appliance.wire.recorder import CameraSpan, ClipHead, GetClip, SpanHead, VerifySpans
from bench.box import bench_box
from bench.record import Record, Row, median, ms, percentile
from cameras.index import Index, Segment
from cameras.integrity import file_sha256
from cameras.recorder.segment import SegmentWriter

START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
FPS, SECONDS = 25, 60
SHARES = (0.5, 0.1, 0.9, 0.3, 0.7)
"""Where in the time a picture is asked for, in turns."""
BITS = 4_000_000


def minute(path: Path) -> None:
    """A minute as the recorder writes it: 25 pictures a second at 4 Mb/s, fragments of 2 s."""
    source, noise = io.BytesIO(), np.random.default_rng(1)
    with av.open(source, "w", format="mp4") as out:
        options = {"preset": "ultrafast", "g": str(2 * FPS), "bf": "0", "x264-params": "nal-hrd=cbr"}
        options |= {"b": str(BITS), "minrate": str(BITS), "maxrate": str(BITS), "bufsize": str(BITS)}
        stream: Any = out.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 480, 270, "yuv420p", BITS
        for _number in range(6 * FPS):
            plane = noise.integers(0, 255, (405, 480), dtype=np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(plane, format="yuv420p")))
        out.mux(stream.encode(None))
    writer: SegmentWriter | None = None
    for part in range(SECONDS // 6):
        source.seek(0)
        given: Any = av.open(source)
        with given:
            shown = given.streams.video[0]
            writer = writer or SegmentWriter(path, shown, 2.0)
            shift = round(part * 6 / shown.time_base)
            for packet in given.demux(shown):
                if packet.pts is not None and packet.dts is not None:
                    writer.write(packet, packet.pts + shift, packet.dts + shift)
    assert writer
    writer.finish()


def store(media: Path, cameras: list[str], minutes: int) -> int:
    """Every camera without a gap; each minute is a file of its own. Returns bytes of one camera."""
    first = media / "minute.mp4"
    minute(first)
    size, digest = first.stat().st_size, file_sha256(first)
    index = Index(media)
    for camera in cameras:
        index.open_run(f"r-{camera}", camera, START, "H264", 480, 270)
        for number in range(minutes):
            at = START + timedelta(minutes=number)
            path = f"{camera}/{at:%Y%m%d}/{at:%Y%m%dT%H%M%S.%f}Z.mp4"
            (media / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(first, media / path)
            segment = Segment(
                id=f"{camera}-{number}",
                run=f"r-{camera}",
                camera=camera,
                path=path,
                start=at,
                end=None,
                bytes=0,
                sha256="",
                state="open",
            )
            index.open_segment(segment)
            index.close_segment(segment.id, at, at + timedelta(seconds=60), size, digest, "closed", "")
    first.unlink()
    index.close()
    os.sync()
    return size * minutes


def copied(media: Path, cameras: list[str], target: Path) -> float:
    """Seconds to copy every file of these cameras into one file each, synced."""
    began = time.perf_counter()
    for camera in cameras:
        target.unlink(missing_ok=True)
        with open(target, "wb") as out:
            for path in sorted((media / camera).rglob("*.mp4")):
                with open(path, "rb") as source:
                    shutil.copyfileobj(source, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
    return time.perf_counter() - began


async def exported(box: Box, cameras: list[str], end: datetime, target: Path) -> float:
    """Seconds of `examsite recordings export` for each camera: proof, journal, a synced file."""
    began = time.perf_counter()
    for camera in cameras:
        asked = GetClip(camera=camera, start=START, end=end, proof=True)
        target.unlink(missing_ok=True)
        await export_to(box, asked, "cli:bench", target)
    return time.perf_counter() - began


async def first_picture(settings: Settings, camera: str, end: datetime, share: float) -> float:
    """Seconds from asking what there is until bytes of a picture at this share of the time have come."""
    began = time.perf_counter()
    span = CameraSpan(camera=camera, start=START, end=end)
    found = await ask(settings.socket("clips"), GetReels(spans=[span]), Reels, 30.0)
    pieces = found.reels[0].pieces
    piece = pieces[int(share * (len(pieces) - 1))]
    start, until = (
        datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at) for at in (piece.start, piece.end)
    )
    for offset in (0, None):  # the player reads the index at the front, then where the picture lies
        asked = GetClip(camera=camera, start=start, end=until, offset=offset or 0)
        head, chunks = await ask_stream(settings.socket("clips"), asked, ClipHead)
        if offset is None:
            await chunks.aclose()
            asked.offset = head.bytes // 2
            _head, chunks = await ask_stream(settings.socket("clips"), asked, ClipHead)
        await anext(aiter(chunks))
        await chunks.aclose()
    return time.perf_counter() - began


async def read_again(settings: Settings, cameras: list[str], end: datetime) -> int:
    """What the page with the films asks for once it is shown. Returns how many files were read."""
    spans = [CameraSpan(camera=code, start=START, end=end) for code in cameras]
    head, checked = await ask_stream(settings.socket("clips"), VerifySpans(spans=spans), SpanHead)
    async for _file in checked:
        pass
    return head.files


async def run(minutes: int, count: int, rounds: int, folder: str | None) -> None:
    """Measure."""
    record = Record("clips")
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        media, target = Path(scratch) / "media", Path(scratch) / "out"
        media.mkdir()
        cameras = [f"C{n}" for n in range(1, count + 1)]
        size = store(media, cameras, minutes) * count
        end = START + timedelta(minutes=minutes)
        settings = Settings(
            site=SiteSettings(code="999999-01", name="性能测试"),
            cameras=[CameraSettings(code=code, name=code, address="127.0.0.1:1") for code in cameras],
            recorder=RecorderSettings(media=str(media)),
        )
        with bench_box(settings) as site:
            site.start("clips")
            until = time.monotonic() + 30
            while not site.settings.socket("clips").exists():
                assert time.monotonic() < until, "exam-clips did not start"
                await asyncio.sleep(0.1)
            plays = [await first_picture(site.settings, cameras[0], end, share) for share in SHARES]
            plays_beside: list[float] = []
            checking = asyncio.create_task(read_again(site.settings, cameras, end))
            while not checking.done():
                share = SHARES[len(plays_beside) % len(SHARES)]
                plays_beside.append(await first_picture(site.settings, cameras[0], end, share))
            assert await checking == minutes * count
            copies, exports = [], []
            for _round in range(rounds):
                copies.append(copied(media, cameras, target))
                exports.append(await exported(site.box, cameras, end, target))
    ratio = median([copy / export for copy, export in zip(copies, exports, strict=True)])
    result: dict[str, object] = {
        "minutes": minutes,
        "cameras": count,
        "bytes": size,
        "copy_mb_s": round(size / median(copies) / 1e6, 1),
        "export_mb_s": round(size / median(exports) / 1e6, 1),
        "ratio": round(ratio, 3),
        "first_picture_s": {"cold": round(plays[0], 3), "p50": round(percentile(plays, 0.5), 3)},
        "first_picture_while_checking_s": {
            "count": len(plays_beside),
            "p50": round(percentile(plays_beside, 0.5), 3),
            "p99": round(percentile(plays_beside, 0.99), 3),
        },
    }
    rows: list[Row] = [
        ("copied", f"{size / median(copies) / 1e6:.0f} MB/s"),
        ("exported with proof", f"{size / median(exports) / 1e6:.0f} MB/s"),
        ("export / copy", f"{ratio:.2f} (wanted: at least 0.70)"),
        (
            "first picture",
            f"{ms(plays[0])} the first time, then p50 {ms(percentile(plays[1:], 0.5))} (wanted: 500 ms)",
        ),
        (
            "first picture while the files are read again",
            f"p50 {ms(percentile(plays_beside, 0.5))}, p99 {ms(percentile(plays_beside, 0.99))} of {len(plays_beside)}",
        ),
    ]
    record.close(f"Export and playback, {minutes} min x {count} cameras", result, rows)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=120)
    parser.add_argument("--cameras", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where the files lie; default the system's scratch folder")
    chosen = parser.parse_args()
    asyncio.run(run(chosen.minutes, chosen.cameras, chosen.rounds, chosen.folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
