"""The station agent: tells the box what this computer is, and that it lives.

Runs as a user of its own, never as the kiosk user, so that the candidate's browser cannot speak for the machine;
it may read the kernel's rules (CAP_NET_ADMIN). It proves its seat with the station's key. An outage is logged
once, its end once; inventory is sent again after one.
"""

import asyncio
import logging
import os
import signal
from pathlib import Path

from appliance.base import notify
from appliance.base.errors import Corrupt, ExamError, NotFound, Unavailable
from appliance.base.i18n import N_
from appliance.wire.station import Heartbeat, Inventory, Orders
from station import machine, selfcheck
from station.client import BoxClient, trust
from station.settings import StationFile

log = logging.getLogger("examsite.agent")
INVENTORY_EVERY = 600.0
OWN_PAGE = "/station/"
FIRST_WAIT, LONGEST_WAIT = 1.0, 15.0


def read_key(path: Path) -> str:
    """The station's bearer key. Refuses a file that others may read."""
    try:
        mode, key = path.stat().st_mode, path.read_text().strip()
    except OSError as error:
        raise NotFound(
            "no_key",
            N_("The station's key {path} cannot be read."),
            N_("Copy the key that examsite init printed for this seat."),
            path=str(path),
        ) from error
    if mode & 0o077 or not key:
        raise Corrupt(
            "bad_key",
            N_("The station's key {path} is empty or may be read by others."),
            N_("Only the agent's user may read it: chmod 600."),
            path=str(path),
        )
    return key


def inventory(station: StationFile) -> Inventory:
    """What this computer is, and whether only the box answers. Takes some seconds: run it in a thread."""
    model, ghz, threads = machine.processor()
    cameras = machine.cameras()
    checks = selfcheck.everything(station)
    reachable = [check for check in checks if check.code in ("box_answers", "forbidden_refused")]
    return Inventory(
        hostname=machine.hostname(),
        os=machine.system(),
        cpu=f"{model}, {ghz} GHz",
        cores=threads,
        memory_mb=machine.memory_mb(),
        disk_gb=machine.disk_gb(),
        addresses=[entry["address"] for entry in machine.addresses()],
        camera=bool(cameras),
        browser=machine.browser_version(station.browser),
        policies_sha256=machine.folder_sha256(Path(station.policies)),
        ruleset_sha256=machine.ruleset_sha256(),
        locked=all(check.ok for check in reachable),
        detail={
            "cameras": {device: list(size) for device, size in cameras.items()},
            "failed": [{"code": check.code, "detail": check.detail} for check in checks if not check.ok],
        },
    )


def heartbeat(station: StationFile) -> Heartbeat:
    """A sign of life."""
    return Heartbeat(
        hostname=machine.hostname(),
        uptime_s=machine.uptime_s(),
        browser_running=machine.browser_running(station.kiosk_uid),
        load=round(os.getloadavg()[0], 2),
    )


class Agent:
    """Reports until it is stopped."""

    def __init__(self, station: StationFile, client: BoxClient) -> None:
        self._station = station
        self._box = client
        self._stopping = asyncio.Event()
        self._silent = False
        self._told = False
        self._page = OWN_PAGE

    def stop(self) -> None:
        """End after the current report."""
        self._stopping.set()

    async def run(self) -> None:
        """Inventory at the start, after an outage and now and then; heartbeats as the box orders."""
        loop = asyncio.get_running_loop()
        due, wait = 0.0, FIRST_WAIT
        while not self._stopping.is_set():
            try:
                if loop.time() >= due:
                    facts = await asyncio.to_thread(inventory, self._station)
                    orders = await self._box.inventory(facts)
                    due = loop.time() + INVENTORY_EVERY
                else:
                    orders = await self._box.heartbeat(await asyncio.to_thread(heartbeat, self._station))
                self._heard(orders)
                wait = max(1.0, orders.heartbeat_s)
            except ExamError as error:
                self._missed(error)
                due, wait = 0.0, min(LONGEST_WAIT, wait * 1.5)
            try:
                async with asyncio.timeout(wait):
                    await self._stopping.wait()
            except TimeoutError:
                continue

    def _heard(self, orders: Orders) -> None:
        if self._silent or not self._told:
            log.info("seat %s: the box answers", orders.seat)
            notify.status(f"seat {orders.seat}, the box answers")
        self._silent, self._told = False, True
        # The browser that opens another page by this order follows (docs/architecture.md): until then it is told here.
        if orders.page != self._page:
            log.info("seat %s: to be shown: %s", orders.seat, orders.page)
        self._page = orders.page

    def _missed(self, error: ExamError) -> None:
        if not self._silent:
            kind = "does not answer" if isinstance(error, Unavailable) else "refuses"
            log.warning("the box %s: %s", kind, error)
            notify.status(f"the box {kind}")
        self._silent = True


async def main(station: StationFile) -> None:
    """Run the agent until SIGTERM or SIGINT."""
    key = read_key(Path(station.key_file))
    client = BoxClient(station.origin, trust(Path(station.authority)), key=key)
    agent = Agent(station, client)
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, agent.stop)
    async with notify.supervised():
        try:
            await agent.run()
        finally:
            await client.close()
