"""How long item analysis takes over 10,000 attempts of 100 items, and how much memory.

`python -m bench.item_analysis [--attempts 10000]`. Sittings of 500, papers of 70 true/false and 30 single choice items
with answers of people of all abilities, in two series: all papers with the same 100 items (mixed, so alpha is wanted),
and papers drawn from 320. A process of its own analyses each three times, as the page does it; the baseline is the same
answers read from the same database without a look at them.
"""

import argparse
import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from appliance.base.settings import load
from appliance.flow.analyse_items import Scope, analyse
from appliance.flow.box import Box
from appliance.records.site import Room
from appliance.records.theory import Answer, Attempt
from appliance.rules.paper import THEORY
from bench.box import BenchBox, bench_box
from bench.record import Record, Row, median
from tests.marked_papers import Source, add_marked, plain_items

ITEMS, BANK, PER_SITTING, LAYOUTS = 100, 320, 500, 25
"""Every sitting draws 25 different papers and hands each out twenty times: drawing is not what is measured."""


def _fill(session: Session, site: BenchBox, attempts: int, items: int, room: str) -> None:
    session.add(Room(code=room, name=room, kind="theory"))
    session.flush()
    source = Source(items=plain_items(items), blueprint=THEORY, file=f"{items:064d}", layouts=LAYOUTS)
    begin = site.box.now() - timedelta(days=400)
    for number in range(0, attempts, PER_SITTING):
        day = begin + timedelta(days=number // PER_SITTING, hours=len(room))
        add_marked(session, site.box, source, day, min(PER_SITTING, attempts - number), number)


def _read(session: Session) -> int:
    """Every answer once; how many there are."""
    rows = session.exec(
        select(Answer.attempt, Answer.position, Answer.value)
        .join(Attempt, col(Attempt.id) == col(Answer.attempt))
        .execution_options(yield_per=1000)
    )
    return sum(1 for _ in rows)


def look(config: str) -> dict[str, Any]:
    """The analysis in this process, which has done nothing else: seconds of three runs, and memory above the start."""
    box = Box.open(load(Path(config)))
    scope = Scope(trade="low_voltage")
    began = time.perf_counter()
    answers = box.db.read_now(_read)
    reading = time.perf_counter() - began
    times = []
    before = _status("VmRSS")
    for _ in range(3):
        began = time.perf_counter()
        found = box.db.read_now(analyse, box, scope)
        times.append(time.perf_counter() - began)
    return {
        "attempts": found.attempts,
        "unequal": found.unequal,
        "answers": answers,
        "items": len(found.items),
        "read_s": round(reading, 2),
        "analysis_s": median(times, 2),
        "longest_s": round(max(times), 2),
        "memory_mb": round((_status("VmHWM") - before) / 1024, 1),
        "reliability": found.reliability[0].kind,
        "value": round(found.reliability[0].value or 0, 3),
    }


def series(attempts: int, items: int) -> dict[str, Any]:
    """One series on a box of its own, looked at by a process of its own."""
    with bench_box() as site:
        began = time.perf_counter()
        site.box.db.write_now(_fill, site, attempts, items, "T1")
        filled = time.perf_counter() - began
        command = [sys.executable, "-m", "bench.item_analysis", "--look", str(site.config)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = {"filled_s": round(filled, 1), **json.loads(told)}
    if found["attempts"] != attempts or found["unequal"]:
        raise RuntimeError(f"{found['attempts']} counted, {found['unequal']} unlike their mark")
    return found


def _status(name: str) -> int:
    """A line of this process's memory, kB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, default=10_000)
    parser.add_argument("--look", metavar="CONFIG", help="for the bench itself: analyse this box and tell")
    chosen = parser.parse_args()
    if chosen.look:
        print(json.dumps(look(chosen.look)))
        return
    record = Record("item_analysis")
    found: dict[str, Any] = {
        "same_items": series(chosen.attempts, ITEMS),
        "drawn": series(chosen.attempts, BANK),
    }
    rows: list[Row] = [
        (
            f"{name}, {one['items']} items",
            f"{one['analysis_s']:5.2f} s, longest {one['longest_s']:.2f} s"
            f"   (answers read alone {one['read_s']:.2f} s; +{one['memory_mb']} MB)",
        )
        for name, one in found.items()
    ]
    record.close(f"Item analysis of {chosen.attempts:,} attempts x {ITEMS} items", found, rows)


if __name__ == "__main__":
    main()
