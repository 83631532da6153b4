"""Memory of every process of the box, and what grows with answers saved.

`python -m bench.memory [--saves 20000]`. All processes run as `examsite run` starts them, on a site with two lanes
(devices simulated in this process) and no camera; the recorder with cameras is in bench.recorder. After a first
part the saves are made twice: what grows with work grows twice, what only fills a cache grows once.
"""

import argparse
import asyncio
import contextlib
import subprocess
import tempfile
from pathlib import Path

import uvloop

from appliance.devices.cardreader.simulator import SimulatedReader
from appliance.devices.gate.simulator import SimulatedBoard
from appliance.faces import demo_people
from bench.box import BenchBox, bench_box
from bench.card_to_gate import ready, settings_of
from bench.client import BenchStation
from bench.record import Record, Row, children, memory
from bench.saves import now_text

UNITS = ("web", "gate", "faces", "sync")
SETTLE = 2.0


async def save(stations: list[BenchStation], count: int) -> None:
    """`count` answers, shared out among the stations."""

    async def one(station: BenchStation, times: int) -> None:
        for _ in range(times):
            status, answer = await station.request("POST", "answers", station.change(now_text()))
            if status != 200:
                raise RuntimeError(f"answers: {status} {answer!r}")

    await asyncio.gather(*(one(station, count // len(stations)) for station in stations))
    await asyncio.sleep(SETTLE)


def stored(site: BenchBox) -> int:
    """Bytes of the database and its log."""
    return sum(path.stat().st_size for path in site.settings.state.glob("site.db*"))


def look(site: BenchBox, running: "dict[str, subprocess.Popen[bytes]]") -> dict[str, dict[str, float]]:
    """Resident and proportional megabytes of every process, with the workers it has started."""
    found = {}
    for name, process in running.items():
        found[name] = dict(zip(("rss_mb", "pss_mb"), memory(process.pid), strict=True))
        for number, child in enumerate(children(process.pid), 1):
            found[f"{name}: face worker {number}"] = dict(
                zip(("rss_mb", "pss_mb"), memory(child), strict=True)
            )
    return found


async def run(count: int, saves: int) -> dict[str, object]:
    """The whole bench."""
    with (
        tempfile.TemporaryDirectory(prefix="examsite-lanes-") as name,
        bench_box(settings_of(Path(name))) as site,
    ):
        async with contextlib.AsyncExitStack() as stack:
            for lane in site.settings.lanes:
                await stack.enter_async_context(SimulatedReader(Path(lane.reader.port)))
                await stack.enter_async_context(SimulatedBoard(Path(lane.gate.port)))
                Path(lane.camera.removeprefix("sim:")).write_bytes(demo_people.nobody())
            world = site.seat(count)
            running = {"web": await site.start_web()}
            running |= {unit: site.start(unit) for unit in UNITS[1:]}
            await ready(site)
            idle = look(site, running)["web"]["rss_mb"]
            stations = await site.stations(world)
            site.begin(world)
            await save(stations, saves // 4)
            before, size = look(site, running), stored(site)
            await save(stations, saves)
            middle = look(site, running)
            await save(stations, saves)
            after = look(site, running)
            grown = stored(site) - size
    return {
        "saves": saves,
        "processes": after,
        "all_pss_mb": round(sum(one["pss_mb"] for one in after.values()), 1),
        "web_idle_rss_mb": idle,
        "web_rss_mb": [one["web"]["rss_mb"] for one in (before, middle, after)],
        "growth_mb": {
            name: [
                round(middle[name]["rss_mb"] - before[name]["rss_mb"], 1),
                round(after[name]["rss_mb"] - middle[name]["rss_mb"], 1),
            ]
            for name in after
        },
        "database_bytes_per_save": round(grown / saves / 2),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=500)
    parser.add_argument("--saves", type=int, default=20_000)
    chosen = parser.parse_args()
    record = Record("memory")
    found = uvloop.run(run(chosen.stations, chosen.saves))
    rows: list[Row] = []
    grown: dict[str, list[float]] = found["growth_mb"]  # type: ignore[assignment]
    for name, one in found["processes"].items():  # type: ignore[attr-defined]
        rows.append(
            (
                name,
                f"{one['rss_mb']:7.1f} MB resident   {one['pss_mb']:7.1f} MB own share"
                f"   grew {grown[name][0]:+.1f}, then {grown[name][1]:+.1f} MB",
            )
        )
    rows.append(("web before 500 stations came", f"{found['web_idle_rss_mb']:7.1f} MB resident"))
    rows.append(("all of them", f"{found['all_pss_mb']:7.1f} MB own share"))
    rows.append(("database", f"{found['database_bytes_per_save']} bytes per save"))
    record.close(f"Memory; growth over twice {chosen.saves:,} saves", found, rows)


if __name__ == "__main__":
    main()
