"""Saves and recorder beside each other: does either move the other's slowest hundredth by more than half?

`python -m bench.beside [--cameras 16] [--stations 500] [--seconds 40] [--rounds 3]`. In turns: the stations save 100
answers a second alone, the recorder records the film of bench/film_source.py alone, then both at once. Held against
each other: p99 of the saves; of the time from a camera's sending of a picture until it is in its file's muxer; of the
syncs. Aim of each: at most 1.5 times the same alone.
"""

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from bench.box import bench_box
from bench.client import BenchStation
from bench.record import Record, Row, median, ms, percentile
from bench.recorder import WARM_UP, film_cameras, site_of
from bench.recorder_process import Delays
from bench.saves import RATE, load

AIM = 1.5
Times = dict[str, list[float]]
"""p99 in ms of each round: saves, pictures, syncs."""


def p99(times: list[float]) -> float:
    """In ms."""
    return ms(percentile(times, 0.99))


def within(samples: list[tuple[float, float]], span: tuple[float, float]) -> list[float]:
    """The delays seen in a span of monotonic seconds."""
    return [delay for at, delay in samples if span[0] <= at < span[1]]


async def save(stations: list[BenchStation], seconds: float) -> list[float]:
    """All stations together RATE saves a second; the seconds of each."""
    _, times, _ = await load(stations, "answers", seconds, len(stations) / RATE)
    return times


async def run(uris: list[str], media: Path, count: int, seconds: float, rounds: int) -> tuple[Times, Times]:
    """(alone, beside)."""
    alone: Times = {"saves": [], "pictures": [], "syncs": []}
    beside: Times = {"saves": [], "pictures": [], "syncs": []}
    with bench_box(site_of(uris, media)) as site:
        world = site.seat(count)
        await site.start_web()
        stations = await site.stations(world)
        site.begin(world)
        await save(stations, 5.0)
        out = site.folder / "delays"
        for _ in range(rounds):
            alone["saves"].append(p99(await save(stations, seconds)))
            recorder = site.start("-m", "bench.recorder_process", str(site.config), str(out))
            await asyncio.sleep(WARM_UP)
            quiet = time.monotonic(), time.monotonic() + seconds
            await asyncio.sleep(seconds)
            both = time.monotonic(), time.monotonic() + seconds
            beside["saves"].append(p99(await save(stations, seconds)))
            recorder.send_signal(signal.SIGTERM)
            await asyncio.to_thread(recorder.wait)
            delays = msgspec.msgpack.decode(out.read_bytes(), type=Delays)
            for kept, span in ((alone, quiet), (beside, both)):
                kept["pictures"].append(p99(within(delays.pictures, span)))
                kept["syncs"].append(p99(within(delays.syncs, span)))
    return alone, beside


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--stations", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    record = Record("beside")
    with film_cameras(chosen.cameras) as (uris, _, _), tempfile.TemporaryDirectory() as media:
        alone, beside = asyncio.run(run(uris, Path(media), chosen.stations, chosen.seconds, chosen.rounds))
    figures: dict[str, object] = {"aim_ratio": AIM}
    rows: list[Row] = []
    for name in alone:
        one, two = median(alone[name], 1), median(beside[name], 1)
        ratios = [round(b / a, 2) for a, b in zip(alone[name], beside[name], strict=True)]
        figures[name] = {"alone_p99_ms": one, "beside_p99_ms": two, "ratio": median(ratios), "ratios": ratios}
        rows.append((name, f"p99 alone {one} ms, beside {two} ms, ratio {median(ratios)} (rounds {ratios})"))
    title = f"{chosen.stations} stations and {chosen.cameras} cameras beside each other (aim <= {AIM})"
    record.close(title, figures, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
