"""How a simulated camera behaves badly, by a name on the command line: at once, or again and again.

`NAME` begins at once and stays. `NAME:SECONDS` happens every so many seconds; what has an end ends at every other time.
"""

import asyncio

import msgspec

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.wire.simulators import SetCamera
from cameras.simulator.camera import SimulatedCamera
from cameras.simulator.kinds import MISBEHAVIOURS
from cameras.simulator.picture import CRF

JUMP, SKEW, AWAY = 3600.0, 600.0, 5.0
"""Seconds: of its time stamps, of its clock, for a restart."""


class Order(msgspec.Struct, frozen=True):
    """One misbehaviour. `every`: seconds; 0 = at once, and it stays."""

    name: str
    every: float = 0.0


def read_order(text: str) -> Order:
    """NAME or NAME:SECONDS. Raises Corrupt."""
    name, _, seconds = text.partition(":")
    try:
        every = float(seconds or 0)
    except ValueError:
        every = -1.0
    if name not in MISBEHAVIOURS or every < 0:
        raise Corrupt(
            "no_such_misbehaviour",
            N_("{name} is no misbehaviour of a camera."),
            N_("Known are: {names}."),
            name=text,
            names=", ".join(MISBEHAVIOURS),
        )
    return Order(name, every)


def orders(name: str, password: str, skew: float = 0.0) -> tuple[SetCamera, SetCamera | None]:
    """What begins it, and what ends it. `password`, `skew`: the camera's own."""
    found: dict[str, tuple[SetCamera, SetCamera | None]] = {
        "frozen": (SetCamera(frozen=True), SetCamera(frozen=False)),
        "hung": (SetCamera(hung=True), SetCamera(hung=False)),
        "stalled": (SetCamera(stalled=True), SetCamera(stalled=False)),
        "silent": (SetCamera(silent=True), SetCamera(silent=False)),
        "unplugged": (SetCamera(plugged=False), SetCamera(plugged=True)),
        "drop": (SetCamera(drop=True), None),
        "jump": (SetCamera(jump=JUMP), None),
        "bitrate": (SetCamera(crf=5), SetCamera(crf=CRF)),
        "reboot": (SetCamera(reboot=AWAY), None),
        "clock": (SetCamera(skew=SKEW), SetCamera(skew=skew)),
        "password": (SetCamera(password=f"{password}-changed"), SetCamera(password=password)),
        "empty-options": (SetCamera(empty_options=True), SetCamera(empty_options=False)),
        "black": (SetCamera(view="black"), SetCamera(view="normal")),
        "blurred": (SetCamera(view="blurred"), SetCamera(view="normal")),
        "turned": (SetCamera(view="turned"), SetCamera(view="normal")),
        "tamper": (SetCamera(event="tamper"), SetCamera(event="tamper", event_on=False)),
        "scene": (SetCamera(event="scene"), SetCamera(event="scene", event_on=False)),
        "motion": (SetCamera(event="motion"), SetCamera(event="motion", event_on=False)),
        "card-none": (SetCamera(card="none"), SetCamera(card="normal")),
        "card-empty": (SetCamera(card="empty"), SetCamera(card="normal")),
        "card-stops": (SetCamera(card="stops"), SetCamera(card="normal")),
        "card-times": (SetCamera(card="times"), SetCamera(card="normal")),
    }
    return found[name]


async def misbehave(camera: SimulatedCamera, order: Order) -> None:
    """Until cancelled."""
    begin, end = orders(order.name, camera.traits.password, camera.traits.skew)
    if not order.every:
        await camera.change(begin)
        return
    on = False
    while True:
        await asyncio.sleep(order.every)
        on = not on or end is None
        await camera.change(begin if on or end is None else end)
