"""What the recorder is told of the sittings."""

from datetime import timedelta

import pytest

from appliance.base import sockets
from appliance.base.errors import Unavailable
from appliance.base.settings import CameraSettings
from appliance.flow.box import Box
from appliance.flow.recording_orders import recording_orders
from appliance.flow.start_sitting import start_sitting
from appliance.records.sitting import Sitting
from appliance.web.order_watch import OrderWatch
from appliance.wire.orders import Orders, OrdersKept
from tests.world import seed


async def test_orders_follow_the_sittings(box: Box) -> None:
    world = await box.db.write(seed, box, 2)
    orders = await box.db.read(recording_orders, box)
    assert orders.rooms and orders.made_at == box.now()
    by_id = {one.id: one for one in orders.sittings}
    planned = by_id[world.sitting]
    assert planned.started_at is None and planned.ends_at > planned.starts_at >= planned.opens_at
    assert all(room in orders.rooms for room in planned.rooms)

    kept: list[Orders] = []

    async def keep(asked: Orders) -> OrdersKept:
        kept.append(asked)
        return OrdersKept()

    box.settings.cameras.append(CameraSettings(code="C1", name="C1", address="127.0.0.1:1", room="T1"))
    watch = OrderWatch(box)
    with pytest.raises(Unavailable):
        await watch.look()
    server = await sockets.serve(box.settings.socket("recorder"), {Orders: keep})
    try:
        await watch.look()
        await watch.look()
        assert kept == [orders], "told once while nothing changes"
        await box.db.write(start_sitting, box, world.sitting, "test")
        await watch.look()
        started = {one.id: one for one in kept[1].sittings}[world.sitting]
        assert started.started_at == box.now()
    finally:
        server.close()
    sitting = (await box.db.read(lambda session: session.get_one(Sitting, world.sitting))).model_copy()
    assert started.ends_at == sitting.ends_at and started.ends_at - started.started_at < timedelta(hours=3)
