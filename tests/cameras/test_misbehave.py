"""What a simulated camera does badly, by name."""

import asyncio

import pytest

from appliance.base.errors import Corrupt
from cameras.simulator.camera import SimulatedCamera, Traits
from cameras.simulator.kinds import MISBEHAVIOURS
from cameras.simulator.misbehave import Order, misbehave, orders, read_order
from tests.cameras.conftest import PASSWORD, until


def test_names() -> None:
    assert read_order("frozen") == Order("frozen") and read_order("drop:2.5") == Order("drop", 2.5)
    for wrong in ("", "melting", "drop:x", "drop:-1"):
        with pytest.raises(Corrupt):
            read_order(wrong)
    for name in MISBEHAVIOURS:
        begin, end = orders(name, "p")
        assert begin != end


async def test_at_once_and_again_and_again() -> None:
    camera = SimulatedCamera(Traits(code="C1", password=PASSWORD, discovery_port=0))
    try:
        await misbehave(camera, Order("frozen"))
        assert camera.source.frozen
        task = asyncio.create_task(misbehave(camera, Order("clock", 0.02)))
        await until(lambda: camera.traits.skew == 600)
        await until(lambda: camera.traits.skew == 0)
        task.cancel()
    finally:
        await camera.stop()
