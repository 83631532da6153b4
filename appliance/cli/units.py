"""The box's processes by name: what `examsite run UNIT` starts, in production and in the demo alike."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.base.settings import Settings

Main = Callable[[Settings], Coroutine[Any, Any, None]]

OWN = {
    "web": "appliance.web.server:main",
    "gate": "appliance.gatehouse:main",
    "faces": "appliance.facework:main",
}
"""The others (recorder, clips, sync) come by the entry point group `examsite.units`."""

MANY_CONNECTIONS = frozenset({"web"})
"""Run on uvloop: asyncio's own loop fills 256 kB for every TLS connection, uvloop takes what is used."""


def unit(name: str) -> Main:
    """The main coroutine of a process."""
    places = {**OWN, **{point.name: point.value for point in entry_points(group="examsite.units")}}
    if name not in places:
        raise NotFound(
            "no_unit",
            N_("There is no process {name}."),
            N_("Choose one of: {names}."),
            name=name,
            names=", ".join(sorted(places)),
        )
    module, _, attribute = places[name].partition(":")
    found: Main = getattr(import_module(module), attribute)
    return found


def run_unit(name: str, settings: Settings) -> None:
    """Run one process in the foreground until SIGTERM."""
    from appliance.base.log import configure

    configure(name)
    logging.getLogger("examsite").info("starting %s", name)
    if name in MANY_CONNECTIONS:
        import uvloop

        uvloop.run(unit(name)(settings))
    else:
        asyncio.run(unit(name)(settings))
