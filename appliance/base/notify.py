"""What a process tells systemd: ready, alive, stopping, and a line of status (sd_notify(3)).

Nothing happens where `NOTIFY_SOCKET` is not set: under the demo's parent, in tests, on a terminal. The watchdog
is pinged from the event loop, and only while `alive()` holds, so that a stuck loop as well as a dead writer
thread makes systemd start the process again.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_log = logging.getLogger("examsite.notify")


def send(*lines: str) -> bool:
    """Send `NAME=value` lines in one datagram; returns whether a supervisor took them."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place:
        return False
    address = "\0" + place[1:] if place.startswith("@") else place
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.sendto("\n".join(lines).encode(), address)
    except OSError as error:
        _log.warning("the supervisor does not listen: %s", error)
        return False
    return True


def ready(text: str = "") -> bool:
    """The process does its work from now on."""
    return send("READY=1", *([f"STATUS={text}"] if text else []))


def status(text: str) -> bool:
    """One line that `systemctl status` shows."""
    return send(f"STATUS={text}")


def stopping() -> bool:
    """The process has begun to stop."""
    return send("STOPPING=1")


def watchdog_seconds() -> float:
    """How often systemd wants to hear from this process; 0 when it does not watch it."""
    owner = os.environ.get("WATCHDOG_PID", "")
    if owner and owner != str(os.getpid()):
        return 0.0
    try:
        return int(os.environ.get("WATCHDOG_USEC", "0")) / 1_000_000
    except ValueError:
        return 0.0


async def watchdog(alive: Callable[[], bool] = lambda: True) -> None:
    """Ping until cancelled, at a third of the interval. `alive` is called in the event loop and must not wait.

    Returns at once where nobody watches. The end of `alive` is logged once, its return once.
    """
    interval = watchdog_seconds() / 3
    if interval <= 0:
        return
    well = True
    while True:
        holds = alive()
        if holds:
            send("WATCHDOG=1")
        if holds != well:
            _log.error("a part of this process is dead; no more watchdog pings" if well else "alive again")
            well = holds
        await asyncio.sleep(interval)


@asynccontextmanager
async def supervised(alive: Callable[[], bool] = lambda: True, text: str = "") -> AsyncIterator[None]:
    """Ready on entry, watchdog inside, stopping on exit: `async with supervised(box.db.alive): await serve()`."""
    ready(text)
    pings = asyncio.create_task(watchdog(alive), name="watchdog")
    try:
        yield
    finally:
        stopping()
        pings.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await pings
