"""The start of a sitting: 500 sealed papers drawn and fetched before it, then 500 stations get their keys at once.

`python -m bench.start_storm [--stations 500] [--rounds 5]`. Two kinds of storm: all at the same moment, and each at
a random moment of one second. The peer's figure (100 papers in 10.4-11.2 s) includes drawing them: so does ours here.
"""

import argparse
import asyncio
import hashlib
import os
import random
import time
from collections.abc import Awaitable, Callable

import msgspec
import uvloop
from sqlmodel import Session

from appliance.flow.make_papers import draw_paper, keep_papers, without_paper
from appliance.intake.bank import question_bank
from appliance.records.sitting import Sitting
from appliance.rules.paper import THEORY
from appliance.wire import station as wire
from bench.box import BenchBox, bench_box
from bench.client import BenchStation
from bench.record import Record, Row, median, ms, percentile
from tests.world import World

HANDFUL = 20


def draw_all(site: BenchBox, world: World) -> float:
    """Draw and keep a paper for everybody, a handful at a time as the web process does; seconds."""
    box = site.box

    def sealed(session: Session) -> Sitting:
        sitting = session.get_one(Sitting, world.sitting)
        seed = os.urandom(32)
        sitting.seed_hash, sitting.seed_sealed = hashlib.sha256(seed).hexdigest(), box.key.encrypt(seed)
        session.add(sitting)
        session.flush()
        session.refresh(sitting)
        return sitting

    sitting = box.db.write_now(sealed)
    bank = question_bank(sitting.trade)
    items = {item.id: item for item in bank.items}
    began = time.monotonic()
    people = box.db.read_now(without_paper, sitting.id)
    for start in range(0, len(people), HANDFUL):
        drawn = [draw_paper(box, sitting, one, items, THEORY) for one in people[start : start + HANDFUL]]
        box.db.write_now(keep_papers, box, sitting.id, bank.sha256, drawn)
    return time.monotonic() - began


async def ask_key(station: BenchStation) -> None:
    """What a page asks every few seconds; with the start its answer brings the key of the sealed paper."""
    status, body = await station.request("GET", "attempt")
    if status != 200 or len(msgspec.json.decode(body, type=wire.Attempt).key) != 32:
        raise RuntimeError(f"attempt: {status}")


async def fetch_sealed(station: BenchStation) -> None:
    """What a page fetches while its candidate waits."""
    status, body = await station.request("GET", "paper")
    name = msgspec.json.decode(body, type=wire.SealedPaper).body if status == 200 else ""
    status, sealed = await station.request("GET", f"sealed/{name}")
    if status != 200 or hashlib.sha256(sealed).hexdigest() != name:
        raise RuntimeError(f"paper: {status}")


async def storm(
    stations: list[BenchStation], within: float, ask: Callable[[BenchStation], Awaitable[None]] = ask_key
) -> tuple[float, list[float]]:
    """Everybody asks once at a random moment of `within` seconds; (seconds to the last answer, latencies)."""
    latencies: list[float] = []

    async def one(station: BenchStation, wait: float) -> None:
        await asyncio.sleep(wait)
        began = time.perf_counter()
        await ask(station)
        latencies.append(time.perf_counter() - began)

    began = time.monotonic()
    await asyncio.gather(*(one(station, random.random() * within) for station in stations))
    return time.monotonic() - began, latencies


async def run(count: int, rounds: int) -> dict[str, object]:
    """The whole bench."""
    with bench_box() as site:
        world = site.seat(count, papers=False)
        drawing = draw_all(site, world)
        await site.start_web()
        began = time.monotonic()
        stations = await site.stations(world)
        signing = time.monotonic() - began
        early = await storm(stations, 0.0, fetch_sealed)
        began = time.monotonic()
        site.begin(world)
        opening = time.monotonic() - began
        first = await storm(stations, 0.0)
        at_once = [first] + [await storm(stations, 0.0) for _ in range(rounds - 1)]
        spread = [await storm(stations, 1.0) for _ in range(rounds)]
        hundred = [(await storm(stations[:100], 0.0))[0] for _ in range(rounds)]
    return {
        "stations": count,
        "rounds": rounds,
        "draw_all_s": round(drawing, 2),
        "draw_one_ms": ms(drawing / count),
        "sign_in_all_s": round(signing, 2),
        "open_all_s": round(opening, 2),
        "sealed_at_once": _figures([early]),
        "first_storm_s": round(first[0], 2),
        "at_once": _figures(at_once),
        "within_a_second": _figures(spread),
        "hundred_s": median(hundred, 2),
        "hundred_with_drawing_and_opening_s": round(
            drawing / count * 100 + opening / count * 100 + median(hundred), 2
        ),
    }


def _figures(found: list[tuple[float, list[float]]]) -> dict[str, float]:
    return {
        "last_paper_s": median([seconds for seconds, _ in found], 2),
        "p50_ms": median([ms(percentile(times, 0.5)) for _, times in found], 1),
        "p99_ms": median([ms(percentile(times, 0.99)) for _, times in found], 1),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    record = Record("start_storm")
    found = uvloop.run(run(chosen.stations, chosen.rounds))

    def line(name: str) -> str:
        one: dict[str, float] = found[name]  # type: ignore[assignment]
        return f"{one['last_paper_s']:6.2f} s to the last   p50 {one['p50_ms']} ms   p99 {one['p99_ms']} ms"

    rows: list[Row] = [
        ("papers drawn before the start", f"{found['draw_all_s']:6} s   {found['draw_one_ms']} ms each"),
        ("all connect and sign in", f"{found['sign_in_all_s']:6} s"),
        ("the start itself", f"{found['open_all_s']:6} s (one transaction)"),
        ("sealed papers, all at one moment before it", line("sealed_at_once")),
        ("keys, all at one moment", line("at_once")),
        ("keys, within one second", line("within_a_second")),
        (
            "100 papers (peer 10.4-11.2 s)",
            f"{found['hundred_s']:6} s   {found['hundred_with_drawing_and_opening_s']} s with drawing and opening",
        ),
    ]
    record.close(f"Start of a sitting, {chosen.stations} stations", found, rows)


if __name__ == "__main__":
    main()
