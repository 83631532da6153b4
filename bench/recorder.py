"""The recorder beside `ffmpeg -c copy -f segment` on the same streams: CPU per camera-minute and memory.

`python -m bench.recorder [--cameras N] [--seconds S]` writes build/bench/recorder.json. One simulated camera encodes
one 1080p25 picture; every recorded camera is a viewer of its own. The recorder hashes and syncs, ffmpeg does not.
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from appliance.base.settings import CameraSettings, RecorderSettings, Settings, SiteSettings
from bench.record import Record

SEGMENT = 20.0
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
    mbps_per_camera: float


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(process: subprocess.Popen[bytes]) -> float:
    """Memory of a process: its proportional share, so that shared libraries count once."""
    for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
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
        memory_mb=round(sum(map(resident_mb, processes)), 1),
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


def run_recorder(uri: str, folder: Path, cameras: int, seconds: float) -> Side:
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
        return measure([process], folder, cameras, seconds)


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
        return measure(processes, folder, cameras, seconds)


def main() -> int:
    """Run both, write the JSON, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=40.0)
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
    ours, theirs = sides["recorder"], sides["ffmpeg"]
    result = {
        "cameras": chosen.cameras,
        "seconds": chosen.seconds,
        "picture": "1920x1080 H.264, 25/s",
        "recorder": msgspec.to_builtins(ours),
        "ffmpeg": msgspec.to_builtins(theirs),
        "cpu_ratio": round(ours.cpu_s_per_camera_minute / theirs.cpu_s_per_camera_minute, 2),
        "memory_ratio": round(ours.memory_mb / theirs.memory_mb, 2),
        "source_core_share": round(source_share, 3),
    }
    rows = [
        (
            name,
            f"{side.cpu_s_per_camera_minute:6.3f} CPU s per camera-minute  {side.memory_mb:7.1f} MB"
            f"  {side.mbps_per_camera:5.2f} Mb/s per camera",
        )
        for name, side in sides.items()
    ]
    rows.append(("ratio", f"{result['cpu_ratio']} CPU, {result['memory_ratio']} memory"))
    record.close(f"Recorder beside ffmpeg, {chosen.cameras} cameras", result, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
