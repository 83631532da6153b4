"""Durable answer saves beside the same server's no-database POST, in the same run; then SIGKILL in the middle.

`python -m bench.saves [--stations 500] [--seconds 3] [--rounds 5]`. Rounds of both kinds alternate, so that a
disturbance meets both; the ratio is the median of the rounds'. Two kinds of load: without pause (what the box can
do) and paced: all stations together 100 saves a second (each one in five seconds at 500 stations, four times as busy
as a real candidate; aim p99 <= 100 ms), and one a second each.
"""

import argparse
import asyncio
import os
import random
import signal
import time
from datetime import UTC, datetime

import msgspec
import uvloop
from sqlmodel import Session, select

from appliance.records.theory import Answer
from bench.box import bench_box
from bench.client import BenchStation
from bench.record import Record, Row, median, ms, percentile

PACE = 1.0
RATE = 100.0
"""Saves a second of all stations together that the aim speaks of."""
AIM_P99_MS = 100.0
TOGETHER = f"durable save, {RATE:.0f} a second together (aim p99 <= {AIM_P99_MS:.0f} ms)"
Sample = tuple[float, list[float], dict[str, int]]


def now_text() -> str:
    """The station's time as it sends it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


async def load(
    stations: list[BenchStation], path: str, seconds: float, pace: float = 0.0, to_the_end: bool = False
) -> Sample:
    """All stations post; (requests/s, latencies in s, newest n acknowledged by attempt).

    `pace`: seconds between two posts of one station, 0 = without pause. `to_the_end`: the server may die meanwhile.
    """
    latencies: list[float] = []
    acknowledged: dict[str, int] = {}
    stop = time.monotonic() + seconds

    async def one(station: BenchStation) -> None:
        due = time.monotonic() + random.random() * pace
        while True:
            if max(due, time.monotonic()) >= stop:
                return
            if pace:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += pace
            body = station.change(now_text())
            began = time.perf_counter()
            try:
                status, answer = await station.request("POST", path, body)
            except (OSError, asyncio.IncompleteReadError):
                if to_the_end:
                    return
                raise
            if status != 200:
                raise RuntimeError(f"{path}: {status} {answer!r}")
            latencies.append(time.perf_counter() - began)
            acknowledged[station.attempt] = msgspec.json.decode(answer)["n"]

    began = time.monotonic()
    await asyncio.gather(*(one(station) for station in stations))
    return len(latencies) / (time.monotonic() - began), latencies, acknowledged


def newest(session: Session) -> dict[str, int]:
    """The newest n kept of every attempt."""
    found: dict[str, int] = {}
    for attempt, n in session.exec(select(Answer.attempt, Answer.n)).all():
        found[attempt] = max(found.get(attempt, 0), n)
    return found


def figures(samples: list[Sample]) -> dict[str, float]:
    """Medians over the rounds: rate per second, p50 and p99 in ms."""
    return {
        "per_s": median([rate for rate, _, _ in samples], 1),
        "p50_ms": median([ms(percentile(times, 0.5)) for _, times, _ in samples], 1),
        "p99_ms": median([ms(percentile(times, 0.99)) for _, times, _ in samples], 1),
    }


async def run(count: int, seconds: float, rounds: int) -> dict[str, object]:
    """The whole bench."""
    with bench_box() as site:
        world = site.seat(count)
        server = await site.start_web()
        stations = await site.stations(world)
        site.begin(world)
        await load(stations, "echo", 1.0)
        for station in stations:
            station.n = 0
        await load(stations, "answers", 1.0)
        echoes: list[Sample] = []
        saves: list[Sample] = []
        for _ in range(rounds):
            kept_n = {station.attempt: station.n for station in stations}
            echoes.append(await load(stations, "echo", seconds))
            for station in stations:  # an echo keeps nothing: the next save goes on where the last one was
                station.n = kept_n[station.attempt]
            saves.append(await load(stations, "answers", seconds))
        aimed = await load(stations, "answers", max(20.0, seconds * 4), count / RATE)
        paced = await load(stations, "answers", seconds * 2, PACE)
        killer = asyncio.get_running_loop().call_later(1.0, lambda: os.kill(server.pid, signal.SIGKILL))
        _, _, acknowledged = await load(stations, "answers", 2.0, to_the_end=True)
        killer.cancel()
        server.wait()
        kept = await site.box.db.read(newest)
    ratios = [save[0] / echo[0] for save, echo in zip(saves, echoes, strict=True)]
    return {
        "stations": count,
        "rounds": rounds,
        "no_database": figures(echoes),
        "saves": figures(saves),
        "ratio": median(ratios),
        "ratios": [round(one, 3) for one in ratios],
        "together": {"aim_per_s": RATE, "aim_p99_ms": AIM_P99_MS, **figures([aimed])},
        "paced": {"every_s": PACE, **figures([paced])},
        "acknowledged_stations_at_kill": len(acknowledged),
        "missing_after_kill": sum(kept.get(attempt, 0) < n for attempt, n in acknowledged.items()),
    }


def line(one: dict[str, float]) -> str:
    """A row's text."""
    return f"{one['per_s']:8.1f}/s   p50 {one['p50_ms']:7.1f} ms   p99 {one['p99_ms']:7.1f} ms"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    record = Record("saves")
    found = uvloop.run(run(chosen.stations, chosen.seconds, chosen.rounds))
    rows: list[Row] = [
        ("POST without database", line(found["no_database"])),  # type: ignore[arg-type]
        ("durable save, no pause", line(found["saves"])),  # type: ignore[arg-type]
        (TOGETHER, line(found["together"])),  # type: ignore[arg-type]
        ("durable save, one a second each", line(found["paced"])),  # type: ignore[arg-type]
        ("ratio (aim >= 0.4)", f"{found['ratio']}   rounds {found['ratios']}"),
        (
            "after SIGKILL",
            f"{found['missing_after_kill']} of {found['acknowledged_stations_at_kill']} stations miss an"
            " acknowledged answer (aim 0)",
        ),
    ]
    record.close(f"Answer saves, {chosen.stations} stations", found, rows)


if __name__ == "__main__":
    main()
