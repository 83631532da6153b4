"""A demo site for a bench: its configuration file, people at their seats, the real processes of the box."""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from appliance.base.settings import Settings, SiteSettings, WebSettings, dump
from appliance.flow.box import Box, keys
from appliance.flow.set_up import set_up
from appliance.flow.start_sitting import start_sitting
from bench.client import BenchStation
from tests.world import World, seed


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class BenchBox:
    """A site in a folder of its own. `db` of `box` runs until the bench's end."""

    def __init__(self, folder: Path, settings: Settings | None = None) -> None:
        base = settings or Settings(site=SiteSettings(code="999999-01", name="性能测试"))
        self.folder = folder
        self.settings = msgspec.structs.replace(
            base,
            site=msgspec.structs.replace(base.site, state=str(folder / "state"), run=str(folder / "run")),
            web=WebSettings(host="127.0.0.1", port=free_port()),
        )
        self.config = folder / "examsite.toml"
        self.config.write_bytes(dump(self.settings))
        set_up(self.settings, demo=True, now=datetime.now(UTC))
        self.box = Box.open(self.settings)
        self.box.db.start()
        self._children: list[subprocess.Popen[bytes]] = []
        self._logs: list[Path] = []

    def seat(self, count: int, papers: bool = True) -> World:
        """`count` people at their seats."""
        return self.box.db.write_now(seed, self.box, count, papers=papers)

    def begin(self, world: World) -> None:
        """Start the sitting."""
        self.box.db.write_now(start_sitting, self.box, world.sitting, "process:bench")

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        """Start a process of the box: a unit's name, or a whole Python command."""
        arguments = command if len(command) > 1 else ("-m", "appliance.cli", "run", *command)
        log = self.folder / f"process-{len(self._children)}.log"
        with open(log, "ab") as output:
            child = subprocess.Popen(
                [sys.executable, *arguments],
                env={**os.environ, "EXAMSITE_CONFIG": str(self.config)},
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )
        self._children.append(child)
        self._logs.append(log)
        return child

    async def start_web(self, seconds: float = 20) -> "subprocess.Popen[bytes]":
        """Start the real web process and wait until it takes connections."""
        server = self.start("web")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and server.poll() is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.settings.web.port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return server
        raise RuntimeError("the web process did not start: " + self._logs[-1].read_text("utf-8")[-2000:])

    @property
    def tls(self) -> ssl.SSLContext:
        """Trusts the site authority."""
        return ssl.create_default_context(cafile=str(keys(self.settings) / "authority.pem"))

    async def stations(self, world: World) -> list[BenchStation]:
        """Connect and sign in, fifty at a time."""
        tls = self.tls
        stations = [BenchStation(address, self.settings.web.port, tls) for address in world.addresses]
        gate = asyncio.Semaphore(50)

        async def one(station: BenchStation, last_four: str) -> None:
            async with gate:
                await station.open()
                await station.sign_in(last_four)

        await asyncio.gather(*(one(s, f) for s, f in zip(stations, world.last_four, strict=True)))
        return stations

    def close(self) -> None:
        """End the processes gently and wait for them; close the database."""
        for child in self._children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self._children:
            try:
                child.wait(timeout=8)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.box.db.stop()


@contextlib.contextmanager
def bench_box(settings: Settings | None = None) -> Iterator[BenchBox]:
    """A site that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="examsite-bench-") as name:
        found = BenchBox(Path(name), settings)
        try:
            yield found
        finally:
            found.close()
