"""50,000 entry events off line, and how long they take to be searched.

`python -m bench.entry_search [--events 50000]`. Taps of 2,000 people over sixty days, the newest today, each with the
journal entries a tap leaves, written as the entrance writes them. Then the reads behind the pages, each on a thread of
its own database as the web process does it: desk of one lane and of all, its upper part alone, the roster, search of
the desk, search by name and by number, a timeline.
"""

import argparse
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from appliance.base.ids import new_id
from appliance.flow.desk import desk
from appliance.flow.enrol import Person, SittingPlan, enrol, find_sitting
from appliance.flow.inspect import find_candidates, timeline
from appliance.flow.last_of_lane import last_of_lane
from appliance.flow.roster_search import people
from appliance.records.entry import Tap
from appliance.records.journal import Journal, append
from appliance.records.roster import Candidate, Roster
from appliance.records.site import Room
from bench.box import BenchBox, bench_box
from bench.record import Record, Row, ms, percentile
from tests.world import number_of

PEOPLE, TODAY, DAYS, BATCH = 2000, 120, 60, 500
TIMES = 60


def _expected(session: Session, site: BenchBox) -> list[tuple[str, str]]:
    """Everybody of sixty days; those of today are `TODAY`. Returns id and name, today's last."""
    box = site.box
    session.add(Room(code="T1", name="理论考场", kind="theory"))
    roster = Roster(
        id="r", source="province", state="active", file_name="x", file_sha256="0" * 64, loaded_at=box.now()
    )
    session.add(roster)
    session.flush()
    sitting = None
    for row in range(PEOPLE):
        back = 0 if row >= PEOPLE - TODAY else 1 + row * (DAYS - 1) // PEOPLE
        if row == 0 or row % 40 == 0:
            starts = box.now() + timedelta(minutes=5, seconds=row % 1800) - timedelta(days=back)
            plan = SittingPlan(
                subject="theory", trade="low_voltage", room="T1", starts_at=starts, duration_s=7200
            )
            sitting = find_sitting(session, box, plan, "province")
        assert sitting
        enrol(session, box, roster, sitting, Person(row=row, name=f"考生{row}", number=number_of(row)))
    return [(one.id, one.name) for one in session.exec(select(Candidate)).all()]


def _taps(session: Session, site: BenchBox, known: list[tuple[str, str]], first: int, count: int) -> None:
    now = site.box.now()
    for index in range(first, first + count):
        candidate, name = known[index % len(known)]
        at = now - timedelta(days=DAYS) * (1 - (index + 1) / 50_000) if index < 50_000 else now
        tap = Tap(
            id=new_id(), lane=f"L{index % 2 + 1}", happened_at=at, recorded_at=at, name=name,
            number_masked="9999**********0000", candidate=candidate, result="refuse", code="already_inside",
        )  # fmt: skip
        session.add(tap)
        body = {"tap": tap.id, "lane": tap.lane, "result": tap.result, "code": tap.code, "sitting": ""}
        append(session, "tap.decided", candidate, f"lane:{tap.lane}", body, at=at)


def timed(read: Callable[[int], Any]) -> dict[str, float]:
    """p50 and p95 in ms; every time something else is asked for."""
    spent = []
    for index in range(TIMES):
        began = time.perf_counter()
        read(index)
        spent.append(time.perf_counter() - began)
    return {"p50_ms": ms(percentile(spent, 0.5)), "p95_ms": ms(percentile(spent, 0.95))}


def run(events: int) -> dict[str, Any]:
    """The whole bench."""
    with bench_box() as site:
        box, db = site.box, site.box.db
        known = db.write_now(_expected, site)
        began = time.perf_counter()
        for first in range(0, events, BATCH):
            db.write_now(_taps, site, known, first, min(BATCH, events - first))
        writing = time.perf_counter() - began
        counts = db.read_now(
            lambda s: [s.exec(select(func.count()).select_from(table)).one() for table in (Tap, Journal)]
        )
        newest = db.read_now(lambda s: s.exec(select(Journal.seq).order_by(col(Journal.seq).desc())).first())
        found = {
            "desk": timed(lambda _: db.read_now(desk, box, "L1")),
            "desk_all_lanes": timed(lambda _: db.read_now(desk, box)),
            "desk_top": timed(lambda _: db.read_now(desk, box, "", False)),
            "people": timed(lambda _: db.read_now(people, box)),
            "entry_screen": timed(lambda i: db.read_now(last_of_lane, box, f"L{i % 2 + 1}")),
            "desk_search": timed(lambda i: db.read_now(people, box, f"考生{PEOPLE - TODAY + i}")),
            "by_name": timed(lambda i: db.read_now(find_candidates, box, f"考生{i * 31}")),
            "by_number": timed(lambda i: db.read_now(find_candidates, box, number_of(i * 31))),
            "timeline": timed(lambda i: db.read_now(timeline, box, known[i * 31][0])),
        }
        size = sum(path.stat().st_size for path in site.settings.state.glob("site.db*"))
    return {
        "taps": counts[0],
        "journal": newest or 0,
        "written_s": round(writing, 1),
        "database_mb": round(size / 1e6, 1),
        "reads": found,
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    chosen = parser.parse_args()
    record = Record("entry_search")
    found = run(chosen.events)
    rows: list[Row] = [
        (name, f"p50 {one['p50_ms']:7.1f} ms   p95 {one['p95_ms']:7.1f} ms")
        for name, one in found["reads"].items()
    ]
    rows.append(("database", f"{found['database_mb']:7.1f} MB, {found['journal']:,} journal entries"))
    record.close(f"Search among {found['taps']:,} entry events", found, rows)


if __name__ == "__main__":
    main()
