"""A large item analysis in a process of its own: seconds of counting must not slow the answers of a running exam.

`python -m appliance.web.analysis_apart` reads an Order from standard input and writes the Analysis to standard output.
It opens the box's database as a reader, at low priority, and is killed when nobody waits for it any more.
"""

import asyncio
import logging
import os
import sys

import msgspec

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from appliance.base.settings import Settings
from appliance.flow.analyse_items import Analysis, Scope, analyse
from appliance.flow.box import Box

log = logging.getLogger("examsite.web")
KINDNESS = 10
"""Steps of lower priority."""


class Order(msgspec.Struct, kw_only=True):
    """What to analyse, of which box."""

    settings: Settings
    scope: Scope


async def analyse_apart(box: Box, scope: Scope) -> Analysis:
    """`analyse` without holding up this process. Unavailable when the other process fails."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "appliance.web.analysis_apart"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        order = msgspec.json.encode(Order(settings=box.settings, scope=scope))
        told, fault = await child.communicate(order)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        log.error("item analysis failed: %s", fault.decode(errors="replace")[-2000:])
        raise Unavailable(
            "analysis_failed",
            N_("The analysis did not come to its end."),
            N_("Try again; if it fails again, tell the technician."),
            retry_after=10,
        )
    return msgspec.json.decode(told, type=Analysis)


def main() -> None:
    """The other process."""
    os.nice(KINDNESS)
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    box = Box.open(order.settings)
    found = box.db.read_now(analyse, box, order.scope)
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
