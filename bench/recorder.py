"""The recorder beside `ffmpeg -c copy -f segment` on the same streams: CPU per camera-minute and memory.

`python -m bench.recorder [--cameras N] [--seconds S] [--saves]` writes build/bench/recorder.json. One simulated camera
encodes one 1080p25 picture (its bits a second are told); every recorded camera is a viewer of its own. The recorder
hashes, syncs, chains and seals; ffmpeg does not. After the recorder's turn the pictures of every file are counted: none
may be lost. `--saves`: 500 stations save 100 answers a second beside it, held against the same saves alone. The issue's
half hour: `--cameras 16 --seconds 1800`.
"""

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec

from appliance.base.settings import CameraSettings, RecorderSettings, Settings, SiteSettings
from bench.box import bench_box
from bench.record import Record
from bench.saves import RATE, figures, load
from cameras.media import open_segment, packets

SEGMENT = 20.0
FPS = 25
STATIONS = 500
WARM_UP = 8.0
SOURCE = """
import asyncio
from cameras.simulator.camera import SimulatedCamera, Traits
async def main():
    camera = SimulatedCamera(Traits(code="C1", user="", fps=25, crf=24, discovery_port=0))
    await camera.start()
    print(f"rtsp://127.0.0.1:{camera.rtsp.port}/stream1", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
RECORDER = """
import asyncio, sys, msgspec
from appliance.base.settings import Settings
from cameras.recorder import main
asyncio.run(main(msgspec.msgpack.decode(open(sys.argv[1], "rb").read(), type=Settings)))
"""


class Side(msgspec.Struct):
    """One of the two: CPU seconds per camera and minute, megabytes resident, megabits per second and camera."""

    cpu_s_per_camera_minute: float
    memory_mb: float
    """Proportional share: what processes have in common counts once."""
    resident_mb: float
    """Resident, each process by itself, as `top` shows it."""
    mbps_per_camera: float
    lost_pictures: int = 0
    """Missing between the first and the last picture of each file. A simulated camera on a busy machine leaves pictures
    out itself: what counts is the difference of the two.
    """


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(process: subprocess.Popen[bytes], kind: str) -> float:
    """Memory of a process by the kernel's account: Rss or Pss."""
    for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def size_of(folder: Path) -> int:
    """Bytes of all MP4 files."""
    return sum(path.stat().st_size for path in folder.rglob("*.mp4"))


def measure(processes: list[subprocess.Popen[bytes]], folder: Path, cameras: int, seconds: float) -> Side:
    """Let them run in, then count."""
    time.sleep(WARM_UP)
    cpu, size, began = sum(map(cpu_seconds, processes)), size_of(folder), time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - began
    used = sum(map(cpu_seconds, processes)) - cpu
    return Side(
        cpu_s_per_camera_minute=round(used / cameras / passed * 60, 3),
        memory_mb=round(sum(memory_mb(one, "Pss") for one in processes), 1),
        resident_mb=round(sum(memory_mb(one, "Rss") for one in processes), 1),
        mbps_per_camera=round((size_of(folder) - size) * 8 / passed / cameras / 1e6, 2),
    )


@contextlib.contextmanager
def ended(processes: list[subprocess.Popen[bytes]]) -> Iterator[None]:
    """End them afterwards, gently first."""
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def lost_pictures(folder: Path) -> int:
    """Pictures missing within the files, by the steps of their time stamps."""
    lost = 0
    for path in sorted(folder.rglob("*.mp4")):
        with open_segment(path) as container:
            base = float(container.streams.video[0].time_base or 0)
            stamps = sorted(packet.pts for packet in packets(container))
        lost += sum(max(0, round((two - one) * base * FPS) - 1) for one, two in pairwise(stamps))
    return lost


@contextlib.contextmanager
def recorder_process(uri: str, folder: Path, cameras: int) -> Iterator[subprocess.Popen[bytes]]:
    """Our recorder: one process for all."""
    settings = Settings(
        site=SiteSettings(code="999999-01", name="bench", state=str(folder), run=str(folder / "run")),
        cameras=[CameraSettings(code=f"C{n}", name=f"C{n}", address=uri, user="") for n in range(cameras)],
        recorder=RecorderSettings(media=str(folder / "media"), segment=SEGMENT),
    )
    config = folder / "settings"
    config.write_bytes(msgspec.msgpack.encode(settings))
    process = subprocess.Popen([sys.executable, "-c", RECORDER, str(config)])
    with ended([process]):
        yield process


