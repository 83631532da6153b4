"""Durable answer saves beside the same server's no-database POST, in the same run; then SIGKILL in the middle.

`python -m bench.saves [--stations 500] [--seconds 8]` writes build/bench/saves.json.
"""

import argparse
import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import uvloop
from sqlmodel import select

from appliance.base.settings import Settings, SiteSettings, WebSettings, dump
from appliance.flow.box import Box, keys
from appliance.flow.set_up import set_up
from appliance.flow.start_sitting import start_sitting
from appliance.records.theory import Answer
from bench.client import BenchStation, percentile
from tests.world import World, seed

OUT = Path("build/bench")


def make_site(folder: Path, port: int, stations: int) -> tuple[Settings, World]:
    """A demo site with a sitting of `stations` people, its configuration file in `folder`."""
    settings = Settings(
        site=SiteSettings(
            code="999999-01", name="性能测试", state=str(folder / "state"), run=str(folder / "run")
        ),
        web=WebSettings(host="127.0.0.1", port=port),
    )
    (folder / "examsite.toml").write_bytes(dump(settings))
    set_up(settings, demo=True, now=datetime.now(UTC))
    box = Box.open(settings)
    box.db.start()
    world = box.db.write_now(seed, box, stations)
    box.db.stop()
    return settings, world


def start_server(folder: Path) -> "subprocess.Popen[bytes]":
    """The real web process."""
    environment = {**os.environ, "EXAMSITE_CONFIG": str(folder / "examsite.toml")}
    return subprocess.Popen(
        [sys.executable, "-m", "appliance.cli", "run", "web"],
        env=environment,
        stderr=open(folder / "web.log", "ab"),
    )


async def wait_for(port: int, seconds: float = 20) -> None:
    """Until the server takes connections."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise RuntimeError("the server did not start")


def now_text() -> str:
    """The station's time as it sends it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


async def load(
    stations: list[BenchStation], path: str, seconds: float
) -> tuple[float, list[float], dict[str, int]]:
    """All stations post without pause; (requests/s, latencies in s, n acknowledged by attempt)."""
    latencies: list[float] = []
    acknowledged: dict[str, int] = {}
    stop = time.monotonic() + seconds

    async def one(station: BenchStation) -> None:
        while time.monotonic() < stop:
            body = station.change(now_text())
            began = time.perf_counter()
            try:
                status, answer = await station.request("POST", path, body)
            except (OSError, asyncio.IncompleteReadError):
                return
            if status != 200:
                raise RuntimeError(f"{path}: {status} {answer!r}")
            latencies.append(time.perf_counter() - began)
            acknowledged[station.attempt] = msgspec.json.decode(answer)["n"]

    began = time.monotonic()
    await asyncio.gather(*(one(station) for station in stations))
    return len(latencies) / (time.monotonic() - began), latencies, acknowledged


async def open_all(world: World, port: int, tls: ssl.SSLContext) -> list[BenchStation]:
    """Connect and sign in, fifty at a time."""
    stations = [BenchStation(address, port, tls) for address in world.addresses]
    gate = asyncio.Semaphore(50)

    async def one(station: BenchStation, last_four: str) -> None:
        async with gate:
            await station.open()
            await station.sign_in(last_four)

    await asyncio.gather(*(one(s, f) for s, f in zip(stations, world.last_four, strict=True)))
    return stations


def figures(rate: float, latencies: list[float]) -> dict[str, float]:
    """Rate per second, p50 and p99 in ms."""
    return {
        "per_s": round(rate, 1),
        "p50_ms": round(percentile(latencies, 0.5) * 1000, 1),
        "p99_ms": round(percentile(latencies, 0.99) * 1000, 1),
    }


async def run(count: int, seconds: float, port: int) -> dict[str, object]:
    """The whole bench."""
    with tempfile.TemporaryDirectory(prefix="examsite-bench-") as name:
        folder = Path(name)
        settings, world = make_site(folder, port, count)
        server = start_server(folder)
        try:
            await wait_for(port)
            tls = ssl.create_default_context(cafile=str(keys(settings) / "authority.pem"))
            began = time.monotonic()
            stations = await open_all(world, port, tls)
            signed_in = time.monotonic() - began
            box = Box.open(settings)
            box.db.start()
            await box.db.write(start_sitting, box, world.sitting, "process:bench")

            async def paper(station: BenchStation) -> None:
                status, body = await station.request("GET", "paper")
                if status != 200 or len(body) < 1000:
                    raise RuntimeError(f"paper: {status}")

            began = time.monotonic()
            await asyncio.gather(*(paper(station) for station in stations))
            papers = time.monotonic() - began
            await load(stations, "echo", 1.0)
            echo_rate, echo_latencies, _ = await load(stations, "echo", seconds)
            for station in stations:
                station.n = 0
            save_rate, save_latencies, _ = await load(stations, "answers", seconds)

            killer = asyncio.get_running_loop().call_later(
                seconds / 4, lambda: os.kill(server.pid, signal.SIGKILL)
            )
            _, _, acknowledged = await load(stations, "answers", seconds / 2)
            killer.cancel()
            server.wait()

            def newest(session: object) -> dict[str, int]:
                rows = session.exec(select(Answer.attempt, Answer.n)).all()  # type: ignore[attr-defined]
                found: dict[str, int] = {}
                for attempt, n in rows:
                    found[attempt] = max(found.get(attempt, 0), n)
                return found

            kept = await box.db.read(newest)
            box.db.stop()
            missing = sum(kept.get(attempt, 0) < n for attempt, n in acknowledged.items())
        finally:
            server.kill()
            server.wait()
        return {
            "stations": count,
            "seconds": seconds,
            "sign_in_all_s": round(signed_in, 2),
            "papers_all_s": round(papers, 2),
            "no_database": figures(echo_rate, echo_latencies),
            "saves": figures(save_rate, save_latencies),
            "ratio": round(save_rate / echo_rate, 3),
            "missing_after_kill": missing,
            "acknowledged_stations_at_kill": len(acknowledged),
        }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stations", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--port", type=int, default=18555)
    chosen = parser.parse_args()
    result = uvloop.run(run(chosen.stations, chosen.seconds, chosen.port))
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "saves.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
