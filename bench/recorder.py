"""The recorder beside `ffmpeg -c copy -f segment` on the same streams: CPU per camera-minute and memory.

`python -m bench.recorder [--cameras N] [--seconds S] [--rounds R]` writes build/bench/recorder.json. The cameras all
send one film encoded beforehand (bench/film_source.py). The recorder hashes, syncs, chains and seals; ffmpeg does not.
They take turns, R each; after each turn every picture in the files is held against the film: none may be missing. The
issue's half hour: `--seconds 1800 --rounds 1 --alone`, which writes build/bench/recorder_alone.json.
"""

import argparse
import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import msgspec

from appliance.base.settings import CameraSettings, RecorderSettings, Settings, SiteSettings
from bench.box import bench_box
from bench.film_source import encode, read
from bench.record import Record, Row, median
from cameras.media import open_segment, packets

SEGMENT = 60.0
WARM_UP = 10.0


class Side(msgspec.Struct):
    """One of the two: CPU seconds per camera and minute, megabytes resident, megabits per second and camera."""

    cpu_s_per_camera_minute: float
    memory_mb: float
    """Proportional share: what processes have in common counts once."""
    resident_mb: float
    """Resident, each process by itself, as `top` shows it."""
    mbps_per_camera: float
    pictures: int = 0
    """In all files of the turn."""
    lost_pictures: int = 0
    """Missing between the first and the last picture of a camera's turn."""


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


def count_pictures(film: dict[bytes, int], folders: list[Path]) -> tuple[int, int]:
    """(pictures there, pictures missing) of one folder per camera: each must be followed by the film's next one,
    within a file and from one file to the next.
    """
    there = lost = 0
    for folder in folders:
        places = []
        for path in sorted(folder.rglob("*.mp4")):
            with open_segment(path) as container:
                places += [film[fingerprint(slices(bytes(packet)))] for packet in packets(container)]
        there += len(places)
        lost += sum((two - one - 1) % len(film) for one, two in pairwise(places))
    return there, lost


def slices(packet: bytes) -> Iterator[bytes]:
    """The NAL units of an MP4 sample (ISO/IEC 14496-15, 5.3.2; lengths of four bytes)."""
    at = 0
    while at < len(packet):
        size = int.from_bytes(packet[at : at + 4])
        yield packet[at + 4 : at + 4 + size]
        at += 4 + size


def fingerprint(units: Iterable[bytes]) -> bytes:
    """What tells one picture of the film from every other: its coded slices, without parameter sets and filling."""
    digest = hashlib.blake2b(digest_size=16)
    for unit in units:
        if unit[0] & 0x1F in (1, 5):
            digest.update(unit)
    return digest.digest()


@contextlib.contextmanager
def film_cameras(count: int) -> Iterator[tuple[list[str], dict[bytes, int], "subprocess.Popen[bytes]"]]:
    """Addresses of so many cameras that send the film, the place of each of its pictures, the cameras' process."""
    with tempfile.TemporaryDirectory(prefix="examsite-bench-") as scratch:
        film = Path(scratch) / "film.h264"
        encode(film)
        places = {fingerprint(units): place for place, (units, _) in enumerate(read(film))}
        command = [sys.executable, "-m", "bench.film_source", str(film), str(count)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        with ended([process]):
            assert process.stdout
            yield [process.stdout.readline().decode().strip() for _ in range(count)], places, process


def site_of(uris: list[str], media: Path) -> Settings:
    """A site with these cameras, each without a password."""
    cameras = [
        CameraSettings(code=f"C{n:02d}", name=f"C{n}", address=uri, user="") for n, uri in enumerate(uris)
    ]
    return Settings(
        site=SiteSettings(code="999999-01", name="bench"),
        cameras=cameras,
        recorder=RecorderSettings(media=str(media), segment=SEGMENT),
    )


def run_recorder(uris: list[str], folder: Path, seconds: float) -> tuple[Side, list[Path]]:
    """The recorder's turn, with a site's keys, so that it seals."""
    with bench_box(site_of(uris, folder)) as site:
        side = measure([site.start("recorder")], folder, len(uris), seconds)
    return side, [folder / f"C{n:02d}" for n in range(len(uris))]


def run_ffmpeg(uris: list[str], folder: Path, seconds: float) -> tuple[Side, list[Path]]:
    """Debian's ffmpeg: one process per camera."""
    processes, folders = [], []
    for number, uri in enumerate(uris):
        folders.append(folder / f"C{number:02d}")
        folders[-1].mkdir()
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
        command += ["-segment_time", str(SEGMENT), "-reset_timestamps", "1"]
        command += ["-segment_format_options", "movflags=frag_keyframe+empty_moov"]
        command.append(str(folders[-1] / "%04d.mp4"))
        processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))
    with ended(processes):
        side = measure(processes, folder, len(uris), seconds)
    return side, folders


