"""What every bench keeps with its figures: machine, date, load, and how much of the processors others used."""

import json
import os
import platform
import resource
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

OUT = Path("build/bench")
Row = tuple[str, str]


class Machine(msgspec.Struct, frozen=True):
    """Where and when a run was made."""

    at: str
    cores: int
    processor: str
    memory_gb: float
    python: str
    load_before: float
    """Load average of one minute at the begin."""
    load_after: float
    others_share: float
    """Share of all cores that processes outside the bench used meanwhile, 0..1."""
    seconds: float


def _ticks() -> tuple[float, float]:
    """Busy and all processor seconds of the machine since its start."""
    fields = [int(one) for one in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    hertz = os.sysconf("SC_CLK_TCK")
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / hertz, sum(fields) / hertz


def _own() -> float:
    """Processor seconds of this process and of those it has waited for."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total


def _field(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return ""


class Record:
    """Begun with a bench, closed with its figures; every process of the bench has ended by then."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._at = datetime.now(UTC)
        self._began = time.monotonic()
        self._load = os.getloadavg()[0]
        self._busy, self._all = _ticks()
        self._used = _own()

    def close(self, title: str, figures: dict[str, object], rows: Sequence[Row]) -> None:
        """Write build/bench/NAME.json and NAME.txt and show the table."""
        busy, every = _ticks()
        busy, every, used = busy - self._busy, every - self._all, _own() - self._used
        machine = Machine(
            at=self._at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            cores=os.cpu_count() or 1,
            processor=_field("/proc/cpuinfo", "model name") or platform.machine(),
            memory_gb=round(int(_field("/proc/meminfo", "MemTotal").split()[0]) / 2**20, 1),
            python=platform.python_version(),
            load_before=round(self._load, 2),
            load_after=round(os.getloadavg()[0], 2),
            others_share=round(max(0.0, busy - used) / every, 3) if every else 0.0,
            seconds=round(time.monotonic() - self._began, 1),
        )
        OUT.mkdir(parents=True, exist_ok=True)
        document = {"bench": self._name, "machine": msgspec.to_builtins(machine), **figures}
        (OUT / f"{self._name}.json").write_text(
            json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8"
        )
        width = max(len(label) for label, _ in rows)
        lines = [title, *(f"  {label:<{width}}  {value}" for label, value in rows)]
        lines.append(
            f"  ({machine.at}, {machine.cores} cores, load {machine.load_before} -> {machine.load_after},"
            f" others used {machine.others_share:.0%} of the cores, {machine.seconds:.0f} s)"
        )
        table = "\n".join(lines) + "\n"
        (OUT / f"{self._name}.txt").write_text(table, "utf-8")
        print(table, flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def ms(seconds: float) -> float:
    """Seconds as milliseconds with one decimal."""
    return round(seconds * 1000, 1)


def median(values: Sequence[float], digits: int = 3) -> float:
    """The median, rounded."""
    return round(statistics.median(values), digits) if values else 0.0


def memory(pid: int) -> tuple[float, float]:
    """(resident, proportional) megabytes of one process; proportional counts shared pages once."""
    found = {"Rss": 0.0, "Pss": 0.0}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in found:
            found[name] = round(int(rest.split()[0]) / 1024, 1)
    return found["Rss"], found["Pss"]


def children(pid: int) -> list[int]:
    """Processes a process has started, and theirs."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *children(int(child))]
    return found
