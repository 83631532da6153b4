"""Who may know whom: the contracts of pyproject.toml, no circles, pure rules, pure protocols."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from tests.house.tree import PACKAGES, TOP, called, imports, modules, place, tree

PURE = {
    *("base64", "binascii", "bisect", "collections", "copy", "dataclasses", "datetime", "decimal", "enum"),
    *("fractions", "functools", "hashlib", "heapq", "hmac", "itertools", "json", "math", "operator", "re"),
    *("statistics", "string", "struct", "textwrap", "types", "typing", "unicodedata", "urllib.parse", "zlib"),
    "msgspec",  # structs and their text form
}
CLOCKS = {"now", "today", "utcnow", "monotonic", "perf_counter", "time"}
OUTSIDE = {
    *("asyncio", "concurrent", "io", "multiprocessing", "os", "pathlib", "queue", "random", "secrets"),
    *("select", "selectors", "serial", "signal", "socket", "ssl", "subprocess", "threading", "time"),
    *("httpx", "requests", "pymodbus.client", "pymodbus.server", "urllib.request"),
}
SANS_IO = [
    "appliance.devices.cardreader.protocol",
    "appliance.devices.cardreader.layouts",
    "appliance.devices.gate.protocol",
    "appliance.devices.printer.protocol",
    "cameras.rtp",
]


def inside(name: str, allowed: set[str]) -> bool:
    return any(name == one or name.startswith(one + ".") for one in allowed)


def test_import_contracts() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"],
        cwd=TOP,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_no_circles() -> None:
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    sorter = TopologicalSorter(
        {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    )
    try:
        sorter.prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def rules() -> list[Path]:
    return [path for name, path in modules().items() if inside(name, {"appliance.rules"})]


@pytest.mark.parametrize("path", rules(), ids=place)
def test_rules_are_pure(path: Path) -> None:
    wrong = {name for name in imports(path) if not inside(name, PURE | {"appliance.rules"})}
    assert not wrong, "a rule gets facts, time, settings and chance as arguments"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            assert called(node) not in {*CLOCKS, "open", "print", "input"}, f"line {node.lineno}"


@pytest.mark.parametrize("name", SANS_IO)
def test_protocols_are_bytes_in_events_out(name: str) -> None:
    path = modules()[name]
    wrong = {imported for imported in imports(path) if inside(imported, OUTSIDE)}
    assert not wrong
    for node in ast.walk(tree(path)):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), f"line {node.lineno}"
        if isinstance(node, ast.Call):
            assert called(node) not in {*CLOCKS, "open"}, f"line {node.lineno}"


def test_every_protocol_is_looked_at() -> None:
    named = {name for name in modules() if name.endswith(".protocol")}
    assert named <= set(SANS_IO)


def test_devices_have_their_three_files() -> None:
    folders = {path.parent for name, path in modules().items() if name.startswith("appliance.devices.")}
    for folder in folders - {TOP / "appliance/devices"}:
        for part in ("protocol.py", "driver.py", "simulator.py"):
            assert (folder / part).exists(), f"{place(folder)} has no {part}"
