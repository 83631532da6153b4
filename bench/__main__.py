"""`make bench`: every measurement in turn, or those named, and one table of all in build/bench.txt.

Each writes build/bench/NAME.json and NAME.txt by itself as well: `python -m bench.NAME`.
"""

import subprocess
import sys
import time
from pathlib import Path

from bench.record import OUT

BENCHES = (
    "saves",
    "start_storm",
    "sealed_bank",
    "card_to_gate",
    "entry_search",
    "item_analysis",
    "room_page",
    "live_view",
    "memory",
    "recorder",
    "beside",
    "clips",
    "exam_page",
    "three_years",
)
"""In order of the table."""
TABLE = Path("build/bench.txt")


def main(names: list[str]) -> int:
    """Run them one after the other, so that none disturbs another; 1 when one failed."""
    unknown = set(names) - set(BENCHES)
    if unknown:
        print(f"There is no bench {', '.join(sorted(unknown))}; there are: {', '.join(BENCHES)}")
        return 2
    began, failed, tables = time.monotonic(), [], []
    for name in names or BENCHES:
        print(f"== {name}", flush=True)
        table = OUT / f"{name}.txt"
        table.unlink(missing_ok=True)
        ended = subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False)
        if ended.returncode or not table.exists():
            failed.append(name)
            tables.append(f"{name}: FAILED\n")
        else:
            tables.append(table.read_text("utf-8"))
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text("\n".join(tables), "utf-8")
    print(f"{TABLE}, {OUT}/*.json; {time.monotonic() - began:.0f} s")
    if failed:
        print(f"FAILED: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
