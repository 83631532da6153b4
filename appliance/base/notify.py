"""Telling systemd how a process is (sd_notify protocol) and keeping its watchdog quiet while all is well."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable


class Notifier:
    """Speaks to NOTIFY_SOCKET; silent where there is none."""

    def __init__(self, address: str | None = None, watchdog_usec: str | None = None) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "") if address is None else address
        microseconds = os.environ.get("WATCHDOG_USEC", "") if watchdog_usec is None else watchdog_usec
        self._interval = int(microseconds) / 3_000_000 if microseconds.isdigit() else 0.0

    def tell(self, *lines: str) -> None:
        """Send lines such as READY=1 or STATUS=...; a lost message is no reason to stop."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto("\n".join(lines).encode(), address)

    def ready(self) -> None:
        """The process does its work."""
        self.tell("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self.tell(f"STATUS={text}")

    def stopping(self) -> None:
        """The process is ending."""
        self.tell("STOPPING=1")

    @contextlib.asynccontextmanager
    async def watch(self, healthy: Callable[[], bool] = lambda: True) -> AsyncIterator[None]:
        """READY at the start, STOPPING at the end; between them the watchdog is fed from the event loop as long
        as `healthy` (for instance: the writer thread lives)."""
        self.ready()
        feeding = asyncio.create_task(self._feed(healthy))
        try:
            yield
        finally:
            feeding.cancel()
            self.stopping()

    async def _feed(self, healthy: Callable[[], bool]) -> None:
        while self._interval:
            if healthy():
                self.tell("WATCHDOG=1")
            await asyncio.sleep(self._interval)
