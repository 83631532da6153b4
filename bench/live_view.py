"""The live view of sixteen cameras: what it costs the box, all its processes together, while a page shows it.

`python -m bench.live_view [--cameras 16] [--seconds 20] [--rounds 3]`. One simulated camera encodes its second stream
(640x360, 5 pictures and one key frame a second); every camera looked at is a viewer of its own. Recorder, clip server
and web process are the real ones; the cost is their processor time with the page beside that without it, in rounds
that alternate. Beside it: what sixteen stills of 1080p a second would cost, by the time of one.
"""

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import av
import httpx

from appliance.base.settings import CameraSettings, RecorderSettings, Settings, SiteSettings
from appliance.web.live_view import HEAD
from bench.box import bench_box
from bench.record import Record, Row, median, ms, percentile
from bench.recorder import cpu_seconds, ended
from bench.room_page import signed_in
from cameras.clips.still import still
from cameras.index import Index, Reader, Segment

SOURCE = """
import asyncio
from cameras.simulator.camera import SimulatedCamera, Traits
async def main():
    camera = SimulatedCamera(Traits(code="C1", user="", discovery_port=0, second=True))
    await camera.start()
    print(f"rtsp://127.0.0.1:{camera.rtsp.port}/stream2", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
WARM_UP = 6.0
CLOSED = 20.0
"""Seconds after which nobody looks any more and the second streams are closed."""


async def watch(browser: httpx.AsyncClient, seconds: float) -> tuple[dict[str, int], list[float], int]:
    """The page's one answer for so long: pictures by camera, their ages on arrival, bytes."""
    counts: dict[str, int] = {}
    ages: list[float] = []
    size, left, ends = 0, b"", time.monotonic() + seconds
    with contextlib.suppress(TimeoutError):
        async with (
            asyncio.timeout(seconds),
            browser.stream("GET", "/live-view/pictures", timeout=None) as stream,
        ):
            async for chunk in stream.aiter_raw():
                left, size = left + chunk, size + len(chunk)
                while len(left) >= HEAD.size:
                    length, name, at = HEAD.unpack_from(left)
                    end = HEAD.size + name + length
                    if len(left) < end:
                        break
                    camera = left[HEAD.size : HEAD.size + name].decode()
                    counts[camera] = counts.get(camera, 0) + 1
                    ages.append(time.time() - at / 1000)
                    left = left[end:]
    await asyncio.sleep(max(0.0, ends - time.monotonic()))
    return counts, ages, size


def still_seconds(folder: Path) -> float:
    """Processor seconds of one still from a recorded 1080p picture."""
    path = folder / "C1" / "20261121" / "20261121T010000.000000Z.mp4"
    path.parent.mkdir(parents=True)
    from cameras.simulator.scene import Room

    at = datetime(2026, 11, 21, 1, tzinfo=UTC)
    with av.open(str(path), "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        for _number in range(10):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(Room("C1").picture(at), format="yuv420p")))
        output.mux(stream.encode(None))
    index = Index(folder)
    index.open_run("r", "C1", at, "H264", 1920, 1080)
    index.open_segment(
        Segment(
            id="s",
            run="r",
            camera="C1",
            path=str(path.relative_to(folder)),
            start=at,
            end=None,
            bytes=0,
            sha256="",
            state="open",
        )
    )
    index.close()
    reader, times = Reader(folder), []
    for _try in range(5):
        began = time.process_time()
        still(reader, folder, "C1", 640)
        times.append(time.process_time() - began)
    return median(times)


async def run(uri: str, cameras: int, seconds: float, rounds: int) -> None:
    """Measure with the stream of `uri`."""
    record = Record("live_view")
    with tempfile.TemporaryDirectory() as scratch:
        still_s = still_seconds(Path(scratch) / "still")
        settings = Settings(
            site=SiteSettings(code="999999-01", name="性能测试"),
            cameras=[
                CameraSettings(code=f"C{n}", name=f"C{n}", address=uri, user="", second=uri)
                for n in range(1, cameras + 1)
            ],
            recorder=RecorderSettings(media=str(Path(scratch) / "media")),
        )
        with bench_box(settings) as site:
            parts = {name: site.start(name) for name in ("recorder", "clips")}
            parts["web"] = await site.start_web(150)
            browser = await signed_in(site)
            costs: dict[str, list[float]] = {name: [] for name in parts}
            shown, ages, rate = [], [], []
            await watch(browser, WARM_UP)
            for _round in range(rounds):
                await asyncio.sleep(CLOSED)
                idle = {name: cpu_seconds(one) for name, one in parts.items()}
                await asyncio.sleep(seconds)
                without = {name: cpu_seconds(one) - idle[name] for name, one in parts.items()}
                await watch(browser, WARM_UP)
                before = {name: cpu_seconds(one) for name, one in parts.items()}
                counts, came, size = await watch(browser, seconds)
                for name, one in parts.items():
                    costs[name].append((cpu_seconds(one) - before[name] - without[name]) / seconds)
                shown.append(sum(counts.values()) / seconds / cameras)
                ages += came
                rate.append(size * 8 / seconds / 1e6)
                assert len(counts) == cameras, f"pictures of {len(counts)} cameras only"
            await browser.aclose()
    whole = sum(median(one) for one in costs.values())
    result = {
        "cameras": cameras,
        "seconds": seconds,
        "rounds": rounds,
        "core_share": round(whole, 4),
        "core_share_of": {name: round(median(one), 4) for name, one in costs.items()},
        "pictures_per_camera_and_second": round(median(shown), 2),
        "age_s": {"p50": round(percentile(ages, 0.5), 2), "p95": round(percentile(ages, 0.95), 2)},
        "mbps": round(median(rate), 2),
        "still_1080p_cpu_s": round(still_s, 4),
        "sixteen_stills_a_second_core_share": round(still_s * cameras, 3),
    }
    rows: list[Row] = [
        (
            "of a core",
            f"{whole:.1%} (recorder, clips, web: {', '.join(f'{median(one):.1%}' for one in costs.values())})",
        ),
        ("pictures", f"{median(shown):.2f} a second and camera, {median(rate):.1f} Mb/s"),
        ("age on arrival", f"p50 {ms(percentile(ages, 0.5))}, p95 {ms(percentile(ages, 0.95))}"),
        ("stills of 1080p instead", f"{still_s * cameras:.1%} of a core"),
    ]
    record.close(f"Live view of {cameras} cameras", result, rows)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    source = subprocess.Popen([sys.executable, "-c", SOURCE], stdout=subprocess.PIPE)
    with ended([source]):
        assert source.stdout
        uri = source.stdout.readline().decode().strip()
        asyncio.run(run(uri, chosen.cameras, chosen.seconds, chosen.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