Turn = Callable[[list[str], Path, float], tuple[Side, list[Path]]]


def turn(uris: list[str], film: dict[bytes, int], run: Turn, seconds: float) -> Side:
    """One turn in a folder of its own that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="examsite-bench-") as scratch:
        side, folders = run(uris, Path(scratch), seconds)
        there, lost = count_pictures(film, folders)
    return msgspec.structs.replace(side, pictures=there, lost_pictures=lost)


def middle(sides: list[Side]) -> Side:
    """The medians of the turns; pictures are summed."""
    return Side(
        cpu_s_per_camera_minute=median([one.cpu_s_per_camera_minute for one in sides]),
        memory_mb=median([one.memory_mb for one in sides], 1),
        resident_mb=median([one.resident_mb for one in sides], 1),
        mbps_per_camera=median([one.mbps_per_camera for one in sides], 2),
        pictures=sum(one.pictures for one in sides),
        lost_pictures=sum(one.lost_pictures for one in sides),
    )


def compared(recorder: Side, ffmpeg: Side) -> dict[str, float]:
    """Ours to theirs."""
    return {
        "cpu_ratio": round(recorder.cpu_s_per_camera_minute / ffmpeg.cpu_s_per_camera_minute, 2),
        "memory_ratio": round(recorder.memory_mb / ffmpeg.memory_mb, 2),
        "resident_ratio": round(recorder.resident_mb / ffmpeg.resident_mb, 2),
    }


def told(name: str, side: Side) -> Row:
    """A line of the table."""
    memory = f"{side.memory_mb:7.1f} MB (each by itself {side.resident_mb:.1f})"
    lost = f"{side.lost_pictures} of {side.pictures} pictures missing"
    speed = f"{side.cpu_s_per_camera_minute:6.3f} CPU s per camera-minute"
    return name, f"{speed}  {memory}  {side.mbps_per_camera:5.2f} Mb/s per camera, {lost}"


def main() -> int:
    """Run both in turns, write the JSON, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument(
        "--alone", action="store_true", help="without ffmpeg's turns: only whether pictures are missing"
    )
    chosen = parser.parse_args()
    if not shutil.which("ffmpeg"):
        print("ffmpeg is not installed", file=sys.stderr)
        return 2
    record = Record("recorder_alone" if chosen.alone else "recorder")
    ours: list[Side] = []
    theirs: list[Side] = []
    with film_cameras(chosen.cameras) as (uris, film, source):
        before, began = cpu_seconds(source), time.monotonic()
        for _ in range(chosen.rounds):
            ours.append(turn(uris, film, run_recorder, chosen.seconds))
            if not chosen.alone:
                theirs.append(turn(uris, film, run_ffmpeg, chosen.seconds))
        source_share = (cpu_seconds(source) - before) / (time.monotonic() - began)
    recorder = middle(ours)
    result: dict[str, object] = {
        "cameras": chosen.cameras,
        "seconds": chosen.seconds,
        "rounds": chosen.rounds,
        "picture": "1920x1080 H.264, 25/s",
        "recorder": msgspec.to_builtins(recorder),
        "source_core_share": round(source_share, 3),
    }
    rows = [told("recorder", recorder)]
    if theirs:
        ffmpeg = middle(theirs)
        ratios = compared(recorder, ffmpeg)
        turns = [compared(one, two)["cpu_ratio"] for one, two in zip(ours, theirs, strict=True)]
        result |= {"ffmpeg": msgspec.to_builtins(ffmpeg), "cpu_ratios": turns} | ratios
        rows.append(told("ffmpeg", ffmpeg))
        words = f"{ratios['cpu_ratio']} CPU (rounds {turns}), {ratios['memory_ratio']} memory"
        rows.append(
            ("ratio", f"{words}, {ratios['resident_ratio']} with shared pages counted in each process")
        )
    title = "Recorder" if chosen.alone else "Recorder beside ffmpeg"
    record.close(f"{title}, {chosen.cameras} cameras", result, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
