"""The key of a sealed bank comes: how long until 500 papers are drawn from it, and does the box answer meanwhile?

`python -m bench.sealed_bank [--stations 500] [--rounds 3]`. The bank is the shipped one of low-voltage electricians,
sealed as the reference province seals it; the papers are drawn by the web process's own loop (web/background.py) on
the event loop that answers stations. Its longest silence is measured by a clock on that loop. Aim: 10 s.
"""

import argparse
import asyncio
import hashlib
import os
import time
from datetime import timedelta

import msgspec
import uvloop
from sqlmodel import Session, func, select

from appliance.base.ids import new_id
from appliance.flow.open_sealed import use_code
from appliance.flow.take_sealed import Arrived, keep_sealed, take_sealed
from appliance.intake.bank import question_bank
from appliance.records.sitting import Sitting
from appliance.records.theory import Paper
from appliance.web.background import Background
from appliance.wire import sealed as wire
from bench.box import BenchBox, bench_box
from bench.record import Record, Row, median, ms, percentile
from sync.province.sealing import Item, Source, make_file, new_code
from tests.world import World

TICK = 0.005


def source() -> Source:
    """The shipped bank as a province would hold it."""
    bank = question_bank("low_voltage")
    items = [
        Item(
            id=one.id,
            kind=one.kind,
            stem=one.stem,
            options=one.options if one.kind != "true_false" else (),
            right=one.right,
            topic=one.topic,
            difficulty=one.difficulty,
        )
        for one in bank.items
    ]
    return Source(name="省题库", items=items)


def arrive(site: BenchBox, world: World) -> str:
    """The sealed bank comes for the sitting; its code."""
    box, code = site.box, new_code()

    def seeded(session: Session) -> Sitting:
        sitting, seed = session.get_one(Sitting, world.sitting), os.urandom(32)
        sitting.seed_hash, sitting.seed_sealed = hashlib.sha256(seed).hexdigest(), box.key.encrypt(seed)
        session.add(sitting)
        session.flush()
        session.refresh(sitting)
        return sitting

    sitting = box.db.write_now(seeded)
    file = make_file(source(), "bank", 0, code, wire.about(box.site.code, "T1", sitting.starts_at, "bank"))
    arrived = Arrived(
        id=new_id(),
        room="T1",
        starts_at=sitting.starts_at,
        what="bank",
        file=hashlib.sha256(file).hexdigest(),
        not_before=sitting.starts_at - timedelta(minutes=15),
        numbers=[],
    )
    box.db.write_now(take_sealed, box, arrived, keep_sealed(box, arrived, file))
    return code


async def silences(stop: asyncio.Event) -> list[float]:
    """How much later than asked the loop came back, over and over."""
    found = []
    while not stop.is_set():
        began = time.perf_counter()
        await asyncio.sleep(TICK)
        found.append(time.perf_counter() - began - TICK)
    return found


async def one_round(count: int) -> tuple[float, float, list[float]]:
    """(seconds until the code had opened the bank, until all papers were kept, the loop's silences)."""
    with bench_box() as site:
        world = site.seat(count, papers=False)
        code, stop = arrive(site, world), asyncio.Event()
        watch = asyncio.create_task(silences(stop))
        began = time.monotonic()
        await use_code(site.box, world.sitting, code, "account:bench", "bench")
        opened = time.monotonic() - began
        await Background(site.box)._papers()
        made = time.monotonic() - began
        stop.set()
        kept = site.box.db.read_now(lambda s: s.exec(select(func.count()).select_from(Paper)).one())
        if kept != count:
            raise RuntimeError(f"{kept} papers")
        return opened, made, await watch


async def run(count: int, rounds: int) -> dict[str, object]:
    """The whole bench."""
    found = [await one_round(count) for _ in range(rounds)]
    lags = [lag for _, _, all_of_them in found for lag in all_of_them]
    return {
        "papers": count,
        "rounds": rounds,
        "opened_s": median([opened for opened, _, _ in found], 2),
        "made_s": median([made for _, made, _ in found], 2),
        "slowest_s": round(max(made for _, made, _ in found), 2),
        "loop_p99_ms": ms(percentile(lags, 0.99)),
        "loop_longest_ms": ms(max(lags)),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    record = Record("sealed_bank")
    found = uvloop.run(run(chosen.stations, chosen.rounds))
    rows: list[Row] = [
        ("the code has opened the bank", f"{found['opened_s']} s"),
        ("all papers are kept (aim 10 s)", f"{found['made_s']} s   slowest round {found['slowest_s']} s"),
        (
            "the loop comes back late",
            f"p99 {found['loop_p99_ms']} ms   longest {found['loop_longest_ms']} ms",
        ),
    ]
    record.close(f"A sealed bank's key, {chosen.stations} papers", msgspec.to_builtins(found), rows)


if __name__ == "__main__":
    main()