def run_recorder(uri: str, folder: Path, cameras: int, seconds: float) -> Side:
    """The recorder's turn."""
    with recorder_process(uri, folder, cameras) as process:
        side = measure([process], folder, cameras, seconds)
    return msgspec.structs.replace(side, lost_pictures=lost_pictures(folder))


async def saves_beside(uri: str, folder: Path, cameras: int, seconds: float) -> dict[str, object]:
    """500 stations save 100 answers a second: alone, then beside the recorder."""
    with bench_box() as site:
        world = site.seat(STATIONS)
        await site.start_web()
        stations = await site.stations(world)
        site.begin(world)
        await load(stations, "answers", 5.0, STATIONS / RATE)
        alone = figures([await load(stations, "answers", seconds, STATIONS / RATE)])
        with recorder_process(uri, folder, cameras):
            await asyncio.sleep(WARM_UP)
            beside = figures([await load(stations, "answers", seconds, STATIONS / RATE)])
    return {"alone": alone, "beside": beside, "p99_ratio": round(beside["p99_ms"] / alone["p99_ms"], 2)}


def run_ffmpeg(uri: str, folder: Path, cameras: int, seconds: float) -> Side:
    """Debian's ffmpeg: one process per camera."""
    processes = []
    for number in range(cameras):
        command = [
            "ffmpeg",
            "-v",
            "error",
            "-rtsp_transport",
            "tcp",
            "-i",
            uri,
            "-c",
            "copy",
            "-f",
            "segment",
        ]
        command += [
            "-segment_time",
            str(SEGMENT),
            "-segment_format_options",
            "movflags=frag_keyframe+empty_moov",
        ]
        command += ["-reset_timestamps", "1", str(folder / f"c{number}-%04d.mp4")]
        processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))
    with ended(processes):
        side = measure(processes, folder, cameras, seconds)
    return msgspec.structs.replace(side, lost_pictures=lost_pictures(folder))


def main() -> int:
    """Run both, write the JSON, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--saves", action="store_true")
    chosen = parser.parse_args()
    if not shutil.which("ffmpeg"):
        print("ffmpeg is not installed", file=sys.stderr)
        return 2
    record = Record("recorder")
    environment = {**os.environ, "EXAMSITE_CONFIG": "/nonexistent"}
    source = subprocess.Popen([sys.executable, "-c", SOURCE], stdout=subprocess.PIPE, env=environment)
    with ended([source]), tempfile.TemporaryDirectory() as scratch:
        assert source.stdout
        uri = source.stdout.readline().decode().strip()
        sides = {}
        for name, run in (("recorder", run_recorder), ("ffmpeg", run_ffmpeg)):
            folder = Path(scratch) / name
            folder.mkdir()
            before, began = cpu_seconds(source), time.monotonic()
            sides[name] = run(uri, folder, chosen.cameras, chosen.seconds)
            source_share = (cpu_seconds(source) - before) / (time.monotonic() - began)
        saves: dict[str, object] = {}
        if chosen.saves:
            (Path(scratch) / "saves").mkdir()
            saves = asyncio.run(saves_beside(uri, Path(scratch) / "saves", chosen.cameras, chosen.seconds))
    ours, theirs = sides["recorder"], sides["ffmpeg"]
    result = {
        "cameras": chosen.cameras,
        "seconds": chosen.seconds,
        "picture": "1920x1080 H.264, 25/s",
        "recorder": msgspec.to_builtins(ours),
        "ffmpeg": msgspec.to_builtins(theirs),
        "cpu_ratio": round(ours.cpu_s_per_camera_minute / theirs.cpu_s_per_camera_minute, 2),
        "memory_ratio": round(ours.memory_mb / theirs.memory_mb, 2),
        "resident_ratio": round(ours.resident_mb / theirs.resident_mb, 2),
        "source_core_share": round(source_share, 3),
        "saves": saves,
    }
    rows = [
        (
            name,
            f"{side.cpu_s_per_camera_minute:6.3f} CPU s per camera-minute  {side.memory_mb:7.1f} MB"
            f"  {side.mbps_per_camera:5.2f} Mb/s per camera",
        )
        for name, side in sides.items()
    ]
    rows.append(
        (
            "ratio",
            f"{result['cpu_ratio']} CPU, {result['memory_ratio']} memory, {result['resident_ratio']} resident",
        )
    )
    rows.append(("not there", f"{ours.lost_pictures} pictures of ours, {theirs.lost_pictures} of ffmpeg's"))
    if saves:
        rows.append(("saves beside", f"p99 {saves['p99_ratio']} x that of saves alone"))
    record.close(f"Recorder beside ffmpeg, {chosen.cameras} cameras", result, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
