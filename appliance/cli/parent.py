"""All processes of the box under one parent, as systemd runs them in production: `examsite run`, `make run`.

Each is `examsite run UNIT`; one that ends is started again after a second, and a stop ends all within 5 s.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path

from appliance.base.settings import config_path
from appliance.cli.run import tell
from appliance.cli.units import OWN

RESTART = 1.0
"""Seconds before a process that ended is started again, as RestartSec= of the units."""
STOP = 6.0


def names() -> list[str]:
    """Every process the box has."""
    return sorted({*OWN, *(point.name for point in entry_points(group="examsite.units"))})


class Parent:
    """Child processes by name, restarted when they end."""

    def __init__(self, config: Path, logs: Path | None = None) -> None:
        self._environment = {**os.environ, "EXAMSITE_CONFIG": str(config)}
        self._logs = logs
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self._ended: dict[str, float] = {}
        self.restarts: dict[str, int] = {}
        self.restart_after = RESTART
        self._held: set[str] = set()
        self._arguments: dict[str, tuple[str, ...]] = {}

    def start(self, name: str, *arguments: str) -> None:
        """Start `examsite ARGUMENTS` (default: run NAME) under this name."""
        command = [sys.executable, "-m", "appliance.cli", *(arguments or ("run", name))]
        output = open(self._logs / f"{name}.log", "ab") if self._logs else None  # noqa: SIM115
        try:
            self.children[name] = subprocess.Popen(
                command, env=self._environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )
        finally:
            if output:
                output.close()
        self._arguments[name] = arguments
        self._held.discard(name)

    def kill(self, name: str, hard: bool = True) -> None:
        """End one process, as a fault; `watch` starts it again."""
        self.children[name].send_signal(signal.SIGKILL if hard else signal.SIGTERM)
        self.children[name].wait(timeout=STOP)

    def hold(self, name: str, hard: bool = False) -> None:
        """End one process and do not start it again until `again`."""
        self._held.add(name)
        self.kill(name, hard)

    def again(self, name: str) -> None:
        """Start a held process as it was started before."""
        self.start(name, *self._arguments[name])

    def watch(self) -> None:
        """Start again what has ended; call it often."""
        for name, child in list(self.children.items()):
            if child.poll() is None or name in self._held:
                continue
            ended = self._ended.setdefault(name, time.monotonic())
            if time.monotonic() - ended >= self.restart_after:
                del self._ended[name]
                self.restarts[name] = self.restarts.get(name, 0) + 1
                self.start(name, *self._arguments[name])

    def stop(self) -> None:
        """End all, gently first."""
        for child in self.children.values():
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
        deadline = time.monotonic() + STOP
        for child in self.children.values():
            try:
                child.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def run_all() -> None:
    """Run every process until SIGTERM or Ctrl-C."""
    parent = Parent(config_path())
    stopping = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for name in names():
        parent.start(name)
        tell(f"{name}: {parent.children[name].pid}")
    try:
        while not stopping:
            parent.watch()
            time.sleep(0.2)
    finally:
        parent.stop()
